//! What a file is, by its first bytes.

use crate::error::MediaError;

/// The formats that are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Jpeg,
    Png,
    Webp,
    Gif,
}

const SAVE: &str = "save it as JPEG";
const EXPORT: &str = "export it as PNG or JPEG";
const VIDEO: &str = "send it as a video";

/// Formats that people do try, by what they begin with.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"II*\0", "TIFF", SAVE),
    (b"MM\0*", "TIFF", SAVE),
    (b"II+\0", "TIFF", SAVE),
    (b"MM\0+", "TIFF", SAVE),
    (b"BM", "BMP", SAVE),
    (b"\0\0\x01\0", "an icon (ICO)", EXPORT),
    (b"\0\0\x02\0", "a cursor (CUR)", EXPORT),
    (b"\xFF\x0A", "JPEG XL", SAVE),
    (b"\0\0\0\x0CJXL \r\n\x87\n", "JPEG XL", SAVE),
    (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000", SAVE),
    (b"\xFF\x4F\xFF\x51", "JPEG 2000", SAVE),
    (b"II\xBC", "JPEG XR", SAVE),
    (b"8BPS", "a Photoshop document", EXPORT),
    (b"%PDF", "a PDF document", "export the page as PNG or JPEG"),
    (b"qoif", "QOI", "save it as PNG"),
    (b"\x76\x2f\x31\x01", "OpenEXR", EXPORT),
    (b"#?RADIANCE", "Radiance HDR", EXPORT),
    (b"gimp xcf", "a GIMP document", EXPORT),
    (b"\x1A\x45\xDF\xA3", "a WebM or Matroska video", VIDEO),
    (b"OggS", "an Ogg file", VIDEO),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and send the pictures in it"),
    (b"\xC5\xD0\xD3\xC6", "PostScript", EXPORT),
    (b"%!PS", "PostScript", EXPORT),
];

/// ISO media files: the brand at byte 8 says which.
const BRANDS: &[(&[&[u8; 4]], &str, &str)] = &[
    (&[b"avif", b"avis"], "AVIF", SAVE),
    (&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"], "HEIC", SAVE),
    (&[b"crx "], "a Canon raw picture", SAVE),
    (&[b"qt  "], "a QuickTime video", VIDEO),
];

/// Which of the four formats, or which other by name.
pub(crate) fn identify(input: &[u8]) -> Result<Kind, MediaError> {
    match input {
        [] => Err(MediaError::Empty),
        [0xFF, 0xD8, 0xFF, ..] => Ok(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(Kind::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Kind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Kind::Webp),
        _ => Err(foreign(input)),
    }
}

fn foreign(input: &[u8]) -> MediaError {
    let refuse = |name, advice| MediaError::Foreign { name, advice };
    if let [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] = input {
        return refuse("an AVI video", VIDEO);
    }
    if let [_, _, _, _, b'f', b't', b'y', b'p', b0, b1, b2, b3, ..] = input {
        let brand = [*b0, *b1, *b2, *b3];
        let known = BRANDS.iter().find(|(brands, ..)| brands.contains(&&brand));
        return known.map_or(refuse("an MP4 video", VIDEO), |(_, name, advice)| refuse(name, advice));
    }
    if let Some((_, name, advice)) = FOREIGN.iter().find(|(magic, ..)| input.starts_with(magic)) {
        return refuse(name, advice);
    }
    if is_svg(input) {
        return refuse("SVG", EXPORT);
    }
    let head: Vec<String> = input.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    MediaError::Unknown { head: head.join(" ") }
}

/// XML or not: an `<svg` within the first kilobyte of what begins like a tag.
fn is_svg(input: &[u8]) -> bool {
    let text = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input).trim_ascii_start();
    let head = text.get(..text.len().min(1_024)).unwrap_or_default();
    head.starts_with(b"<") && memchr::memmem::find(head, b"<svg").is_some()
}
