//! WebP, for what is see-through: without loss, or with it.

use image_webp::{ColorType, WebPEncoder};
use webp::{Encoder, PixelLayout, WebPConfig};

use crate::container::{self, WebpFlags};
use crate::error::MediaError;
use crate::raster::{Layout, Raster};

const KIND: &str = "WebP";

/// How hard the encoder tries, by its own scale from 0 to 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// 0: for what fits anyway.
    Quick,
    /// 2: twice the time for a sixth less of the bytes; more effort gains only a few percent.
    Tight,
}

/// Every pixel as it is.
pub(crate) fn lossless(raster: &Raster, profile: Option<&[u8]>) -> Result<Vec<u8>, MediaError> {
    let color = match raster.layout {
        Layout::Gray => ColorType::L8,
        Layout::GrayAlpha => ColorType::La8,
        Layout::Rgb => ColorType::Rgb8,
        Layout::Rgba => ColorType::Rgba8,
        Layout::Cmyk | Layout::Ycc => return Err(MediaError::encode(KIND, "pixels of an unfit kind")),
    };
    let mut output = Vec::new();
    let mut encoder = WebPEncoder::new(&mut output);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile.to_vec());
    }
    let written = encoder.encode(&raster.data, raster.width, raster.height, color);
    written.map_err(|error| MediaError::encode(KIND, error))?;
    Ok(output)
}

/// Colours with loss, transparency without. The raster is RGBA.
pub(crate) fn lossy(
    raster: &Raster,
    profile: Option<&[u8]>,
    quality: u8,
    effort: Effort,
) -> Result<Vec<u8>, MediaError> {
    if raster.layout != Layout::Rgba {
        return Err(MediaError::encode(KIND, "pixels of an unfit kind"));
    }
    let mut config = WebPConfig::new().map_err(|()| MediaError::encode(KIND, "the encoder does not start"))?;
    config.quality = f32::from(quality);
    config.method = match effort {
        Effort::Quick => 0,
        Effort::Tight => 2,
    };
    config.thread_level = 1;
    let encoder = Encoder::new(&raster.data, PixelLayout::Rgba, raster.width, raster.height);
    let written = encoder.encode_advanced(&config);
    let file = written.map_err(|error| MediaError::encode(KIND, format!("{error:?}")))?;
    Ok(match profile {
        Some(profile) => with_profile(&file, raster, profile),
        None => file.to_vec(),
    })
}

fn with_profile(file: &[u8], raster: &Raster, profile: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::with_capacity(file.len() + profile.len());
    container::webp_chunk(&mut chunks, *b"ICCP", profile);
    let mut flags = WebpFlags::PROFILE;
    for name in [b"ALPH", b"VP8 "] {
        if let Some(data) = container::find_webp_chunk(file, *name) {
            container::webp_chunk(&mut chunks, *name, data);
            flags |= if name == b"ALPH" { WebpFlags::ALPHA } else { 0 };
        }
    }
    container::extended_webp(raster.width, raster.height, WebpFlags(flags), &chunks)
}
