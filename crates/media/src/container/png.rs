//! PNG: chunks.

use super::{Fault, Kept, Survey};
use crate::cut::Reader;
use crate::exif;
use crate::orientation::Orientation;
use crate::probe::Format;

const SIGNATURE_BYTES: usize = 8;

/// The chunks that make the picture and its colours.
const PICTURE: [&[u8; 4]; 15] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI",
    b"sBIT", b"bKGD", b"pHYs",
];

pub(super) fn survey(input: &[u8]) -> Result<Survey, Fault> {
    let mut reader = Reader::new(input);
    reader.take(SIGNATURE_BYTES)?;
    let mut kept = Kept::default();
    kept.add(0..SIGNATURE_BYTES);
    let mut header: Option<[u8; 13]> = None;
    let (mut has_data, mut has_transparency, mut moves) = (false, false, false);
    let mut profile = Vec::new();
    let mut orientation = Orientation::Upright;
    loop {
        let start = reader.at();
        let length = usize::try_from(reader.u32_be()?).map_err(|_| Fault::CutOff)?;
        let name = reader.array::<4>()?;
        let data = reader.take(length)?;
        reader.take(4)?;
        let mut stays = PICTURE.contains(&&name);
        match (&name, header) {
            (b"CgBI", None) => return Err(Fault::Unsupported("a PNG in Apple's own variant")),
            (b"IHDR", None) => {
                header = Some(data.try_into().map_err(|_| Fault::Broken("its header has the wrong length"))?);
            }
            (b"IHDR", Some(_)) => return Err(Fault::Broken("it has two headers")),
            (_, None) => return Err(Fault::Broken("it does not begin with its header")),
            (b"IDAT", _) => has_data = true,
            // Decoders take the first, so nobody has looked into another.
            (b"iCCP", _) if !profile.is_empty() => stays = false,
            (b"iCCP", _) => profile.push(start..reader.at()),
            (b"tRNS", _) => has_transparency = true,
            (b"acTL", _) => moves = true,
            (b"eXIf", _) => orientation = exif::orientation(data),
            _ => {}
        }
        if stays {
            kept.add(start..reader.at());
        }
        if &name == b"IEND" {
            break;
        }
    }
    let [w0, w1, w2, w3, h0, h1, h2, h3, bit_depth, color, ..] =
        header.filter(|_| has_data).ok_or(Fault::Broken("it holds no picture"))?;
    Ok(Survey {
        format: Format::Png,
        width: u32::from_be_bytes([w0, w1, w2, w3]),
        height: u32::from_be_bytes([h0, h1, h2, h3]),
        orientation,
        bit_depth,
        has_alpha: has_transparency || matches!(color, 4 | 6),
        has_profile: !profile.is_empty(),
        is_lossless: true,
        has_full_chroma: true,
        has_split_light: false,
        moves,
        is_safe: true,
        kept: kept.0,
        profile,
    })
}
