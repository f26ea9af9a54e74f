//! Whatever comes in, what goes out is within its bounds, or an error says why not.

use jpeg_encoder::{ColorType as JpegColor, SamplingFactor};
use png::ColorType;
use skein_media::{Bounds, Fitted, MediaError, Warning, fit};

use crate::inputs;
use crate::outputs;

const LIMITS: [u64; 9] = [1_000_000, 300_000, 60_000, 9_000, 2_000, 700, 300, 60, 1];

/// The longest side at each limit, for what did fit.
fn fit_all(input: &[u8], side: u32) -> Vec<Fitted> {
    let mut all = Vec::new();
    for max_bytes in LIMITS {
        match fit(input, &Bounds { max_bytes, max_side_px: side, ..Bounds::POST }) {
            Ok(fitted) => {
                assert!(fitted.bytes.len() as u64 <= max_bytes);
                assert!(fitted.width.max(fitted.height) <= side);
                assert!(fitted.quality.is_none_or(|quality| (60..=90).contains(&quality)));
                outputs::pixels(&fitted);
                all.push(fitted);
            }
            Err(MediaError::CannotFit { smallest_bytes, limit_bytes }) => {
                assert_eq!(limit_bytes, max_bytes);
                assert!(smallest_bytes > max_bytes);
            }
            Err(other) => panic!("{max_bytes} bytes: {other}"),
        }
    }
    all
}

#[test]
fn noise_fits_down_to_tiny_limits() {
    let noise = inputs::noise(900 * 700 * 4, 11);
    let rgb = &noise[..900 * 700 * 3];
    let jpeg = inputs::jpeg(rgb, 900, 700, JpegColor::Rgb);
    let opaque = inputs::png(rgb, 900, 700, ColorType::Rgb);
    for input in [jpeg, opaque] {
        let all = fit_all(&input, 800);
        assert!(all.len() >= 6, "only {} limits were met", all.len());
        assert!(all.iter().all(|fitted| fitted.mime == "image/jpeg"));
        assert!(all.is_sorted_by(|wide, narrow| wide.width >= narrow.width));
    }
    let all = fit_all(&inputs::png(&noise, 900, 700, ColorType::Rgba), 800);
    assert!(all.len() >= 7, "only {} limits were met", all.len());
    assert!(all.iter().all(|fitted| outputs::pixels(fitted).channels == 4));
}

#[test]
fn one_byte_is_an_honest_error() {
    let input = inputs::jpeg(&inputs::gradient(40, 30), 40, 30, JpegColor::Rgb);
    let message = fit(&input, &Bounds { max_bytes: 1, ..Bounds::POST }).unwrap_err().to_string();
    assert!(message.contains("the limit is 1"), "{message}");
    assert_eq!(fit(&input, &Bounds { max_side_px: 0, ..Bounds::POST }), Err(MediaError::NoSide));
}

#[test]
fn quality_goes_first_and_size_second() {
    let (width, height) = (900, 700);
    let soft = inputs::gradient(width, height);
    let grain = inputs::noise(soft.len(), 3);
    let data: Vec<u8> = soft.iter().zip(&grain).map(|(soft, grain)| soft / 2 + grain / 8).collect();
    let input = inputs::jpeg_with(&data, width, height, JpegColor::Rgb, |encoder| encoder.set_quality(98));
    let at = |max_bytes| fit(&input, &Bounds { max_bytes, ..Bounds::POST }).unwrap();
    let roomy = at(input.len() as u64 - 1);
    assert_eq!((roomy.width, roomy.quality), (width, Some(90)));
    let best = roomy.bytes.len() as u64;
    let tight = at(best * 7 / 10);
    assert_eq!(tight.width, width, "a lower quality fits, so no pixel is given up");
    assert!(tight.quality < Some(90));
    assert!(tight.bytes.len() as u64 >= best * 7 / 10 * 80 / 100, "the room that is left is used");
    let scarce = at(best / 12);
    assert!(scarce.width < width);
    assert_eq!(scarce.warnings, [Warning::Shrunk { side_px: scarce.width, wanted_px: width }]);
}

#[test]
fn fine_colour_stays_fine_where_it_came_so() {
    // Columns of red and blue in turn: halved chroma makes them purple.
    let data = [250, 10, 10, 10, 10, 250].repeat(100 * 160);
    let fine = inputs::jpeg_with(&data, 200, 160, JpegColor::Rgb, |encoder| {
        encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    });
    for input in [&inputs::jpeg_exif(&fine, 3), &inputs::png(&data, 200, 160, ColorType::Rgb)] {
        let max_bytes = input.len() as u64;
        let fitted = fit(input, &Bounds { max_bytes: max_bytes.max(30_000), ..Bounds::POST }).unwrap();
        let pixels = outputs::pixels(&fitted);
        let [one, other] = [pixels.at(100, 80), pixels.at(101, 80)];
        assert!(one[0].abs_diff(other[0]) > 150, "{one:?} beside {other:?}");
    }
}

#[test]
fn narrow_pictures_keep_at_least_one_pixel() {
    for ((width, height), wanted) in
        [((1, 3_000), (1, 100)), ((3_000, 1), (100, 1)), ((60, 3_000), (2, 100)), ((1, 1), (1, 1))]
    {
        let data = inputs::noise((width * height * 3) as usize, 4);
        for input in
            [inputs::png(&data, width, height, ColorType::Rgb), inputs::jpeg(&data, width, height, JpegColor::Rgb)]
        {
            let fitted = fit(&input, &Bounds { max_side_px: 100, ..Bounds::POST }).unwrap();
            assert_eq!((fitted.width, fitted.height), wanted);
            outputs::pixels(&fitted);
        }
    }
}

#[test]
fn one_input_gives_one_output() {
    let input = inputs::png(&inputs::noise(900 * 700 * 3, 2), 900, 700, ColorType::Rgb);
    let bounds = Bounds { max_bytes: 100_000, max_side_px: 701, ..Bounds::POST };
    assert!(fit(&input, &bounds).unwrap() == fit(&input, &bounds).unwrap());
}

#[test]
fn strips_of_the_resizer_leave_no_seam() {
    // Large enough for several threads; a soft ramp shows the smallest step.
    let (width, height) = (1_600, 1_600_u32);
    let row = |y: u32| vec![u8::try_from(y * 255 / height).unwrap(); width as usize];
    let data: Vec<u8> = (0..height).flat_map(row).collect();
    let input = inputs::png(&data, width, height, ColorType::Grayscale);
    let fitted = fit(&input, &Bounds { max_side_px: 1_001, ..Bounds::POST }).unwrap();
    let pixels = outputs::pixels(&fitted);
    let column: Vec<u8> = (0..1_001).map(|y| pixels.at(500, y)[0]).collect();
    assert!(column.windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 2), "a step in {column:?}");
}
