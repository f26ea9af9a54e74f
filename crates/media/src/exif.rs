//! The one thing that is read from EXIF: which way is up.

use crate::cut::{CutOff, Reader};
use crate::orientation::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;

/// From a TIFF structure, as it stands in EXIF data; damaged EXIF counts as upright.
pub(crate) fn orientation(tiff: &[u8]) -> Orientation {
    read(tiff).ok().flatten().map_or(Orientation::Upright, Orientation::from_exif)
}

fn read(tiff: &[u8]) -> Result<Option<u16>, CutOff> {
    let is_little = match tiff.get(..4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return Ok(None),
    };
    let short = |reader: &mut Reader<'_>| if is_little { reader.u16_le() } else { reader.u16_be() };
    let mut reader = Reader::new(tiff);
    reader.take(4)?;
    let directory = if is_little { reader.u32_le()? } else { reader.u32_be()? };
    let mut reader = Reader::new(tiff);
    reader.take(usize::try_from(directory).map_err(|_| CutOff)?)?;
    for _ in 0..short(&mut reader)? {
        let tag = short(&mut reader)?;
        reader.take(6)?;
        let value = short(&mut reader)?;
        reader.take(2)?;
        if tag == ORIENTATION_TAG {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
