//! Videos: what a file is before it is uploaded, why it would be refused, and how to encode it so that it is not.
//!
//! [`survey`] reads the boxes of an MP4 or `QuickTime` file and decodes nothing. It seeks, so a file of any length costs a few
//! reads; what it allocates is bounded, whatever the file claims. [`VideoInfo::faults`] says what is wrong for a post, all at
//! once; [`ffmpeg`] says how to run the encoder that mends most of it. No process is started here.

mod attachment;
mod bounds;
mod boxes;
mod container;
pub mod ffmpeg;
mod info;
mod movie;
mod refusal;
mod timing;

use std::io::{Read, Seek};

pub use attachment::{Attachment, AttachmentError};
pub use bounds::VideoBounds;
pub use container::Container;
pub use info::{Film, FourLetters, VideoCodec, VideoInfo};
pub use refusal::VideoRefusal;
pub use timing::FrameTiming;

use boxes::{Boxes, Stop};
use container::{HEAD_BYTES, Head, identify};
use movie::Lack;

/// Reads what a video file says of itself. No limit applies.
///
/// # Errors
///
/// [`VideoRefusal`] for what is no video, is cut off, damaged, or has nothing to see; never one that depends on limits.
pub fn survey<R: Read + Seek>(reader: R) -> Result<VideoInfo, VideoRefusal> {
    let mut boxes = Boxes::new(reader).map_err(unreadable)?;
    let size_bytes = boxes.length();
    let head = boxes.head(HEAD_BYTES).map_err(unreadable)?;
    let container = match identify(&head) {
        _ if head.is_empty() => return Err(VideoRefusal::Empty),
        Head::Video(container) => container,
        Head::Foreign(name) => return Err(VideoRefusal::ContainerNotTaken { name }),
        Head::Gif => return Err(VideoRefusal::Picture { what: "a GIF" }),
        Head::Picture => return Err(VideoRefusal::Picture { what: "a picture" }),
        Head::Unknown => {
            let head: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
            return Err(VideoRefusal::ContainerUnknown { head: head.join(" ") });
        }
    };
    let film = match container {
        Container::Mp4 | Container::QuickTime => {
            Some(movie::read(&mut boxes).map_err(|lack| refusal_of(lack, container))?)
        }
        Container::WebM | Container::Mpeg => None,
    };
    Ok(VideoInfo { container, size_bytes, film })
}

/// Reads what a video file says of itself, and refuses what a post cannot hold: the first of [`VideoInfo::faults`].
///
/// # Errors
///
/// [`VideoRefusal`], with the reason and the cure.
pub fn probe<R: Read + Seek>(reader: R, bounds: &VideoBounds) -> Result<VideoInfo, VideoRefusal> {
    let info = survey(reader)?;
    match info.faults(bounds).into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(info),
    }
}

impl VideoInfo {
    /// Everything that keeps this video out of a post.
    pub fn faults(&self, bounds: &VideoBounds) -> Vec<VideoRefusal> {
        let mut faults = Vec::new();
        if self.size_bytes > bounds.max_bytes {
            faults.push(VideoRefusal::TooLarge { given_bytes: self.size_bytes, limit_bytes: bounds.max_bytes });
        }
        let Some(film) = &self.film else { return faults };
        if film.duration_ms > bounds.max_duration_ms {
            faults.push(VideoRefusal::TooLong { given_ms: film.duration_ms, limit_ms: bounds.max_duration_ms });
        }
        match film.video {
            VideoCodec::H264 => {}
            VideoCodec::Encrypted => faults.push(VideoRefusal::Encrypted),
            codec => faults.push(VideoRefusal::CodecNotTaken { codec }),
        }
        let (width, height, max_ratio) = (film.width, film.height, bounds.max_side_ratio);
        let is_over = |long: u32, short: u32| u64::from(long) > u64::from(short) * u64::from(max_ratio);
        if is_over(width, height) || is_over(height, width) {
            faults.push(VideoRefusal::AspectRatio { width, height, max_ratio });
        }
        if let FrameTiming::Irregular { off_frames, frames } = film.timing {
            faults.push(VideoRefusal::IrregularTiming { off_frames, frames });
        }
        faults
    }
}

fn unreadable(stop: Stop) -> VideoRefusal {
    match stop {
        Stop::Io(error) => VideoRefusal::Unreadable(error),
        Stop::CutOff { missing_bytes } => VideoRefusal::Truncated { container: Container::Mp4, missing_bytes },
        Stop::Broken(detail) => VideoRefusal::Broken { container: Container::Mp4, detail },
    }
}

fn refusal_of(lack: Lack, container: Container) -> VideoRefusal {
    match lack {
        Lack::Stop(Stop::Io(error)) => VideoRefusal::Unreadable(error),
        Lack::Stop(Stop::CutOff { missing_bytes }) => VideoRefusal::Truncated { container, missing_bytes },
        Lack::Stop(Stop::Broken(detail)) => VideoRefusal::Broken { container, detail },
        Lack::Description => VideoRefusal::DescriptionMissing { container },
        Lack::VideoTrack => VideoRefusal::NoVideoTrack { container },
        Lack::Length { frames } => VideoRefusal::ZeroDuration { frames },
        Lack::Whole => VideoRefusal::Fragmented { container },
    }
}
