//! Pictures for print: four inks to red, green and blue.

use moxcms::{ColorProfile, Layout as Channels, TransformOptions};

use crate::raster::{Layout, Raster};

/// Whether the inks' own profile could be used.
pub(crate) struct Printed {
    pub(crate) raster: Raster,
    pub(crate) used_profile: bool,
}

/// To sRGB: by the embedded profile, or by the rule of thumb that viewers use where there is none.
pub(crate) fn to_rgb(raster: &Raster, profile: Option<&[u8]>) -> Printed {
    let by_profile = profile.and_then(|profile| convert(raster, profile));
    let used_profile = by_profile.is_some();
    let data = by_profile.unwrap_or_else(|| multiply(&raster.data));
    Printed { raster: Raster { width: raster.width, height: raster.height, layout: Layout::Rgb, data }, used_profile }
}

fn convert(raster: &Raster, profile: &[u8]) -> Option<Vec<u8>> {
    if profile.get(16..20) != Some(Layout::Cmyk.profile_space()) {
        return None;
    }
    let source = ColorProfile::new_from_slice(profile).ok()?;
    let target = ColorProfile::new_srgb();
    // The four inks travel as four channels; which letter they bear does not matter to the transform.
    let transform =
        source.create_transform_8bit(Channels::Rgba, &target, Channels::Rgb, TransformOptions::default()).ok()?;
    let mut data = vec![0; raster.data.len() / 4 * 3];
    transform.transform(&raster.data, &mut data).ok()?;
    Some(data)
}

fn multiply(data: &[u8]) -> Vec<u8> {
    let (pixels, _) = data.as_chunks::<4>();
    let over = |ink: u8, black: u8| {
        let product = u16::from(!ink) * u16::from(!black);
        u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
    };
    pixels.iter().flat_map(|[c, m, y, black]| [over(*c, *black), over(*m, *black), over(*y, *black)]).collect()
}
