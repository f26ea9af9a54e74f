//! From pixels to a file. The same pixels always give the same bytes.

mod jpeg;

use std::borrow::Cow;

use png::{BitDepth, ColorType as PngColor, Compression, Encoder as PngEncoder, Info};

pub(crate) use jpeg::{Chroma, Packing, jpeg};

use crate::error::MediaError;
use crate::raster::{Layout, Raster};

/// Up to here a PNG is worth its slow, tight compression.
const TIGHT_PNG_PIXELS: u64 = 1_000_000;

/// How hard a PNG is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Tight,
}

impl Effort {
    /// What a picture of this size is worth.
    pub(crate) fn worth(raster: &Raster) -> Self {
        if raster.pixels() <= TIGHT_PNG_PIXELS { Self::Tight } else { Self::Quick }
    }
}

pub(crate) fn png(raster: &Raster, profile: Option<&[u8]>, effort: Effort) -> Result<Vec<u8>, MediaError> {
    let failed = |error: png::EncodingError| MediaError::encode("PNG", error);
    let mut info = Info::with_size(raster.width, raster.height);
    info.bit_depth = BitDepth::Eight;
    info.color_type = match raster.layout {
        Layout::Gray => PngColor::Grayscale,
        Layout::GrayAlpha => PngColor::GrayscaleAlpha,
        Layout::Rgb => PngColor::Rgb,
        Layout::Rgba => PngColor::Rgba,
        Layout::Cmyk | Layout::Ycc => return Err(MediaError::encode("PNG", "pixels of an unfit kind")),
    };
    info.icc_profile = profile.map(Cow::Borrowed);
    let mut output = Vec::new();
    let mut encoder = PngEncoder::with_info(&mut output, info).map_err(failed)?;
    encoder.set_compression(match effort {
        Effort::Quick => Compression::Fast,
        Effort::Tight => Compression::Balanced,
    });
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&raster.data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(output)
}
