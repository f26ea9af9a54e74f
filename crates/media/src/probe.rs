//! What a file holds, before anything is decoded.

use std::fmt;

use crate::container::{self, Survey};
use crate::error::MediaError;
use crate::orientation::Orientation;

/// A format that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG: baseline or progressive, gray, colour or ink.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, with or without loss.
    Webp,
    /// GIF.
    Gif(Frames),
}

/// Whether a GIF moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// One frame.
    Still,
    /// Two frames or more.
    Animated,
}

impl Format {
    /// The MIME type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif(_) => "image/gif",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif(_) => "GIF",
        })
    }
}

/// What a file says of itself. Its pixels were not decoded: they may still turn out damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The format.
    pub format: Format,
    /// Width in pixels once the picture stands upright.
    pub width: u32,
    /// Height in pixels once the picture stands upright.
    pub height: u32,
    /// How the stored picture is turned.
    pub orientation: Orientation,
    /// Bits of a channel, or of a palette index.
    pub bit_depth: u8,
    /// Whether the format of the file gives it an alpha channel or a transparent colour; it may be opaque all the same.
    pub has_alpha: bool,
    /// Whether a colour profile (ICC) is embedded.
    pub has_profile: bool,
    /// Whether the file holds nothing but the picture and its colours: no EXIF, no XMP, no comment, nothing after the end.
    /// Not looked for in a GIF, which never leaves as it came.
    pub is_clean: bool,
}

impl Probe {
    /// Walks the structure of a file. No limit applies: nothing is allocated for what the file claims.
    ///
    /// # Errors
    ///
    /// [`MediaError::Empty`], [`MediaError::Foreign`] and [`MediaError::Unknown`] for what is no such picture,
    /// [`MediaError::Truncated`] for a file that ends early, [`MediaError::Broken`] and [`MediaError::Unsupported`] for
    /// one that cannot be read.
    pub fn of(input: &[u8]) -> Result<Self, MediaError> {
        let survey = container::survey(input)?;
        let is_clean = survey.is_clean(input);
        let Survey { format, width, height, orientation, bit_depth, has_alpha, has_profile, .. } = survey;
        let (width, height) = orientation.upright(width, height);
        Ok(Self { format, width, height, orientation, bit_depth, has_alpha, has_profile, is_clean })
    }
}
