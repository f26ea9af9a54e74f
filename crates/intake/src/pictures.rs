//! Pictures of a submission: read where its door finds them, fitted by the platform, kept by their hash.

use skein_domain::ports::{Connector, ContentHash, Originals};
use skein_domain::{Category, Draft, Fault, Fitted, Media, Part, Picture, Warning};

use crate::Intake;

/// Whether what is found out is to be kept for a post, or only shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It becomes a post: pictures are stored.
    Keep,
    /// Nothing is stored.
    Show,
}

/// The pictures of a draft for one platform.
#[derive(Default)]
pub(crate) struct Pictures {
    /// Those of each part that is laid out; what could not be used is missing, and told by a fault.
    pub(crate) of_parts: Vec<Vec<Picture>>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) faults: Vec<Fault>,
}

impl Intake {
    /// Reads, fits and keeps one picture after the other, so that there is never more than one original in memory.
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
            for (place, media) in media.iter().enumerate().take(limits.pictures) {
                let field = format!("parts[{part}].media[{place}]");
                // A post that is refused already is not stored, and neither are its pictures.
                let purpose = if pictures.faults.is_empty() { purpose } else { Purpose::Show };
                match self.fit_picture(connector, media, originals, purpose).await {
                    Ok((picture, losses)) => {
                        let warning = |loss: String| Warning::new("picture_altered", &field, about(media, &loss));
                        pictures.warnings.extend(losses.into_iter().map(warning));
                        fitted.push(picture);
                    }
                    Err(fault) => {
                        let given = fault.given.clone().unwrap_or_else(|| media.name());
                        let message = about(media, &fault.message);
                        pictures.faults.push(Fault { field: Some(field), message, given: Some(given), ..fault });
                    }
                }
            }
            pictures.of_parts.push(fitted);
        }
        pictures
    }

    async fn fit_picture(
        &self,
        connector: &dyn Connector,
        media: &Media,
        originals: &dyn Originals,
        purpose: Purpose,
    ) -> Result<(Picture, Vec<String>), Fault> {
        let original = originals.read(&media.source, connector.limits().picture_input_bytes).await?;
        let mut fitted = connector.fit(original).await?;
        let losses = std::mem::take(&mut fitted.losses);
        Ok((self.keep_picture(fitted, &media.alt, purpose).await?, losses))
    }

    /// Keeps the file of a fitted picture.
    pub(crate) async fn keep_picture(&self, fitted: Fitted, alt: &str, purpose: Purpose) -> Result<Picture, Fault> {
        let Fitted { bytes, mime, width, height, .. } = fitted;
        let file = match purpose {
            Purpose::Show => ContentHash::of(&bytes),
            Purpose::Keep => self.media.put(&bytes).await.map_err(|error| {
                let message = format!("It could not be stored: {error}.");
                Fault::new("media_not_stored", Category::SystemError, message)
            })?,
        };
        let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Picture { file, mime, bytes, width, height, alt: alt.to_owned() })
    }
}

/// Names the picture in front of what is said of it.
fn about(media: &Media, words: &str) -> String {
    format!("{}: {words}", media.name())
}
