//! What kind of file a video is in, by its first bytes.

use std::fmt;

/// How many of the first bytes are looked at.
pub(super) const HEAD_BYTES: usize = 400;

/// A kind of file that the video service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4. The only one, with `QuickTime`, of which more is known than its kind.
    Mp4,
    /// `QuickTime` (`.mov`).
    QuickTime,
    /// `WebM`.
    WebM,
    /// MPEG program or transport stream.
    Mpeg,
}

impl Container {
    /// The MIME type, as the video service wants it named.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
            Self::WebM => "video/webm",
            Self::Mpeg => "video/mpeg",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mp4 => "MP4",
            Self::QuickTime => "QuickTime",
            Self::WebM => "WebM",
            Self::Mpeg => "MPEG",
        })
    }
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Video(Container),
    /// Known by name, and not taken.
    Foreign(&'static str),
    Gif,
    Picture,
    Unknown,
}

const EBML: &[u8] = b"\x1A\x45\xDF\xA3";
/// The length of a packet of an MPEG transport stream; each begins with the letter G.
const PACKET_BYTES: usize = 188;
/// ISO media files that hold pictures.
const PICTURE_BRANDS: &[&[u8; 4]] =
    &[b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"crx "];
/// Boxes that an old `QuickTime` file begins with, which names no brand.
const OLD_BEGINNINGS: &[&[u8; 4]] = &[b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
const FOREIGN: &[(&[u8], &str)] = &[
    (b"OggS", "an Ogg file"),
    (b"FLV\x01", "a Flash video"),
    (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a Windows Media file"),
    (b".RMF", "a RealMedia file"),
    (b"ID3", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF document"),
];

/// Whether a foreign kind of file is for films, and not for sound or documents.
pub(super) fn is_film(foreign: &str) -> bool {
    matches!(
        foreign,
        "an Ogg file"
            | "a Flash video"
            | "a Windows Media file"
            | "a RealMedia file"
            | "an AVI video"
            | "a Matroska video"
    )
}

pub(super) fn identify(head: &[u8]) -> Head {
    match head {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Head::Gif,
        [0xFF, 0xD8, 0xFF, ..]
        | [0x89, b'P', b'N', b'G', ..]
        | [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Head::Picture,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => Head::Foreign("an AVI video"),
        [_, _, _, _, b'f', b't', b'y', b'p', b0, b1, b2, b3, ..] => match &[*b0, *b1, *b2, *b3] {
            b"qt  " => Head::Video(Container::QuickTime),
            brand if PICTURE_BRANDS.contains(&brand) => Head::Picture,
            _ => Head::Video(Container::Mp4),
        },
        [_, _, _, _, b0, b1, b2, b3, ..] if OLD_BEGINNINGS.contains(&&[*b0, *b1, *b2, *b3]) => {
            Head::Video(Container::QuickTime)
        }
        [0, 0, 1, 0xBA | 0xB3, ..] => Head::Video(Container::Mpeg),
        [b'G', ..] if head.get(PACKET_BYTES) == Some(&b'G') && head.get(2 * PACKET_BYTES) == Some(&b'G') => {
            Head::Video(Container::Mpeg)
        }
        _ if head.starts_with(EBML) => matroska(head),
        _ => FOREIGN
            .iter()
            .find(|(magic, _)| head.starts_with(magic))
            .map_or(Head::Unknown, |(_, name)| Head::Foreign(name)),
    }
}

/// `WebM` is Matroska that says so in its first element.
fn matroska(head: &[u8]) -> Head {
    const DOC_TYPE: &[u8] = b"\x42\x82";
    let doc_type = head.get(..80.min(head.len())).unwrap_or_default();
    let at = memchr::memmem::find(doc_type, DOC_TYPE);
    let is_webm = at.and_then(|at| doc_type.get(at + 3..)).is_some_and(|name| name.starts_with(b"webm"));
    if is_webm { Head::Video(Container::WebM) } else { Head::Foreign("a Matroska video") }
}
