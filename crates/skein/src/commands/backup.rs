//! `skein backup`: a copy of the database and the media files, taken while everything goes on.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use serde_json::json;
use skein_domain::ports::Clock as _;
use skein_domain::{Category, Fault};
use skein_store::{DatabaseUrl, MediaFolder, check_copy, copy_database};

use crate::app::App;
use crate::backup_folder::{
    CopiedMedia, DATABASE, KEY, MEDIA, Page, failed, failed_media, forget, make_private, parent, settle, unwritten,
    write_private,
};
use crate::clock::SystemClock;
use crate::config::{Config, KeySource};
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::screen::{Line, Tone};
use crate::text::count;

/// The command line of `backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder that is not there yet; it is made
    pub(crate) to: PathBuf,
    /// Put the master key into the backup too: whoever has the backup then can post as your accounts
    #[arg(long)]
    pub(crate) with_key: bool,
}

/// Makes a backup, and says what is in it and what is not.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let config = app.config()?;
    let Some(database) = config.paths.database.path() else { return Err(of_server(&config.paths.database)) };
    if !config.paths.database_is_there() {
        let message = format!("There is no database at {} yet: nothing to back up.", database.display());
        return Err(Failure::system("database", message));
    }
    let to = std::path::absolute(&args.to).map_err(|error| unwritten(&args.to, &error))?;
    if to.symlink_metadata().is_ok() {
        let message = format!("{} is there already; a backup overwrites nothing.", to.display());
        return Err(usage("backup_exists", message).next("Give the name of a folder that is not there yet."));
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = parent(&to).join(format!(".{name}.{}.part", std::process::id()));
    make_private(&unfinished)?;
    let made = fill(&config, database, &unfinished, args.with_key).await;
    let placed = made.and_then(|made| place(&unfinished, &to).map(|()| made));
    let (page, media) = placed.map_err(|failure| forget(&unfinished, failure))?;
    tell(app, &config, &to, &page, &media);
    Ok(Exit::Done)
}

/// Media files are copied before the database and after it: a file that a post of the copy needs was there before the copy was
/// begun, and files are removed some minutes after nobody needs them any more.
async fn fill(config: &Config, database: &Path, folder: &Path, with_key: bool) -> Result<(Page, CopiedMedia), Failure> {
    let mut media = CopiedMedia::default();
    let (from, to) = (MediaFolder::at(&config.paths.media), MediaFolder::at(&folder.join(MEDIA)));
    let elsewhere = config.bucket.as_ref().map(crate::bucket::Bucket::place);
    media.copy(&from, &to).await.map_err(|error| failed_media(&error))?;
    let made_at = SystemClock.now();
    let copy = folder.join(DATABASE);
    // Made before SQLite writes it, so that nobody else can read it.
    write_private(&copy, b"")?;
    copy_database(database, &copy).await.map_err(|error| failed(&error))?;
    media.copy(&from, &to).await.map_err(|error| failed_media(&error))?;
    let schema = check_copy(&copy).await.map_err(|error| failed(&error))?;
    if with_key {
        write_private(&folder.join(KEY), &key(config)?)?;
    }
    let page = Page::of(folder, made_at, schema, (media.files, elsewhere)).await?;
    page.write(folder)?;
    settle(folder)?;
    Ok((page, media))
}

fn key(config: &Config) -> Result<Vec<u8>, Failure> {
    match &config.key {
        KeySource::Variable(key) => Ok(key.expose_secret().trim().as_bytes().to_vec()),
        KeySource::File(path) => std::fs::read(path).map_err(|error| {
            Failure::system("master_key", format!("The master key {} cannot be read: {error}.", path.display()))
        }),
    }
}

/// The backup gets its name only when it is whole, and never takes the place of something else.
fn place(from: &Path, to: &Path) -> Result<(), Failure> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot do so at once.
        Err(rustix::io::Errno::INVAL) if to.symlink_metadata().is_err() => {
            std::fs::rename(from, to).map_err(|error| unwritten(to, &error))?;
        }
        renamed => renamed.map_err(|error| unwritten(to, &error.into()))?,
    }
    settle(&parent(to))
}

fn usage(code: &str, message: String) -> Failure {
    Failure::new(Exit::Usage, Fault::new(code, Category::UserContent, message), NOTHING_CHANGED)
}

/// What backs a server up.
fn of_server(database: &DatabaseUrl) -> Failure {
    let message = format!(
        "{database} is backed up by PostgreSQL's own program: `pg_dump --format=custom --no-owner --file=skein.dump \
         --dbname={database}`. Nothing was written."
    );
    usage("backup_of_server", message).next(format!(
        "Into an empty database: `pg_restore --no-owner --exit-on-error --dbname={database} skein.dump`, then `skein hold` before any worker \
         starts, since the original has published more since. Before `skein release` cancel what it has published: what was due \
         within the last hour would go out again. The password is asked for, or taken from PGPASSWORD."
    ))
}

fn tell(app: &App, config: &Config, to: &Path, page: &Page, media: &CopiedMedia) {
    let screen = &app.screen;
    let key = (!page.has_key).then(|| match &config.key {
        KeySource::Variable(_) => "SKEIN_MASTER_KEY".to_owned(),
        KeySource::File(path) => path.display().to_string(),
    });
    if screen.is_json() {
        screen.object(&json!({
            "backup": to, "made_at": page.made_at, "schema": page.schema, "media_files": media.files,
            "media_bytes": media.bytes, "media_damaged": media.damaged, "media_elsewhere": page.media_elsewhere,
            "has_key": page.has_key, "key_is_in": key,
        }));
        return;
    }
    screen.line(Line::of(Tone::Good, "Backed up").and(Tone::Plain, format!(" to {}, and checked.", to.display())));
    let files = count(media.files, "picture or video", "pictures and videos");
    screen.line(format!("In it: the database, and {files} of posts that are not out."));
    if let Some(place) = &page.media_elsewhere {
        screen.line(format!("Not in it: what is in {place}."));
    }
    for hash in &media.damaged {
        screen.line(Line::of(Tone::Warn, format!("Not in it: the media file {hash}, which is damaged.")));
    }
    match key {
        None => screen.line(Line::of(
            Tone::Warn,
            "The master key is in it: whoever has this folder can post as your accounts. Keep it as you keep a password.",
        )),
        Some(place) => screen.line(Line::of(
            Tone::Warn,
            format!(
                "The master key is not in it. It is {place}; without it nobody can log in with what is backed up. Keep a copy elsewhere."
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_backed_up_by_its_own_program_without_its_password() {
        let refused = of_server(&DatabaseUrl::parse("postgres://me:hunter2@db.test/birds").unwrap());
        assert_eq!(refused.exit, Exit::Usage);
        let fault = &refused.faults[0];
        assert!(fault.message.contains("pg_dump") && fault.message.contains("postgres://me@db.test:5432/birds"));
        let next = fault.next_step.as_deref().unwrap();
        assert!(next.contains("pg_restore") && next.contains("skein hold"), "{next}");
        assert!(!format!("{refused:?}").contains("hunter2"));
    }
}
