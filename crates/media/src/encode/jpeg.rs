//! To JPEG. Where there is room for a fiftieth more bytes it is done in one scan, band by band, on all threads.

use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr};

use crate::container::{JpegParts, jpeg_parts};
use crate::error::MediaError;
use crate::raster::{Layout, Raster};
use crate::threads::{on_threads, parts_of};

const KIND: &str = "JPEG";
/// The rows of a band: whole blocks whatever the chroma, and few enough that all threads have some to do.
const BAND_ROWS: u32 = 128;
const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];

/// How a JPEG is packed. The picture is the same either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// By the tables that the standard suggests, in one scan: half the time; photographs take a fiftieth more bytes, drawings
    /// up to a third.
    Quick,
    /// By tables of its own, in several scans.
    Tight,
}

/// How finely a JPEG keeps its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
    /// As finely as brightness (4:4:4): for text and drawings.
    Full,
    /// Half as finely both ways (4:2:0): for photographs.
    Halved,
}

impl Chroma {
    /// The side of the square of pixels that are compressed together.
    fn unit_px(self) -> u32 {
        match self {
            Self::Full => 8,
            Self::Halved => 16,
        }
    }
}

pub(crate) fn jpeg(
    raster: &Raster,
    profile: Option<&[u8]>,
    quality: u8,
    (chroma, packing): (Chroma, Packing),
) -> Result<Vec<u8>, MediaError> {
    let (width, height) = (side(raster.width)?, side(raster.height)?);
    let whole = Task { raster, width, top: 0, height, quality, chroma };
    match packing {
        Packing::Tight => whole.encode(profile, |encoder| {
            encoder.set_optimized_huffman_tables(true);
            // With its own tables the encoder writes a scan for each channel. Some decoders misread that in a baseline JPEG,
            // none in a progressive one; two scans a channel take no more bytes than one.
            encoder.set_progressive_scans(2);
        }),
        Packing::Quick => {
            let units = u64::from(raster.width.div_ceil(chroma.unit_px())) * u64::from(BAND_ROWS / chroma.unit_px());
            match u16::try_from(units) {
                Ok(units) if raster.layout != Layout::Gray && raster.height > BAND_ROWS => {
                    whole.in_bands(profile, units)
                }
                _ => whole.encode(profile, |_| {}),
            }
        }
    }
}

fn side(side: u32) -> Result<u16, MediaError> {
    u16::try_from(side).map_err(|_| MediaError::encode(KIND, "more than 65,535 px a side"))
}

fn failed(error: EncodingError) -> MediaError {
    MediaError::encode(KIND, error)
}

/// Rows of a picture, to become a JPEG.
#[derive(Clone, Copy)]
struct Task<'a> {
    raster: &'a Raster,
    width: u16,
    top: u32,
    height: u16,
    quality: u8,
    chroma: Chroma,
}

impl Task<'_> {
    fn encode(&self, profile: Option<&[u8]>, pack: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Result<Vec<u8>, MediaError> {
        let pixels = usize::from(self.width) * usize::from(self.height);
        let mut output = Vec::with_capacity(pixels / 2);
        let mut encoder = Encoder::new(&mut output, self.quality);
        encoder.set_sampling_factor(match self.chroma {
            Chroma::Full => SamplingFactor::R_4_4_4,
            Chroma::Halved => SamplingFactor::R_4_2_0,
        });
        pack(&mut encoder);
        if let Some(profile) = profile {
            encoder.add_icc_profile(profile).map_err(failed)?;
        }
        match self.raster.layout {
            Layout::Gray => encoder.encode_image(Rows::<1>(self)),
            Layout::Rgb | Layout::Ycc => encoder.encode_image(Rows::<3>(self)),
            Layout::Rgba => encoder.encode_image(Rows::<4>(self)),
            Layout::GrayAlpha | Layout::Cmyk => return Err(MediaError::encode(KIND, "pixels of an unfit kind")),
        }
        .map_err(failed)?;
        Ok(output)
    }

    /// Each band as a JPEG of its own, all of the same tables, then put together: a decoder starts afresh at each band. So the
    /// bytes never depend on the number of threads.
    fn in_bands(&self, profile: Option<&[u8]>, units_a_band: u16) -> Result<Vec<u8>, MediaError> {
        let count = u32::from(self.height).div_ceil(BAND_ROWS);
        let mut bands: Vec<Result<Vec<u8>, MediaError>> = (0..count).map(|_| Ok(Vec::new())).collect();
        let share = count.div_ceil(parts_of(self.raster.pixels())) as usize;
        let tops = (0..u32::from(self.height)).step_by(BAND_ROWS as usize);
        let mut places: Vec<_> = tops.zip(&mut bands).collect();
        on_threads(places.chunks_mut(share).collect(), &|share: &mut [(u32, &mut Result<Vec<u8>, MediaError>)]| {
            for (top, band) in share {
                let height = side(BAND_ROWS.min(u32::from(self.height) - *top))?;
                let profile = profile.filter(|_| *top == 0);
                let task = Task { top: *top, height, ..*self };
                **band = task.encode(profile, |encoder| encoder.set_restart_interval(units_a_band));
            }
            Ok(())
        })?;
        let mut joined = Vec::new();
        for (band, restart) in bands.into_iter().zip((0xD0_u8..=0xD7).cycle()) {
            let band = band?;
            let JpegParts { height_at, scan } =
                jpeg_parts(&band).ok_or_else(|| MediaError::encode(KIND, "a band is broken"))?;
            if joined.is_empty() {
                joined.reserve(band.len() * count as usize);
                joined.extend_from_slice(&band[..scan.end]);
                joined[height_at..height_at + 2].copy_from_slice(&self.height.to_be_bytes());
            } else {
                joined.extend_from_slice(&band[scan]);
            }
            joined.extend_from_slice(&[0xFF, restart]);
        }
        joined.truncate(joined.len().saturating_sub(2));
        joined.extend_from_slice(&END_OF_IMAGE);
        Ok(joined)
    }
}

/// What the encoder reads. Its own way to take colours apart takes twice as many instructions, for the same bytes.
struct Rows<'a, const CHANNELS: usize>(&'a Task<'a>);

impl<const CHANNELS: usize> ImageBuffer for Rows<'_, CHANNELS> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if CHANNELS == 1 { JpegColorType::Luma } else { JpegColorType::Ycbcr }
    }

    fn width(&self) -> u16 {
        self.0.width
    }

    fn height(&self) -> u16 {
        self.0.height
    }

    fn fill_buffers(&self, y: u16, [light, blue, red, _]: &mut [Vec<u8>; 4]) {
        let Task { raster, top, .. } = self.0;
        let row_bytes = raster.row_bytes();
        let row =
            raster.data.get((*top as usize + usize::from(y)) * row_bytes..).and_then(|rows| rows.get(..row_bytes));
        let row = row.unwrap_or_default();
        if CHANNELS == 1 {
            light.extend_from_slice(row);
            return;
        }
        let (pixels, _) = row.as_chunks::<CHANNELS>();
        if raster.layout == Layout::Ycc {
            light.extend(pixels.iter().map(|pixel| pixel[0]));
            blue.extend(pixels.iter().map(|pixel| pixel[1]));
            red.extend(pixels.iter().map(|pixel| pixel[2]));
            return;
        }
        let colors = |pixel: &[u8; CHANNELS]| rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
        // One loop for each channel: whatever a loop does not use of `colors` is not computed.
        light.extend(pixels.iter().map(|pixel| colors(pixel).0));
        blue.extend(pixels.iter().map(|pixel| colors(pixel).1));
        red.extend(pixels.iter().map(|pixel| colors(pixel).2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, layout: Layout) -> Raster {
        let mut state = 0x2545_f491_u32;
        let data = (0..width * height * u32::try_from(layout.channels()).unwrap()).map(|place| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((place / 7 % 200) + (state >> 27)).unwrap()
        });
        Raster { width, height, layout, data: data.collect() }
    }

    fn decoded(file: &[u8]) -> Vec<u8> {
        zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(file)).decode().unwrap()
    }

    #[test]
    fn bands_are_the_same_picture_as_one_piece() {
        for layout in [Layout::Rgb, Layout::Rgba, Layout::Ycc] {
            for chroma in [Chroma::Full, Chroma::Halved] {
                // More bands than there are numbers for restarts, too.
                for (width, height) in [(33, 129), (64, 256), (17, 300), (40, 1_200)] {
                    let raster = picture(width, height, layout);
                    let whole = Task {
                        raster: &raster,
                        width: side(width).unwrap(),
                        top: 0,
                        height: side(height).unwrap(),
                        quality: 85,
                        chroma,
                    };
                    let profile: &[u8] = &[7; 300];
                    let whole = whole.encode(Some(profile), |_| {}).unwrap();
                    let bands = jpeg(&raster, Some(profile), 85, (chroma, Packing::Quick)).unwrap();
                    assert_ne!(whole, bands, "{width} x {height} is not cut");
                    assert_eq!(decoded(&whole), decoded(&bands), "{layout:?}, {chroma:?}, {width} x {height}");
                    let strict = jpeg_decoder::Decoder::new(bands.as_slice()).decode().unwrap();
                    assert_eq!(strict, jpeg_decoder::Decoder::new(whole.as_slice()).decode().unwrap());
                    assert_eq!(crate::container::jpeg_profile(&bands).as_deref(), Some(profile));
                }
            }
        }
    }

    #[test]
    fn what_a_band_cannot_hold_goes_out_in_one_piece() {
        for (width, height, layout) in [(40, 128, Layout::Rgb), (40, 300, Layout::Gray), (65_535, 129, Layout::Rgb)] {
            let raster = picture(width, height, layout);
            let file = jpeg(&raster, None, 60, (Chroma::Full, Packing::Quick)).unwrap();
            let has_restarts = file.windows(2).any(|pair| pair == [0xFF, 0xDD]);
            assert!(!has_restarts, "{width} x {height}, {layout:?}");
            assert_eq!(jpeg_decoder::Decoder::new(file.as_slice()).decode().unwrap().len(), raster.data.len());
        }
    }
}
