//! What tells on its author is gone; what tells the colours stays.

use jpeg_encoder::ColorType as JpegColor;
use png::ColorType;
use skein_media::{Bounds, Probe, Warning, fit};

use crate::inputs::{self, SECRET};
use crate::outputs::{self, contains};

const SMALLER: Bounds = Bounds { max_side_px: 50, ..Bounds::POST };

fn rgb() -> Vec<u8> {
    inputs::gradient(120, 90)
}

/// Both ways out: by leaving metadata out, and by compressing anew.
fn assert_clean(dirty: &[u8], plain: &[u8]) {
    assert!(contains(dirty, SECRET));
    assert!(!Probe::of(dirty).unwrap().is_clean);
    let fitted = fit(dirty, &Bounds::POST).unwrap();
    assert!(fitted.bytes == plain, "the picture itself was changed");
    assert!(fitted.changed);
    assert!(Probe::of(&fitted.bytes).unwrap().is_clean);
    let smaller = fit(dirty, &SMALLER).unwrap();
    assert!(!contains(&smaller.bytes, SECRET));
    assert!(Probe::of(&smaller.bytes).unwrap().is_clean);
}

#[test]
fn every_kind_of_jpeg_metadata_is_gone_without_compressing_again() {
    let plain = inputs::jpeg(&rgb(), 120, 90, JpegColor::Rgb);
    assert_clean(&inputs::jpeg_exif(&plain, 1), &plain);
    for (marker, start) in [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0".as_slice()),
        (0xED, b"Photoshop 3.0\08BIM\x04\x04"),
        (0xE2, b"MPF\0II*\0"),
        (0xE0, b"JFXX\0\x10"),
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x02"),
        (0xEE, b"Adobe\0\x64\0\0\0\0\x01"),
        (0xE9, b""),
        (0xFE, b"taken at "),
        (0xF7, b""),
    ] {
        assert_clean(&inputs::with_segment(&plain, marker, &[start, SECRET].concat()), &plain);
    }
    assert_clean(&[plain.as_slice(), SECRET].concat(), &plain);
}

#[test]
fn every_kind_of_png_metadata_is_gone_without_compressing_again() {
    let plain = inputs::png(&rgb(), 120, 90, ColorType::Rgb);
    for name in [*b"eXIf", *b"tEXt", *b"zTXt", *b"iTXt", *b"tIME", *b"prVt", *b"fdAT"] {
        assert_clean(&inputs::with_png_chunk(&plain, name, &[b"Comment\0", SECRET].concat()), &plain);
    }
    assert_clean(&[plain.as_slice(), SECRET].concat(), &plain);
}

#[test]
fn every_kind_of_webp_metadata_is_gone_without_compressing_again() {
    let simple = inputs::webp_lossy(&rgb(), 120, 90, webp::PixelLayout::Rgb);
    let plain = inputs::with_webp_chunks(&simple, 0, (120, 90), &[], &[]);
    for (flags, name) in [(0x08, *b"EXIF"), (0x04, *b"XMP "), (0, *b"prVt")] {
        let chunk = inputs::webp_chunk(name, SECRET);
        assert_clean(&inputs::with_webp_chunks(&simple, flags, (120, 90), &[], &chunk), &plain);
    }
    assert_clean(&[plain.as_slice(), SECRET].concat(), &plain);
}

#[test]
fn a_small_gif_may_hold_more_metadata_than_pixels() {
    let plain = inputs::gif(&[[0, 1, 2, 3].repeat(25)], 10, 10);
    let frame = memchr::memmem::find(&plain, b"\x2C\0\0\0\0\x0A\0\x0A\0").unwrap();
    // A graphic control extension belongs to the frame, so the metadata goes before it.
    let frame = if plain[frame - 8] == 0x21 { frame - 8 } else { frame };
    let block = [b"\xC8".as_slice(), &SECRET.repeat(10)[..200]].concat();
    let extension = [b"\x21\xFF\x0BXMP DataXMP".as_slice(), &block.repeat(30), b"\0"].concat();
    let dirty = [&plain[..frame], &extension, &plain[frame..]].concat();
    let fitted = fit(&dirty, &Bounds::POST).unwrap();
    assert!(!contains(&fitted.bytes, SECRET));
    assert_eq!(fitted, fit(&plain, &Bounds::POST).unwrap());
}

#[test]
fn a_file_that_is_only_too_big_by_its_metadata_keeps_its_pixels() {
    let plain = inputs::jpeg(&rgb(), 120, 90, JpegColor::Rgb);
    let dirty = inputs::with_segment(&plain, 0xE1, &vec![0; 60_000]);
    let bounds = Bounds { max_bytes: plain.len() as u64, ..Bounds::POST };
    assert_eq!(fit(&dirty, &bounds).unwrap().bytes, plain);
}

#[test]
fn the_colour_profile_is_kept_byte_for_byte() {
    // Long enough for three segments of a JPEG.
    let profile = inputs::profile(*b"RGB ", 140_001);
    let with_profile = |encoder: &mut jpeg_encoder::Encoder<&mut Vec<u8>>| encoder.add_icc_profile(&profile).unwrap();
    let jpeg = inputs::jpeg_with(&rgb(), 120, 90, JpegColor::Rgb, with_profile);
    let png = inputs::png_with(&rgb(), 120, 90, ColorType::Rgb, png::BitDepth::Eight, |info| {
        info.icc_profile = Some(profile.clone().into());
    });
    let chunk = inputs::webp_chunk(*b"ICCP", &profile);
    let simple = inputs::webp_lossy(&rgb(), 120, 90, webp::PixelLayout::Rgb);
    let webp = inputs::with_webp_chunks(&simple, 0x20, (120, 90), &chunk, &[]);
    for input in [&jpeg, &png, &webp, &inputs::jpeg_exif(&jpeg, 6)] {
        assert!(Probe::of(input).unwrap().has_profile);
        for bounds in [Bounds::POST, SMALLER] {
            let fitted = fit(input, &bounds).unwrap();
            assert!(outputs::profile(&fitted).as_ref() == Some(&profile), "{} lost its profile", fitted.mime);
            assert!(fitted.warnings.is_empty());
        }
    }
}

#[test]
fn a_see_through_picture_keeps_its_profile_in_png_and_in_both_kinds_of_webp() {
    let profile = inputs::profile(*b"RGB ", 2_000);
    let (width, height) = (400, 300);
    let rgba = |rgb: &[u8]| inputs::with_alpha(rgb, width, |x, _| u8::try_from(x % 256).unwrap());
    let noisy = rgba(&inputs::noise((width * height * 3) as usize, 5));
    let soft = rgba(&inputs::gradient(width, height));
    for (data, max_bytes, max_side_px, mime, is_lossy) in [
        (&soft, 2_000_000, 300, "image/png", false),
        (&noisy, 404_000, 400, "image/webp", false),
        (&noisy, 150_000, 400, "image/webp", true),
    ] {
        let input = inputs::png_with(data, width, height, ColorType::Rgba, png::BitDepth::Eight, |info| {
            info.icc_profile = Some(profile.clone().into());
        });
        assert!(input.len() as u64 > max_bytes || width > max_side_px);
        let fitted = fit(&input, &Bounds { max_bytes, max_side_px, ..Bounds::POST }).unwrap();
        assert_eq!((fitted.mime, fitted.quality.is_some()), (mime, is_lossy));
        assert_eq!(outputs::profile(&fitted).as_ref(), Some(&profile));
        assert_eq!(outputs::pixels(&fitted).channels, 4);
    }
}

#[test]
fn a_profile_of_other_channels_is_left_out_and_told() {
    let gray = inputs::profile(*b"GRAY", 500);
    let input = inputs::jpeg_with(&rgb(), 120, 90, JpegColor::Rgb, |encoder| encoder.add_icc_profile(&gray).unwrap());
    let fitted = fit(&input, &SMALLER).unwrap();
    assert_eq!(outputs::profile(&fitted), None);
    assert_eq!(fitted.warnings, [Warning::ProfileDropped]);
    let luma = &rgb()[..120 * 90];
    let input = inputs::jpeg_with(luma, 120, 90, JpegColor::Luma, |encoder| encoder.add_icc_profile(&gray).unwrap());
    assert_eq!(outputs::profile(&fit(&input, &SMALLER).unwrap()), Some(gray));
}

#[test]
fn a_profile_that_nobody_could_read_does_not_go_out() {
    let plain = inputs::png(&rgb(), 120, 90, ColorType::Rgb);
    let with = |chunks: &[u8]| [&plain[..33], chunks, &plain[33..]].concat();
    let unreadable = inputs::png_chunk(*b"iCCP", b"name\0\0no zlib stream");
    // What inflates to 4 MiB is more than is kept; what inflates to 80 MiB is not even inflated.
    for chunk in [inputs::profile_bomb(1), inputs::profile_bomb(20), unreadable] {
        let dirty = with(&chunk);
        assert!(Probe::of(&dirty).unwrap().has_profile);
        let fitted = fit(&dirty, &Bounds::POST).unwrap();
        assert!(fitted.bytes == plain, "the profile is still there, or the picture was changed");
        assert_eq!((fitted.changed, fitted.warnings), (true, vec![Warning::ProfileDropped]));
        let smaller = fit(&dirty, &SMALLER).unwrap();
        assert_eq!((outputs::profile(&smaller), smaller.warnings), (None, vec![Warning::ProfileDropped]));
    }
}

#[test]
fn of_two_profiles_the_first_is_kept() {
    let profile = inputs::profile(*b"RGB ", 300);
    let plain = inputs::png_with(&rgb(), 120, 90, ColorType::Rgb, png::BitDepth::Eight, |info| {
        info.icc_profile = Some(profile.clone().into());
    });
    let data = memchr::memmem::find(&plain, b"IDAT").unwrap() - 4;
    let dirty = [&plain[..data], &inputs::profile_bomb(20), &plain[data..]].concat();
    let fitted = fit(&dirty, &Bounds::POST).unwrap();
    assert!(fitted.bytes == plain, "the second profile is still there");
    assert!(fitted.warnings.is_empty());
}

#[test]
fn a_profile_of_which_a_part_is_missing_is_left_out_and_told() {
    let plain = inputs::jpeg(&rgb(), 120, 90, JpegColor::Rgb);
    let first_of_two = [b"ICC_PROFILE\0\x01\x02".as_slice(), &inputs::profile(*b"RGB ", 300)].concat();
    let dirty = inputs::with_segment(&plain, 0xE2, &first_of_two);
    let fitted = fit(&dirty, &Bounds::POST).unwrap();
    assert!(fitted.bytes == plain, "the picture itself was changed");
    assert_eq!(fitted.warnings, [Warning::ProfileDropped]);
    assert_eq!(fit(&dirty, &SMALLER).unwrap().warnings, [Warning::ProfileDropped]);
}
