//! Pictures for a post: what a file is, and the same picture under a limit of bytes and pixels.
//!
//! Bytes in, bytes out: no I/O, no clock, no randomness, so one input always gives one output. [`Probe::of`] walks the
//! structure of a file and decodes nothing; [`fit`] makes the picture that goes out.
//!
//! # What leaves
//!
//! - A picture that is small enough, upright, free of metadata and of a kind that every client shows leaves byte for
//!   byte, after it was decoded once to know that it is whole.
//! - One that is merely not clean loses its metadata (EXIF with its positions, XMP, IPTC, comments, whatever follows the
//!   end) and keeps its pixels: nothing is compressed again.
//! - Any other is decoded once, shrunk once, turned upright, and compressed: the highest quality that fits first, fewer
//!   pixels only when the lowest quality does not fit. Transparency leaves as PNG, or WebP when that is too big; a picture
//!   without any leaves as JPEG, or as PNG when it came without loss and need not shrink.
//!
//! A colour profile is kept byte for byte. Ink (CMYK) has no place in a post and is converted to sRGB.
//!
//! Videos are described, not decoded: see [`video`].
//!
//! # Memory
//!
//! The size is read and checked before anything is decoded. What [`fit`] allocates is bounded by
//! [`Bounds::max_pixels`], never by what a file claims: at most 4 bytes a pixel for the decoded picture; 4 more while a
//! JPEG is decoded and 8 more if it is progressive, or 8 more while a WebP is decoded; up to 4 more while it shrinks; and
//! below 20 bytes a pixel of the result while it is compressed. A JPEG that shrinks to half or less needs a quarter of
//! that, save what a progressive one needs. The compressed colour profile of a PNG takes up to 64 MB. The largest picture
//! that [`Bounds::POST`] lets in was measured to take 0.8 GB as PNG, 1 GB as GIF, 1.4 GB as JPEG and 1.5 GB as WebP: who
//! runs several at once bounds how many.

mod alpha_webp;
mod bounds;
mod container;
mod cut;
mod decode;
mod encode;
mod error;
mod exif;
mod fit;
mod ink;
mod magic;
mod orientation;
mod page;
mod probe;
mod quality;
mod raster;
mod resize;
mod threads;
pub mod video;

pub use bounds::Bounds;
pub use error::MediaError;
pub use fit::{Fitted, Warning, fit};
pub use orientation::Orientation;
pub use page::{MAX_DESCRIPTION_CHARS, MAX_TITLE_CHARS, Page};
pub use probe::{Format, Frames, Probe};
