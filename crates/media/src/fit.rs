//! A picture under a limit.

use std::fmt;

use crate::bounds::Bounds;
use crate::container::{self, Survey};
use crate::decode::{self, Decoded};
use crate::encode::{self, Chroma, Effort, Packing};
use crate::error::MediaError;
use crate::probe::Format;
use crate::quality::{self, Found, Subject};
use crate::raster::{Layout, Raster};
use crate::{alpha_webp, ink, resize};

/// The most that WebP can hold.
const MAX_SIDE_PX: u32 = 16_383;
/// From where a loss cannot be seen, down to where it begins to hurt.
const LOSSY_QUALITIES: (u8, u8) = (60, 90);
/// Below it, the bytes that more effort saves are worth its time.
const QUICK_WEBP_QUALITIES: (u8, u8) = (80, 90);
/// Below it, colour as fine as brightness is not worth its bytes.
const FULL_CHROMA_QUALITIES: (u8, u8) = (80, 90);
/// Rows of a band of the sample, and which of the bands are in it: whole blocks of the format, a tenth of a picture or more.
const JPEG_BANDS: (u32, u32) = (16, 12);
const WEBP_BANDS: (u32, u32) = (32, 6);
/// The range in which a side shrinks from one try to the next, in thousandths.
const STEP_PERMILLE: (u64, u64) = (200, 900);

/// A picture that is within its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its MIME type: `image/jpeg`, `image/png` or `image/webp`.
    pub mime: &'static str,
    /// Exact width in pixels of the upright picture, for the aspect ratio.
    pub width: u32,
    /// Exact height in pixels of the upright picture, for the aspect ratio.
    pub height: u32,
    /// Whether `bytes` differ from what came in.
    pub changed: bool,
    /// The quality from 60 to 90 at which it was compressed; `None` where no loss was added.
    pub quality: Option<u8>,
    /// What its author may want to know.
    pub warnings: Vec<Warning>,
}

/// Something was lost on the way that people may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// An animated PNG or WebP: only its first picture is kept.
    FirstFrameOnly,
    /// The colour profile cannot be read, is huge, does not fit the picture's channels, or takes more than half of the
    /// limit.
    ProfileDropped,
    /// A picture for print was converted to sRGB.
    ConvertedFromCmyk {
        /// By its own colour profile; else by the rule of thumb, and colours may look different.
        by_profile: bool,
    },
    /// The lowest quality did not fit at the longest side that is allowed.
    Shrunk {
        /// The longest side that went out, in pixels.
        side_px: u32,
        /// The longest side that was allowed or came in, in pixels.
        wanted_px: u32,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstFrameOnly => f.write_str("the picture moves; only its first frame is kept"),
            Self::ProfileDropped => {
                f.write_str("the colour profile does not suit the picture and is left out; colours may look different")
            }
            Self::ConvertedFromCmyk { by_profile: true } => {
                f.write_str("the picture is for print (CMYK) and is converted to screen colours by its profile")
            }
            Self::ConvertedFromCmyk { by_profile: false } => f.write_str(
                "the picture is for print (CMYK) without a usable profile; its screen colours may look different",
            ),
            Self::Shrunk { side_px, wanted_px } => {
                write!(f, "to fit, the longest side is {side_px} px instead of {wanted_px} px")
            }
        }
    }
}

/// The same picture within `bounds`, as the [crate] describes.
///
/// # Errors
///
/// Every [`MediaError`]; [`MediaError::Animated`] is for the caller to send the GIF as a video. Nothing is decoded
/// before the size that the file claims was checked against [`Bounds::max_pixels`].
pub fn fit(input: &[u8], bounds: &Bounds) -> Result<Fitted, MediaError> {
    let mut survey = check(input, bounds)?;
    let mut cleaned = survey.cleaned(input);
    let size = (survey.width, survey.height);
    let wanted = resize::within(size.0, size.1, bounds.max_side_px.min(MAX_SIDE_PX));
    let decoded = decode::decode(input, &cleaned, &survey, wanted)?;
    let mut warnings = Vec::new();
    if survey.moves {
        warnings.push(Warning::FirstFrameOnly);
    }
    // Of ink without a profile another warning tells.
    if survey.has_profile && decoded.profile.is_none() && decoded.raster.layout != Layout::Cmyk {
        warnings.push(Warning::ProfileDropped);
        survey.leave_profile_out();
        cleaned = survey.cleaned(input);
    }
    let is_fit =
        survey.is_safe && !survey.orientation_changes() && wanted == size && cleaned.len() as u64 <= bounds.max_bytes;
    if is_fit {
        return Ok(Fitted {
            mime: survey.format.mime(),
            width: survey.width,
            height: survey.height,
            changed: !survey.is_clean(input),
            quality: None,
            warnings,
            bytes: cleaned.into_owned(),
        });
    }
    drop(cleaned);
    let mut work = Work::prepare(decoded, &survey, wanted, warnings)?;
    work.keep_fitting_profile(bounds.max_bytes);
    work.shrink_until_it_fits(bounds.max_bytes)
}

fn check(input: &[u8], bounds: &Bounds) -> Result<Survey, MediaError> {
    if bounds.max_side_px == 0 {
        return Err(MediaError::NoSide);
    }
    let given_bytes = input.len() as u64;
    if given_bytes > bounds.max_input_bytes {
        return Err(MediaError::FileTooLarge { given_bytes, limit_bytes: bounds.max_input_bytes });
    }
    let survey = container::survey(input)?;
    if matches!(survey.format, Format::Gif(_)) && survey.moves {
        return Err(MediaError::Animated);
    }
    if u64::from(survey.width) * u64::from(survey.height) > bounds.max_pixels {
        let (width, height) = survey.orientation.upright(survey.width, survey.height);
        return Err(MediaError::TooManyPixels { width, height, limit_pixels: bounds.max_pixels });
    }
    Ok(survey)
}

/// What kinds of file are tried, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// PNG or WebP without loss, then WebP with it.
    SeeThrough,
    /// PNG, then JPEG.
    Exact,
    Jpeg,
}

/// A picture of its final size, upright, in the channels that go out.
struct Work {
    raster: Raster,
    profile: Option<Vec<u8>>,
    plan: Plan,
    has_full_chroma: bool,
    warnings: Vec<Warning>,
}

/// One try to compress.
enum Attempt {
    Fits { bytes: Vec<u8>, format: Format, quality: Option<u8> },
    TooBig { bytes: u64 },
}

impl Work {
    fn prepare(
        decoded: Decoded,
        survey: &Survey,
        (width, height): (u32, u32),
        mut warnings: Vec<Warning>,
    ) -> Result<Self, MediaError> {
        let Decoded { raster, mut profile } = decoded;
        let keeps_size = (width, height) == (survey.width, survey.height);
        let mut raster = survey.orientation.apply(resize::resize(raster, width, height)?)?;
        if raster.layout == Layout::Cmyk {
            let printed = ink::to_rgb(&raster, profile.take().as_deref());
            warnings.push(Warning::ConvertedFromCmyk { by_profile: printed.used_profile });
            raster = printed.raster;
        }
        let is_see_through = raster.is_see_through();
        if !is_see_through {
            raster = raster.without_alpha();
        }
        let plan = match (is_see_through, survey.is_lossless && keeps_size) {
            (true, _) => Plan::SeeThrough,
            (false, true) => Plan::Exact,
            (false, false) => Plan::Jpeg,
        };
        Ok(Self { raster, profile, plan, has_full_chroma: survey.has_full_chroma, warnings })
    }

    /// A profile for other channels than the picture's would be ignored, or break the file.
    fn keep_fitting_profile(&mut self, max_bytes: u64) {
        let space = self.raster.layout.profile_space();
        let suits = |profile: &[u8]| profile.get(16..20) == Some(space) && profile.len() as u64 <= max_bytes / 2;
        if self.profile.as_deref().is_some_and(|profile| !suits(profile)) {
            self.profile = None;
            self.warnings.push(Warning::ProfileDropped);
        }
    }

    fn shrink_until_it_fits(mut self, limit_bytes: u64) -> Result<Fitted, MediaError> {
        let wanted_px = self.raster.width.max(self.raster.height);
        let mut side_px = wanted_px;
        let mut smaller: Option<Raster> = None;
        let mut smallest_bytes = u64::MAX;
        loop {
            let raster = smaller.as_ref().unwrap_or(&self.raster);
            match self.attempt(raster, limit_bytes)? {
                Attempt::Fits { bytes, format, quality } => {
                    let (width, height) = (raster.width, raster.height);
                    if side_px < wanted_px {
                        self.warnings.push(Warning::Shrunk { side_px, wanted_px });
                    }
                    let mime = format.mime();
                    return Ok(Fitted { bytes, mime, width, height, changed: true, quality, warnings: self.warnings });
                }
                Attempt::TooBig { bytes } => {
                    smallest_bytes = smallest_bytes.min(bytes);
                    if side_px == 1 {
                        return Err(MediaError::CannotFit { smallest_bytes, limit_bytes });
                    }
                    side_px = next_side(side_px, bytes, limit_bytes);
                }
            }
            let (width, height) = resize::within(self.raster.width, self.raster.height, side_px);
            // From the first size each time: to shrink what was shrunk would blur it twice.
            smaller = Some(resize::resize(self.raster.clone(), width, height)?);
        }
    }

    fn attempt(&self, raster: &Raster, limit_bytes: u64) -> Result<Attempt, MediaError> {
        let profile = self.profile.as_deref();
        match self.plan {
            Plan::SeeThrough => see_through(raster, profile, limit_bytes),
            Plan::Exact => match fitting(encode::png(raster, profile, Effort::worth(raster))?, limit_bytes) {
                Some(bytes) => Ok(Attempt::Fits { bytes, format: Format::Png, quality: None }),
                None => self.jpeg(raster, limit_bytes),
            },
            Plan::Jpeg => self.jpeg(raster, limit_bytes),
        }
    }

    fn jpeg(&self, raster: &Raster, limit_bytes: u64) -> Result<Attempt, MediaError> {
        let subject = Subject { raster, profile: self.profile.as_deref(), limit_bytes, bands: JPEG_BANDS };
        let packed = |chroma, packing| {
            move |raster: &Raster, profile: Option<&[u8]>, quality| {
                encode::jpeg(raster, profile, quality, (chroma, packing))
            }
        };
        let search = |chroma, (low, high): (u8, u8)| {
            let (tight, quick) = (packed(chroma, Packing::Tight), packed(chroma, Packing::Quick));
            quality::highest(&subject, low..=high, &tight, Some(&quick))
        };
        if self.has_full_chroma
            && raster.layout != Layout::Gray
            && let Found::Fits { bytes, quality } = search(Chroma::Full, FULL_CHROMA_QUALITIES)?
        {
            return Ok(Attempt::Fits { bytes, format: Format::Jpeg, quality: Some(quality) });
        }
        Ok(Attempt::from_search(search(Chroma::Halved, LOSSY_QUALITIES)?, Format::Jpeg))
    }
}

impl Attempt {
    fn from_search(found: Found, format: Format) -> Self {
        match found {
            Found::Fits { bytes, quality } => Self::Fits { bytes, format, quality: Some(quality) },
            Found::TooBig { bytes } => Self::TooBig { bytes },
        }
    }
}

fn see_through(raster: &Raster, profile: Option<&[u8]>, limit_bytes: u64) -> Result<Attempt, MediaError> {
    if may_fit_without_loss(raster, limit_bytes)? {
        if let Some(bytes) = fitting(encode::png(raster, profile, Effort::worth(raster))?, limit_bytes) {
            return Ok(Attempt::Fits { bytes, format: Format::Png, quality: None });
        }
        // WebP has no gray, and no profile for it.
        if raster.layout == Layout::Rgba
            && let Some(bytes) = fitting(alpha_webp::lossless(raster, profile)?, limit_bytes)
        {
            return Ok(Attempt::Fits { bytes, format: Format::Webp, quality: None });
        }
    }
    let colored = raster.colored();
    let profile = profile.filter(|_| raster.layout == Layout::Rgba);
    let subject = Subject { raster: &colored, profile, limit_bytes, bands: WEBP_BANDS };
    let search = |effort, (low, high): (u8, u8)| {
        let packed =
            |raster: &Raster, profile: Option<&[u8]>, quality| alpha_webp::lossy(raster, profile, quality, effort);
        quality::highest(&subject, low..=high, &packed, None)
    };
    let found = match search(alpha_webp::Effort::Quick, QUICK_WEBP_QUALITIES)? {
        Found::TooBig { .. } => search(alpha_webp::Effort::Tight, LOSSY_QUALITIES)?,
        fits @ Found::Fits { .. } => fits,
    };
    Ok(Attempt::from_search(found, Format::Webp))
}

/// By a quick look, at a sample where the picture is large enough for one.
fn may_fit_without_loss(raster: &Raster, limit_bytes: u64) -> Result<bool, MediaError> {
    let (rows, every) = WEBP_BANDS;
    let sample = raster.bands(rows, every);
    let sample = sample.as_ref().unwrap_or(raster);
    let png = encode::png(sample, None, Effort::Quick)?.len();
    let fewest = png.min(alpha_webp::lossless(sample, None)?.len()) as u64;
    let estimate = fewest * u64::from(raster.height) / u64::from(sample.height).max(1);
    let doubt_percent = match Effort::worth(raster) {
        Effort::Quick => 110,
        Effort::Tight => 150,
    };
    Ok(estimate * 100 <= limit_bytes.saturating_mul(doubt_percent))
}

fn fitting(bytes: Vec<u8>, limit_bytes: u64) -> Option<Vec<u8>> {
    (bytes.len() as u64 <= limit_bytes).then_some(bytes)
}

/// Bytes go about with the area, so the side goes with the root of what is too much.
fn next_side(side_px: u32, bytes: u64, limit_bytes: u64) -> u32 {
    let permille = (limit_bytes.saturating_mul(1_000_000) / bytes.max(1)).isqrt() * 97 / 100;
    let permille = permille.clamp(STEP_PERMILLE.0, STEP_PERMILLE.1);
    u32::try_from(u64::from(side_px) * permille / 1_000).unwrap_or(1).max(1)
}
