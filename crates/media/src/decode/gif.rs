//! GIF: its first frame, on its canvas.

use std::io::Cursor;
use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, Frame, MemoryLimit};

use super::Decoded;
use crate::container::Survey;
use crate::error::MediaError;
use crate::probe::Format;
use crate::raster::{Layout, Raster};

pub(super) fn decode(input: &[u8], survey: &Survey) -> Result<Decoded, MediaError> {
    let format = survey.format;
    let broken = |error: DecodingError| MediaError::broken(format, error);
    let (width, height) = (survey.width, survey.height);
    // The limit counts metadata too, which may be longer than a small picture but never than its file.
    let bytes = u64::from(width) * u64::from(height) * 4 + input.len() as u64;
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    options.check_frame_consistency(true);
    options.set_memory_limit(NonZeroU64::new(bytes).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut decoder = options.read_info(Cursor::new(input)).map_err(broken)?;
    let profile = decoder.icc_profile().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().map_err(broken)?.ok_or_else(|| no_frame(format))?;
    let data = on_canvas(frame, width as usize, height as usize).ok_or_else(|| no_frame(format))?;
    Ok(Decoded { raster: Raster { width, height, layout: Layout::Rgba, data }, profile })
}

fn no_frame(format: Format) -> MediaError {
    MediaError::broken(format, "its first frame is missing")
}

/// What the frame leaves bare is transparent.
fn on_canvas(frame: &Frame<'_>, width: usize, height: usize) -> Option<Vec<u8>> {
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let row_bytes = usize::from(frame.width) * 4;
    if row_bytes == width * 4 && usize::from(frame.height) == height {
        return Some(frame.buffer.to_vec());
    }
    let mut canvas = vec![0; width * height * 4];
    if row_bytes == 0 {
        return Some(canvas);
    }
    for (y, row) in frame.buffer.chunks_exact(row_bytes).enumerate() {
        let start = ((top + y) * width + left) * 4;
        canvas.get_mut(start..start + row_bytes)?.copy_from_slice(row);
    }
    Some(canvas)
}
