//! What a video says of itself.

use std::fmt;

use super::container::Container;
use super::timing::FrameTiming;

/// What a video file says of itself. Nothing of it was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoInfo {
    /// The kind of file.
    pub container: Container,
    /// Its length.
    pub size_bytes: u64,
    /// What is in it; `None` for kinds that are not read further (`WebM`, MPEG): the video service looks at those.
    pub film: Option<Film>,
}

/// What is in an MP4 or `QuickTime` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Film {
    /// How the frames are compressed.
    pub video: VideoCodec,
    /// How the sound is compressed, by its four letters (`mp4a`); `None` without sound.
    pub audio: Option<FourLetters>,
    /// How long it plays, in milliseconds.
    pub duration_ms: u64,
    /// The width that is seen, in pixels: turned as the file says.
    pub width: u32,
    /// The height that is seen, in pixels: turned as the file says.
    pub height: u32,
    /// How many frames there are.
    pub frames: u64,
    /// How evenly they follow each other.
    pub timing: FrameTiming,
    /// Whether the description stands before the frames, so that it can be played while it comes.
    pub is_faststart: bool,
}

/// How frames are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// H.264 (AVC): what goes out.
    H264,
    /// H.265 (HEVC), Dolby Vision included: what newer phones record.
    Hevc,
    /// AV1.
    Av1,
    /// VP9.
    Vp9,
    /// Encrypted: nobody can read it without a key.
    Encrypted,
    /// Any other, by its four letters.
    Other(FourLetters),
}

/// Four letters that name a codec in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FourLetters(pub(super) [u8; 4]);

impl FourLetters {
    /// The letters; what is no printable ASCII is a dot.
    pub fn text(self) -> String {
        self.0
            .iter()
            .map(|&byte| if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' })
            .collect()
    }
}

impl fmt::Debug for FourLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

impl fmt::Display for FourLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().trim_end())
    }
}

impl VideoCodec {
    pub(super) fn of(letters: [u8; 4]) -> Self {
        match &letters {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" => Self::H264,
            b"hvc1" | b"hev1" | b"hvc2" | b"hev2" | b"dvh1" | b"dvhe" => Self::Hevc,
            b"av01" | b"dav1" => Self::Av1,
            b"vp09" => Self::Vp9,
            b"encv" | b"drmi" => Self::Encrypted,
            _ => Self::Other(FourLetters(letters)),
        }
    }
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::H264 => f.write_str("H.264"),
            Self::Hevc => f.write_str("HEVC (H.265)"),
            Self::Av1 => f.write_str("AV1"),
            Self::Vp9 => f.write_str("VP9"),
            Self::Encrypted => f.write_str("encrypted"),
            Self::Other(letters) => write!(f, "\"{letters}\""),
        }
    }
}
