//! WebP: RIFF chunks.

use super::{Fault, Kept, Survey};
use crate::cut::{CutOff, Reader};
use crate::exif;
use crate::orientation::Orientation;
use crate::probe::Format;

/// `RIFF`, the size, `WEBP`.
const HEADER_BYTES: usize = 12;
const KNOWN: [&[u8; 4]; 5] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP"];

/// Bits of the `VP8X` chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags(pub(crate) u8);

impl Flags {
    pub(crate) const MOVES: u8 = 0x02;
    pub(crate) const XMP: u8 = 0x04;
    pub(crate) const EXIF: u8 = 0x08;
    pub(crate) const ALPHA: u8 = 0x10;
    pub(crate) const PROFILE: u8 = 0x20;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// Size and alpha as the first chunk tells them.
struct Canvas {
    width: u32,
    height: u32,
    has_alpha: bool,
    moves: bool,
}

fn canvas(name: [u8; 4], data: &[u8]) -> Result<Canvas, Fault> {
    let short = |_| Fault::Broken("the header of its picture is too short");
    let mut reader = Reader::new(data);
    match &name {
        b"VP8X" => {
            let flags = Flags(reader.byte().map_err(short)?);
            reader.take(3).map_err(short)?;
            let width = reader.u24_le().map_err(short)? + 1;
            let height = reader.u24_le().map_err(short)? + 1;
            Ok(Canvas { width, height, has_alpha: flags.has(Flags::ALPHA), moves: flags.has(Flags::MOVES) })
        }
        b"VP8L" => {
            if reader.byte().map_err(short)? != 0x2F {
                return Err(Fault::Broken("its lossless data has the wrong signature"));
            }
            let bits = reader.u32_le().map_err(short)?;
            let has_alpha = bits >> 28 & 1 == 1;
            Ok(Canvas { width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1, has_alpha, moves: false })
        }
        b"VP8 " => {
            reader.take(3).map_err(short)?;
            if reader.array().map_err(short)? != [0x9D, 0x01, 0x2A] {
                return Err(Fault::Broken("its lossy data has the wrong signature"));
            }
            let width = u32::from(reader.u16_le().map_err(short)? & 0x3FFF);
            let height = u32::from(reader.u16_le().map_err(short)? & 0x3FFF);
            Ok(Canvas { width, height, has_alpha: false, moves: false })
        }
        _ => Err(Fault::Broken("its first chunk is no picture")),
    }
}

/// A decoder sets aside what the picture's own header says, whatever the canvas says: only the canvas is held to a limit.
fn still(canvas: &Canvas, name: [u8; 4], data: &[u8]) -> Result<(), Fault> {
    let own = self::canvas(name, data)?;
    if (own.width, own.height) == (canvas.width, canvas.height) {
        Ok(())
    } else {
        Err(Fault::Broken("its picture has another size than its canvas"))
    }
}

/// Whether the first picture of an animation is without loss. It must lie within the canvas and be as large as its frame.
fn first_frame(canvas: &Canvas, data: &[u8]) -> Result<bool, Fault> {
    let short = |_| Fault::Broken("its first frame is too short");
    let mut reader = Reader::new(data);
    let left = reader.u24_le().map_err(short)? * 2;
    let top = reader.u24_le().map_err(short)? * 2;
    let width = reader.u24_le().map_err(short)? + 1;
    let height = reader.u24_le().map_err(short)? + 1;
    // How long it is shown, and how it is blended.
    reader.take(4).map_err(short)?;
    if left + width > canvas.width || top + height > canvas.height {
        return Err(Fault::Broken("its first frame lies outside its canvas"));
    }
    let mut chunk = || {
        let name = reader.array::<4>()?;
        let length = usize::try_from(reader.u32_le()?).map_err(|_| CutOff)?;
        let data = reader.take(length)?;
        if length % 2 == 1 && !reader.is_at_end() {
            reader.take(1)?;
        }
        Ok((name, data))
    };
    let (mut name, mut data) = chunk().map_err(short)?;
    if &name == b"ALPH" {
        (name, data) = chunk().map_err(short)?;
        if &name != b"VP8 " {
            return Err(Fault::Broken("its first frame has transparency without a picture"));
        }
    }
    if !matches!(&name, b"VP8 " | b"VP8L") {
        return Err(Fault::Broken("its first frame holds no picture"));
    }
    let own = self::canvas(name, data)?;
    if (own.width, own.height) != (width, height) {
        return Err(Fault::Broken("its first picture has another size than its frame"));
    }
    Ok(&name == b"VP8L")
}

pub(super) fn survey(input: &[u8]) -> Result<Survey, Fault> {
    let mut reader = Reader::new(input);
    reader.take(4)?;
    let riff_bytes = usize::try_from(reader.u32_le()?).map_err(|_| Fault::CutOff)?;
    let end = riff_bytes.checked_add(8).ok_or(Fault::CutOff)?;
    let whole = input.get(..end).ok_or(Fault::CutOff)?;
    let mut reader = Reader::new(whole);
    reader.take(HEADER_BYTES).map_err(|_| Fault::Broken("its length is wrong"))?;
    let mut kept = Kept::default();
    kept.add(0..HEADER_BYTES);
    let mut found: Option<Canvas> = None;
    let mut has_profile = false;
    // Set by the picture that will be decoded.
    let mut is_lossless: Option<bool> = None;
    let mut orientation = Orientation::Upright;
    while !reader.is_at_end() {
        let start = reader.at();
        let name = reader.array::<4>()?;
        let length = usize::try_from(reader.u32_le()?).map_err(|_| Fault::CutOff)?;
        let data = reader.take(length)?;
        // The padding of the last chunk is forgotten by some programs.
        if length % 2 == 1 && !reader.is_at_end() {
            reader.take(1)?;
        }
        if found.is_none() {
            found = Some(canvas(name, data)?);
        }
        match (&name, &found) {
            (b"VP8 " | b"VP8L", Some(canvas)) if !canvas.moves => {
                still(canvas, name, data)?;
                is_lossless = is_lossless.or(Some(&name == b"VP8L"));
            }
            (b"ANMF", Some(canvas)) if canvas.moves && is_lossless.is_none() => {
                is_lossless = Some(first_frame(canvas, data)?);
            }
            _ => {}
        }
        match &name {
            b"ICCP" => has_profile = true,
            b"EXIF" => orientation = exif::orientation(data.strip_prefix(b"Exif\0\0").unwrap_or(data)),
            _ => {}
        }
        if KNOWN.contains(&&name) {
            kept.add(start..reader.at());
        }
    }
    let (Some(canvas), Some(is_lossless)) = (found, is_lossless) else {
        return Err(Fault::Broken("it holds no picture"));
    };
    Ok(Survey {
        format: Format::Webp,
        width: canvas.width,
        height: canvas.height,
        orientation,
        bit_depth: 8,
        has_alpha: canvas.has_alpha,
        has_profile,
        is_lossless,
        has_full_chroma: is_lossless,
        has_split_light: false,
        moves: canvas.moves,
        is_safe: !canvas.moves,
        kept: kept.0,
        // It is not compressed, so it can always be read.
        profile: Vec::new(),
    })
}

/// After chunks were left out: the size, and the flags that announce EXIF and XMP.
pub(super) fn correct_header(file: &mut [u8]) {
    let riff_bytes = u32::try_from(file.len().saturating_sub(8)).unwrap_or(u32::MAX);
    if let Some(size) = file.get_mut(4..8) {
        size.copy_from_slice(&riff_bytes.to_le_bytes());
    }
    if file.get(12..16) == Some(b"VP8X")
        && let Some(flags) = file.get_mut(20)
    {
        *flags &= !(Flags::EXIF | Flags::XMP);
    }
}

/// A file of the extended kind, from chunks that [`chunk`] wrote.
pub(crate) fn extended(width: u32, height: u32, flags: Flags, chunks: &[u8]) -> Vec<u8> {
    let mut header = vec![flags.0, 0, 0, 0];
    header.extend_from_slice(&width.saturating_sub(1).to_le_bytes()[..3]);
    header.extend_from_slice(&height.saturating_sub(1).to_le_bytes()[..3]);
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    chunk(&mut file, *b"VP8X", &header);
    file.extend_from_slice(chunks);
    correct_header(&mut file);
    file
}

/// Appends a chunk, padded to an even length.
pub(crate) fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    file.extend_from_slice(&name);
    file.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(data);
    if data.len() % 2 == 1 {
        file.push(0);
    }
}

/// The data of the first chunk of this name.
pub(crate) fn find(file: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    let mut reader = Reader::new(file);
    reader.take(HEADER_BYTES).ok()?;
    loop {
        let name = reader.array::<4>().ok()?;
        let length = usize::try_from(reader.u32_le().ok()?).ok()?;
        let data = reader.take(length).ok()?;
        if name == wanted {
            return Some(data);
        }
        if length % 2 == 1 {
            reader.take(1).ok()?;
        }
    }
}
