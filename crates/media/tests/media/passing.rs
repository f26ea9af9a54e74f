//! What is small enough, upright and clean goes out byte for byte.

use jpeg_encoder::ColorType as JpegColor;
use png::{BitDepth, ColorType};
use skein_media::{Bounds, Probe, fit};

use crate::inputs;
use crate::outputs;

fn assert_passes(input: &[u8], mime: &str) {
    assert!(Probe::of(input).unwrap().is_clean);
    let fitted = fit(input, &Bounds::POST).unwrap();
    assert!(fitted.bytes == input, "the {mime} was changed");
    assert_eq!((fitted.mime, fitted.changed, fitted.quality), (mime, false, None));
    assert!(fitted.warnings.is_empty());
}

#[test]
fn jpegs() {
    let rgb = inputs::gradient(120, 90);
    assert_passes(&inputs::jpeg(&rgb, 120, 90, JpegColor::Rgb), "image/jpeg");
    assert_passes(&inputs::jpeg(&rgb[..120 * 90], 120, 90, JpegColor::Luma), "image/jpeg");
    let progressive = inputs::jpeg_with(&rgb, 120, 90, JpegColor::Rgb, |encoder| encoder.set_progressive(true));
    assert_passes(&progressive, "image/jpeg");
    let profile = inputs::profile(*b"RGB ", 3_000);
    let profiled =
        inputs::jpeg_with(&rgb, 120, 90, JpegColor::Rgb, |encoder| encoder.add_icc_profile(&profile).unwrap());
    assert_passes(&profiled, "image/jpeg");
}

#[test]
fn pngs() {
    let rgb = inputs::gradient(60, 60);
    assert_passes(&inputs::png(&rgb, 60, 60, ColorType::Rgb), "image/png");
    let see_through = inputs::with_alpha(&rgb, 60, |x, _| u8::try_from(x).unwrap());
    assert_passes(&inputs::png(&see_through, 60, 60, ColorType::Rgba), "image/png");
    let deep = inputs::png_with(&inputs::noise(60 * 60 * 6, 3), 60, 60, ColorType::Rgb, BitDepth::Sixteen, |_| {});
    assert_passes(&deep, "image/png");
}

#[test]
fn a_png_that_builds_up_in_passes() {
    // The first sizes have passes without a pixel.
    for (width, height) in [(1, 1), (3, 2), (60, 61)] {
        let rgb = inputs::noise((width * height * 3) as usize, 6);
        let input = inputs::interlaced_png(&rgb, width, height);
        assert_passes(&input, "image/png");
        let fitted = fit(&input, &Bounds::POST).unwrap();
        assert!(outputs::pixels(&fitted).data == rgb, "the maker of the test is wrong");
    }
    let rgb = inputs::gradient(120, 90);
    let bounds = Bounds { max_side_px: 60, ..Bounds::POST };
    let fitted = fit(&inputs::interlaced_png(&rgb, 120, 90), &bounds).unwrap();
    let plain = fit(&inputs::png(&rgb, 120, 90, ColorType::Rgb), &bounds).unwrap();
    assert!(fitted == plain, "the same pixels give the same file");
}

#[test]
fn webps() {
    let rgb = inputs::gradient(60, 60);
    let rgba = inputs::with_alpha(&rgb, 60, |x, _| u8::try_from(x).unwrap());
    assert_passes(&inputs::webp_lossless(&rgb, 60, 60, image_webp::ColorType::Rgb8), "image/webp");
    assert_passes(&inputs::webp_lossy(&rgb, 60, 60, webp::PixelLayout::Rgb), "image/webp");
    assert_passes(&inputs::webp_lossy(&rgba, 60, 60, webp::PixelLayout::Rgba), "image/webp");
}

#[test]
fn the_limits_themselves_still_pass() {
    let input = inputs::jpeg(&inputs::gradient(120, 90), 120, 90, JpegColor::Rgb);
    let max_bytes = input.len() as u64;
    let exact = Bounds { max_bytes, max_side_px: 120, max_pixels: 120 * 90, max_input_bytes: max_bytes };
    assert_eq!(fit(&input, &exact).unwrap().bytes, input);
    assert!(fit(&input, &Bounds { max_side_px: 119, ..exact }).unwrap().changed);
    assert!(fit(&input, &Bounds { max_bytes: max_bytes - 1, ..exact }).unwrap().changed);
    assert!(fit(&input, &Bounds { max_pixels: 120 * 90 - 1, ..exact }).is_err());
    assert!(fit(&input, &Bounds { max_input_bytes: max_bytes - 1, ..exact }).is_err());
}
