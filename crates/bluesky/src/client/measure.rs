//! What kind of picture a file is and how large it is shown, from its first bytes. Nothing is decoded.

use super::post::Image;

/// JPEG markers that stand alone, without a length after them.
const BARE: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
const EXIF_ORIENTATION: u16 = 0x0112;
/// Fields of an EXIF folder that are looked at.
const MAX_EXIF_FIELDS: usize = 200;
/// Segments before the size of a JPEG that are looked at.
const MAX_SEGMENTS: usize = 1_000;

impl Image {
    /// A picture from the bytes of a JPEG, PNG, WebP or GIF file; its kind and size are read from them, so that apps reserve the
    /// right room. It is sent as it is, metadata included: the program `skein` makes pictures fit, and takes away where they
    /// were made. `None` where the bytes are none of these.
    ///
    /// ```no_run
    /// # use skein_bluesky::client::Image;
    /// # fn example() -> std::io::Result<()> {
    /// let cat = Image::read(std::fs::read("cat.jpg")?, "My cat asleep on a keyboard");
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(bytes: impl Into<bytes::Bytes>, alt: impl Into<String>) -> Option<Self> {
        let bytes = bytes.into();
        let (mime, width, height) = measure(&bytes).filter(|(_, width, height)| *width > 0 && *height > 0)?;
        Some(Self { bytes, mime: mime.to_owned(), alt: alt.into(), width, height })
    }
}

fn measure(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(("image/png", big(bytes, 16, 4)?, big(bytes, 20, 4)?)),
        [b'G', b'I', b'F', b'8', ..] => Some(("image/gif", little(bytes, 6, 2)?, little(bytes, 8, 2)?)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        _ => None,
    }
}

fn webp(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let (width, height) = match bytes.get(12..16)? {
        b"VP8X" => (little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1),
        b"VP8L" => {
            let packed = little(bytes, 21, 4)?;
            ((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1)
        }
        b"VP8 " => (little(bytes, 26, 2)? & 0x3fff, little(bytes, 28, 2)? & 0x3fff),
        _ => return None,
    };
    Some(("image/webp", width, height))
}

/// The size stands in a segment of its own; whether it is shown turned, in the EXIF segment before it.
fn jpeg(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let (mut at, mut is_turned) = (2, false);
    for _ in 0..MAX_SEGMENTS {
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        at += 2;
        if marker == 0xff {
            // Any number of these may stand before a marker.
            at -= 1;
            continue;
        }
        if BARE.contains(&marker) || marker == 0x01 {
            continue;
        }
        let length = usize::try_from(big(bytes, at, 2)?).ok()?;
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (big(bytes, at + 3, 2)?, big(bytes, at + 5, 2)?);
                let (width, height) = if is_turned { (height, width) } else { (width, height) };
                return Some(("image/jpeg", width, height));
            }
            0xe1 => {
                is_turned |=
                    bytes.get(at + 2..at + length).and_then(orientation).is_some_and(|way| (5..=8).contains(&way));
            }
            0xda | 0xd9 => return None,
            _ => {}
        }
        at += length.max(2);
    }
    None
}

/// From 1 to 8, of which 5 to 8 are on their side; anything else says nothing.
fn orientation(segment: &[u8]) -> Option<u32> {
    let tiff = segment.strip_prefix(b"Exif\0\0")?;
    let number: fn(&[u8], usize, usize) -> Option<u32> = match tiff.get(..2)? {
        b"II" => little,
        b"MM" => big,
        _ => return None,
    };
    let folder = usize::try_from(number(tiff, 4, 4)?).ok()?;
    let fields = usize::try_from(number(tiff, folder, 2)?).ok()?.min(MAX_EXIF_FIELDS);
    let mut places = (0..fields).filter_map(|field| folder.checked_add(2 + 12 * field));
    let place = places.find(|place| number(tiff, *place, 2) == Some(EXIF_ORIENTATION.into()))?;
    number(tiff, place + 8, 2)
}

fn big(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(at..at.checked_add(count)?)?;
    Some(digits.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
}

fn little(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(at..at.checked_add(count)?)?;
    Some(digits.iter().rev().fold(0, |number, digit| number << 8 | u32::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::measure as size;
    use super::*;

    /// A JPEG of 640 by 480 as stored, with an EXIF segment that says how to turn it.
    fn turned(order: [u8; 2], way: u8) -> Vec<u8> {
        let is_big = order == *b"MM";
        let number = |value: u32, count: usize| {
            let bytes = value.to_be_bytes();
            let mut bytes = bytes[4 - count..].to_vec();
            if !is_big {
                bytes.reverse();
            }
            bytes
        };
        let mut exif = [&b"Exif\0\0"[..], &order, &number(42, 2), &number(8, 4), &number(1, 2)].concat();
        exif.extend([number(0x0112, 2), number(3, 2), number(1, 4), number(way.into(), 2), vec![0; 2]].concat());
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let frame = [0xff, 0xc0, 0, 17, 8, 1, 0xe0, 2, 0x80, 3];
        [&[0xff, 0xd8, 0xff, 0xe1][..], &length, &exif, &frame].concat()
    }

    #[test]
    fn a_jpeg_is_as_large_as_it_is_shown() {
        for order in [*b"II", *b"MM"] {
            assert_eq!(size(&turned(order, 1)), Some(("image/jpeg", 640, 480)));
            for way in 5..=8 {
                assert_eq!(size(&turned(order, way)), Some(("image/jpeg", 480, 640)));
            }
            for way in [0, 2, 3, 4, 9, 255] {
                assert_eq!(size(&turned(order, way)), Some(("image/jpeg", 640, 480)), "{way} turns nothing");
            }
        }
    }

    #[test]
    fn the_other_kinds_say_their_size_at_once() {
        let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0, 0, 1, 0, 0, 0, 0, 9]].concat();
        assert_eq!(size(&png), Some(("image/png", 256, 9)));
        assert_eq!(size(b"GIF89a\x02\x01\x03\0"), Some(("image/gif", 258, 3)));
        let riff = |kind: &[u8; 4], rest: &[u8]| [&b"RIFF\0\0\0\0WEBP"[..], kind, &[0; 4], rest].concat();
        assert_eq!(size(&riff(b"VP8X", &[0, 0, 0, 0, 9, 0, 0, 4, 1, 0])), Some(("image/webp", 10, 261)));
        assert_eq!(size(&riff(b"VP8L", &[0x2f, 0x09, 0x40, 0, 0])), Some(("image/webp", 10, 2)));
        assert_eq!(size(&riff(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 7, 0, 8, 0])), Some(("image/webp", 7, 8)));
    }

    #[test]
    fn no_beginning_of_a_file_and_no_changed_byte_breaks_it() {
        let whole = turned(*b"MM", 6);
        for end in 0..whole.len() {
            size(&whole[..end]);
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[place] = value;
                size(&damaged);
            }
        }
        assert_eq!(size(b"<svg>"), None);
        assert!(Image::read(&b"GIF89a\0\0\0\0"[..], "nothing").is_none());
    }
}
