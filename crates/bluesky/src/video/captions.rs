//! Captions: text tracks in `WebVTT`, each a small blob of its own.

use std::time::Duration;

use bytes::Bytes;
use skein_atproto::syntax::{Did, Language, SyntaxError};
use thiserror::Error;

use crate::blob::{Blob, upload};
use crate::session::{SessionError, Sessions};

/// The longest caption file, in bytes.
pub const CAPTION_MAX_BYTES: usize = 20_000;
/// Captions of one video.
pub const CAPTIONS_MAX: usize = 20;

const MIME_TYPE: &str = "text/vtt";
const TIMEOUT_MS: u64 = 30_000;

/// Captions in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    language: Language,
    vtt: Bytes,
}

/// A caption that the account's server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedCaption {
    /// Its language.
    pub language: Language,
    /// What a record names.
    pub blob: Blob,
}

/// Captions that cannot be used.
#[derive(Debug, Error)]
pub enum CaptionError {
    /// No language tag.
    #[error("{0}; captions need a language such as en or pt-BR")]
    Language(SyntaxError),
    /// Too long.
    #[error("the captions have {given_bytes} bytes, and at most {CAPTION_MAX_BYTES} are taken: shorten them")]
    TooLarge {
        /// Their length.
        given_bytes: usize,
    },
    /// No `WebVTT`.
    #[error("the captions are no WebVTT, which is text in UTF-8 that begins with the line WEBVTT: export them as .vtt")]
    NotVtt,
    /// Too many.
    #[error("the video has {given} captions, and at most {CAPTIONS_MAX} are taken: leave some out")]
    TooMany {
        /// How many there are.
        given: usize,
    },
    /// The same language twice.
    #[error("there are two captions in {0}: leave one out")]
    Twice(Language),
    /// The account's server could not be used.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Caption {
    /// Takes a language tag (BCP 47) and the file.
    ///
    /// # Errors
    /// [`CaptionError::Language`], [`CaptionError::TooLarge`], [`CaptionError::NotVtt`].
    pub fn parse(language: &str, vtt: Bytes) -> Result<Self, CaptionError> {
        let language = Language::parse(language).map_err(CaptionError::Language)?;
        if vtt.len() > CAPTION_MAX_BYTES {
            return Err(CaptionError::TooLarge { given_bytes: vtt.len() });
        }
        let text = std::str::from_utf8(&vtt).map_err(|_| CaptionError::NotVtt)?;
        let after = text.strip_prefix('\u{feff}').unwrap_or(text).strip_prefix("WEBVTT").ok_or(CaptionError::NotVtt)?;
        if !matches!(after.chars().next(), None | Some(' ' | '\t' | '\r' | '\n')) {
            return Err(CaptionError::NotVtt);
        }
        Ok(Self { language, vtt })
    }

    /// The language.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// Checks the captions of one video together.
    ///
    /// # Errors
    /// [`CaptionError::TooMany`], [`CaptionError::Twice`].
    pub fn check_all(captions: &[Self]) -> Result<(), CaptionError> {
        if captions.len() > CAPTIONS_MAX {
            return Err(CaptionError::TooMany { given: captions.len() });
        }
        let twice = captions
            .iter()
            .enumerate()
            .find(|(at, one)| captions.iter().take(*at).any(|other| other.language == one.language));
        twice.map_or(Ok(()), |(_, caption)| Err(CaptionError::Twice(caption.language.clone())))
    }

    /// Uploads the captions of one video to the account's server. Repeating it is harmless.
    ///
    /// # Errors
    /// What [`Caption::check_all`] refuses, and [`CaptionError::Session`].
    pub async fn upload_all(
        sessions: &Sessions,
        did: &Did,
        captions: &[Self],
    ) -> Result<Vec<UploadedCaption>, CaptionError> {
        Self::check_all(captions)?;
        let mut uploaded = Vec::with_capacity(captions.len());
        for caption in captions {
            let timeout = Duration::from_millis(TIMEOUT_MS);
            let sent = sessions.call(did, |me| {
                let vtt = caption.vtt.clone();
                async move { upload(&me, MIME_TYPE, vtt, timeout).await }
            });
            uploaded.push(UploadedCaption { language: caption.language.clone(), blob: sent.await? });
        }
        Ok(uploaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(language: &str, vtt: &str) -> Result<Caption, CaptionError> {
        Caption::parse(language, Bytes::from(vtt.to_owned()))
    }

    #[test]
    fn captions_are_checked_before_anything_is_sent() {
        for good in ["WEBVTT", "\u{feff}WEBVTT\n\n00:00.000 --> 00:01.000\nHi", "WEBVTT - title\r\n"] {
            assert_eq!(parse("en", good).unwrap().language().as_str(), "en");
        }
        for bad in ["", "1\n00:00:00,000 --> 00:00:01,000\nSRT", "WEBVTTX", "webvtt"] {
            assert!(matches!(parse("en", bad), Err(CaptionError::NotVtt)), "{bad}");
        }
        assert!(matches!(Caption::parse("en", Bytes::from_static(b"WEBVTT\xff")), Err(CaptionError::NotVtt)));
        assert!(matches!(parse("English", "WEBVTT"), Err(CaptionError::Language(_))));
        let long = |bytes: usize| format!("WEBVTT\n{}", "x".repeat(bytes - 7));
        assert!(parse("en", &long(CAPTION_MAX_BYTES)).is_ok());
        let told = parse("en", &long(CAPTION_MAX_BYTES + 1)).unwrap_err().to_string();
        assert!(told.contains("20001 bytes, and at most 20000"), "{told}");
    }

    #[test]
    fn twenty_languages_and_each_once() {
        let some = |count: u8| -> Vec<Caption> {
            (0..count).map(|n| parse(&format!("a{}", char::from(b'a' + n)), "WEBVTT").unwrap()).collect()
        };
        assert!(Caption::check_all(&some(20)).is_ok());
        assert!(matches!(Caption::check_all(&some(21)), Err(CaptionError::TooMany { given: 21 })));
        let twice = [some(2), some(1)].concat();
        assert_eq!(Caption::check_all(&twice).unwrap_err().to_string(), "there are two captions in aa: leave one out");
    }
}
