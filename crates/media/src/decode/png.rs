//! PNG.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Transformations};

use super::Decoded;
use crate::error::MediaError;
use crate::probe::Format;
use crate::raster::{Layout, Raster};

/// The largest profiles of printers have about so much. Compressed, a profile of any size is small.
const MAX_PROFILE_BYTES: usize = 4_000_000;

/// Palettes and transparent colours are written out, 16 bits become 8.
pub(super) fn decode(input: &[u8]) -> Result<Decoded, MediaError> {
    let broken = |error: png::DecodingError| MediaError::broken(Format::Png, error);
    let mut decoder = Decoder::new(Cursor::new(input));
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let layout = match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Layout::Gray,
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Layout::GrayAlpha,
        (ColorType::Rgb, BitDepth::Eight) => Layout::Rgb,
        (ColorType::Rgba, BitDepth::Eight) => Layout::Rgba,
        _ => return Err(MediaError::Unsupported { format: Format::Png, what: "a PNG of an unusual kind of pixel" }),
    };
    let bytes = reader.output_buffer_size().ok_or_else(|| MediaError::broken(Format::Png, "its size overflows"))?;
    let mut data = vec![0; bytes];
    let info = reader.next_frame(&mut data).map_err(broken)?;
    let profile = reader.info().icc_profile.as_ref().filter(|profile| profile.len() <= MAX_PROFILE_BYTES);
    let profile = profile.map(|profile| profile.to_vec());
    let raster = Raster { width: info.width, height: info.height, layout, data };
    Ok(Decoded { raster, profile })
}
