//! Small pictures of every kind, made from a seed: what people hand in, without a file in the tree.

#![expect(clippy::missing_panics_doc, reason = "a picture that cannot be made fails the test")]
#![expect(clippy::unwrap_used, reason = "encoders into memory fail only on sizes that no test gives")]

use gif::{Encoder as GifEncoder, Frame};
use jpeg_encoder::{ColorType as JpegColor, Encoder as JpegEncoder};
use png::{BitDepth, ColorType, Encoder as PngEncoder};

/// How often the seed's numbers stand between the soft colours.
const NOISE_EVERY: usize = 7;

/// Soft colours with some noise, `channels` bytes a pixel.
fn pixels(width: u16, height: u16, channels: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[4]
    };
    let (width, height) = (usize::from(width), usize::from(height));
    let soft = |at: usize| {
        let (x, y) = (at / channels % width, at / channels / width);
        let slope = (x * 200 / width + y * 55 / height + at % channels * 40) % 256;
        u8::try_from(slope).unwrap()
    };
    (0..width * height * channels).map(|at| if at % NOISE_EVERY == 0 { noise() } else { soft(at) }).collect()
}

/// A JPEG in colour; with an EXIF orientation from 1 to 8 and a place in it, where one is given.
pub fn jpeg(width: u16, height: u16, seed: u64, orientation: Option<u8>) -> Vec<u8> {
    encoded(width, height, &pixels(width, height, 3, seed), JpegColor::Rgb, orientation)
}

/// A JPEG for print: four inks, as Photoshop turns them upside down.
pub fn cmyk_jpeg(width: u16, height: u16, seed: u64) -> Vec<u8> {
    encoded(width, height, &pixels(width, height, 4, seed), JpegColor::Cmyk, None)
}

fn encoded(width: u16, height: u16, pixels: &[u8], color: JpegColor, orientation: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes, 85);
    if let Some(orientation) = orientation {
        encoder.add_app_segment(1, exif(orientation)).unwrap();
    }
    encoder.encode(pixels, width, height, color).unwrap();
    bytes
}

/// The words that [`jpeg`] hides beside an orientation, as a camera hides the place.
pub const HIDDEN: &str = "GPS 48.8584 N 2.2945 E";

/// Two entries: the orientation, and a description that holds [`HIDDEN`].
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    let length = u8::try_from(HIDDEN.len()).unwrap();
    // Tag, type, count, value; the description begins after both entries and the end mark.
    exif.extend([0x0e, 0x01, 2, 0, length, 0, 0, 0, 38, 0, 0, 0]);
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    exif.extend([0; 4]);
    exif.extend(HIDDEN.as_bytes());
    exif
}

/// How a PNG is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PngKind {
    /// Eight bits, opaque.
    Opaque,
    /// Eight bits, with a real alpha channel.
    Alpha,
    /// Sixteen bits a channel, opaque.
    Deep,
}

/// A PNG.
pub fn png(width: u16, height: u16, seed: u64, kind: PngKind) -> Vec<u8> {
    let (color, depth, data) = match kind {
        PngKind::Opaque => (ColorType::Rgb, BitDepth::Eight, pixels(width, height, 3, seed)),
        PngKind::Alpha => (ColorType::Rgba, BitDepth::Eight, pixels(width, height, 4, seed)),
        PngKind::Deep => (ColorType::Rgb, BitDepth::Sixteen, pixels(width, height, 6, seed)),
    };
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes, width.into(), height.into());
    encoder.set_color(color);
    encoder.set_depth(depth);
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    bytes
}

/// A GIF that moves when it has several frames.
pub fn gif(width: u16, height: u16, frames: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes, width, height, &[]).unwrap();
    for seed in 0..frames {
        encoder.write_frame(&Frame::from_rgb(width, height, &pixels(width, height, 3, seed))).unwrap();
    }
    drop(encoder);
    bytes
}

/// A PNG that says it has 30,000 x 30,000 px, in a few dozen bytes: 2.7 GB for whoever believes it.
pub fn bomb() -> Vec<u8> {
    let mut bytes = png(1, 1, 0, PngKind::Opaque);
    // The header's chunk: length, name, then width and height; its check sum follows its thirteen bytes.
    bytes[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_picture() {
        assert_eq!(jpeg(40, 30, 1, Some(6)), jpeg(40, 30, 1, Some(6)));
        assert_ne!(png(40, 30, 1, PngKind::Alpha), png(40, 30, 2, PngKind::Alpha));
        let hidden = jpeg(40, 30, 1, Some(6)).windows(HIDDEN.len()).any(|bytes| bytes == HIDDEN.as_bytes());
        assert!(hidden);
    }

    #[test]
    fn a_bomb_is_a_header_that_a_decoder_believes() {
        let bomb = bomb();
        let decoder = png::Decoder::new(std::io::Cursor::new(&bomb));
        let reader = decoder.read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (30_000, 30_000));
    }
}
