//! Which way is up.

use crate::raster::Raster;

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

    pub(crate) fn apply(self, raster: Raster) -> Raster {
        match (self, raster.layout.channels()) {
            (Self::Upright, _) => raster,
            (_, 1) => self.turn::<1>(&raster),
            (_, 2) => self.turn::<2>(&raster),
            (_, 3) => self.turn::<3>(&raster),
            _ => self.turn::<4>(&raster),
        }
    }

    fn turn<const CHANNELS: usize>(self, raster: &Raster) -> Raster {
        let (columns, rows) = (raster.width as usize, raster.height as usize);
        let (width, height) = self.upright(raster.width, raster.height);
        let (pixels, _) = raster.data.as_chunks::<CHANNELS>();
        let at = |x: usize, y: usize| {
            let (column, row) = match self {
                Self::Upright => (x, y),
                Self::Mirrored => (columns - 1 - x, y),
                Self::Turned180 => (columns - 1 - x, rows - 1 - y),
                Self::Flipped => (x, rows - 1 - y),
                Self::Transposed => (y, x),
                Self::Turn90 => (y, rows - 1 - x),
                Self::Transversed => (columns - 1 - y, rows - 1 - x),
                Self::Turn270 => (columns - 1 - y, x),
            };
            pixels.get(row * columns + column).copied().unwrap_or([0; CHANNELS])
        };
        let mut data = Vec::with_capacity(raster.data.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                data.extend_from_slice(&at(x, y));
            }
        }
        Raster { width, height, layout: raster.layout, data }
    }
}
