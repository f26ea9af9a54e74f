//! JPEG.

use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::Decoded;
use crate::container::{self, Survey};
use crate::error::MediaError;
use crate::probe::Format;
use crate::raster::{Layout, Raster};

/// A picture that shrinks to half or less is decoded at an eighth, a quarter or half of its size, which takes less time
/// and a fraction of the memory.
pub(super) fn decode(input: &[u8], survey: &Survey, wanted: (u32, u32)) -> Result<Decoded, MediaError> {
    let broken = |error: Error| MediaError::broken(Format::Jpeg, error);
    let mut decoder = Decoder::new(input);
    decoder.read_info().map_err(broken)?;
    let (Ok(width), Ok(height)) = (u16::try_from(wanted.0), u16::try_from(wanted.1)) else {
        return Err(MediaError::broken(Format::Jpeg, "its size overflows"));
    };
    if wanted != (survey.width, survey.height) {
        decoder.scale(width, height).map_err(broken)?;
    }
    if decoder.info().is_some_and(|info| info.pixel_format == PixelFormat::RGB24) {
        // What the decoder is told to be red, green and blue it leaves as it is: a JPEG goes out again in the channels that
        // it came in. What they are is not left to the decoder, which goes by their names where browsers do not.
        decoder.set_color_transform(ColorTransform::RGB);
    }
    keep_pieces();
    let mut data = decoder.decode().map_err(broken)?;
    let info = decoder.info().ok_or_else(|| MediaError::broken(Format::Jpeg, "it holds no picture"))?;
    let layout = match info.pixel_format {
        PixelFormat::L8 => Layout::Gray,
        PixelFormat::RGB24 if survey.has_split_light => Layout::Ycc,
        PixelFormat::RGB24 => Layout::Rgb,
        PixelFormat::CMYK32 => Layout::Cmyk,
        PixelFormat::L16 => return Err(MediaError::Unsupported { format: Format::Jpeg, what: "a lossless JPEG" }),
    };
    // The decoder takes inks for inverted, as Adobe's programs store them.
    if layout == Layout::Cmyk && !container::has_adobe_marker(input) {
        for ink in &mut data {
            *ink = !*ink;
        }
    }
    let raster = Raster { width: u32::from(info.width), height: u32::from(info.height), layout, data };
    Ok(Decoded { raster, profile: container::jpeg_profile(input) })
}

/// The decoder takes and gives back some hundred kilobytes for each row of blocks. The C library of Linux returns so much
/// to the system at once, and every page of it is a fault when it is taken again; once a larger piece was given back, it
/// keeps such pieces, up to twice as much as the largest.
fn keep_pieces() {
    const LARGE_BYTES: usize = 8_000_000;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE_BYTES)));
}
