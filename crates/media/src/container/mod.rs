//! The structure of a file, without its pixels: one walk tells what it is, whether it is whole, and which of its bytes
//! are the picture.

mod gif;
mod jpeg;
mod png;
mod webp;

use std::borrow::Cow;
use std::ops::Range;

use crate::cut::CutOff;
use crate::error::MediaError;
use crate::magic::{self, Kind};
use crate::orientation::Orientation;
use crate::probe::Format;

pub(crate) use jpeg::{JpegParts, has_adobe_marker, parts as jpeg_parts, profile as jpeg_profile};
pub(crate) use webp::{Flags as WebpFlags, chunk as webp_chunk, extended as extended_webp, find as find_webp_chunk};

/// What one walk over a file found.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent finding of the walk")]
pub(crate) struct Survey {
    pub(crate) format: Format,
    /// As stored, not upright.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    pub(crate) bit_depth: u8,
    pub(crate) has_alpha: bool,
    pub(crate) has_profile: bool,
    /// Compressed without loss.
    pub(crate) is_lossless: bool,
    /// Colour is stored as finely as brightness.
    pub(crate) has_full_chroma: bool,
    /// A JPEG of brightness and two differences of colour.
    pub(crate) has_split_light: bool,
    /// More than one frame.
    pub(crate) moves: bool,
    /// Every client shows it: no ink, no GIF, nothing that moves.
    pub(crate) is_safe: bool,
    /// The bytes that are the picture and its colours, in order. The rest is metadata.
    kept: Vec<Range<usize>>,
    /// Where among them the colour profile stands, in a format in which it may turn out unreadable.
    profile: Vec<Range<usize>>,
}

impl Survey {
    pub(crate) fn is_clean(&self, input: &[u8]) -> bool {
        self.kept_bytes() == input.len()
    }

    pub(crate) fn orientation_changes(&self) -> bool {
        self.orientation != Orientation::Upright
    }

    /// For a profile that cannot be read: what nobody could look into does not go out.
    pub(crate) fn leave_profile_out(&mut self) {
        let mut rest = Kept::default();
        let mut profile = std::mem::take(&mut self.profile).into_iter().peekable();
        for kept in std::mem::take(&mut self.kept) {
            let mut start = kept.start;
            while let Some(part) = profile.next_if(|part| part.end <= kept.end) {
                rest.add(start..part.start);
                start = part.end;
            }
            rest.add(start..kept.end);
        }
        self.kept = rest.0;
    }

    fn kept_bytes(&self) -> usize {
        self.kept.iter().map(ExactSizeIterator::len).sum()
    }

    /// The file without its metadata; borrowed when there is none.
    pub(crate) fn cleaned<'a>(&self, input: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_clean(input) {
            return Cow::Borrowed(input);
        }
        let mut output = Vec::with_capacity(self.kept_bytes());
        for range in &self.kept {
            output.extend_from_slice(input.get(range.clone()).unwrap_or_default());
        }
        if self.format == Format::Webp {
            webp::correct_header(&mut output);
        }
        Cow::Owned(output)
    }
}

/// Ranges that grow as long as they touch.
#[derive(Debug, Default)]
struct Kept(Vec<Range<usize>>);

impl Kept {
    fn add(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }
}

/// A fault of the walk, before the format is known to it.
#[derive(Debug)]
enum Fault {
    CutOff,
    Broken(&'static str),
    Unsupported(&'static str),
}

impl From<CutOff> for Fault {
    fn from(_: CutOff) -> Self {
        Self::CutOff
    }
}

/// Walks a file of one of the four formats.
pub(crate) fn survey(input: &[u8]) -> Result<Survey, MediaError> {
    let (format, walked) = match magic::identify(input)? {
        Kind::Jpeg => (Format::Jpeg, jpeg::survey(input)),
        Kind::Png => (Format::Png, png::survey(input)),
        Kind::Webp => (Format::Webp, webp::survey(input)),
        Kind::Gif => (Format::Gif(crate::probe::Frames::Still), gif::survey(input)),
    };
    let survey = walked.map_err(|fault| match fault {
        Fault::CutOff => MediaError::Truncated { format },
        Fault::Broken(detail) => MediaError::broken(format, detail),
        Fault::Unsupported(what) => MediaError::Unsupported { format, what },
    })?;
    if survey.width == 0 || survey.height == 0 {
        return Err(MediaError::broken(format, "it claims to have no pixels"));
    }
    Ok(survey)
}
