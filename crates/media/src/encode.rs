//! From pixels to a file. The same pixels always give the same bytes.

use std::borrow::Cow;

use jpeg_encoder::{Encoder as JpegEncoder, ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr};
use png::{BitDepth, ColorType as PngColor, Compression, Encoder as PngEncoder, Info};

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

/// How finely a JPEG keeps its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
    /// As finely as brightness (4:4:4): for text and drawings.
    Full,
    /// Half as finely both ways (4:2:0): for photographs.
    Halved,
}

pub(crate) fn jpeg(
    raster: &Raster,
    profile: Option<&[u8]>,
    quality: u8,
    chroma: Chroma,
) -> Result<Vec<u8>, MediaError> {
    let failed = |error: jpeg_encoder::EncodingError| MediaError::encode("JPEG", error);
    let mut output = Vec::with_capacity(raster.data.len() / 8);
    let mut encoder = JpegEncoder::new(&mut output, quality);
    encoder.set_sampling_factor(match chroma {
        Chroma::Full => SamplingFactor::R_4_4_4,
        Chroma::Halved => SamplingFactor::R_4_2_0,
    });
    encoder.set_optimized_huffman_tables(true);
    // With its own tables the encoder writes a scan for each channel. Some decoders misread that in a baseline JPEG, none
    // in a progressive one; two scans a channel take no more bytes than one.
    encoder.set_progressive_scans(2);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    let (width, height) = sides(raster)?;
    match raster.layout {
        Layout::Gray => encoder.encode_image(Pixels::<1> { raster, width, height }),
        Layout::Rgb => encoder.encode_image(Pixels::<3> { raster, width, height }),
        Layout::Rgba => encoder.encode_image(Pixels::<4> { raster, width, height }),
        Layout::GrayAlpha | Layout::Cmyk => return Err(MediaError::encode("JPEG", "pixels of an unfit kind")),
    }
    .map_err(failed)?;
    Ok(output)
}

/// What the encoder reads. Its own way to take colours apart takes twice as many instructions, for the same bytes.
struct Pixels<'a, const CHANNELS: usize> {
    raster: &'a Raster,
    width: u16,
    height: u16,
}

impl<const CHANNELS: usize> ImageBuffer for Pixels<'_, CHANNELS> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if CHANNELS == 1 { JpegColorType::Luma } else { JpegColorType::Ycbcr }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, [light, blue, red, _]: &mut [Vec<u8>; 4]) {
        let row_bytes = self.raster.row_bytes();
        let row = self.raster.data.get(usize::from(y) * row_bytes..).and_then(|rows| rows.get(..row_bytes));
        let row = row.unwrap_or_default();
        if CHANNELS == 1 {
            light.extend_from_slice(row);
            return;
        }
        let (pixels, _) = row.as_chunks::<CHANNELS>();
        let colors = |pixel: &[u8; CHANNELS]| rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
        // One loop for each channel: whatever a loop does not use of `colors` is not computed.
        light.extend(pixels.iter().map(|pixel| colors(pixel).0));
        blue.extend(pixels.iter().map(|pixel| colors(pixel).1));
        red.extend(pixels.iter().map(|pixel| colors(pixel).2));
    }
}

fn sides(raster: &Raster) -> Result<(u16, u16), MediaError> {
    let side = |side| u16::try_from(side).map_err(|_| MediaError::encode("JPEG", "more than 65,535 px a side"));
    Ok((side(raster.width)?, side(raster.height)?))
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
        Layout::Cmyk => return Err(MediaError::encode("PNG", "pixels of an unfit kind")),
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
