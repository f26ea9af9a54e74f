//! The server's process: started, waited for, and ended by its own id.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::PathBuf;
use std::process::{Child, ChildStdout};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{HarnessError, RealPdsOptions, install};

const READY_LIMIT_S: u64 = 60;
const MAX_SHOWN_LOG_BYTES: u64 = 4_000;

/// The line by which `server.mjs` says that it answers.
#[derive(Debug, Deserialize)]
pub(super) struct Ready {
    pub(super) plc_url: String,
    pub(super) pds_url: String,
    pub(super) pds_port: u16,
    pub(super) data_dir: PathBuf,
    pub(super) admin_password: String,
}

/// Ends with this value: killed by its id, waited for, its data removed.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    data_dir: Option<PathBuf>,
}

impl Process {
    pub(super) async fn start(
        options: RealPdsOptions,
        advertised_port: Option<u16>,
    ) -> Result<(Self, Ready), HarnessError> {
        let folder = install_in_background().await?;
        let mut log = tempfile::tempfile().map_err(HarnessError::Start)?;
        let mut command = install::server_command(&folder);
        command.stderr(log.try_clone().map_err(HarnessError::Start)?);
        if options.rate_limits {
            command.env("SKEIN_PDS_RATE_LIMITS", "1");
        }
        if let Some(port) = advertised_port {
            command.env("SKEIN_PDS_ADVERTISED_PORT", port.to_string());
        }
        let mut process = Self { child: command.spawn().map_err(HarnessError::Start)?, data_dir: None };
        let line = process.first_line().await.ok_or_else(|| HarnessError::NotReady {
            limit_s: READY_LIMIT_S,
            log: tail(&mut log).unwrap_or_else(|error| error.to_string()),
        })?;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| HarnessError::NotUnderstood { line })?;
        process.data_dir = Some(ready.data_dir.clone());
        Ok((process, ready))
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `None` when the server ended or said nothing in time.
    async fn first_line(&mut self) -> Option<String> {
        let stdout = self.child.stdout.take()?;
        let (send, receive) = oneshot::channel();
        // Not a task of the runtime: that would wait for it at its end, also when the server says nothing.
        std::thread::spawn(move || read_first_line(stdout, send));
        timeout(Duration::from_secs(READY_LIMIT_S), receive).await.ok()?.ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Each may already have happened by itself; there is nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
        if let Some(data_dir) = &self.data_dir {
            fs::remove_dir_all(data_dir).ok();
        }
    }
}

async fn install_in_background() -> Result<PathBuf, HarnessError> {
    let may_install = std::env::var_os(install::MAY_INSTALL_VARIABLE).is_some();
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let prepared = tokio::task::spawn_blocking(move || install::prepare(&workspace, may_install));
    match prepared.await.map_err(io::Error::other).flatten() {
        Ok(folder) => Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(HarnessError::NotInstalled(error)),
        Err(error) => Err(HarnessError::Install(error)),
    }
}

fn read_first_line(stdout: ChildStdout, send: oneshot::Sender<String>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    if stdout.read_line(&mut line).is_ok() && line.ends_with('\n') {
        // Whoever asked may have stopped waiting.
        send.send(line).ok();
    }
    // A full pipe would stop the server.
    io::copy(&mut stdout, &mut io::sink()).ok();
}

fn tail(log: &mut File) -> io::Result<String> {
    let length = log.seek(io::SeekFrom::End(0))?;
    log.seek(io::SeekFrom::Start(length.saturating_sub(MAX_SHOWN_LOG_BYTES)))?;
    let mut bytes = Vec::new();
    log.take(MAX_SHOWN_LOG_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn real_pds_ends_and_cleans_up_when_its_test_was_killed() {
        let (mut process, ready) = Process::start(RealPdsOptions::default(), None).await.unwrap();
        assert!(ready.data_dir.exists());
        // What the kernel does for a process that was killed.
        drop(process.child.stdin.take());
        assert!(process.child.wait().unwrap().success());
        assert!(!ready.data_dir.exists());
    }
}
