//! What is no picture for a post, told by name.

use skein_media::{Bounds, Format, Frames, MediaError, Probe, fit};

use crate::inputs;

fn refusal(input: &[u8]) -> String {
    let probed = Probe::of(input).unwrap_err();
    assert_eq!(fit(input, &Bounds::POST).unwrap_err(), probed);
    probed.to_string()
}

#[test]
fn other_formats_are_named() {
    let cases: [(&[u8], &str); 18] = [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "an MP4 video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "a QuickTime video"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- x -->\n<svg/>", "SVG"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\xFF\x0A\xFA\x7F", "JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"RIFF\x10\0\0\0AVI LIST", "an AVI video"),
        (b"\x1A\x45\xDF\xA3\x01", "a WebM or Matroska video"),
        (b"8BPS\0\x01", "a Photoshop document"),
        (b"\0\0\x01\0\x01\0", "an icon (ICO)"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
    ];
    for (input, name) in cases {
        let message = refusal(input);
        assert!(message.starts_with(&format!("this is {name}, which Bluesky does not show")), "{message}");
    }
    assert_eq!(
        refusal(b"\0\0\0\x18ftypheic\0\0\0\0"),
        "this is HEIC, which Bluesky does not show as a picture; save it as JPEG"
    );
}

#[test]
fn what_nobody_knows_is_told_by_its_first_bytes() {
    assert_eq!(Probe::of(b""), Err(MediaError::Empty));
    let message = refusal(b"hello, world");
    assert!(message.contains("(it begins with the bytes 68 65 6C 6C 6F 2C 20 77)"), "{message}");
    assert!(refusal(b"<html><body>404</body></html>").contains("3C 68"));
}

#[test]
fn a_gif_that_moves_is_for_the_video_service() {
    let frame = || [0, 1, 2, 3].repeat(25);
    let input = inputs::gif(&[frame(), frame()], 10, 10);
    assert_eq!(Probe::of(&input).unwrap().format, Format::Gif(Frames::Animated));
    assert_eq!(fit(&input, &Bounds::POST), Err(MediaError::Animated));
    let still = inputs::gif(&[frame()], 10, 10);
    assert_eq!(Probe::of(&still).unwrap().format, Format::Gif(Frames::Still));
    assert!(fit(&still, &Bounds::POST).is_ok());
}

#[test]
fn rare_kinds_of_jpeg_are_named() {
    let jpeg = inputs::jpeg(&inputs::gradient(16, 16), 16, 16, jpeg_encoder::ColorType::Rgb);
    let frame = memchr::memmem::find(&jpeg, &[0xFF, 0xC0]).unwrap();
    let with = |offset: usize, byte: u8| {
        let mut changed = jpeg.clone();
        changed[frame + offset] = byte;
        refusal(&changed)
    };
    assert!(with(1, 0xC3).contains("lossless"));
    assert!(with(1, 0xC9).contains("arithmetic coding"));
    assert!(with(4, 12).contains("12 bits"));
    assert!(with(6, 0).contains("height at its end"));
    let twice = [&jpeg[..frame], &jpeg[frame..frame + 19], &jpeg[frame..]].concat();
    assert!(refusal(&twice).contains("two frames"), "{}", refusal(&twice));
}

#[test]
fn a_file_over_the_limit_is_not_looked_at() {
    let bounds = Bounds { max_input_bytes: 10, ..Bounds::POST };
    let error = fit(&[0; 11], &bounds).unwrap_err();
    assert_eq!(error, MediaError::FileTooLarge { given_bytes: 11, limit_bytes: 10 });
    assert!(error.to_string().contains("11 bytes, and at most 10"));
}

#[test]
fn a_jpeg_of_endless_scans_is_not_decoded() {
    let jpeg = inputs::jpeg_with(&inputs::gradient(16, 16), 16, 16, jpeg_encoder::ColorType::Rgb, |encoder| {
        encoder.set_progressive(true);
    });
    let scans: Vec<usize> = memchr::memmem::find_iter(&jpeg, &[0xFF, 0xDA]).collect();
    let end = jpeg.len() - 2;
    let last = &jpeg[*scans.last().unwrap()..end];
    let with = |count: usize| [&jpeg[..end], &last.repeat(count - scans.len()), &jpeg[end..]].concat();
    assert!(fit(&with(100), &Bounds::POST).is_ok());
    assert_eq!(
        refusal(&with(101)),
        "this JPEG is a JPEG of more than 100 scans, which is not read here: save it as an ordinary JPEG"
    );
}

#[test]
fn a_webp_whose_picture_is_not_as_large_as_its_canvas() {
    let rgb = inputs::gradient(16, 16);
    let lossy = inputs::webp_lossy(&rgb, 16, 16, webp::PixelLayout::Rgb);
    let exact = inputs::webp_lossless(&rgb, 16, 16, image_webp::ColorType::Rgb8);
    for simple in [&lossy, &exact] {
        assert!(Probe::of(&inputs::with_webp_chunks(simple, 0, (16, 16), &[], &[])).is_ok());
        for canvas in [(15, 16), (16, 17), (1, 1)] {
            let message = refusal(&inputs::with_webp_chunks(simple, 0, canvas, &[], &[]));
            assert!(message.contains("another size than its canvas"), "{message}");
        }
    }
}

#[test]
fn an_animated_webp_whose_first_picture_is_not_as_large_as_its_frame() {
    let rgb = inputs::gradient(16, 16);
    let exact = inputs::webp_lossless(&rgb, 16, 16, image_webp::ColorType::Rgb8);
    let seen_through = inputs::with_alpha(&rgb, 16, |x, _| u8::try_from(x).unwrap());
    let lossy = inputs::webp_lossy(&seen_through, 16, 16, webp::PixelLayout::Rgba);
    // Its first chunk tells its canvas, which a frame does not hold.
    let lossy = &lossy[12 + 18..];
    assert!(lossy.starts_with(b"ALPH"));
    let moving = |canvas, frame, picture: &[u8]| {
        let chunks = [inputs::webp_chunk(*b"ANIM", &[0; 6]), inputs::webp_frame(frame, picture)].concat();
        inputs::with_webp_chunks(b"RIFF____WEBP", 0x12, canvas, &chunks, &[])
    };
    for picture in [&exact[12..], lossy] {
        assert!(fit(&moving((16, 16), (16, 16), picture), &Bounds::POST).is_ok());
        assert!(fit(&moving((20, 30), (16, 16), picture), &Bounds::POST).is_ok());
        let message = refusal(&moving((20, 20), (12, 12), picture));
        assert!(message.contains("another size than its frame"), "{message}");
        let message = refusal(&moving((15, 16), (16, 16), picture));
        assert!(message.contains("lies outside its canvas"), "{message}");
    }
    let message = refusal(&moving((16, 16), (16, 16), &inputs::webp_chunk(*b"ALPH", &[0; 9])));
    assert!(message.contains("its first frame is too short"), "{message}");
    let twice = [inputs::webp_chunk(*b"ALPH", &[0; 9]), inputs::webp_chunk(*b"VP8L", &[0; 9])].concat();
    assert!(refusal(&moving((16, 16), (16, 16), &twice)).contains("without a picture"));
    let still = inputs::with_webp_chunks(&exact, 0x02, (16, 16), &[], &[]);
    assert!(refusal(&still).contains("holds no picture"), "an animation without a frame");
}
