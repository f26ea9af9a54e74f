//! From a file to pixels, by the decoder of its format. The caller has checked the size that the file claims.

mod gif;
mod jpeg;
mod png;
mod webp;

use crate::container::Survey;
use crate::error::MediaError;
use crate::probe::Format;
use crate::raster::Raster;

/// Pixels, and the colour profile that says what they mean: `None` too where there is one that cannot be read.
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    pub(crate) profile: Option<Vec<u8>>,
}

/// Decodes a whole file; of a file that moves, its first picture. What is to become less than half as wide and high, to
/// `wanted`, may come out smaller than it is stored, but never smaller than wanted.
///
/// `cleaned` is the file without its metadata: decoders then see less of what strangers wrote.
pub(crate) fn decode(input: &[u8], cleaned: &[u8], survey: &Survey, wanted: (u32, u32)) -> Result<Decoded, MediaError> {
    let decoded = match survey.format {
        Format::Jpeg => jpeg::decode(cleaned, survey, wanted),
        Format::Png => png::decode(cleaned),
        // The frames of an animation are no part of the cleaned file.
        Format::Webp if survey.moves => webp::decode(input, survey),
        Format::Webp => webp::decode(cleaned, survey),
        Format::Gif(_) => gif::decode(input, survey),
    }?;
    let raster = &decoded.raster;
    let between = |wanted, side, stored| wanted <= side && side <= stored;
    let is_as_claimed = between(wanted.0, raster.width, survey.width)
        && between(wanted.1, raster.height, survey.height)
        && raster.data.len() as u64 == raster.pixels() * raster.layout.channels() as u64;
    if is_as_claimed {
        Ok(decoded)
    } else {
        Err(MediaError::broken(survey.format, "its picture has another size than its header says"))
    }
}
