//! Why a picture cannot be used.

use crate::probe::Format;

/// Why a picture was refused. The messages are for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// No bytes.
    #[error("the file is empty: choose a JPEG, PNG, WebP or GIF picture")]
    Empty,
    /// More bytes than [`crate::Bounds::max_input_bytes`].
    #[error("the file has {given_bytes} bytes, and at most {limit_bytes} are read: save the picture smaller")]
    FileTooLarge {
        /// The length of the file.
        given_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A format that is known by name and not taken.
    #[error("this is {name}, which Bluesky does not show as a picture; {advice}")]
    Foreign {
        /// The format, with its article where it has one.
        name: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The first bytes belong to no format that is known here.
    #[error(
        "this is no picture or video of a known kind (it begins with the bytes {head}): save it as JPEG, PNG, WebP, GIF or MP4"
    )]
    Unknown {
        /// The first bytes in hexadecimal, at most eight.
        head: String,
    },
    /// The file stops before its format says it ends.
    #[error("this {format} is cut off: it ends before its picture does; copy or download it again")]
    Truncated {
        /// The format of the file.
        format: Format,
    },
    /// The file breaks the rules of its format.
    #[error("this {format} is damaged ({detail}): open it in a picture editor and save it again")]
    Broken {
        /// The format of the file.
        format: Format,
        /// What was found.
        detail: String,
    },
    /// A rare variant of a known format.
    #[error("this {format} is {what}, which is not read here: save it as an ordinary {format}")]
    Unsupported {
        /// The format of the file.
        format: Format,
        /// The variant.
        what: &'static str,
    },
    /// More pixels than [`crate::Bounds::max_pixels`]; nothing was decoded.
    #[error("the picture has {width} x {height} px, and at most {limit_pixels} pixels are decoded: save it smaller")]
    TooManyPixels {
        /// Width in pixels, upright.
        width: u32,
        /// Height in pixels, upright.
        height: u32,
        /// The limit.
        limit_pixels: u64,
    },
    /// A GIF of several frames: as a picture it would stand still, so it is for the caller to send as a video.
    #[error("this GIF moves, and would stand still as a picture: send it as a video")]
    Animated,
    /// Even one pixel at the lowest quality does not fit.
    #[error("the picture cannot be made smaller than {smallest_bytes} bytes, and the limit is {limit_bytes}")]
    CannotFit {
        /// The smallest that was reached.
        smallest_bytes: u64,
        /// [`crate::Bounds::max_bytes`].
        limit_bytes: u64,
    },
    /// [`crate::Bounds::max_side_px`] is 0.
    #[error("a longest side of 0 px leaves no picture: the limit must be at least 1")]
    NoSide,
    /// An encoder or the resizer refused pixels that it should take.
    #[error("the picture could not be written as {kind}: {detail}")]
    Encode {
        /// What was being made.
        kind: &'static str,
        /// What the encoder said.
        detail: String,
    },
}

impl MediaError {
    #[expect(clippy::needless_pass_by_value, reason = "taken by value, it stands in `map_err`")]
    pub(crate) fn broken(format: Format, detail: impl ToString) -> Self {
        let mut detail = detail.to_string();
        // A decoder's message may quote the file.
        if let Some((end, _)) = detail.char_indices().nth(160) {
            detail.truncate(end);
        }
        Self::Broken { format, detail }
    }

    #[expect(clippy::needless_pass_by_value, reason = "taken by value, it stands in `map_err`")]
    pub(crate) fn encode(kind: &'static str, detail: impl ToString) -> Self {
        Self::Encode { kind, detail: detail.to_string() }
    }
}
