//! WebP.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::Decoded;
use crate::container::{self, Survey};
use crate::error::MediaError;
use crate::probe::Format;
use crate::raster::{Layout, Raster};

/// For the small parts that the decoder sets aside: palettes, a colour profile.
const MARGIN_BYTES: u64 = 16_000_000;

pub(super) fn decode(input: &[u8], survey: &Survey) -> Result<Decoded, MediaError> {
    let broken = |error: DecodingError| MediaError::broken(Format::Webp, error);
    let mut decoder = WebPDecoder::new(Cursor::new(input)).map_err(broken)?;
    let pixels = u64::from(survey.width) * u64::from(survey.height);
    decoder.set_memory_limit(usize::try_from(pixels * 4 + MARGIN_BYTES).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    if (width, height) != (survey.width, survey.height) {
        return Err(MediaError::broken(Format::Webp, "its parts disagree on its size"));
    }
    let bytes = decoder.output_buffer_size().ok_or_else(|| MediaError::broken(Format::Webp, "its size overflows"))?;
    let layout = if decoder.has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let mut data = vec![0; bytes];
    decoder.read_image(&mut data).map_err(broken)?;
    let profile = container::find_webp_chunk(input, *b"ICCP").map(<[u8]>::to_vec);
    Ok(Decoded { raster: Raster { width, height, layout, data }, profile })
}
