//! Why a video cannot be posted as it is, and the cure.

use std::fmt;
use std::io;

use super::container::Container;
use super::ffmpeg::COMMAND;
use super::info::VideoCodec;

/// Why a video was refused. The messages are for the person who chose it, and end with the cure.
#[derive(Debug, thiserror::Error)]
pub enum VideoRefusal {
    /// No bytes.
    #[error("the file is empty: choose a video (MP4, QuickTime, WebM or MPEG)")]
    Empty,
    /// The file could not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
    /// A picture or a GIF.
    #[error("this is {what}, not a video: attach it as a picture")]
    Picture {
        /// What it is.
        what: &'static str,
    },
    /// A kind of file that the video service does not take.
    #[error("this is {name}, and only MP4, QuickTime, WebM and MPEG are taken; {}", Reencode)]
    ContainerNotTaken {
        /// The kind, with its article.
        name: &'static str,
    },
    /// The first bytes belong to no kind of file that is known here.
    #[error(
        "this is no video of a known kind (it begins with the bytes {head}); only MP4, QuickTime, WebM and MPEG are taken; {}",
        Reencode
    )]
    ContainerUnknown {
        /// The first bytes in hexadecimal, at most eight.
        head: String,
    },
    /// The file ends before its boxes do.
    #[error("this {container} is cut off: {missing_bytes} bytes are missing at its end; copy or download it again")]
    Truncated {
        /// The kind of file.
        container: Container,
        /// How many bytes are missing at least.
        missing_bytes: u64,
    },
    /// The box that describes the film is missing: a copy that broke off, or a recording that never ended well.
    #[error(
        "this {container} is cut off: the description of its frames (moov) is missing, as when a copy or a recording breaks off; \
         copy, download or record it again"
    )]
    DescriptionMissing {
        /// The kind of file.
        container: Container,
    },
    /// The file breaks the rules of its kind.
    #[error("this {container} is damaged ({detail}); {}", Reencode)]
    Broken {
        /// The kind of file.
        container: Container,
        /// What was found.
        detail: &'static str,
    },
    /// Frames come in fragments, and how long they play stands nowhere.
    #[error("this {container} is in fragments, as live recordings are, so its length cannot be told; {}", Reencode)]
    Fragmented {
        /// The kind of file.
        container: Container,
    },
    /// Nothing to see in it.
    #[error("this {container} has no video track, so there is nothing to see: choose a video")]
    NoVideoTrack {
        /// The kind of file.
        container: Container,
    },
    /// No frame, or no time.
    #[error("this video has no length ({frames} frames in 0 seconds): choose one that plays")]
    ZeroDuration {
        /// How many frames it claims.
        frames: u64,
    },
    /// Over [`super::VideoBounds::max_bytes`].
    #[error("the video has {given_bytes} bytes, and at most {limit_bytes} are taken; {}", Reencode)]
    TooLarge {
        /// The length of the file.
        given_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// Over [`super::VideoBounds::max_duration_ms`].
    #[error("the video plays {}, and at most {} are taken: cut it", Minutes(*given_ms), Minutes(*limit_ms))]
    TooLong {
        /// How long it plays, in milliseconds.
        given_ms: u64,
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// A codec that many players cannot show.
    #[error(
        "the video is compressed with {codec}, which many players cannot show; H.264 is what goes out; {}",
        Reencode
    )]
    CodecNotTaken {
        /// The codec.
        codec: VideoCodec,
    },
    /// Encrypted frames.
    #[error("the video is encrypted (bought or rented films are), so nobody could see it: choose another")]
    Encrypted,
    /// Frames at uneven distances, which the network's ingest refuses.
    #[error(
        "the frames follow each other unevenly ({off_frames} of {frames} are off, as after a cut without encoding), which the \
         network refuses; {}",
        Reencode
    )]
    IrregularTiming {
        /// How many frames are off.
        off_frames: u64,
        /// How many there are.
        frames: u64,
    },
    /// One side is too long for the other.
    #[error("the video is {width} x {height} px, and shapes from 1:{max_ratio} to {max_ratio}:1 are taken: crop it")]
    AspectRatio {
        /// The width that is seen, in pixels.
        width: u32,
        /// The height that is seen, in pixels.
        height: u32,
        /// [`super::VideoBounds::max_side_ratio`].
        max_ratio: u32,
    },
}

impl VideoRefusal {
    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "video_empty",
            Self::Unreadable(_) => "video_unreadable",
            Self::Picture { .. } => "video_is_picture",
            Self::ContainerNotTaken { .. } => "video_format_not_taken",
            Self::ContainerUnknown { .. } => "video_format_unknown",
            Self::Truncated { .. } | Self::DescriptionMissing { .. } => "video_truncated",
            Self::Broken { .. } => "video_damaged",
            Self::Fragmented { .. } => "video_fragmented",
            Self::NoVideoTrack { .. } => "video_track_missing",
            Self::ZeroDuration { .. } => "video_zero_duration",
            Self::TooLarge { .. } => "video_too_large",
            Self::TooLong { .. } => "video_too_long",
            Self::CodecNotTaken { .. } => "video_codec_not_taken",
            Self::Encrypted => "video_encrypted",
            Self::IrregularTiming { .. } => "video_timing_irregular",
            Self::AspectRatio { .. } => "video_aspect_ratio",
        }
    }

    /// Whether encoding it again may help.
    pub fn is_fixable(&self) -> bool {
        matches!(
            self,
            Self::ContainerNotTaken { .. }
                | Self::ContainerUnknown { .. }
                | Self::Broken { .. }
                | Self::Fragmented { .. }
                | Self::TooLarge { .. }
                | Self::CodecNotTaken { .. }
                | Self::IrregularTiming { .. }
        )
    }
}

/// The cure of most.
struct Reencode;

impl fmt::Display for Reencode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "add --fix to have it encoded again, or run: {COMMAND}")
    }
}

/// A time as people say it.
struct Minutes(u64);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, rest_ms) = (self.0 / 60_000, self.0 % 60_000);
        match (minutes, rest_ms) {
            (0, ms) => write!(f, "{}.{} s", ms / 1_000, ms % 1_000 / 100),
            (minutes, 0) => write!(f, "{minutes} min"),
            (minutes, ms) => write!(f, "{minutes} min {}.{} s", ms / 1_000, ms % 1_000 / 100),
        }
    }
}
