// Fits a picture with sharp: `sharp.mjs FILE MAX_BYTES MAX_SIDE OUT`. Prints one line of JSON about what it did.
//
// Decoded once, turned upright, shrunk once; then compressed at one quality after another until it fits. sharp shrinks
// JPEGs while it decodes them, works on all cores, and leaves metadata out by itself.

import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';

// libwebp's method: the quickest. sharp's own default, 4, takes longer for fewer bytes.
const WEBP_EFFORT = 0;
const QUALITIES = [90, 85, 80, 75, 70, 65, 60];

const [file, maxBytes, maxSide, out] = process.argv.slice(2);
const input = readFileSync(file);
const started = performance.now();
const fitted = await fit(input, Number(maxBytes), Number(maxSide));
const work_us = Math.round((performance.now() - started) * 1_000);
writeFileSync(out, fitted.bytes);
const { bytes, ...about } = fitted;
console.log(JSON.stringify({ work_us, bytes: bytes.length, ...about }));

async function fit(input, maxBytes, maxSide) {
  const { data, info } = await sharp(input)
    .rotate()
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  for (const quality of QUALITIES) {
    const pixels = sharp(data, { raw: { width, height, channels } });
    const packed = channels === 4 ? pixels.webp({ quality, effort: WEBP_EFFORT }) : pixels.jpeg({ quality });
    const bytes = await packed.toBuffer();
    if (bytes.length <= maxBytes) {
      return { bytes, mime: channels === 4 ? 'image/webp' : 'image/jpeg', width, height, quality };
    }
  }
  throw new Error(`${file} does not fit`);
}
