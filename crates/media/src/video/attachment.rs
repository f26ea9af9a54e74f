//! Which way a file takes into a post.

use std::io::{self, Read, Seek, SeekFrom};

use super::container::{Container, HEAD_BYTES, Head, identify, is_film};
use crate::bounds::Bounds;
use crate::error::MediaError;
use crate::probe::{Format, Frames, Probe};

/// Which way a file takes into a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A picture, or what the fitting of pictures refuses by name. A GIF of one frame is one.
    Picture,
    /// A GIF that moves: it goes to the video service as `image/gif`, and into the record as a video with the presentation
    /// `gif`. As a picture it would stand still; one of a single frame fails at the video service.
    MovingGif {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A video, as far as its first bytes say.
    Video(Container),
    /// A video of a kind that the video service does not take, by its name with its article.
    ForeignVideo(&'static str),
}

/// A file of which the way cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// The file could not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
    /// A GIF that is cut off or damaged, or larger than what is read ([`Bounds::max_input_bytes`] of a post).
    #[error(transparent)]
    Gif(MediaError),
}

impl Attachment {
    /// By the first bytes; a GIF is read to its end, to count its frames.
    ///
    /// # Errors
    ///
    /// [`AttachmentError`] for a file that cannot be read and for a GIF that is damaged or over 100 MB.
    pub fn of<R: Read + Seek>(mut reader: R) -> Result<Self, AttachmentError> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        let start = |reader: &mut R| reader.seek(SeekFrom::Start(0)).map_err(AttachmentError::Unreadable);
        start(&mut reader)?;
        reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(AttachmentError::Unreadable)?;
        match identify(&head) {
            Head::Video(container) => Ok(Self::Video(container)),
            Head::Gif => {
                start(&mut reader)?;
                Self::of_gif(reader)
            }
            Head::Foreign(name) if is_film(name) => Ok(Self::ForeignVideo(name)),
            Head::Foreign(_) | Head::Picture | Head::Unknown => Ok(Self::Picture),
        }
    }

    fn of_gif<R: Read>(reader: R) -> Result<Self, AttachmentError> {
        let limit_bytes = Bounds::POST.max_input_bytes;
        let mut bytes = Vec::new();
        reader.take(limit_bytes + 1).read_to_end(&mut bytes).map_err(AttachmentError::Unreadable)?;
        let given_bytes = bytes.len() as u64;
        if given_bytes > limit_bytes {
            return Err(AttachmentError::Gif(MediaError::FileTooLarge { given_bytes, limit_bytes }));
        }
        let probe = Probe::of(&bytes).map_err(AttachmentError::Gif)?;
        Ok(match probe.format {
            Format::Gif(Frames::Animated) => Self::MovingGif { width: probe.width, height: probe.height },
            _ => Self::Picture,
        })
    }
}
