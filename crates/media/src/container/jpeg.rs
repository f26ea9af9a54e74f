//! JPEG: markers, segments and scans.

use std::ops::Range;

use super::{Fault, Kept, Survey};
use crate::cut::Reader;
use crate::exif;
use crate::orientation::Orientation;
use crate::probe::Format;

const EXIF: &[u8] = b"Exif\0\0";
const PROFILE: &[u8] = b"ICC_PROFILE\0";
/// The name, the number of the part and the count of parts.
const PROFILE_HEADER_BYTES: usize = 14;
/// A scan of a few bytes makes a decoder walk the whole picture, so a small file could keep it busy for hours. Programs
/// write about ten.
const MAX_SCANS: u32 = 100;
const TOO_MANY_SCANS: &str = "a JPEG of more than 100 scans";

/// One marker, with its payload if it has any.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
    /// From the first 0xFF to the end of the payload.
    range: Range<usize>,
}

/// The next marker. Bytes that belong to none are refused, except fill bytes.
fn segment<'a>(reader: &mut Reader<'a>) -> Result<Segment<'a>, Fault> {
    let start = reader.at();
    if reader.byte()? != 0xFF {
        return Err(Fault::Broken("a marker is missing"));
    }
    let mut marker = reader.byte()?;
    while marker == 0xFF {
        marker = reader.byte()?;
    }
    let payload = match marker {
        0x01 | 0xD0..=0xD9 => &[],
        _ => {
            let length = usize::from(reader.u16_be()?);
            reader.take(length.checked_sub(2).ok_or(Fault::Broken("a segment is shorter than its length"))?)?
        }
    };
    Ok(Segment { marker, payload, range: start..reader.at() })
}

/// Over the compressed data of a scan, up to the marker that ends it.
fn skip_scan(reader: &mut Reader<'_>) -> Result<(), Fault> {
    loop {
        let next = memchr::memchr(0xFF, reader.rest()).ok_or(Fault::CutOff)?;
        reader.take(next)?;
        match reader.rest() {
            [_, 0x00 | 0xD0..=0xD7, ..] => reader.take(2)?,
            [_, 0xFF, ..] => reader.take(1)?,
            [_, _, ..] => return Ok(()),
            _ => return Err(Fault::CutOff),
        };
    }
}

/// What the start of the frame says.
struct Frame {
    width: u16,
    height: u16,
    bit_depth: u8,
    components: usize,
    has_full_chroma: bool,
    is_named_rgb: bool,
}

fn frame(marker: u8, payload: &[u8]) -> Result<Frame, Fault> {
    match marker {
        0xC0..=0xC2 => {}
        0xC3 | 0xC5..=0xC7 => return Err(Fault::Unsupported("a lossless or hierarchical JPEG")),
        _ => return Err(Fault::Unsupported("compressed by arithmetic coding")),
    }
    let mut reader = Reader::new(payload);
    let short = |_| Fault::Broken("the frame header is too short");
    let bit_depth = reader.byte().map_err(short)?;
    let height = reader.u16_be().map_err(short)?;
    let width = reader.u16_be().map_err(short)?;
    let components = usize::from(reader.byte().map_err(short)?);
    let (specs, rest) = reader.rest().as_chunks::<3>();
    if specs.len() != components || !rest.is_empty() {
        return Err(Fault::Broken("the frame header does not fit its components"));
    }
    if bit_depth != 8 {
        return Err(Fault::Unsupported("a JPEG of 12 bits a channel"));
    }
    if !matches!(components, 1 | 3 | 4) {
        return Err(Fault::Unsupported("a JPEG of an unusual number of channels"));
    }
    if height == 0 {
        return Err(Fault::Unsupported("a JPEG that tells its height at its end"));
    }
    let has_full_chroma = specs.windows(2).all(|pair| matches!(pair, [[_, one, _], [_, other, _]] if one == other));
    let is_named_rgb = matches!(specs, [[b'R', ..], [b'G', ..], [b'B', ..]]);
    Ok(Frame { width, height, bit_depth, components, has_full_chroma, is_named_rgb })
}

/// What a file says of how its colours are stored, beside the names of its channels.
#[derive(Debug, Clone, Copy, Default)]
struct ToldColors {
    is_jfif: bool,
    adobe_transform: Option<u8>,
}

impl ToldColors {
    fn see(&mut self, segment: &Segment<'_>) {
        match (segment.marker, segment.payload) {
            (0xE0, [b'J', b'F', b'I', b'F', 0, ..]) => self.is_jfif = true,
            (0xEE, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe_transform = Some(*transform);
            }
            _ => {}
        }
    }

    /// Brightness and differences of colour, by the rule that browsers have from libjpeg; otherwise red, green and blue.
    fn are_split(self, frame: &Frame) -> bool {
        frame.components == 3
            && (self.is_jfif || self.adobe_transform.map_or(!frame.is_named_rgb, |transform| transform != 0))
    }
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// The segments that make the picture and its colours: tables, frames, scans, JFIF without a thumbnail, the colour
/// profile, and Adobe's word on the colour model.
fn is_picture(segment: &Segment<'_>) -> bool {
    match segment.marker {
        0xE0 => matches!(segment.payload, [b'J', b'F', b'I', b'F', 0, _, _, _, _, _, _, _, 0, 0]),
        0xE2 => segment.payload.starts_with(PROFILE),
        0xEE => segment.payload.starts_with(b"Adobe") && segment.payload.len() == 12,
        0xE1..=0xEF | 0xFE | 0x01 | 0xF0..=0xFD => false,
        _ => true,
    }
}

pub(super) fn survey(input: &[u8]) -> Result<Survey, Fault> {
    let mut reader = Reader::new(input);
    let mut kept = Kept::default();
    let mut found_frame: Option<Frame> = None;
    let mut orientation: Option<Orientation> = None;
    let mut profile = Vec::new();
    let mut scans = 0;
    let mut told = ToldColors::default();
    loop {
        let segment = segment(&mut reader)?;
        let start = segment.range.start;
        let stays = is_picture(&segment);
        told.see(&segment);
        match segment.marker {
            0xE1 => {
                if let (None, Some(tiff)) = (orientation, segment.payload.strip_prefix(EXIF)) {
                    orientation = Some(exif::orientation(tiff));
                }
            }
            0xE2 if stays => profile.push(segment.range.clone()),
            0xDE => return Err(Fault::Unsupported("a hierarchical JPEG")),
            0xDA => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(Fault::Unsupported(TOO_MANY_SCANS));
                }
                skip_scan(&mut reader)?;
            }
            marker if is_frame(marker) => {
                let frame = frame(marker, segment.payload)?;
                if found_frame.replace(frame).is_some() {
                    return Err(Fault::Broken("it has two frames"));
                }
            }
            _ => {}
        }
        if stays {
            kept.add(start..reader.at());
        }
        if segment.marker == 0xD9 {
            break;
        }
    }
    let frame = found_frame.filter(|_| scans > 0).ok_or(Fault::Broken("it holds no picture"))?;
    Ok(Survey {
        format: Format::Jpeg,
        width: u32::from(frame.width),
        height: u32::from(frame.height),
        orientation: orientation.unwrap_or_default(),
        bit_depth: frame.bit_depth,
        has_alpha: false,
        has_profile: !profile.is_empty(),
        is_lossless: false,
        has_full_chroma: frame.has_full_chroma,
        has_split_light: told.are_split(&frame),
        moves: false,
        is_safe: frame.components != 4,
        kept: kept.0,
        profile,
    })
}

/// The segments before the first scan.
fn headers(input: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut reader = Reader::new(input);
    std::iter::from_fn(move || segment(&mut reader).ok()).take_while(|segment| segment.marker != 0xDA)
}

/// The embedded colour profile, put together from its parts; `None` when there is none or a part is missing.
pub(crate) fn profile(input: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<(u8, u8, &[u8])> = headers(input)
        .filter(|segment| segment.marker == 0xE2 && segment.payload.starts_with(PROFILE))
        .filter_map(|segment| {
            let number = *segment.payload.get(PROFILE.len())?;
            let count = *segment.payload.get(PROFILE.len() + 1)?;
            Some((number, count, segment.payload.get(PROFILE_HEADER_BYTES..)?))
        })
        .collect();
    parts.sort_by_key(|(number, ..)| *number);
    let count = parts.first()?.1;
    let is_whole = parts.len() == usize::from(count)
        && parts.iter().zip(1..).all(|((number, of, _), expected)| *number == expected && *of == count);
    is_whole.then(|| parts.iter().flat_map(|(.., part)| *part).copied().collect())
}

/// Whether Adobe's marker is there. Programs that leave it store inks inverted: 255 for none.
pub(crate) fn has_adobe_marker(input: &[u8]) -> bool {
    headers(input).any(|segment| segment.marker == 0xEE && segment.payload.starts_with(b"Adobe"))
}

/// Where the parts of a JPEG of one scan are.
pub(crate) struct JpegParts {
    /// The two bytes of its height.
    pub(crate) height_at: usize,
    /// The compressed pixels.
    pub(crate) scan: Range<usize>,
}

/// Of a file of one scan without anything behind it.
pub(crate) fn parts(input: &[u8]) -> Option<JpegParts> {
    let mut reader = Reader::new(input);
    let mut height_at = None;
    loop {
        let segment = segment(&mut reader).ok()?;
        match segment.marker {
            // The depth comes first.
            marker if is_frame(marker) => height_at = Some(segment.range.end - segment.payload.len() + 1),
            0xDA => break,
            _ => {}
        }
    }
    let start = reader.at();
    skip_scan(&mut reader).ok()?;
    Some(JpegParts { height_at: height_at?, scan: start..reader.at() })
}
