//! What a file is: a picture, which is fitted, or a video, which goes up as it is or is refused by name.

use bytes::Bytes;
use skein_bluesky::video::{CAPTION_MAX_BYTES, Caption, CaptionError, Presentation, UploadedCaption, VideoEmbed};
use skein_domain::ports::LocalFile;
use skein_domain::{Category, Fault, Film, Usable, Video};
use skein_media::video::{Attachment, AttachmentError, VideoBounds, VideoInfo, VideoRefusal, survey};
use skein_media::{Bounds, MediaError};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::num::NonZeroU32;

use serde_json::Value;
use skein_atproto::record::cid_of_blob_hash;
use skein_atproto::syntax::Language;
use skein_bluesky::blob::Blob;

use super::pictures::{defect, sentence, unusable};
use super::{BlueskyConnector, unreadable};

/// The MIME type of captions.
pub(crate) const CAPTION_MIME: &str = "text/vtt";

/// What a file turned out to be.
enum Seen {
    /// A picture, whole.
    Picture(Vec<u8>),
    Film(Film),
}

impl BlueskyConnector {
    /// Tells by its bytes what a file is. A video is read no further than its description.
    pub(crate) async fn fit_file(&self, original: &LocalFile) -> Result<Usable, Fault> {
        let original = original.clone();
        let seen = tokio::task::spawn_blocking(move || look_at(&original)).await.map_err(|error| defect(&error))?;
        match seen? {
            Seen::Picture(bytes) => Ok(Usable::Picture(self.fit_within(bytes, Bounds::POST).await?)),
            Seen::Film(_) if self.videos.is_none() => Err(no_video_service()),
            Seen::Film(film) => Ok(Usable::Film(film)),
        }
    }
}

fn look_at(original: &LocalFile) -> Result<Seen, Fault> {
    let mut file = File::open(original.path()).map_err(|error| not_read(&error))?;
    match Attachment::of(&file) {
        Ok(Attachment::Picture) => read_picture(&mut file).map(Seen::Picture),
        Ok(Attachment::MovingGif { width, height }) => Ok(Seen::Film(Film {
            mime: "image/gif".to_owned(),
            shape: Some((width, height)),
            duration_ms: None,
            is_gif: true,
        })),
        Ok(Attachment::Video(_)) => survey_film(&file).map(Seen::Film),
        Ok(Attachment::ForeignVideo(name)) => Err(refused(&[VideoRefusal::ContainerNotTaken { name }])),
        Err(AttachmentError::Unreadable(error)) => Err(not_read(&error)),
        Err(AttachmentError::Gif(error)) => Err(unusable(&error)),
    }
}

fn read_picture(file: &mut File) -> Result<Vec<u8>, Fault> {
    let limit_bytes = Bounds::POST.max_input_bytes;
    file.rewind().map_err(|error| not_read(&error))?;
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1).read_to_end(&mut bytes).map_err(|error| not_read(&error))?;
    let given_bytes = bytes.len() as u64;
    if given_bytes > limit_bytes {
        Err(unusable(&MediaError::FileTooLarge { given_bytes, limit_bytes }))
    } else {
        Ok(bytes)
    }
}

fn survey_film(file: &File) -> Result<Film, Fault> {
    let info = survey(file).map_err(|refusal| refused(&[refusal]))?;
    let faults = info.faults(&VideoBounds::POST);
    if !faults.is_empty() {
        return Err(refused(&faults));
    }
    let VideoInfo { container, film, .. } = info;
    Ok(Film {
        mime: container.mime().to_owned(),
        shape: film.as_ref().map(|film| (film.width, film.height)),
        duration_ms: film.as_ref().map(|film| film.duration_ms),
        is_gif: false,
    })
}

/// The captions in a file, checked as far as that can be done without their language.
pub(crate) fn read_caption(original: &LocalFile) -> Result<Vec<u8>, Fault> {
    let file = File::open(original.path()).map_err(|error| not_read(&error))?;
    let length = file.metadata().map_err(|error| not_read(&error))?.len();
    let mut bytes = Vec::new();
    file.take(CAPTION_MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| not_read(&error))?;
    match Caption::parse("en", Bytes::from(bytes.clone())) {
        Ok(_) => Ok(bytes),
        Err(error @ CaptionError::TooLarge { .. }) => {
            let given = length.max(bytes.len() as u64);
            let fault = Fault::new("captions_too_large", Category::UserContent, sentence(&error.to_string()));
            Err(fault.over(format!("{CAPTION_MAX_BYTES} bytes"), format!("{given} bytes")))
        }
        Err(error) => Err(Fault::new("captions_not_vtt", Category::UserContent, sentence(&error.to_string()))),
    }
}

/// All that is wrong with a video, under the name of the first of it.
fn refused(refusals: &[VideoRefusal]) -> Fault {
    let words: Vec<String> = refusals.iter().map(|refusal| sentence(&refusal.to_string())).collect();
    let code = refusals.first().map_or("video_refused", VideoRefusal::code);
    let fault = Fault::new(code, Category::UserContent, words.join(" "));
    match refusals.first() {
        Some(VideoRefusal::TooLarge { given_bytes, limit_bytes }) => {
            fault.over(format!("{limit_bytes} bytes"), format!("{given_bytes} bytes"))
        }
        Some(VideoRefusal::TooLong { given_ms, limit_ms }) => {
            fault.over(format!("{limit_ms} ms"), format!("{given_ms} ms"))
        }
        Some(VideoRefusal::AspectRatio { width, height, max_ratio }) => {
            fault.over(format!("1:{max_ratio} to {max_ratio}:1"), format!("{width} x {height} px"))
        }
        Some(VideoRefusal::CodecNotTaken { codec }) => fault.over("H.264", codec),
        Some(VideoRefusal::IrregularTiming { off_frames, frames }) => {
            fault.over("even frames", format!("{off_frames} of {frames} frames are off"))
        }
        _ => fault,
    }
}

fn not_read(error: &io::Error) -> Fault {
    Fault::new("file_unreadable", Category::UserContent, format!("The file cannot be read: {error}."))
        .next("Give the path of a picture or a video, or an address that begins with https://.")
}

pub(crate) fn no_video_service() -> Fault {
    Fault::new("no_video_service", Category::SystemError, "This program was put together without a video service.")
        .next("Please report it.")
}

/// A video as a record holds it, with the blob that the service made of it.
pub(crate) fn embed(video: &Video, blob: Blob) -> Result<Value, Fault> {
    let captions = video.captions.iter().map(|caption| {
        let language = Language::parse(&caption.lang).map_err(|error| unreadable("language", error))?;
        let cid = cid_of_blob_hash(&caption.file.digest());
        Ok(UploadedCaption { language, blob: Blob { cid, mime_type: CAPTION_MIME.to_owned(), size: caption.bytes } })
    });
    let shape = video.film.shape.and_then(|(width, height)| NonZeroU32::new(width).zip(NonZeroU32::new(height)));
    let embed = VideoEmbed {
        blob,
        alt: Some(video.alt.clone()),
        shape,
        captions: captions.collect::<Result<_, Fault>>()?,
        presentation: if video.film.is_gif { Presentation::Gif } else { Presentation::Default },
    };
    Ok(embed.to_json())
}

/// What stands in place of the blob until the service has made it: the video as it was given.
pub(crate) fn provisional(video: &Video) -> Blob {
    let cid = cid_of_blob_hash(&video.file.digest());
    Blob { cid, mime_type: "video/mp4".to_owned(), size: video.bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_testkit::films::Film as Made;
    use skein_testkit::pictures::gif;

    fn seen(bytes: &[u8]) -> Result<Film, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        std::fs::write(&path, bytes).unwrap();
        look_at(&LocalFile::at(path)).map(|seen| match seen {
            Seen::Film(film) => film,
            Seen::Picture(_) => panic!("a picture"),
        })
    }

    #[test]
    fn a_film_says_what_it_is() {
        let turned = Made { quarter_turns: 1, ..Made::default() };
        let film = seen(&turned.bytes()).unwrap();
        let expected =
            Film { mime: "video/mp4".to_owned(), shape: Some((48, 64)), duration_ms: Some(2_000), is_gif: false };
        assert_eq!(film, expected);
        let moving = seen(&gif(20, 10, 2)).unwrap();
        assert_eq!((moving.mime.as_str(), moving.shape, moving.is_gif), ("image/gif", Some((20, 10)), true));
    }

    #[test]
    fn everything_that_is_wrong_is_told_under_the_name_of_the_first() {
        let wrong = Made { codec: Some(*b"hvc1"), width: 640, height: 48, ..Made::default() };
        let fault = seen(&wrong.bytes()).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.given.as_deref()), ("video_codec_not_taken", Some("HEVC (H.265)")));
        assert!(fault.message.contains("--fix") && fault.message.contains("640 x 48 px"), "{}", fault.message);
        assert_eq!(seen(b"OggS....").unwrap_err().code, "video_format_not_taken");
    }

    #[test]
    fn captions_are_read_no_further_than_their_limit() {
        let read = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("film.vtt");
            std::fs::write(&path, bytes).unwrap();
            read_caption(&LocalFile::at(path))
        };
        assert_eq!(read(b"WEBVTT\n").unwrap(), b"WEBVTT\n");
        assert_eq!(read(b"1\n00:00").unwrap_err().code, "captions_not_vtt");
        let fault = read(&[b"WEBVTT\n".to_vec(), vec![b'x'; 50_000]].concat()).unwrap_err();
        let told = (fault.code.as_str(), fault.limit.as_deref(), fault.given.as_deref());
        assert_eq!(told, ("captions_too_large", Some("20000 bytes"), Some("50007 bytes")));
    }
}
