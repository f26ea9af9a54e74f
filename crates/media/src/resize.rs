//! Fewer pixels.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::error::MediaError;
use crate::raster::{Layout, Raster};
use crate::threads::{on_threads, parts_of};

const KIND: &str = "a smaller picture";

/// The size of a picture whose long side is at most `max_side_px`, in the same proportions; never larger, never empty.
pub(crate) fn within(width: u32, height: u32, max_side_px: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= max_side_px {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled = (u64::from(side) * u64::from(max_side_px) + u64::from(long) / 2) / u64::from(long);
        u32::try_from(scaled).unwrap_or(max_side_px).max(1)
    };
    (scale(width), scale(height))
}

/// The picture in another size, by Lanczos; colours are weighted by their opacity, so nothing hidden shines through.
pub(crate) fn resize(raster: Raster, width: u32, height: u32) -> Result<Raster, MediaError> {
    if (raster.width, raster.height) == (width, height) {
        return Ok(raster);
    }
    // Named here and not left to the library, which would be compiled for every kind of pixel that it knows.
    match raster.layout {
        Layout::Gray => resize_as::<U8>(raster, width, height),
        Layout::GrayAlpha => resize_as::<U8x2>(raster, width, height),
        Layout::Rgb | Layout::Ycc => resize_as::<U8x3>(raster, width, height),
        Layout::Rgba | Layout::Cmyk => resize_as::<U8x4>(raster, width, height),
    }
}

fn resize_as<P: PixelTrait>(mut raster: Raster, width: u32, height: u32) -> Result<Raster, MediaError> {
    let is_weighted = raster.is_see_through();
    if is_weighted {
        multiply_alpha::<P>(&mut raster)?;
    }
    let mut data = vec![0; width as usize * height as usize * raster.layout.channels()];
    in_strips::<P>(&raster, &mut data, width, height)?;
    if is_weighted {
        MulDiv::new().divide_alpha_inplace_typed(&mut image::<P>(width, height, &mut data)?).map_err(failed)?;
    }
    Ok(Raster { width, height, layout: raster.layout, data })
}

fn image<P: PixelTrait>(width: u32, height: u32, data: &mut [u8]) -> Result<TypedImage<'_, P>, MediaError> {
    TypedImage::from_buffer(width, height, data).map_err(failed)
}

fn failed(error: impl ToString) -> MediaError {
    MediaError::encode(KIND, error)
}

/// One strip of the result a thread. Every strip reads its neighbourhood from the whole source, so no seam shows.
fn in_strips<P: PixelTrait>(source: &Raster, data: &mut [u8], width: u32, height: u32) -> Result<(), MediaError> {
    let rows = height.div_ceil(parts_of(source.pixels()));
    let strip_bytes = width as usize * source.layout.channels() * rows as usize;
    let parts = data.chunks_mut(strip_bytes).zip((0_u32..).step_by(rows as usize));
    on_threads(parts.collect(), &|(part, top)| strip::<P>(source, part, (width, height), top))
}

fn multiply_alpha<P: PixelTrait>(raster: &mut Raster) -> Result<(), MediaError> {
    let (width, row_bytes) = (raster.width, raster.row_bytes());
    let rows = raster.height.div_ceil(parts_of(raster.pixels())) as usize;
    on_threads(raster.data.chunks_mut(row_bytes * rows).collect(), &|part: &mut [u8]| {
        let rows = u32::try_from(part.len() / row_bytes).unwrap_or(0);
        MulDiv::new().multiply_alpha_inplace_typed(&mut image::<P>(width, rows, part)?).map_err(failed)
    })
}

fn strip<P: PixelTrait>(
    source: &Raster,
    part: &mut [u8],
    (width, height): (u32, u32),
    top: u32,
) -> Result<(), MediaError> {
    let rows = u32::try_from(part.len() / (width as usize * source.layout.channels())).unwrap_or(0);
    let scale = f64::from(source.height) / f64::from(height);
    let from = f64::from(top) * scale;
    let tall = (f64::from(rows) * scale).min(f64::from(source.height) - from);
    let view = TypedImageRef::<P>::from_buffer(source.width, source.height, &source.data).map_err(failed)?;
    let mut target = image::<P>(width, rows, part)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false).crop(
        0.0,
        from,
        f64::from(source.width),
        tall,
    );
    Resizer::new().resize_typed(&view, &mut target, &options).map_err(failed)
}
