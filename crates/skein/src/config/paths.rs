//! Files and folders.

use skein_store::DatabaseUrl;
use std::path::{Path, PathBuf};

use super::{Variables, wrong};
use crate::exit::Failure;

/// The folder of the sandbox inside the data folder.
const SANDBOX_FOLDER: &str = "sandbox";
const DATABASE_FILE: &str = "skein.db";
const KEY_FILE: &str = "master.key";
const MEDIA_FOLDER: &str = "media";
const COPIES_FOLDER: &str = "media-copies";

/// Where everything lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    /// The folder that holds the rest. Made with mode 0700.
    pub(crate) data: PathBuf,
    /// The database. It is shown without a password.
    pub(crate) database: DatabaseUrl,
    /// The file of the master key. Made with mode 0600.
    pub(crate) key_file: PathBuf,
    /// The folder of the pictures that are not public yet. Made with mode 0700.
    pub(crate) media: PathBuf,
    /// The folder of copies of what is in a bucket. Made with mode 0700.
    pub(crate) copies: PathBuf,
}

impl Paths {
    /// `given` is the database of the command line, which goes before that of the environment.
    pub(super) fn read(data: &Path, given: Option<&str>, variables: &Variables) -> Result<Self, Failure> {
        let (name, url) = match given {
            Some(given) => ("--database", Some(given.to_owned())),
            None => ("SKEIN_DATABASE_URL", variables.text("SKEIN_DATABASE_URL")?),
        };
        let database = match url {
            Some(url) => DatabaseUrl::parse(&from_data_folder(&url, data)).map_err(|error| wrong(name, error))?,
            None => return Ok(Self::of_data(data)),
        };
        Ok(Self { database, ..Self::of_data(data) })
    }

    /// Whether there is a file of a database already, which was then made with a key.
    pub(crate) fn database_is_there(&self) -> bool {
        self.database.path().is_some_and(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0))
    }

    pub(super) fn of_sandbox(data: &Path) -> Self {
        Self::of_data(&sandbox_folder(data))
    }

    fn of_data(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            database: DatabaseUrl::from(data.join(DATABASE_FILE).as_path()),
            key_file: data.join(KEY_FILE),
            media: data.join(MEDIA_FOLDER),
            copies: data.join(COPIES_FOLDER),
        }
    }
}

/// The folder of the sandbox that belongs to a data folder.
pub(crate) fn sandbox_folder(data: &Path) -> PathBuf {
    data.join(SANDBOX_FOLDER)
}

/// A relative path of an SQLite database is taken from the data folder, wherever the command was started.
fn from_data_folder(url: &str, data: &Path) -> String {
    let path = match url.strip_prefix("sqlite:") {
        Some(rest) => Some(rest.strip_prefix("//").unwrap_or(rest)),
        None => (!url.contains(':')).then_some(url),
    };
    match path {
        Some(path) if !path.is_empty() && Path::new(path).is_relative() && !path.starts_with(':') => {
            format!("sqlite:{}", data.join(path).display())
        }
        _ => url.to_owned(),
    }
}

/// The data folder: what was given, else `SKEIN_DATA`, else the place where such data lies on this system. Absolute.
pub(crate) fn data_folder(given: Option<&Path>, variables: &Variables) -> Result<PathBuf, Failure> {
    let folder = match given {
        Some(given) => given.to_owned(),
        None => match (variables.path("SKEIN_DATA"), variables.path("XDG_DATA_HOME"), variables.path("HOME")) {
            (Some(data), _, _) => data,
            // A path that is not absolute is to be ignored, says the specification of the XDG folders.
            (None, Some(xdg), _) if xdg.is_absolute() => xdg.join("skein"),
            (None, _, Some(home)) => home.join(".local/share/skein"),
            (None, _, None) => {
                return Err(wrong("SKEIN_DATA", "neither it nor HOME is set").next("Give a folder with `--data DIR`."));
            }
        },
    };
    std::path::absolute(&folder).map_err(|error| wrong("The data folder", error))
}

/// Makes a folder that only its owner can read.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Failure::system("data_folder", format!("The folder {} cannot be made: {error}.", folder.display()))
            .next("Give another one with `--data DIR` or SKEIN_DATA.")
    })
}
