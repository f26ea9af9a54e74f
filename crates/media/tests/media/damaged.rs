//! Files that were cut, flipped or made up: an error, never a panic.

use std::sync::LazyLock;

use jpeg_encoder::ColorType as JpegColor;
use png::ColorType;
use proptest::prelude::{Strategy, any, prop_assert, proptest};
use proptest::sample;
use skein_media::{Bounds, MediaError, Probe, fit};

use crate::inputs;

/// Small, so that a flipped size cannot make a test slow.
const BOUNDS: Bounds = Bounds { max_bytes: 20_000, max_side_px: 30, max_pixels: 100_000, max_input_bytes: 1_000_000 };
/// Below it a file may not even tell its format.
const SIGNATURE_BYTES: usize = 12;

static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (width, height) = (40, 24);
    let rgb = inputs::gradient(width, height);
    let rgba = inputs::with_alpha(&rgb, width, |x, _| u8::try_from(x * 6).unwrap());
    let jpeg = inputs::jpeg(&rgb, width, height, JpegColor::Rgb);
    let profile = inputs::profile(*b"RGB ", 200);
    vec![
        inputs::jpeg_exif(&jpeg, 6),
        inputs::jpeg_with(&rgb, width, height, JpegColor::Rgb, |encoder| {
            encoder.set_progressive(true);
            encoder.add_icc_profile(&profile).unwrap();
        }),
        inputs::jpeg(&rgba, width, height, JpegColor::CmykAsYcck),
        inputs::png_with(&rgba, width, height, ColorType::Rgba, png::BitDepth::Eight, |info| {
            info.icc_profile = Some(profile.clone().into());
        }),
        inputs::png_with(&inputs::noise(12 * 24, 1), 24, 24, ColorType::Indexed, png::BitDepth::Four, |info| {
            info.palette = Some(inputs::noise(48, 2).into());
            info.trns = Some(vec![0, 9].into());
        }),
        inputs::with_png_chunk(&inputs::png(&rgb, width, height, ColorType::Rgb), *b"eXIf", &inputs::exif(8, true)),
        inputs::webp_lossless(&rgba, width, height, image_webp::ColorType::Rgba8),
        inputs::webp_lossy(&rgb, width, height, webp::PixelLayout::Rgb),
        inputs::webp_lossy(&rgba, width, height, webp::PixelLayout::Rgba),
        inputs::gif(&[[0, 1, 2, 3].repeat(240)], 40, 24),
    ]
});

#[test]
fn the_samples_are_whole() {
    for sample in SAMPLES.iter() {
        let fitted = fit(sample, &BOUNDS).unwrap();
        assert!(fitted.bytes.len() as u64 <= BOUNDS.max_bytes);
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_told_to_be_cut_off() {
    for sample in SAMPLES.iter() {
        for cut in SIGNATURE_BYTES..sample.len() {
            let file = &sample[..cut];
            let told = Probe::of(file);
            assert!(matches!(told, Err(MediaError::Truncated { .. })), "{cut} of {}: {told:?}", sample.len());
            assert!(fit(file, &BOUNDS).is_err());
        }
        for cut in 0..SIGNATURE_BYTES {
            assert!(fit(&sample[..cut], &BOUNDS).is_err());
        }
    }
    let told = Probe::of(&SAMPLES[0][..100]).unwrap_err().to_string();
    assert_eq!(told, "this JPEG is cut off: it ends before its picture does; copy or download it again");
}

#[test]
fn pixels_that_stop_within_a_whole_file_are_damage() {
    let rgb = inputs::gradient(40, 24);
    let whole = inputs::png(&rgb, 40, 24, ColorType::Rgb);
    let half = inputs::png(&rgb[..40 * 12 * 3], 40, 12, ColorType::Rgb);
    // The header of the whole picture over the data of its upper half.
    let lying = [&whole[..33], &half[33..]].concat();
    assert!(Probe::of(&lying).is_ok());
    assert!(matches!(fit(&lying, &Bounds::POST), Err(MediaError::Broken { .. })));
}

/// Whatever came of it, it is within its bounds.
fn outcome_is_sound(file: &[u8]) -> bool {
    let probed = Probe::of(file);
    match fit(file, &BOUNDS) {
        Ok(fitted) => {
            probed.is_ok()
                && fitted.bytes.len() as u64 <= BOUNDS.max_bytes
                && fitted.width.max(fitted.height) <= BOUNDS.max_side_px
        }
        Err(error) => !error.to_string().is_empty(),
    }
}

fn flipped() -> impl Strategy<Value = Vec<u8>> {
    let flips = proptest::collection::vec((any::<sample::Index>(), any::<u8>()), 1..12);
    (any::<sample::Index>(), flips).prop_map(|(which, flips)| {
        let mut file = which.get(&SAMPLES).clone();
        for (place, byte) in flips {
            let length = file.len();
            file[place.index(length)] = byte;
        }
        file
    })
}

/// Anything after the first bytes of a format.
fn made_up() -> impl Strategy<Value = Vec<u8>> {
    let head = (any::<sample::Index>(), 0_usize..80);
    (head, proptest::collection::vec(any::<u8>(), 0..400)).prop_map(|((which, kept), tail)| {
        let sample = which.get(&SAMPLES);
        [&sample[..kept.min(sample.len())], &tail].concat()
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn flipped_bytes_never_panic(file in flipped()) {
        prop_assert!(outcome_is_sound(&file));
    }

    #[test]
    fn made_up_files_never_panic(file in made_up()) {
        prop_assert!(outcome_is_sound(&file));
    }
}
