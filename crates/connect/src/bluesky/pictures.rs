//! Pictures: fitted at submission, uploaded when a delivery is prepared.

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use skein_atproto::record::cid_of_blob_hash;
use skein_atproto::syntax::{Cid, Did};
use skein_bluesky::blob;
use skein_bluesky::session::Authorized;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{self, ContentHash};
use skein_domain::{Account, Category, Fault, Fitted};
use skein_media::{Bounds, MediaError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

use super::content::{BlobFile, Content};
use super::publish::{did_of, no_session};
use super::{BlueskyConnector, answers};

/// Pictures that are decoded at the same time in this process: each may take hundreds of megabytes.
pub(crate) const FITS_AT_ONCE: usize = 2;

/// Pictures that this process uploads at the same time.
const UPLOADS_AT_ONCE: usize = 3;

/// How long one picture may take: nobody waits for it, and three at once over a line of 0.3 Mbit/s take so long.
const UPLOAD_TIMEOUT_MS: u64 = 180_000;

/// How long an upload is relied on. Servers keep a blob that no record refers to for an hour at least.
const UPLOAD_HOLDS_MS: i64 = 1_800_000;

/// What was uploaded lately, so that bytes which are made anew do not upload it all again.
#[derive(Debug)]
pub(crate) struct Uploads {
    done: Mutex<HashMap<(Did, Cid), Timestamp>>,
    permits: Semaphore,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { done: Mutex::default(), permits: Semaphore::new(UPLOADS_AT_ONCE) }
    }
}

impl Uploads {
    fn is_done(&self, did: &Did, cid: &Cid) -> bool {
        self.lock().contains_key(&(did.clone(), cid.clone()))
    }

    fn note(&self, did: &Did, cid: Cid, now: Timestamp) {
        self.lock().insert((did.clone(), cid), now);
    }

    fn forget_old(&self, now: Timestamp) {
        let age = |at: Timestamp| now.duration_since(at);
        // An upload from the future was noted by a clock that has been set back since.
        let holds = SignedDuration::ZERO..SignedDuration::from_millis(UPLOAD_HOLDS_MS);
        self.lock().retain(|_, at| holds.contains(&age(*at)));
    }

    /// The server says that it does not have what was uploaded.
    pub(crate) fn forget(&self, did: &Did) {
        self.lock().retain(|(of, _), _| of != did);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Did, Cid), Timestamp>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlueskyConnector {
    pub(crate) async fn fit_within(&self, original: Vec<u8>, bounds: Bounds) -> Result<Fitted, Fault> {
        let permit = Arc::clone(&self.fits).acquire_owned().await.map_err(|error| defect(&error))?;
        let fit = move || {
            // Given back when the work is over, not when whoever asked for it has gone.
            let _permit = permit;
            skein_media::fit(&original, &bounds)
        };
        let fitted = tokio::task::spawn_blocking(fit).await.map_err(|error| defect(&error))?;
        let fitted = fitted.map_err(|error| unusable(&error))?;
        Ok(Fitted {
            bytes: fitted.bytes,
            mime: fitted.mime.to_owned(),
            width: fitted.width,
            height: fitted.height,
            losses: fitted.warnings.iter().map(ToString::to_string).collect(),
        })
    }

    /// Whether a picture or captions have not been uploaded lately.
    pub(crate) fn lacks_files(&self, account: &Account, content: &Content) -> bool {
        let Ok(did) = did_of(account) else { return false };
        self.uploads.forget_old(self.clock.now());
        let is_done = |file: BlobFile<'_>| self.uploads.is_done(&did, &cid_of_blob_hash(&file.file.digest()));
        !content.files().into_iter().all(is_done)
    }

    /// Uploads every picture and all captions that the server has not got yet. One that fails leaves the others alone.
    pub(crate) async fn upload_all(&self, account: &Account, content: &Content) -> Result<(), Obstacle> {
        let files = content.files();
        if files.is_empty() {
            return Ok(());
        }
        let did = did_of(account).map_err(Obstacle::Refused)?;
        let authorized = self.sessions.authorized(&did).await.map_err(|error| no_session(&error))?;
        let uploads = join_all(files.into_iter().map(|picture| self.upload(&authorized, picture)));
        uploads.await.into_iter().collect()
    }

    async fn upload(&self, authorized: &Authorized, picture: BlobFile<'_>) -> Result<(), Obstacle> {
        let cid = cid_of_blob_hash(&picture.file.digest());
        if self.uploads.is_done(authorized.did(), &cid) {
            return Ok(());
        }
        let _permit = self
            .uploads
            .permits
            .acquire()
            .await
            .map_err(|error| Obstacle::Retry { at: None, fault: defect(&error) })?;
        let bytes = self.stored(picture).await?;
        let timeout = Duration::from_millis(UPLOAD_TIMEOUT_MS);
        let uploaded = blob::upload(authorized, picture.mime, bytes.clone(), timeout).await;
        let uploaded = match uploaded {
            Err(error) if error.is_named("ExpiredToken") || error.is_named("InvalidToken") => {
                let renewed = self.sessions.renewed(authorized).await.map_err(|error| no_session(&error))?;
                blob::upload(&renewed, picture.mime, bytes, timeout).await
            }
            other => other,
        };
        let uploaded = uploaded.map_err(|error| answers::obstacle(&error, self.clock.now()))?;
        if uploaded.cid != cid || uploaded.mime_type != picture.mime {
            let theirs = format!("{} ({})", uploaded.cid, uploaded.mime_type);
            return Err(Obstacle::Refused(changed(&theirs, &format!("{cid} ({})", picture.mime))));
        }
        self.uploads.note(authorized.did(), cid, self.clock.now());
        Ok(())
    }

    async fn stored(&self, picture: BlobFile<'_>) -> Result<Bytes, Obstacle> {
        match self.media.get(picture.file).await {
            Ok(Some(bytes)) => Ok(Bytes::from(bytes)),
            Ok(None) => Err(absent("A picture or a caption", picture.file)),
            Err(error) => Err(unreadable("A picture or a caption", picture.file, &error)),
        }
    }
}

pub(crate) fn not_uploaded() -> Fault {
    Fault::new("pictures_not_uploaded", Category::PlatformError, "Its pictures or its video are not at the server yet.")
}

/// A file that is not there. Nobody knows whether somebody will put it back, so it is looked for until the grace ends.
pub(crate) fn absent(what: &str, file: &ContentHash) -> Obstacle {
    waits_for_file(format!("{what} of this post is not in the media folder any more: the file {}.", file.as_str()))
}

/// A file that is damaged, or that the disk does not give. Either may be mended.
pub(crate) fn unreadable(what: &str, file: &ContentHash, error: &ports::MediaError) -> Obstacle {
    match error {
        ports::MediaError::Damaged(_) => waits_for_file(format!(
            "{what} of this post was changed or cut in the media folder: the file {}.",
            file.as_str()
        )),
        error => {
            let message = format!("{what} of this post cannot be read: {error}.");
            Obstacle::Retry { at: None, fault: Fault::new("media_unreadable", Category::SystemError, message) }
        }
    }
}

fn waits_for_file(message: String) -> Obstacle {
    let fault = Fault::new("media_gone", Category::SystemError, message).next(
        "Put the file back, from a backup: then the post goes out by itself. Or cancel it and submit it again with its files; its \
         words stand in `skein queue show`.",
    );
    Obstacle::Retry { at: None, fault }
}

fn changed(theirs: &str, ours: &str) -> Fault {
    let message = format!("The server did not keep a picture as it was sent: it has {theirs} instead of {ours}.");
    Fault::new("picture_changed", Category::PlatformRejected, message)
        .next("Save the picture as JPEG and post it again.")
}

pub(crate) fn defect(error: &impl std::fmt::Display) -> Fault {
    Fault::new("picture_defect", Category::SystemError, format!("A defect stopped the work on a picture: {error}."))
        .next("Please report it, with the picture.")
}

/// Why a file is no picture that can be posted.
pub(crate) fn unusable(error: &MediaError) -> Fault {
    let code = match error {
        MediaError::Empty => "picture_empty",
        MediaError::FileTooLarge { .. } => "picture_file_too_large",
        MediaError::Foreign { .. } => "picture_format_not_taken",
        MediaError::Unknown { .. } => "picture_format_unknown",
        MediaError::Truncated { .. } => "picture_truncated",
        MediaError::Broken { .. } => "picture_damaged",
        MediaError::Unsupported { .. } => "picture_variant_not_read",
        MediaError::TooManyPixels { .. } => "picture_too_many_pixels",
        MediaError::Animated => "picture_moves",
        MediaError::CannotFit { .. } => "picture_cannot_fit",
        MediaError::NoSide | MediaError::Encode { .. } => "picture_defect",
    };
    let fault = Fault::new(code, Category::UserContent, sentence(&error.to_string()));
    match error {
        MediaError::FileTooLarge { given_bytes, limit_bytes } => {
            fault.over(format!("{limit_bytes} bytes"), format!("{given_bytes} bytes"))
        }
        MediaError::TooManyPixels { width, height, limit_pixels } => {
            fault.over(format!("{limit_pixels} pixels"), format!("{width} x {height} px"))
        }
        MediaError::CannotFit { smallest_bytes, limit_bytes } => {
            fault.over(format!("{limit_bytes} bytes"), format!("{smallest_bytes} bytes"))
        }
        _ => fault,
    }
}

/// The words of a library error as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_relied_on_for_a_while_and_forgotten_when_the_server_lost_it() {
        let (uploads, did) = (Uploads::default(), Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap());
        let cid = skein_atproto::record::cid_of_blob(b"a");
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        let later = |ms: i64| noon.checked_add(SignedDuration::from_millis(ms)).unwrap();
        uploads.note(&did, cid.clone(), noon);
        uploads.forget_old(later(UPLOAD_HOLDS_MS - 1));
        assert!(uploads.is_done(&did, &cid));
        uploads.forget_old(later(UPLOAD_HOLDS_MS));
        assert!(!uploads.is_done(&did, &cid));
        uploads.note(&did, cid.clone(), noon);
        uploads.forget_old(later(-1));
        assert!(!uploads.is_done(&did, &cid), "the clock was set back");
        uploads.note(&did, cid.clone(), noon);
        uploads.forget(&Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap());
        assert!(uploads.is_done(&did, &cid), "that was somebody else");
        uploads.forget(&did);
        assert!(!uploads.is_done(&did, &cid));
    }

    #[test]
    fn a_refusal_names_the_limit_and_what_was_given() {
        let error = MediaError::TooManyPixels { width: 30_000, height: 30_000, limit_pixels: 120_000_000 };
        let fault = unusable(&error);
        assert_eq!(fault.code, "picture_too_many_pixels");
        assert_eq!(fault.limit.as_deref(), Some("120000000 pixels"));
        assert_eq!(fault.given.as_deref(), Some("30000 x 30000 px"));
        assert!(fault.message.starts_with("The picture has 30000 x 30000 px"), "{}", fault.message);
        assert!(!fault.retryable);
    }
}
