//! Decoded pixels.

use std::borrow::Cow;

/// Eight bits a channel, the channels of a pixel side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// Brightness, then how much bluer and how much redder: as JPEG stores colours.
    Ycc,
    /// Four inks, 255 for all of it.
    Cmyk,
}

impl Layout {
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::Ycc => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// The signature in bytes 16 to 19 of a colour profile that describes these channels.
    pub(crate) fn profile_space(self) -> &'static [u8; 4] {
        match self {
            Self::Gray | Self::GrayAlpha => b"GRAY",
            Self::Rgb | Self::Rgba | Self::Ycc => b"RGB ",
            Self::Cmyk => b"CMYK",
        }
    }
}

/// A picture in memory; `data` holds `width * height * channels` bytes, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) data: Vec<u8>,
}

impl Raster {
    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.width as usize * self.layout.channels()
    }

    /// Whether something shows through.
    pub(crate) fn is_see_through(&self) -> bool {
        match self.layout {
            Layout::GrayAlpha => self.data.as_chunks::<2>().0.iter().any(|[_, alpha]| *alpha != u8::MAX),
            Layout::Rgba => self.data.as_chunks::<4>().0.iter().any(|[.., alpha]| *alpha != u8::MAX),
            Layout::Gray | Layout::Rgb | Layout::Ycc | Layout::Cmyk => false,
        }
    }

    /// The same colours without the alpha channel.
    pub(crate) fn without_alpha(self) -> Self {
        let (layout, data) = match self.layout {
            Layout::GrayAlpha => (Layout::Gray, self.data.as_chunks::<2>().0.iter().map(|[gray, _]| *gray).collect()),
            Layout::Rgba => {
                let pixels = self.data.as_chunks::<4>().0;
                (Layout::Rgb, pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect())
            }
            Layout::Gray | Layout::Rgb | Layout::Ycc | Layout::Cmyk => return self,
        };
        Self { layout, data, ..self }
    }

    /// Red, green and blue in place of gray, for what knows no gray.
    pub(crate) fn colored(&self) -> Cow<'_, Self> {
        if self.layout != Layout::GrayAlpha {
            return Cow::Borrowed(self);
        }
        let pixels = self.data.as_chunks::<2>().0;
        let data = pixels.iter().flat_map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]).collect();
        Cow::Owned(Self { layout: Layout::Rgba, data, ..*self })
    }

    /// Every `every`th band of `rows` rows, as one picture: a sample that compresses like the whole. `None` when the
    /// picture is too small for a sample to be worth it.
    pub(crate) fn bands(&self, rows: u32, every: u32) -> Option<Self> {
        let bands = self.height / (rows * every);
        if bands < 4 || self.pixels() < 500_000 {
            return None;
        }
        let band_bytes = self.row_bytes() * rows as usize;
        let picked = self.data.chunks_exact(band_bytes).skip(every as usize / 2).step_by(every as usize);
        let data: Vec<u8> = picked.take(bands as usize).flatten().copied().collect();
        Some(Self { width: self.width, height: bands * rows, layout: self.layout, data })
    }
}
