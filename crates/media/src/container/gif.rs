//! GIF: blocks and sub-blocks.

use super::{Fault, Survey};
use crate::cut::Reader;
use crate::orientation::Orientation;
use crate::probe::{Format, Frames};

/// Over the three bytes a colour of a colour table, if the flags announce one.
fn skip_table(reader: &mut Reader<'_>, flags: u8) -> Result<(), Fault> {
    if flags & 0x80 != 0 {
        reader.take(3 << ((flags & 0x07) + 1))?;
    }
    Ok(())
}

fn skip_blocks(reader: &mut Reader<'_>) -> Result<(), Fault> {
    loop {
        match reader.byte()? {
            0 => return Ok(()),
            length => reader.take(usize::from(length))?,
        };
    }
}

pub(super) fn survey(input: &[u8]) -> Result<Survey, Fault> {
    let mut reader = Reader::new(input);
    reader.take(6)?;
    let width = reader.u16_le()?;
    let height = reader.u16_le()?;
    let flags = reader.byte()?;
    reader.take(2)?;
    skip_table(&mut reader, flags)?;
    let mut frames = 0_u32;
    let (mut has_alpha, mut has_profile) = (false, false);
    loop {
        match reader.byte()? {
            0x21 => {
                let label = reader.byte()?;
                let block = reader.rest();
                has_alpha |= label == 0xF9 && frames == 0 && matches!(block, [4, flags, ..] if flags & 1 == 1);
                has_profile |= label == 0xFF && block.starts_with(b"\x0BICCRGBG1012");
                skip_blocks(&mut reader)?;
            }
            0x2C => {
                let [.., flags] = reader.array::<9>()?;
                skip_table(&mut reader, flags)?;
                reader.byte()?;
                skip_blocks(&mut reader)?;
                frames = frames.saturating_add(1);
            }
            0x3B => break,
            _ => return Err(Fault::Broken("it has a block of an unknown kind")),
        }
    }
    if frames == 0 {
        return Err(Fault::Broken("it holds no picture"));
    }
    let moves = frames > 1;
    Ok(Survey {
        format: Format::Gif(if moves { Frames::Animated } else { Frames::Still }),
        width: u32::from(width),
        height: u32::from(height),
        orientation: Orientation::Upright,
        bit_depth: (flags & 0x07) + 1,
        has_alpha,
        has_profile,
        is_lossless: true,
        has_full_chroma: true,
        has_split_light: false,
        moves,
        is_safe: false,
        // A GIF never leaves as it came, so what is metadata in it does not matter.
        kept: Vec::new(),
        profile: Vec::new(),
    })
}
