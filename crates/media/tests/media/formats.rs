//! Every kind of picture that people have, made smaller.

use jpeg_encoder::{ColorType as JpegColor, SamplingFactor};
use png::{BitDepth, ColorType};
use skein_media::{Bounds, Fitted, Format, Frames, Probe, Warning, fit};

use crate::inputs;
use crate::outputs::{self, Pixels};

const HALF: Bounds = Bounds { max_side_px: 60, ..Bounds::POST };
const CORNERS: [(usize, usize); 3] = [(3, 3), (56, 3), (30, 40)];

fn halved(input: &[u8]) -> (Fitted, Pixels) {
    let fitted = fit(input, &HALF).unwrap();
    assert_eq!((fitted.width, fitted.height), (60, 45));
    assert!(fitted.changed);
    let pixels = outputs::pixels(&fitted);
    (fitted, pixels)
}

/// Against the same place of the source, which is soft there.
fn assert_same_colors(pixels: &Pixels, rgb: &[u8]) {
    for (x, y) in CORNERS {
        let source = (y * 2 * 120 + x * 2) * 3;
        assert!(pixels.is_near((x, y), &rgb[source..source + 3]), "{:?} at {x}, {y}", pixels.at(x, y));
    }
}

#[test]
fn jpegs_of_every_kind() {
    let rgb = inputs::gradient(120, 90);
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_2, SamplingFactor::R_4_2_0, SamplingFactor::R_4_1_1]
    {
        for progressive in [false, true] {
            let input = inputs::jpeg_with(&rgb, 120, 90, JpegColor::Rgb, |encoder| {
                encoder.set_sampling_factor(sampling);
                encoder.set_progressive(progressive);
                encoder.set_restart_interval(3);
            });
            let (fitted, pixels) = halved(&input);
            assert_eq!((fitted.mime, fitted.quality), ("image/jpeg", Some(90)));
            assert_same_colors(&pixels, &rgb);
        }
    }
    let own_tables = |encoder: &mut jpeg_encoder::Encoder<&mut Vec<u8>>| encoder.set_optimized_huffman_tables(true);
    let a_scan_a_channel = inputs::jpeg_with(&rgb, 120, 90, JpegColor::Rgb, own_tables);
    assert_same_colors(&halved(&a_scan_a_channel).1, &rgb);
    let gray: Vec<u8> = rgb.iter().step_by(3).copied().collect();
    let (fitted, pixels) = halved(&inputs::jpeg(&gray, 120, 90, JpegColor::Luma));
    assert_eq!((fitted.mime, pixels.channels), ("image/jpeg", 1));
    assert!(pixels.is_near((30, 40), &[gray[80 * 120 + 60]]));
}

#[test]
fn what_the_channels_of_a_jpeg_are_goes_by_the_rule_of_browsers() {
    let rgb = inputs::gradient(120, 90);
    let without_jfif = |color| {
        let whole_chroma = |encoder: &mut jpeg_encoder::Encoder<&mut Vec<u8>>| {
            encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
        };
        let mut file = inputs::jpeg_with(&rgb, 120, 90, color, whole_chroma);
        assert_eq!(&file[6..10], b"JFIF");
        file.drain(2..20);
        file
    };
    assert_same_colors(&halved(&without_jfif(JpegColor::Rgb)).1, &rgb);
    // The encoder leaves these as they are: they are stored as red, green and blue, under the usual names of channels.
    let stored_as_given = without_jfif(JpegColor::Ycbcr);
    let adobe = inputs::with_segment(&stored_as_given, 0xEE, b"Adobe\0\x64\0\0\0\0\0");
    assert_same_colors(&halved(&adobe).1, &rgb);
}

#[test]
fn a_picture_for_print_becomes_one_for_screens() {
    // Cyan, and a red with a third of black.
    for (ink, rgb) in [([255, 0, 0, 0], [0, 255, 255]), ([0, 255, 255, 85], [170, 0, 0]), ([0, 0, 0, 0], [255; 3])] {
        let data = ink.repeat(120 * 90);
        for color in [JpegColor::Cmyk, JpegColor::CmykAsYcck] {
            let input = inputs::jpeg(&data, 120, 90, color);
            for bounds in [HALF, Bounds::POST] {
                let fitted = fit(&input, &bounds).unwrap();
                assert_eq!(fitted.warnings, [Warning::ConvertedFromCmyk { by_profile: false }]);
                let pixels = outputs::pixels(&fitted);
                assert!(pixels.is_near((20, 20), &rgb), "{ink:?} as {color:?} gave {:?}", pixels.at(20, 20));
            }
        }
    }
}

#[test]
fn the_profile_of_a_picture_for_print_decides_its_colours() {
    let input = inputs::jpeg_with(&[255, 0, 0, 0].repeat(120 * 90), 120, 90, JpegColor::Cmyk, |encoder| {
        encoder.add_icc_profile(&all_ink_is_gray()).unwrap();
    });
    let (fitted, pixels) = halved(&input);
    assert_eq!(fitted.warnings, [Warning::ConvertedFromCmyk { by_profile: true }]);
    assert_eq!(outputs::profile(&fitted), None, "a profile for ink means nothing to a screen");
    let [red, green, blue] = pixels.at(20, 20) else { panic!("not three channels") };
    assert!(red.abs_diff(*green) < 8 && green.abs_diff(*blue) < 8 && (110..190).contains(red), "{red} {green} {blue}");
}

/// A profile with one table, by which every mix of inks is a middle gray.
fn all_ink_is_gray() -> Vec<u8> {
    let mut table = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for cell in 0..9_u32 {
        table.extend(if cell % 4 == 0 { 0x0001_0000_u32 } else { 0 }.to_be_bytes());
    }
    let identity: Vec<u8> = (0..=255).collect();
    table.extend(identity.repeat(4));
    table.extend([150, 128, 128].repeat(16));
    table.extend(identity.repeat(3));
    let mut profile = vec![0; 128];
    let length = u32::try_from(144 + table.len()).unwrap();
    profile[0..4].copy_from_slice(&length.to_be_bytes());
    profile[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    profile[12..24].copy_from_slice(b"prtrCMYKLab ");
    profile[24..36].copy_from_slice(&[7, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&[0, 0, 0xF6, 0xD6, 0, 1, 0, 0, 0, 0, 0xD3, 0x2D]);
    profile.extend(1_u32.to_be_bytes());
    profile.extend(b"A2B0");
    profile.extend(144_u32.to_be_bytes());
    profile.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
    profile.extend(table);
    profile
}

#[test]
fn pngs_of_every_kind() {
    let rgb = inputs::gradient(120, 90);
    let deep: Vec<u8> = rgb.iter().flat_map(|byte| [*byte, 0]).collect();
    let deep = inputs::png_with(&deep, 120, 90, ColorType::Rgb, BitDepth::Sixteen, |_| {});
    assert_eq!(Probe::of(&deep).unwrap().bit_depth, 16);
    let opaque = inputs::png(&inputs::with_alpha(&rgb, 120, |_, _| 255), 120, 90, ColorType::Rgba);
    assert!(Probe::of(&opaque).unwrap().has_alpha);
    for input in [inputs::png(&rgb, 120, 90, ColorType::Rgb), deep, opaque] {
        let (fitted, pixels) = halved(&input);
        assert_eq!((fitted.mime, pixels.channels), ("image/jpeg", 3));
        assert_same_colors(&pixels, &rgb);
    }
    let gray: Vec<u8> = rgb.iter().step_by(3).copied().collect();
    assert_eq!(halved(&inputs::png(&gray, 120, 90, ColorType::Grayscale)).1.channels, 1);
    let bits = inputs::png_with(&[0b1010_1010; 15 * 90], 120, 90, ColorType::Grayscale, BitDepth::One, |_| {});
    assert_eq!(halved(&bits).1.channels, 1);
}

#[test]
fn transparency_is_kept_where_it_matters() {
    let rgb = inputs::gradient(120, 90);
    let half_seen = |x: u32, _| if x < 60 { 0 } else { 255 };
    let rgba = inputs::png(&inputs::with_alpha(&rgb, 120, half_seen), 120, 90, ColorType::Rgba);
    let palette = inputs::png_with(&[0, 1].repeat(60 * 90), 120, 90, ColorType::Indexed, BitDepth::Eight, |info| {
        info.palette = Some(vec![255, 0, 0, 0, 0, 255].into());
        info.trns = Some(vec![0].into());
    });
    let gray: Vec<u8> = (0..120 * 90_u32).flat_map(|at| [99, if at % 120 < 60 { 0 } else { 255 }]).collect();
    let gray = inputs::png(&gray, 120, 90, ColorType::GrayscaleAlpha);
    let webp = inputs::webp_lossy(&inputs::with_alpha(&rgb, 120, half_seen), 120, 90, webp::PixelLayout::Rgba);
    for (input, channels) in [(&rgba, 4), (&palette, 4), (&gray, 2), (&webp, 4)] {
        assert!(Probe::of(input).unwrap().has_alpha);
        let (fitted, pixels) = halved(input);
        assert_eq!((fitted.mime, pixels.channels), ("image/png", channels));
    }
    let (_, pixels) = halved(&rgba);
    assert_eq!((pixels.at(3, 20)[3], pixels.at(56, 20)[3]), (0, 255));
    let gray_pixels = halved(&gray).1;
    assert_eq!((gray_pixels.at(3, 20)[1], gray_pixels.at(56, 20)), (0, [99, 255].as_slice()));
}

#[test]
fn hidden_colours_do_not_shine_through() {
    // Bright green that is invisible, beside red: a resizer that ignores opacity makes the edge greenish.
    let data: Vec<u8> =
        (0..120 * 90_u32).flat_map(|at| if at % 3 == 0 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
    let (_, pixels) = halved(&inputs::png(&data, 120, 90, ColorType::Rgba));
    for (x, y) in CORNERS {
        let [red, green, _, alpha] = pixels.at(x, y) else { panic!("not four channels") };
        assert!(*alpha < 255 && (*alpha == 0 || (*red > 240 && *green < 15)), "{:?}", pixels.at(x, y));
    }
}

#[test]
fn webps_of_every_kind() {
    let rgb = inputs::gradient(120, 90);
    for input in [
        inputs::webp_lossless(&rgb, 120, 90, image_webp::ColorType::Rgb8),
        inputs::webp_lossy(&rgb, 120, 90, webp::PixelLayout::Rgb),
        inputs::webp_lossless(&inputs::with_alpha(&rgb, 120, |_, _| 255), 120, 90, image_webp::ColorType::Rgba8),
    ] {
        assert_eq!(Probe::of(&input).unwrap().format, Format::Webp);
        let (fitted, pixels) = halved(&input);
        assert_eq!((fitted.mime, pixels.channels), ("image/jpeg", 3));
        assert_same_colors(&pixels, &rgb);
    }
}

#[test]
fn a_still_gif_becomes_a_png_and_loses_nothing() {
    let see_through: Vec<u8> = [0, 1, 2, 3].repeat(30 * 90);
    let fitted = fit(&inputs::gif(&[see_through], 120, 90), &Bounds::POST).unwrap();
    assert_eq!((fitted.mime, fitted.quality, fitted.changed), ("image/png", None, true));
    let pixels = outputs::pixels(&fitted);
    assert_eq!((pixels.at(1, 0), pixels.at(2, 5)), ([255; 4].as_slice(), [255, 0, 0, 255].as_slice()));
    assert_eq!(pixels.at(3, 89)[3], 0);

    let opaque = inputs::gif(&[[0, 1, 2, 2].repeat(30 * 90)], 120, 90);
    assert_eq!(Probe::of(&opaque).unwrap().format, Format::Gif(Frames::Still));
    assert_eq!(outputs::pixels(&fit(&opaque, &Bounds::POST).unwrap()).at(2, 5), [255, 0, 0]);
    assert_eq!(halved(&opaque).0.mime, "image/jpeg");
}

#[test]
fn of_an_animated_png_and_webp_the_first_picture_is_kept() {
    let rgb = inputs::gradient(120, 90);
    let plain = inputs::png(&rgb, 120, 90, ColorType::Rgb);
    let animated = inputs::with_png_chunk(&plain, *b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let fitted = fit(&animated, &Bounds::POST).unwrap();
    assert!(fitted.bytes == plain);
    assert_eq!(fitted.warnings, [Warning::FirstFrameOnly]);

    let simple = inputs::webp_lossy(&rgb, 120, 90, webp::PixelLayout::Rgb);
    let frame = inputs::webp_frame((120, 90), &simple[12..]);
    let chunks = [inputs::webp_chunk(*b"ANIM", &[0; 6]), frame.clone(), frame].concat();
    let animated = inputs::with_webp_chunks(&simple[..12], 0x02, (120, 90), &chunks, &[]);
    let (fitted, pixels) = halved(&animated);
    assert_eq!(fitted.warnings, [Warning::FirstFrameOnly]);
    assert_same_colors(&pixels, &rgb);
    assert!(fit(&animated, &Bounds::POST).unwrap().changed, "what moves does not go out as it came");
}
