//! Makers of pictures, and of what is hidden in them.

use std::borrow::Cow;

use jpeg_encoder::{ColorType as JpegColor, Encoder as JpegEncoder, SamplingFactor};
use png::{BitDepth, ColorType, Encoder as PngEncoder, Info};

/// Stands in every piece of metadata that the tests hide.
pub(crate) const SECRET: &[u8] = b"GPS 48.8584 N 2.2945 E";

/// The same bytes for the same seed: xorshift.
pub(crate) fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

/// Soft colours that compress well.
pub(crate) fn gradient(width: u32, height: u32) -> Vec<u8> {
    let part = |at: u32, of: u32| u8::try_from(at * 255 / of.max(1)).unwrap();
    let pixel = |x, y| [part(x, width), part(y, height), part(x + y, width + height)];
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

/// Four channels from three, by a function of place.
pub(crate) fn with_alpha(rgb: &[u8], width: u32, alpha: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let pixels = rgb.as_chunks::<3>().0.iter().zip(0_u32..);
    pixels.flat_map(|([r, g, b], at)| [*r, *g, *b, alpha(at % width, at / width)]).collect()
}

pub(crate) fn jpeg(data: &[u8], width: u32, height: u32, color: JpegColor) -> Vec<u8> {
    jpeg_with(data, width, height, color, |_| {})
}

pub(crate) fn jpeg_with(
    data: &[u8],
    width: u32,
    height: u32,
    color: JpegColor,
    set: impl Fn(&mut JpegEncoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut output = Vec::new();
    let mut encoder = JpegEncoder::new(&mut output, 85);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    set(&mut encoder);
    encoder.encode(data, u16::try_from(width).unwrap(), u16::try_from(height).unwrap(), color).unwrap();
    output
}

pub(crate) fn png(data: &[u8], width: u32, height: u32, color: ColorType) -> Vec<u8> {
    png_with(data, width, height, color, BitDepth::Eight, |_| {})
}

pub(crate) fn png_with(
    data: &[u8],
    width: u32,
    height: u32,
    color: ColorType,
    depth: BitDepth,
    set: impl Fn(&mut Info<'static>),
) -> Vec<u8> {
    let mut info = Info::with_size(width, height);
    info.color_type = color;
    info.bit_depth = depth;
    set(&mut info);
    let mut output = Vec::new();
    let encoder = PngEncoder::with_info(&mut output, info).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    output
}

pub(crate) fn webp_lossless(data: &[u8], width: u32, height: u32, color: image_webp::ColorType) -> Vec<u8> {
    let mut output = Vec::new();
    image_webp::WebPEncoder::new(&mut output).encode(data, width, height, color).unwrap();
    output
}

pub(crate) fn webp_lossy(data: &[u8], width: u32, height: u32, layout: webp::PixelLayout) -> Vec<u8> {
    webp::Encoder::new(data, layout, width, height).encode(80.0).to_vec()
}

/// Frames of indices into black, white, red and a see-through colour.
pub(crate) fn gif(frames: &[Vec<u8>], width: u16, height: u16) -> Vec<u8> {
    let palette = [0, 0, 0, 255, 255, 255, 255, 0, 0, 9, 9, 9];
    let mut output = Vec::new();
    let mut encoder = gif::Encoder::new(&mut output, width, height, &palette).unwrap();
    for indices in frames {
        let frame =
            gif::Frame { width, height, buffer: Cow::Borrowed(indices), transparent: Some(3), ..gif::Frame::default() };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    output
}

/// A colour profile by its header; the rest is a filler that only has to survive.
pub(crate) fn profile(space: [u8; 4], bytes: usize) -> Vec<u8> {
    let mut profile = noise(bytes, 77);
    profile[..4].copy_from_slice(&u32::try_from(bytes).unwrap().to_be_bytes());
    profile[16..20].copy_from_slice(&space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// A TIFF structure with an orientation, and a secret that stands for positions.
pub(crate) fn exif(orientation: u16, is_little: bool) -> Vec<u8> {
    let short = |value: u16| if is_little { value.to_le_bytes() } else { value.to_be_bytes() };
    let long = |value: u32| if is_little { value.to_le_bytes() } else { value.to_be_bytes() };
    let mut tiff = if is_little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
    tiff.extend(long(8));
    tiff.extend(short(2));
    let length = u32::try_from(SECRET.len()).unwrap();
    // An ImageDescription before the Orientation, as tags stand in order.
    tiff.extend([short(0x010E), short(2)].concat());
    tiff.extend([long(length), long(38)].concat());
    tiff.extend([short(0x0112), short(3)].concat());
    tiff.extend(long(1));
    tiff.extend([short(orientation), short(0)].concat());
    tiff.extend(long(0));
    tiff.extend(SECRET);
    tiff
}

/// After the start of a JPEG.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, payload, &jpeg[2..]].concat()
}

pub(crate) fn jpeg_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    with_segment(jpeg, 0xE1, &[b"Exif\0\0", exif(orientation, orientation.is_multiple_of(2)).as_slice()].concat())
}

/// After the header of a PNG.
pub(crate) fn with_png_chunk(png: &[u8], name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let after_header = 8 + 25;
    [&png[..after_header], &png_chunk(name, data), &png[after_header..]].concat()
}

pub(crate) fn png_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name.as_slice(), data].concat();
    [&u32::try_from(data.len()).unwrap().to_be_bytes(), body.as_slice(), &crc(&body).to_be_bytes()].concat()
}

/// The checksum of PNG, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    !crc
}

/// An extended WebP from a simple one, with more chunks before and after the picture.
pub(crate) fn with_webp_chunks(webp: &[u8], flags: u8, size: (u32, u32), before: &[u8], after: &[u8]) -> Vec<u8> {
    let three_bytes = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    let header = [vec![flags, 0, 0, 0], three_bytes(size.0), three_bytes(size.1)].concat();
    let body = [b"WEBP", webp_chunk(*b"VP8X", &header).as_slice(), before, &webp[12..], after].concat();
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

pub(crate) fn webp_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [name.as_slice(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &padding].concat()
}

/// One frame at the corner of the canvas of an animation.
pub(crate) fn webp_frame((width, height): (u32, u32), picture: &[u8]) -> Vec<u8> {
    let three_bytes = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
    webp_chunk(*b"ANMF", &[&[0; 6], &three_bytes(width)[..], &three_bytes(height), &[100, 0, 0, 0], picture].concat())
}

/// Three channels in the seven passes of Adam7, which the encoder of the tests does not write. Not compressed.
pub(crate) fn interlaced_png(rgb: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut rows = Vec::new();
    for (left, top, across, down) in
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    {
        for y in (top..height).step_by(down).filter(|_| left < width) {
            // Each row says first that it is not filtered.
            rows.push(0);
            for x in (left..width).step_by(across) {
                let start = ((y * width + x) * 3) as usize;
                rows.extend(&rgb[start..start + 3]);
            }
        }
    }
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [sides.as_slice(), &[8, 2, 0, 0, 1]].concat();
    let chunks = [png_chunk(*b"IHDR", &header), png_chunk(*b"IDAT", &stored(&rows)), png_chunk(*b"IEND", b"")];
    [b"\x89PNG\r\n\x1A\n".as_slice(), &chunks.concat()].concat()
}

/// A zlib stream of blocks that are not compressed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = b"\x78\x01".to_vec();
    let blocks = bytes.chunks(0xFFFF);
    let last = blocks.len() - 1;
    for (at, block) in blocks.enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(at == last));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

/// A chunk with a colour profile of so many times 4 MiB of zeros, each in 4 kB.
pub(crate) fn profile_bomb(times: u32) -> Vec<u8> {
    let block =
        [b"\xEC\xC1\x01\x01\0\0\0\x82\x20\xFF\xAF\x6E\x48\x40\x01".as_slice(), &[0; 4_063], b"\x7C\x1B\0\0\0\xFF\xFF"]
            .concat();
    let checksum = ((u64::from(times) << 22) % 65_521) << 16 | 1;
    let end = [&[0x03, 0][..], &u32::try_from(checksum).unwrap().to_be_bytes()].concat();
    let data = [b"huge\0\0\x78\xDA".as_slice(), &block.repeat(times as usize), &end].concat();
    png_chunk(*b"iCCP", &data)
}
