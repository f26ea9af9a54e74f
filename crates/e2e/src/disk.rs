//! A small disk that fills up and takes no writes for real: a file system in memory, in a mount namespace of its own. Nobody else sees
//! it, no right of an administrator is needed, and it is gone with the process that holds it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Keeps the namespace until it is dropped.
pub struct Disk {
    holder: Child,
    at: PathBuf,
    _place: tempfile::TempDir,
}

impl Disk {
    /// An empty disk of so many mebibytes.
    pub async fn of_mib(mib: u32) -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = place.path().to_owned();
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o \"size=$0m\" tmpfs \"$1\" && echo mounted && exec cat")
            .arg(mib.to_string())
            .arg(&at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
        let line = said.next_line().await.unwrap();
        assert_eq!(line.as_deref(), Some("mounted"), "`unshare --map-root-user --mount` makes no disk here");
        Self { holder, at, _place: place }
    }

    /// Where it is, for whoever is inside.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// The words before those of a command that is to see it.
    pub fn inside(&self) -> Vec<String> {
        let holder = self.holder.id().expect("the disk is gone");
        let words = ["nsenter", "--user", "--mount", "--preserve-credentials", "--target"];
        words.iter().map(|word| (*word).to_owned()).chain([holder.to_string()]).collect()
    }

    /// Fills it to its last block.
    pub async fn fill(&self) {
        // `cat` fails with what is to be reached: no space left.
        let filled = self.shell("cat /dev/zero > ballast").await;
        let told = String::from_utf8_lossy(&filled.stderr).into_owned();
        assert!(told.contains("No space left"), "{told}");
    }

    /// There is space again.
    pub async fn clear(&self) {
        assert!(self.shell("rm ballast").await.status.success());
    }

    /// Nothing can be written any more. No file on it may be open for writing.
    pub async fn take_no_writes(&self) {
        assert!(self.shell("mount -o remount,ro .").await.status.success());
    }

    /// It takes writes again.
    pub async fn take_writes(&self) {
        assert!(self.shell("mount -o remount,rw .").await.status.success());
    }

    async fn shell(&self, line: &str) -> Output {
        let [program, rest @ ..] = &self.inside()[..] else { unreachable!() };
        let line = format!("cd \"$0\" && {line}");
        Command::new(program).args(rest).args(["sh", "-c", &line]).arg(&self.at).output().await.unwrap()
    }
}
