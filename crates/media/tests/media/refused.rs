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
