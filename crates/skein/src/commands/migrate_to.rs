//! `skein migrate-to`: what is in the data folder goes to where several machines reach it: the database to a PostgreSQL server, media
//! files to a bucket.

use serde_json::json;
use skein_domain::ports::{Clock as _, Entropy, MediaError};
use skein_domain::{Category, Fault};
use skein_store::{DatabaseUrl, MediaFolder, StoreError, move_to_server};
use std::path::Path;
use std::sync::Arc;

use crate::app::App;
use crate::backup_folder::{CopiedMedia, failed_media};
use crate::clock::SystemClock;
use crate::config::{Config, wrong};
use crate::entropy::SystemEntropy;
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::screen::{Line, Tone};
use crate::text::count;
use crate::wiring::{bucket, network_client};

/// The command line of `migrate-to`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where it goes.
    #[arg(
        value_name = "URL",
        help = "An empty database, postgres://USER@HOST/DATABASE, or the bucket of SKEIN_MEDIA_URL, s3://BUCKET/PREFIX. A \
                password belongs into PGPASSWORD: others see command lines"
    )]
    pub(crate) to: String,
}

/// Moves the database, or copies the media files.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let config = app.config()?;
    if args.to.starts_with("s3://") {
        return media(app, &config, &args.to).await;
    }
    let to = DatabaseUrl::parse(&args.to).map_err(|error| wrong("The address", error))?;
    if to.path().is_some() {
        return Err(wrong("The address", "it must be postgres://USER@HOST/DATABASE or s3://BUCKET/PREFIX"));
    }
    let Some(from) = config.paths.database.path() else {
        return Err(usage("migrate_from_server", format!("{} is on a server already.", config.paths.database)));
    };
    if !config.paths.database_is_there() {
        return Err(usage("database", format!("There is no database at {}: nothing to move.", from.display())));
    }
    let moved = move_to_server(from, &to, SystemClock.now()).await.map_err(|error| refused(&error, from))?;
    if app.screen.is_json() {
        let rows: serde_json::Map<_, _> = moved.rows.into_iter().map(|(table, rows)| (table, rows.into())).collect();
        app.screen.object(&json!({ "moved_to": to.to_string(), "moved_from": from, "rows": rows }));
        return Ok(Exit::Done);
    }
    let rows = moved.rows.iter().map(|(_, rows)| *rows).fold(0, u64::saturating_add);
    let of = count(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows");
    app.screen
        .line(Line::of(Tone::Good, "Moved").and(Tone::Plain, format!(" {of} to {to}; both sides counted the same.")));
    app.screen.line(format!("Set SKEIN_DATABASE_URL={to}, with the password between `:` and `@`, or in PGPASSWORD."));
    app.screen.line("The master key stays as it is, also for workers on other machines.");
    if config.bucket.is_none() {
        app.screen.line("Pictures and videos stay in the data folder; `skein migrate-to s3://…` brings them where all workers reach them.");
    }
    app.screen.line(format!("{} cannot be opened any more. Keep it until all is well.", from.display()));
    Ok(Exit::Done)
}

/// The file is as it was, but where the server's answer was lost.
fn refused(error: &StoreError, from: &Path) -> Failure {
    let message = sentence(&error.to_string());
    match error {
        StoreError::InUse { .. } => usage("database_in_use", message),
        StoreError::Unsure { .. } => Failure::system("database", message)
            .leaving(format!("{} is closed until the command was repeated.", from.display())),
        _ => Failure::system("database", message),
    }
}

fn usage(code: &str, message: String) -> Failure {
    Failure::new(Exit::Usage, Fault::new(code, Category::UserContent, message), NOTHING_CHANGED)
}

/// The files stay in the folder too, for whoever still uses it.
async fn media(app: &App, config: &Config, to: &str) -> Result<Exit, Failure> {
    let place = config.bucket.as_ref().map(crate::bucket::Bucket::place);
    if place.as_deref() != Some(to.trim_end_matches('/')) {
        let message = format!("{to} is not the bucket of SKEIN_MEDIA_URL ({}).", place.as_deref().unwrap_or("not set"));
        return Err(usage("media_elsewhere", message).next(format!("Set SKEIN_MEDIA_URL={to} and its key first.")));
    }
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let http = network_client(&config.network.net)?;
    let Some(bucket) = bucket(config, &http, &entropy)? else { return Err(wrong("SKEIN_MEDIA_URL", "it is not set")) };
    let mut copied = CopiedMedia::default();
    let failed =
        |error: MediaError| failed_media(&error).leaving("What was copied so far stays there; repeat the command.");
    copied.copy(&MediaFolder::at(&config.paths.media), &bucket).await.map_err(failed)?;
    if app.screen.is_json() {
        app.screen.object(
            &json!({ "copied_to": to, "files": copied.files, "bytes": copied.bytes, "damaged": copied.damaged }),
        );
        return Ok(Exit::Done);
    }
    let files = count(copied.files, "picture or video", "pictures and videos");
    app.screen.line(Line::of(Tone::Good, "Copied").and(Tone::Plain, format!(" {files} to {to}.")));
    for hash in &copied.damaged {
        app.screen.line(Line::of(Tone::Warn, format!("Left out: the media file {hash}, which is damaged.")));
    }
    app.screen
        .line(format!("{} may be removed once every process has SKEIN_MEDIA_URL set.", config.paths.media.display()));
    Ok(Exit::Done)
}
