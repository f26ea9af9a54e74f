//! Which way is up.

use crate::error::MediaError;
use crate::raster::Raster;
use crate::threads::{on_threads, parts_of};

/// How a stored picture is turned to stand upright: the value of the EXIF tag 0x0112.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1: stored upright.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    Mirrored,
    /// 3: upside down.
    Turned180,
    /// 4: mirrored top to bottom.
    Flipped,
    /// 5: mirrored along the diagonal from top left.
    Transposed,
    /// 6: turn a quarter clockwise to see it upright.
    Turn90,
    /// 7: mirrored along the diagonal from top right.
    Transversed,
    /// 8: turn a quarter anticlockwise to see it upright.
    Turn270,
}

/// So many rows of the result are written at a time.
const BAND_ROWS: usize = 32;

impl Orientation {
    /// From the EXIF value. What EXIF does not define counts as upright, as in browsers.
    pub fn from_exif(value: u16) -> Self {
        match value {
            2 => Self::Mirrored,
            3 => Self::Turned180,
            4 => Self::Flipped,
            5 => Self::Transposed,
            6 => Self::Turn90,
            7 => Self::Transversed,
            8 => Self::Turn270,
            _ => Self::Upright,
        }
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        matches!(self, Self::Transposed | Self::Turn90 | Self::Transversed | Self::Turn270)
    }

    /// The size of the upright picture.
    pub(crate) fn upright(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() { (height, width) } else { (width, height) }
    }

    pub(crate) fn apply(self, raster: Raster) -> Result<Raster, MediaError> {
        match (self, raster.layout.channels()) {
            (Self::Upright, _) => Ok(raster),
            (_, 1) => self.turn::<1>(&raster),
            (_, 2) => self.turn::<2>(&raster),
            (_, 3) => self.turn::<3>(&raster),
            _ => self.turn::<4>(&raster),
        }
    }

    fn turn<const CHANNELS: usize>(self, raster: &Raster) -> Result<Raster, MediaError> {
        let (columns, rows) = (raster.width as usize, raster.height as usize);
        let (width, height) = self.upright(raster.width, raster.height);
        let (pixels, _) = raster.data.as_chunks::<CHANNELS>();
        let (last_column, last_row) = (columns.saturating_sub(1), rows.saturating_sub(1) * columns);
        // The stored pixel of the upright picture's first, of the one to its right, and of the one below it.
        let (row, step) = (columns.cast_signed(), 1_isize);
        let (first, right, below) = match self {
            Self::Upright => (0, step, row),
            Self::Mirrored => (last_column, -step, row),
            Self::Turned180 => (last_row + last_column, -step, -row),
            Self::Flipped => (last_row, step, -row),
            Self::Transposed => (0, row, step),
            Self::Turn90 => (last_row, -row, step),
            Self::Transversed => (last_row + last_column, -row, -step),
            Self::Turn270 => (last_column, row, -step),
        };
        let mut data = vec![0; raster.data.len()];
        let (targets, _) = data.as_chunks_mut::<CHANNELS>();
        // Band by band, and a column of it at a time: what is read lies side by side, and what is written stays in the cache.
        let bands = targets.chunks_mut(width as usize * BAND_ROWS).enumerate();
        let band = |(index, targets): (usize, &mut [[u8; CHANNELS]])| {
            let mut column_first = first.wrapping_add_signed(below * (index * BAND_ROWS).cast_signed());
            for x in 0..width as usize {
                let mut place = column_first;
                for target in targets.iter_mut().skip(x).step_by(width as usize) {
                    *target = pixels.get(place).copied().unwrap_or([0; CHANNELS]);
                    place = place.wrapping_add_signed(below);
                }
                column_first = column_first.wrapping_add_signed(right);
            }
        };
        let mut shares: Vec<Vec<_>> = (0..parts_of(raster.pixels())).map(|_| Vec::new()).collect();
        let count = shares.len();
        for (index, targets) in bands {
            shares[index % count].push((index, targets));
        }
        on_threads(shares, &|share: Vec<_>| {
            share.into_iter().for_each(&band);
            Ok(())
        })?;
        Ok(Raster { width, height, layout: raster.layout, data })
    }
}
