//! All eight orientations, in every format that can carry one.

use jpeg_encoder::ColorType as JpegColor;
use png::ColorType;
use skein_media::{Bounds, Fitted, Probe, fit};

use crate::inputs::{self, SECRET};
use crate::outputs::{self, contains};

const RED: [u8; 3] = [220, 20, 20];
const GREEN: [u8; 3] = [20, 200, 20];
const BLUE: [u8; 3] = [20, 20, 220];
const WHITE: [u8; 3] = [250, 250, 250];
/// Of the upright picture: wide, so that a turned one is told from it.
const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

/// Red and green above, blue and white below.
fn upright(x: u32, y: u32) -> [u8; 3] {
    match (x < WIDTH / 2, y < HEIGHT / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    }
}

/// The stored picture, from EXIF's own words: which side of the scene row 0 and column 0 show.
fn stored(orientation: u16) -> (Vec<u8>, u32, u32) {
    let swaps = orientation >= 5;
    let (columns, rows) = if swaps { (HEIGHT, WIDTH) } else { (WIDTH, HEIGHT) };
    let scene = |row: u32, column: u32| match orientation {
        1 => (column, row),                          // top, left
        2 => (WIDTH - 1 - column, row),              // top, right
        3 => (WIDTH - 1 - column, HEIGHT - 1 - row), // bottom, right
        4 => (column, HEIGHT - 1 - row),             // bottom, left
        5 => (row, column),                          // left, top
        6 => (WIDTH - 1 - row, column),              // right, top
        7 => (WIDTH - 1 - row, HEIGHT - 1 - column), // right, bottom
        _ => (row, HEIGHT - 1 - column),             // left, bottom
    };
    let data = (0..rows).flat_map(|row| {
        (0..columns).flat_map(move |column| {
            let (x, y) = scene(row, column);
            upright(x, y)
        })
    });
    (data.collect(), columns, rows)
}

fn assert_upright(fitted: &Fitted, orientation: u16, size: (u32, u32)) {
    assert_eq!((fitted.width, fitted.height), size, "orientation {orientation}");
    let pixels = outputs::pixels(fitted);
    let (right, bottom) = (size.0 as usize - 9, size.1 as usize - 9);
    for (at, color) in [((8, 8), RED), ((right, 8), GREEN), ((8, bottom), BLUE), ((right, bottom), WHITE)] {
        assert!(pixels.is_near(at, &color), "orientation {orientation}: {:?} at {at:?}", pixels.at(at.0, at.1));
    }
    assert!(!contains(&fitted.bytes, SECRET), "orientation {orientation}: metadata is left");
}

#[test]
fn a_jpeg_stands_upright_from_all_eight_orientations() {
    for orientation in 1..=8 {
        let (data, columns, rows) = stored(orientation);
        let input = inputs::jpeg_exif(&inputs::jpeg(&data, columns, rows, JpegColor::Rgb), orientation);
        assert!(contains(&input, SECRET));
        let probe = Probe::of(&input).unwrap();
        assert_eq!((probe.width, probe.height), (WIDTH, HEIGHT));
        assert_eq!(probe.orientation.swaps_sides(), orientation >= 5);
        let fitted = fit(&input, &Bounds::POST).unwrap();
        assert_upright(&fitted, orientation, (WIDTH, HEIGHT));
        assert_eq!(fitted.quality.is_none(), orientation == 1, "only what stands upright is not compressed again");
        let small = Bounds { max_side_px: 48, ..Bounds::POST };
        assert_upright(&fit(&input, &small).unwrap(), orientation, (48, 32));
    }
}

#[test]
fn a_png_and_a_webp_stand_upright_too() {
    for orientation in 1..=8 {
        let (data, columns, rows) = stored(orientation);
        let exif = inputs::exif(orientation, true);
        let png = inputs::with_png_chunk(&inputs::png(&data, columns, rows, ColorType::Rgb), *b"eXIf", &exif);
        let fitted = fit(&png, &Bounds::POST).unwrap();
        assert_upright(&fitted, orientation, (WIDTH, HEIGHT));
        assert_eq!((fitted.mime, fitted.quality), ("image/png", None), "turning a PNG loses nothing");

        let simple = inputs::webp_lossy(&data, columns, rows, webp::PixelLayout::Rgb);
        let chunk = inputs::webp_chunk(*b"EXIF", &exif);
        let webp = inputs::with_webp_chunks(&simple, 0x08, (columns, rows), &[], &chunk);
        assert_upright(&fit(&webp, &Bounds::POST).unwrap(), orientation, (WIDTH, HEIGHT));
    }
}

#[test]
fn an_orientation_that_exif_does_not_define_counts_as_upright() {
    let (data, columns, rows) = stored(1);
    let plain = inputs::jpeg(&data, columns, rows, JpegColor::Rgb);
    for orientation in [0, 9, 0xFFFF] {
        assert_eq!(fit(&inputs::jpeg_exif(&plain, orientation), &Bounds::POST).unwrap().bytes, plain);
    }
}
