//! How a running demo tells other processes where its sandbox is.

use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use url::Url;

use crate::config::{make_private_folder, sandbox_folder};
use crate::exit::Failure;

const FILE: &str = "sandbox.json";
const LOCK_FILE: &str = "sandbox.lock";

/// What stands in `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SandboxFile {
    /// The address of the whole network.
    pub(crate) url: Url,
    /// The process that runs it.
    pub(crate) pid: u32,
}

impl SandboxFile {
    /// The sandbox of the demo that runs on this data folder.
    pub(crate) fn of_running_demo(data: &Path) -> Result<Self, Failure> {
        let path = sandbox_folder(data).join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) if demo_is_alive(data) => text,
            _ => return Err(no_demo(data)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Failure::system("sandbox_file", format!("{} cannot be read: {error}.", path.display()))
                .next("Start the demo again: `skein demo`.")
        })
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn write(&self, data: &Path) -> Result<(), Failure> {
        let folder = sandbox_folder(data);
        let (path, new) = (folder.join(FILE), folder.join("sandbox.json.new"));
        let text = serde_json::to_string_pretty(self).map_err(|error| cannot_write(&path, &error))?;
        let mut file = File::create(&new).map_err(|error| cannot_write(&path, &error))?;
        file.write_all(text.as_bytes()).map_err(|error| cannot_write(&path, &error))?;
        std::fs::rename(&new, &path).map_err(|error| cannot_write(&path, &error))
    }
}

/// That a demo runs on a data folder, for as long as this lives. The operating system ends it with the process, so that
/// no demo that was killed can stand in the way of the next.
#[derive(Debug)]
pub(crate) struct DemoLock {
    _file: File,
}

impl DemoLock {
    /// Takes the place of the demo on a data folder, and clears away what the last one left.
    pub(crate) fn take(data: &Path) -> Result<Self, Failure> {
        make_private_folder(data)?;
        let path = lock_path(data);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| cannot_write(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::system("demo_running", "A demo already runs on this data folder.").next(
                    "Use it with `skein --sandbox …`, stop it with Ctrl-C, or give another folder with `--data DIR`.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot_write(&path, &error)),
        }
        let folder = sandbox_folder(data);
        if !is_ours_to_clear(&folder) {
            return Err(Failure::system(
                "sandbox_folder",
                format!("{} holds files that no demo made.", folder.display()),
            )
            .next("Give another folder with `--data DIR`; nothing there was touched."));
        }
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot_write(&folder, &error)),
            _ => make_private_folder(&folder)?,
        }
        Ok(Self { _file: file })
    }
}

/// Only a folder that a demo made, or an empty one, is cleared away.
fn is_ours_to_clear(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => folder.join(FILE).is_file() || entries.next().is_none(),
        Err(_) => true,
    }
}

fn lock_path(data: &Path) -> PathBuf {
    data.join(LOCK_FILE)
}

fn demo_is_alive(data: &Path) -> bool {
    File::open(lock_path(data)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn no_demo(data: &Path) -> Failure {
    Failure::system("no_demo", format!("No demo runs on the data folder {}.", data.display()))
        .next("Start one in another terminal: `skein demo`.")
}

fn cannot_write(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::system("sandbox_folder", format!("{} cannot be written: {error}.", path.display()))
        .next("Give another folder with `--data DIR`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_found_only_while_its_demo_lives() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(SandboxFile::of_running_demo(data.path()).unwrap_err().faults[0].code, "no_demo");
        let lock = DemoLock::take(data.path()).unwrap();
        let written = SandboxFile { url: "http://localhost:2583".parse().unwrap(), pid: 7 };
        written.write(data.path()).unwrap();
        assert_eq!(SandboxFile::of_running_demo(data.path()).unwrap(), written);
        assert_eq!(DemoLock::take(data.path()).unwrap_err().faults[0].code, "demo_running");
        drop(lock);
        assert!(SandboxFile::of_running_demo(data.path()).is_err());
    }

    #[test]
    fn a_new_demo_begins_with_an_empty_folder() {
        let data = tempfile::tempdir().unwrap();
        drop(DemoLock::take(data.path()).unwrap());
        std::fs::write(sandbox_folder(data.path()).join("old"), "x").unwrap();
        assert!(DemoLock::take(data.path()).is_err(), "no demo made this");
        assert!(sandbox_folder(data.path()).join("old").is_file());
        std::fs::write(sandbox_folder(data.path()).join(FILE), "{}").unwrap();
        let _lock = DemoLock::take(data.path()).unwrap();
        assert_eq!(std::fs::read_dir(sandbox_folder(data.path())).unwrap().count(), 0);
    }
}
