//! What came out, read by decoders and not by the code under test.

use std::io::Cursor;

use skein_media::Fitted;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Eight bits a channel, with the count of channels.
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) data: Vec<u8>,
}

impl Pixels {
    pub(crate) fn at(&self, x: usize, y: usize) -> &[u8] {
        let start = (y * self.width + x) * self.channels;
        &self.data[start..start + self.channels]
    }

    /// Whether a pixel is within 12 steps of these channels.
    pub(crate) fn is_near(&self, (x, y): (usize, usize), wanted: &[u8]) -> bool {
        let pixel = self.at(x, y);
        pixel.len() == wanted.len() && pixel.iter().zip(wanted).all(|(one, other)| one.abs_diff(*other) <= 12)
    }
}

/// Decodes the result and holds it to the size that was told.
pub(crate) fn pixels(fitted: &Fitted) -> Pixels {
    let (size, channels, data) = decode(&fitted.bytes, fitted.mime);
    assert_eq!(size, (fitted.width, fitted.height));
    Pixels { width: fitted.width as usize, channels, data }
}

fn decode(bytes: &[u8], mime: &str) -> ((u32, u32), usize, Vec<u8>) {
    match mime {
        "image/jpeg" => {
            let mut decoder = zune_jpeg::JpegDecoder::new(Cursor::new(bytes));
            decoder.decode_headers().unwrap();
            if decoder.info().unwrap().components == 1 {
                decoder.set_options(DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma));
            }
            let data = decoder.decode().unwrap();
            let (width, height) = decoder.dimensions().unwrap();
            ((u32::try_from(width).unwrap(), u32::try_from(height).unwrap()), data.len() / (width * height), data)
        }
        "image/png" => {
            let mut decoder = png::Decoder::new(Cursor::new(bytes));
            decoder.set_transformations(png::Transformations::normalize_to_color8());
            let mut reader = decoder.read_info().unwrap();
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut data).unwrap();
            ((info.width, info.height), info.color_type.samples(), data)
        }
        "image/webp" => {
            let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
            let mut data = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut data).unwrap();
            (decoder.dimensions(), if decoder.has_alpha() { 4 } else { 3 }, data)
        }
        other => panic!("{other} is no format that goes out"),
    }
}

/// The embedded colour profile, as other programs read it.
pub(crate) fn profile(fitted: &Fitted) -> Option<Vec<u8>> {
    let bytes = Cursor::new(fitted.bytes.as_slice());
    match fitted.mime {
        "image/jpeg" => {
            let mut decoder = zune_jpeg::JpegDecoder::new(bytes);
            decoder.decode_headers().unwrap();
            decoder.icc_profile()
        }
        "image/png" => {
            let reader = png::Decoder::new(bytes).read_info().unwrap();
            reader.info().icc_profile.as_ref().map(|profile| profile.to_vec())
        }
        _ => image_webp::WebPDecoder::new(bytes).unwrap().icc_profile().unwrap(),
    }
}

pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}
