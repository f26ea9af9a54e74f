//! `--fix`: before anything is submitted, videos that cannot be posted as they are are encoded again. The encoded file stands
//! in for the one that was named; that stays as it is.

use skein_connect::bluesky;
use skein_domain::ports::{LocalFile, Originals};
use skein_domain::{Category, Draft, Fault};
use skein_media::video::{Attachment, VideoBounds, VideoRefusal, survey};
use std::fs::File;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_STORED, sentence};
use crate::originals::{FilesAndWeb, hold};
use crate::screen::{Line, Tone};
use crate::submit::stopped;
use crate::video_fix::{Encoder, FixError, fix};

/// Whether encoding again is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// It can be posted as it is, or encoding does not mend what is wrong with it.
    Nothing,
    /// It may be posted afterwards.
    Encoding { duration_ms: Option<u64> },
}

/// Encodes the videos of a draft again that need it. What cannot be read is left to the submission, which tells of it.
pub(crate) async fn fix_videos(
    app: &App,
    draft: &Draft,
    originals: &FilesAndWeb,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    for (part, written) in bluesky::parts_of(draft).iter().enumerate().take(bluesky::LIMITS.parts) {
        for (place, media) in written.media.iter().enumerate().take(bluesky::LIMITS.pictures) {
            let opened =
                stop.run_until_cancelled(originals.open(&media.source, bluesky::LIMITS.media_input_bytes)).await;
            let Ok(file) = opened.ok_or_else(stopped)? else { continue };
            let looked_at = file.clone();
            let need = tokio::task::spawn_blocking(move || need(&looked_at)).await;
            let need = need.map_err(|error| Failure::system("video_not_fixed", error.to_string()))?;
            let Need::Encoding { duration_ms } = need else {
                // What was fetched is not fetched again.
                originals.replace(&media.source, file);
                continue;
            };
            let encoded = encode(app, &media.name(), &file, duration_ms, originals, stop).await;
            let encoded = encoded.map_err(|error| not_fixed(&format!("parts[{part}].media[{place}]"), &error))?;
            originals.replace(&media.source, encoded);
        }
    }
    Ok(())
}

fn need(file: &LocalFile) -> Need {
    let Ok(opened) = File::open(file.path()) else { return Need::Nothing };
    match Attachment::of(&opened) {
        Ok(Attachment::ForeignVideo(_)) => Need::Encoding { duration_ms: None },
        Ok(Attachment::Video(_)) => match survey(&opened) {
            Err(refusal) if refusal.is_fixable() => Need::Encoding { duration_ms: None },
            Err(_) => Need::Nothing,
            Ok(info) => {
                let faults = info.faults(&VideoBounds::POST);
                let helps = !faults.is_empty() && faults.iter().all(VideoRefusal::is_fixable);
                let duration_ms = info.film.map(|film| film.duration_ms);
                if helps { Need::Encoding { duration_ms } } else { Need::Nothing }
            }
        },
        _ => Need::Nothing,
    }
}

async fn encode(
    app: &App,
    name: &str,
    file: &LocalFile,
    duration_ms: Option<u64>,
    originals: &FilesAndWeb,
    stop: &CancellationToken,
) -> Result<LocalFile, FixError> {
    let output = originals.temporary().map_err(FixError::Write)?.into_temp_path();
    let path = output.to_path_buf();
    let mut shown = None;
    let mut percent = |percent: u8| {
        if shown != Some(percent) {
            shown = Some(percent);
            app.screen.progress(Line::of(Tone::Faint, format!("Encoding {name} again: {percent} %")));
        }
    };
    let fixed = fix(&Encoder::default(), (file.path(), &path), duration_ms, stop, &mut percent).await;
    app.screen.settle_progress();
    let info = fixed?;
    app.screen.note(format!("{name} was encoded again: {} bytes.", info.size_bytes));
    // It is in the place of the file that was made for it, and that was locked.
    let locked = hold(&path).map_err(FixError::Write)?;
    Ok(LocalFile::kept_by(path, (output, locked)))
}

fn not_fixed(field: &str, error: &FixError) -> Failure {
    let (exit, category) = match error {
        FixError::Canceled => return stopped(),
        FixError::StillRefused(_) | FixError::Failed { .. } => (Exit::Refused, Category::UserContent),
        _ => (Exit::Refused, Category::SystemError),
    };
    let fault = Fault::new("video_not_fixed", category, sentence(&error.to_string()));
    Failure::new(exit, Fault { field: Some(field.to_owned()), ..fault }, NOTHING_STORED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_testkit::films::Film;
    use skein_testkit::pictures::gif;

    fn need_of(bytes: &[u8]) -> Need {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        std::fs::write(&path, bytes).unwrap();
        need(&LocalFile::at(path))
    }

    #[test]
    fn only_what_encoding_mends_is_encoded() {
        let hevc = Film { codec: Some(*b"hvc1"), ..Film::default() };
        assert_eq!(need_of(&hevc.bytes()), Need::Encoding { duration_ms: Some(2_000) });
        assert_eq!(need_of(b"OggS...."), Need::Encoding { duration_ms: None });
        let thin = Film { codec: Some(*b"hvc1"), width: 640, height: 48, ..Film::default() };
        for bytes in [Film::default().bytes(), thin.bytes(), gif(10, 10, 2), b"words".to_vec(), Vec::new()] {
            assert_eq!(need_of(&bytes), Need::Nothing);
        }
        let whole = Film::default().bytes();
        assert_eq!(need_of(&whole[..whole.len() - 40]), Need::Nothing, "a copy that broke off must be copied again");
    }
}
