//! `skein restore`: a backup takes the place of what was lost. The original went on after the backup was made, so everything in it is
//! held, and nothing that may be out already goes out by itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use skein_domain::ports::Clock as _;
use skein_domain::{Category, Fault};
use skein_store::{Held, MediaFolder, check_copy, hold_copy};

use crate::app::App;
use crate::backup_folder::{
    CopiedMedia, DATABASE, KEY, MEDIA, Page, broken, failed, failed_media, forget, make_private, parent, settle,
    unwritten, write_private,
};
use crate::clock::SystemClock;
use crate::config::{Config, KeySource, make_private_folder};
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::render::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::count;

/// What is not whole yet; nobody looks at it.
const UNFINISHED: &str = ".restoring";

/// The command line of `restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder that `skein backup` made
    pub(crate) from: PathBuf,
}

/// Puts a backup into an empty data folder, held.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let config = app.config()?;
    let Some(database) = config.paths.database.path() else { return Err(into_server()) };
    refuse_taken(&config, database)?;
    let page = Page::read(&args.from).await?;
    make_private_folder(&config.paths.data)?;
    let unfinished = config.paths.data.join(UNFINISHED);
    if unfinished.exists() {
        // Of a restoring that was cut off.
        fs::remove_dir_all(&unfinished).map_err(|error| unwritten(&unfinished, &error))?;
    }
    make_private(&unfinished)?;
    let restored = fill(&args.from, &page, &unfinished).await;
    let held = restored.map_err(|failure| forget(&unfinished, failure))?;
    place(&config, database, &unfinished)?;
    tell(app, &config, &page, held);
    Ok(Exit::Done)
}

/// Nothing is overwritten: neither a database nor anything beside it.
fn refuse_taken(config: &Config, database: &Path) -> Result<(), Failure> {
    let data = &config.paths.data;
    let taken = |what: String| {
        let fault = Fault::new("restore_not_empty", Category::UserContent, what)
            .next("Give another folder with `--data DIR`, or move away what is there.");
        Err(Failure::new(Exit::Usage, fault, NOTHING_CHANGED))
    };
    if database.symlink_metadata().is_ok() {
        return taken(format!("There is a database at {} already.", database.display()));
    }
    // SQLite would write what is in them into the restored file.
    for end in ["-wal", "-shm", "-journal"] {
        let mut beside = database.as_os_str().to_owned();
        beside.push(end);
        if Path::new(&beside).symlink_metadata().is_ok() {
            return taken(format!("A file of another database is at {}.", beside.display()));
        }
    }
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unwritten(data, &error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| unwritten(data, &error))?.file_name();
        if name != UNFINISHED {
            return taken(format!("The data folder {} is not empty: it has {}.", data.display(), name.display()));
        }
    }
    Ok(())
}

fn into_server() -> Failure {
    let message =
        "A backup of `skein backup` is restored into a file, and SKEIN_DATABASE_URL or --database names a server.";
    let fault = Fault::new("restore_into_server", Category::UserContent, message).next(
        "What `pg_dump` wrote goes back by `pg_restore`; a file that is restored can be moved to a server by `skein migrate-to`.",
    );
    Failure::new(Exit::Usage, fault, NOTHING_CHANGED)
}

/// Checks and copies everything, and holds the copy.
async fn fill(backup: &Path, page: &Page, folder: &Path) -> Result<Held, Failure> {
    let (from, to) = (MediaFolder::at(&backup.join(MEDIA)), MediaFolder::at(&folder.join(MEDIA)));
    let mut media = CopiedMedia::default();
    media.copy(&from, &to).await.map_err(|error| failed_media(&error))?;
    if let Some(hash) = media.damaged.first() {
        return Err(broken(backup, &format!("its media file {hash} is damaged")));
    }
    if media.files != page.media_files {
        let missing = format!("it has {} media files instead of {}", media.files, page.media_files);
        return Err(broken(backup, &missing));
    }
    if page.has_key {
        let key = fs::read(backup.join(KEY))
            .map_err(|error| broken(backup, &format!("its {KEY} cannot be read: {error}")))?;
        write_private(&folder.join(KEY), &key)?;
    }
    let copy = folder.join(DATABASE);
    copy_private(&backup.join(DATABASE), &copy)?;
    check_copy(&copy).await.map_err(|error| broken(backup, &error.to_string()))?;
    let held = hold_copy(&copy, SystemClock.now()).await.map_err(|error| failed(&error))?;
    fs::File::open(&copy).and_then(|copy| copy.sync_all()).map_err(|error| unwritten(&copy, &error))?;
    settle(folder)?;
    Ok(held)
}

/// Whoever may read the original, the copy is for its owner only.
fn copy_private(from: &Path, to: &Path) -> Result<(), Failure> {
    write_private(to, b"")?;
    let copied = fs::File::open(from).and_then(|mut from| {
        let mut to = fs::OpenOptions::new().write(true).open(to)?;
        std::io::copy(&mut from, &mut to)?;
        to.sync_all()
    });
    copied.map_err(|error| unwritten(to, &error))
}

/// Also to another disk, where it gets its name only when it is whole.
fn move_to(from: &Path, to: &Path) -> Result<(), Failure> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices && from.is_file() => {
            let beside = to.with_extension("restoring");
            copy_private(from, &beside)?;
            fs::rename(&beside, to).map_err(|error| unwritten(to, &error))
        }
        renamed => renamed.map_err(|error| unwritten(to, &error)),
    }
}

/// The database comes last: with it the data folder is one.
fn place(config: &Config, database: &Path, unfinished: &Path) -> Result<(), Failure> {
    let paths = &config.paths;
    for (name, to) in [(MEDIA, paths.media.as_path()), (KEY, &paths.key_file), (DATABASE, database)] {
        let from = unfinished.join(name);
        if from.exists() {
            make_private_folder(&parent(to))?;
            move_to(&from, to)?;
            settle(&parent(to))?;
        }
    }
    fs::remove_dir_all(unfinished).map_err(|error| unwritten(unfinished, &error))
}

fn tell(app: &App, config: &Config, page: &Page, held: Held) {
    let screen = &app.screen;
    let needs_key = (!page.has_key && matches!(config.key, KeySource::File(_))).then_some(&config.paths.key_file);
    if screen.is_json() {
        screen.object(&json!({
            "restored": config.paths.data, "made_at": page.made_at, "accounts_held": held.accounts, "waiting": held.waiting,
            "overdue": held.overdue, "unsettled": held.unsettled, "media_files": page.media_files,
            "media_elsewhere": page.media_elsewhere, "needs_key": needs_key,
        }));
        return;
    }
    let eye = Eye { now: SystemClock.now(), zone: config.zone.clone(), width: screen.width() };
    let of = format!(" the backup of {} to {}.", eye.whole(page.made_at), config.paths.data.display());
    screen.line(Line::of(Tone::Good, "Restored").and(Tone::Plain, of));
    let counted = |number: u64, one, many| count(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    screen.line(Line::of(Tone::Warn, "Held").and(
        Tone::Plain,
        format!(
            ": {} and {}. Nothing goes out until `skein release`.",
            counted(held.accounts, "account", "accounts"),
            counted(held.waiting, "waiting post", "waiting posts")
        ),
    ));
    screen.line("The original went on after the backup. What it published, canceled or moved since is not known here:");
    if held.overdue > 0 {
        screen.line(format!(
            "- {} due by now and may be out. They do not go out by themselves any more; `skein queue retry` sends one that is not.",
            counted(held.overdue, "post was", "posts were")
        ));
    }
    if held.unsettled > 0 {
        screen.line(format!(
            "- {} on the way. The platform is asked, and what is not found there is a question to you.",
            counted(held.unsettled, "post was", "posts were")
        ));
    }
    screen.line(
        "- Look at `skein queue list` and cancel what is out, and make sure that the original does not run any more.",
    );
    if let Some(place) = &page.media_elsewhere {
        screen.line(format!(
            "Pictures and videos are in {place}, which was not backed up. Set SKEIN_MEDIA_URL as before, once the original is gone for good: \
             files that no post of this copy needs are removed there."
        ));
    }
    if let Some(key) = needs_key {
        screen.line(Line::of(
            Tone::Warn,
            format!(
                "The master key is not in the backup: put it at {} (`chmod 600`), or set SKEIN_MASTER_KEY.",
                key.display()
            ),
        ));
    }
}
