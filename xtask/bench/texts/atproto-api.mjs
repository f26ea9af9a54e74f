// What `skein preview --offline --lines` does, with @atproto/api: one post a line in, one answer a line out.
//
// The text is composed as the official app composes it, then facets are detected and characters counted.

import { once } from 'node:events';
import { RichText } from '@atproto/api';

process.stdin.setEncoding('utf8');
let held = '';
for await (const chunk of process.stdin) {
  const lines = (held + chunk).split('\n');
  held = lines.pop();
  await write(lines);
}
if (held) await write([held]);

async function write(lines) {
  if (lines.length > 0 && !process.stdout.write(lines.map(answer).join(''))) await once(process.stdout, 'drain');
}

function answer(line) {
  const { text } = JSON.parse(line);
  const composed = new RichText({ text: text.replace(/^(\s*\n)+/, '').trimEnd() }, { cleanNewlines: true });
  composed.detectFacetsWithoutResolution();
  const part = {
    text: composed.text,
    graphemes: composed.graphemeLength,
    bytes: composed.length,
    facets: (composed.facets ?? []).map(shown),
  };
  return `${JSON.stringify({ parts: [part] })}\n`;
}

function shown({ index, features: [feature] }) {
  const { byteStart, byteEnd } = index;
  switch (feature.$type) {
    case 'app.bsky.richtext.facet#link':
      return { byteStart, byteEnd, type: 'link', value: feature.uri };
    case 'app.bsky.richtext.facet#mention':
      return { byteStart, byteEnd, type: 'mention', value: feature.did };
    default:
      return { byteStart, byteEnd, type: 'tag', value: feature.tag };
  }
}
