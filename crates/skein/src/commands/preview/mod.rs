//! `skein preview`: what would be published, and every fault, before anything is. Stores nothing.

mod json;
mod lines;
mod stream;

use skein_connect::bluesky;
use skein_domain::{Part, Preview};
use skein_intake::{IntakeError, preview_offline};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::SystemClock;
use crate::commands::serve::stop_on_signals;
use crate::config::zone;
use crate::exit::{Exit, Failure};
use crate::fixing::fix_videos;
use crate::parts::{Written, read_parts, read_text};
use crate::pictures::Pictures;
use crate::render::preview;
use crate::submit::{Options, stopped};

/// The command line of `preview`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text, or - for standard input
    #[arg(required_unless_present_any = ["thread", "lines", "image", "video"], conflicts_with_all = ["thread", "lines"])]
    pub(crate) text: Option<String>,
    /// A thread instead: a file, or -; its parts are split by lines that are exactly ---
    #[arg(long, value_name = "FILE", conflicts_with_all = ["lines", "image", "video"])]
    pub(crate) thread: Option<String>,
    /// Read one post a line from standard input, as JSON, and print one preview a line; faults are told in the lines
    #[arg(
        long,
        conflicts_with_all = [
            "at", "tz", "account", "reply_to", "quote", "lang", "label", "tag", "reply_gate", "no_quotes", "card", "no_card",
            "ref", "image", "video", "fix", "markdown", "split", "numbering", "shorten", "late", "on_failure", "retry_for",
        ]
    )]
    pub(crate) lines: bool,
    /// Ask nobody: mentions are told by handle, and there are no records
    #[arg(long, conflicts_with = "fix")]
    pub(crate) offline: bool,
    /// Its pictures, or its video.
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// When, where and how.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Shows what would be published.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let Args { text, thread, lines, offline, pictures, options } = args;
    if lines {
        return lines::run(app, offline).await;
    }
    let Written { parts, folder } = if let Some(thread) = thread {
        read_parts(&thread, options.layout.markdown)?
    } else {
        let text = text.as_deref().map(read_text).transpose()?.unwrap_or_default();
        Written::one(Part { text, media: pictures.0 })
    };
    let preview = if offline {
        let submission = options.submission(parts, zone(&app.variables)?);
        preview_offline(submission, &SystemClock, bluesky::preview)
    } else {
        let house = app.house().await?;
        let fix = options.fix;
        let submission = options.submission(parts, house.config.zone.clone());
        let originals = house.originals(folder);
        let stop = CancellationToken::new();
        if fix {
            let _again = stop_on_signals(&stop)?;
            match house.intake.check(&submission, house.clock.now()).await {
                // The preview tells what is wrong, and it is mended before anything is encoded.
                Err(IntakeError::Refused(_) | IntakeError::Conflict(_)) | Ok(true) => {}
                checked => {
                    checked?;
                    fix_videos(app, &submission.draft, &originals, &stop).await?;
                }
            }
        }
        let preview = stop.run_until_cancelled(house.intake.preview(&submission, &originals)).await;
        preview.ok_or_else(stopped)??
    };
    Ok(show(app, &preview))
}

fn show(app: &App, preview: &Preview) -> Exit {
    if app.screen.is_json() {
        app.screen.object(preview);
    } else {
        app.screen.lines(preview::preview(preview, bluesky::LIMITS, app.screen.width()));
    }
    if preview.faults.is_empty() { Exit::Done } else { Exit::Refused }
}
