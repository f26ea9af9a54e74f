//! Nothing is set aside for what a file claims to be.

use png::ColorType;
use skein_media::{Bounds, MediaError, Warning, fit};

use crate::inputs;

/// 30,000 x 30,000 px in about 40 kB: a deflate stream that says "the same byte again" thirty-nine thousand times.
fn png_bomb() -> Vec<u8> {
    let small = inputs::png(&[0; 3], 1, 1, ColorType::Rgb);
    let mut header = small[16..29].to_vec();
    header[..8].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let data = [b"\x78\x01\xED\xC1".as_slice(), &vec![0; 39_000]].concat();
    let chunks =
        [inputs::png_chunk(*b"IHDR", &header), inputs::png_chunk(*b"IDAT", &data), inputs::png_chunk(*b"IEND", b"")];
    [&small[..8], &chunks.concat()].concat()
}

fn jpeg_bomb() -> Vec<u8> {
    let mut jpeg = inputs::jpeg(&[9; 3], 1, 1, jpeg_encoder::ColorType::Rgb);
    let frame = memchr::memmem::find(&jpeg, &[0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xEA);
    jpeg
}

fn gif_bomb() -> Vec<u8> {
    let mut gif = inputs::gif(&[vec![1]], 1, 1);
    gif[6..10].fill(0xFF);
    gif
}

/// A canvas of one pixel, a frame of four billion.
fn gif_with_a_huge_frame() -> Vec<u8> {
    let mut gif = inputs::gif(&[vec![1]], 1, 1);
    let frame = memchr::memmem::find(&gif, b"\x2C\0\0\0\0\x01\0\x01\0").unwrap();
    gif[frame + 5..frame + 9].fill(0xFF);
    gif
}

fn webp_bomb() -> Vec<u8> {
    let simple = inputs::webp_lossy(&[9; 3], 1, 1, webp::PixelLayout::Rgb);
    let chunks = [inputs::webp_chunk(*b"ANIM", &[0; 6]), inputs::webp_frame((1, 1), &simple[12..])].concat();
    inputs::with_webp_chunks(&simple[..12], 0x02, (1 << 24, 1 << 24), &chunks, &[])
}

/// A canvas of one pixel, a picture of 268 million.
fn webp_with_a_huge_picture() -> Vec<u8> {
    let mut simple = inputs::webp_lossless(&[9; 3], 1, 1, image_webp::ColorType::Rgb8);
    let size = memchr::memchr(0x2F, &simple).unwrap();
    simple[size + 1..size + 4].fill(0xFF);
    inputs::with_webp_chunks(&simple, 0, (1, 1), &[], &[])
}

/// The same, compressed with loss and as large as such a picture can be.
fn webp_with_a_huge_lossy_picture() -> Vec<u8> {
    let mut simple = inputs::webp_lossy(&[9; 3], 1, 1, webp::PixelLayout::Rgb);
    let size = memchr::memmem::find(&simple, b"\x9D\x01\x2A").unwrap() + 3;
    simple[size..size + 4].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    inputs::with_webp_chunks(&simple, 0, (1, 1), &[], &[])
}

/// One pixel with a colour profile of 512 MiB.
fn png_with_a_huge_profile() -> Vec<u8> {
    let png = inputs::png(&[9; 3], 1, 1, ColorType::Rgb);
    [&png[..33], &inputs::profile_bomb(128), &png[33..]].concat()
}

/// The most memory that this process ever reserved.
#[cfg(target_os = "linux")]
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

#[cfg(not(target_os = "linux"))]
fn peak_bytes() -> u64 {
    0
}

#[test]
fn bombs_are_refused_before_decoding() {
    let before = peak_bytes();
    for (bomb, side) in [(png_bomb(), 30_000), (jpeg_bomb(), 0xEAEA), (gif_bomb(), 0xFFFF), (webp_bomb(), 1 << 24)] {
        assert!(bomb.len() < 40_000);
        let error = fit(&bomb, &Bounds::POST).unwrap_err();
        assert_eq!(error, MediaError::TooManyPixels { width: side, height: side, limit_pixels: 120_000_000 });
        assert!(error.to_string().starts_with(&format!("the picture has {side} x {side} px, and at most 120000000")));
    }
    for liar in [gif_with_a_huge_frame(), webp_with_a_huge_picture(), webp_with_a_huge_lossy_picture()] {
        assert!(matches!(fit(&liar, &Bounds::POST), Err(MediaError::Broken { .. })));
    }
    assert_eq!(fit(&png_with_a_huge_profile(), &Bounds::POST).unwrap().warnings, [Warning::ProfileDropped]);
    assert!(peak_bytes() - before < 200_000_000, "memory was set aside for a bomb");
}
