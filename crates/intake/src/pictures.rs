//! Pictures and videos of a submission: found where its door finds them, fitted by the platform, kept by their hash.

use skein_domain::ports::{
    CAPTION_INPUT_MAX_BYTES, Connector, ContentHash, FILE_TOO_LARGE, LocalFile, MediaError, Originals,
};
use skein_domain::{Caption, Category, Draft, Fault, Film, Fitted, Media, Part, Picture, Usable, Video, Warning};

use crate::Intake;

/// Whether what is found out is to be kept for a post, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It becomes a post: pictures are stored.
    Keep,
    /// Nothing is stored.
    Show,
}

/// The pictures and videos of a draft for one platform.
#[derive(Default)]
pub(crate) struct Pictures {
    /// Those of each part that is laid out; what could not be used is missing, and told by a fault.
    pub(crate) of_parts: Vec<Vec<Picture>>,
    /// The video of each part.
    pub(crate) videos: Vec<Option<Video>>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) faults: Vec<Fault>,
}

/// What one file became.
enum Kept {
    Picture(Picture, Vec<String>),
    Video(Video),
}

impl Intake {
    /// Reads, fits and keeps one file after the other, so that there is never more than one picture in memory.
    pub(crate) async fn fit_pictures(
        &self,
        connector: &dyn Connector,
        draft: &Draft,
        originals: &dyn Originals,
        purpose: Purpose,
    ) -> Pictures {
        let limits = connector.limits();
        let mut pictures = Pictures::default();
        for (part, Part { media, .. }) in connector.lay_out(draft).iter().enumerate().take(limits.parts) {
            let mut fitted = Vec::with_capacity(media.len().min(limits.pictures));
            let mut video = None;
            for (place, one) in media.iter().enumerate().take(limits.pictures) {
                let field = format!("parts[{part}].media[{place}]");
                // A post that is refused already is not stored, and neither are its pictures.
                let purpose = if pictures.faults.is_empty() { purpose } else { Purpose::Show };
                match self.fit_media(connector, one, media.len(), originals, purpose).await {
                    Ok(Kept::Picture(picture, losses)) => {
                        let warning = |loss: String| Warning::new("picture_altered", &field, about(one, &loss));
                        pictures.warnings.extend(losses.into_iter().map(warning));
                        fitted.push(picture);
                    }
                    Ok(Kept::Video(kept)) => video = Some(kept),
                    Err((within, fault)) => pictures.faults.push(placed(fault, &field, &within, one)),
                }
            }
            pictures.of_parts.push(fitted);
            pictures.videos.push(video);
        }
        pictures
    }

    /// One picture or video. A fault comes with the field in which it is, as seen from that of the media.
    async fn fit_media(
        &self,
        connector: &dyn Connector,
        media: &Media,
        beside: usize,
        originals: &dyn Originals,
        purpose: Purpose,
    ) -> Result<Kept, (String, Fault)> {
        let whole = |fault: Fault| (String::new(), fault);
        let original = originals.open(&media.source, connector.limits().media_input_bytes).await.map_err(whole)?;
        match connector.fit(&original).await.map_err(whole)? {
            Usable::Picture(_) if !media.captions.is_empty() => Err((".captions".to_owned(), no_captions(media))),
            Usable::Picture(mut fitted) => {
                let losses = std::mem::take(&mut fitted.losses);
                let picture = self.keep_picture(fitted, &media.alt, purpose).await.map_err(whole)?;
                Ok(Kept::Picture(picture, losses))
            }
            Usable::Film(_) if beside > 1 => Err(whole(not_alone(beside))),
            Usable::Film(film) => {
                // What is small and may be refused first: nothing of it is stored then.
                let captions = self.read_captions(connector, media, originals).await?;
                let (hash, bytes, kept) = self.keep_film(connector, &original, film, purpose).await.map_err(whole)?;
                let captions = self.keep_captions(captions, media, purpose).await.map_err(whole)?;
                Ok(Kept::Video(Video { file: hash, bytes, film: kept, alt: media.alt.clone(), captions }))
            }
        }
    }

    /// The captions of a video, in the order in which they were named.
    async fn read_captions(
        &self,
        connector: &dyn Connector,
        media: &Media,
        originals: &dyn Originals,
    ) -> Result<Vec<Vec<u8>>, (String, Fault)> {
        let limits = connector.limits();
        let mut captions = Vec::with_capacity(media.captions.len().min(limits.captions));
        for (number, named) in media.captions.iter().enumerate().take(limits.captions) {
            let placed = |fault: Fault| {
                let given = fault.given.clone().unwrap_or_else(|| named.name());
                let message = format!("{}: {}", named.name(), fault.message);
                (format!(".captions[{number}]"), Fault { message, given: Some(given), ..fault })
            };
            let opened = originals.open(&named.source, CAPTION_INPUT_MAX_BYTES).await;
            let original = opened.map_err(|fault| placed(of_captions(fault)))?;
            captions.push(connector.caption(&original).await.map_err(placed)?);
        }
        Ok(captions)
    }

    /// Keeps the file of a video. What is posted is what is stored, so that is what counts: the file that was named may have been
    /// written to since it was looked at.
    async fn keep_film(
        &self,
        connector: &dyn Connector,
        original: &LocalFile,
        film: Film,
        purpose: Purpose,
    ) -> Result<(ContentHash, u64, Film), Fault> {
        if purpose == Purpose::Show {
            let (hash, bytes) = self.media.measure(original.path()).await.map_err(not_stored)?;
            return Ok((hash, bytes, film));
        }
        let max_bytes = connector.limits().media_input_bytes;
        let (hash, bytes) = self.media.put_file(original.path(), max_bytes).await.map_err(not_stored)?;
        let stored = self.media.locate(&hash).await.map_err(not_stored)?.ok_or_else(changed)?;
        match connector.fit(&stored).await? {
            Usable::Film(film) => Ok((hash, bytes, film)),
            Usable::Picture(_) => Err(changed()),
        }
    }

    async fn keep_captions(&self, read: Vec<Vec<u8>>, media: &Media, purpose: Purpose) -> Result<Vec<Caption>, Fault> {
        let mut kept = Vec::with_capacity(read.len());
        for (words, named) in read.into_iter().zip(&media.captions) {
            let bytes = u64::try_from(words.len()).unwrap_or(u64::MAX);
            let file = self.keep_bytes(&words, purpose).await?;
            kept.push(Caption { lang: named.lang.clone(), file, bytes });
        }
        Ok(kept)
    }

    /// Keeps the file of a fitted picture.
    pub(crate) async fn keep_picture(&self, fitted: Fitted, alt: &str, purpose: Purpose) -> Result<Picture, Fault> {
        let Fitted { bytes, mime, width, height, .. } = fitted;
        let file = self.keep_bytes(&bytes, purpose).await?;
        let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Picture { file, mime, bytes, width, height, alt: alt.to_owned() })
    }

    async fn keep_bytes(&self, bytes: &[u8], purpose: Purpose) -> Result<ContentHash, Fault> {
        match purpose {
            Purpose::Show => Ok(ContentHash::of(bytes)),
            Purpose::Keep => self.media.put(bytes).await.map_err(not_stored),
        }
    }
}

/// A fault with its field, and the name of the file in front of what is said of it.
fn placed(fault: Fault, field: &str, within: &str, media: &Media) -> Fault {
    let given = fault.given.clone().unwrap_or_else(|| media.name());
    let message = if within.is_empty() { about(media, &fault.message) } else { fault.message.clone() };
    Fault { field: Some(format!("{field}{within}")), message, given: Some(given), ..fault }
}

fn not_stored(error: MediaError) -> Fault {
    match error {
        MediaError::TooLarge { limit_bytes } => {
            let message = "It grew while it was read, and is larger than what is taken of a video.";
            Fault::new(FILE_TOO_LARGE, Category::UserContent, message)
                .over(format!("{limit_bytes} bytes"), "more")
                .next("Wait until it is written to its end, or encode it smaller.")
        }
        error => Fault::new("media_not_stored", Category::SystemError, format!("It could not be stored: {error}.")),
    }
}

fn changed() -> Fault {
    let message = "The file was changed while it was read: it was a video before, and is none now.";
    Fault::new("file_changed", Category::UserContent, message).next("Wait until it is written to its end.")
}

/// A file that is too large to be fetched is told with the words and the limit of what it was wanted for.
fn of_captions(fault: Fault) -> Fault {
    if fault.code != FILE_TOO_LARGE {
        return fault;
    }
    let message = format!("The captions are larger than {CAPTION_INPUT_MAX_BYTES} bytes.");
    Fault::new("captions_too_large", Category::UserContent, message)
        .over(format!("{CAPTION_INPUT_MAX_BYTES} bytes"), "more")
        .next("Split them by language, or leave styles and notes out.")
}

fn not_alone(beside: usize) -> Fault {
    let message = "It is a video, and a video stands alone in its part.";
    Fault::new("video_not_alone", Category::UserContent, message)
        .over("1 video and nothing else", format!("{beside} pictures and videos"))
        .next("Put it into a further part of a thread. A GIF that moves is a video too.")
}

fn no_captions(media: &Media) -> Fault {
    let message = about(media, "It is a picture, and only videos have captions.");
    Fault::new("captions_without_video", Category::UserContent, message)
        .over("0 captions", format!("{} captions", media.captions.len()))
        .next("Leave the captions out, or write what it shows as its alt text.")
}

/// Names the file in front of what is said of it.
fn about(media: &Media, words: &str) -> String {
    format!("{}: {words}", media.name())
}
