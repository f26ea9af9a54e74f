//! The server's process: started, waited for, and ended by its own id.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::install::Harness;
use super::{HarnessError, RealPdsOptions, install};
use crate::server::Server;

const READY_LIMIT_S: u64 = 60;
/// The whole network boots in 10 to 20 s on an idle machine.
const NETWORK_READY_LIMIT_S: u64 = 150;

/// The line by which `server.mjs` says that it answers.
#[derive(Debug, Deserialize)]
pub(super) struct Ready {
    pub(super) plc_url: String,
    pub(super) pds_url: String,
    pub(super) pds_port: u16,
    pub(super) data_dir: PathBuf,
    pub(super) admin_password: String,
    /// Of the whole network only.
    #[serde(default)]
    pub(super) appview_url: String,
}

/// Ends with this value: killed by its id, waited for, its data removed.
#[derive(Debug)]
pub(super) struct Process {
    server: Server,
    data_dir: Option<PathBuf>,
}

impl Process {
    pub(super) async fn start(
        options: RealPdsOptions,
        advertised_port: Option<u16>,
    ) -> Result<(Self, Ready), HarnessError> {
        let folder = install_in_background(install::PDS).await?;
        let mut command = install::server_command(&folder);
        if options.rate_limits {
            command.env("SKEIN_PDS_RATE_LIMITS", "1");
        }
        if let Some(port) = advertised_port {
            command.env("SKEIN_PDS_ADVERTISED_PORT", port.to_string());
        }
        Self::ready(command, READY_LIMIT_S).await
    }

    pub(super) async fn start_network(postgres_url: &str, redis_host: &str) -> Result<(Self, Ready), HarnessError> {
        let folder = install_in_background(install::NETWORK).await?;
        let mut command = install::server_command(&folder);
        command.env("DB_POSTGRES_URL", postgres_url).env("REDIS_HOST", redis_host);
        Self::ready(command, NETWORK_READY_LIMIT_S).await
    }

    async fn ready(command: Command, limit_s: u64) -> Result<(Self, Ready), HarnessError> {
        let server = Server::start(command).map_err(HarnessError::Start)?;
        let mut process = Self { server, data_dir: None };
        let line = process.says(limit_s, |_| true).await?;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| HarnessError::NotUnderstood { line })?;
        process.data_dir = Some(ready.data_dir.clone());
        Ok((process, ready))
    }

    pub(super) fn id(&self) -> u32 {
        self.server.id()
    }

    pub(super) async fn says(&mut self, limit_s: u64, is_meant: impl Fn(&str) -> bool) -> Result<String, HarnessError> {
        self.server.says(limit_s, is_meant).await.map_err(|why| HarnessError::of_server(why, limit_s))
    }

    pub(super) fn tell(&mut self, line: &str) -> Result<(), HarnessError> {
        self.server.tell(line).map_err(HarnessError::Start)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.server.kill();
        if let Some(data_dir) = &self.data_dir {
            // It may be gone by itself; there is nobody to tell.
            fs::remove_dir_all(data_dir).ok();
        }
    }
}

async fn install_in_background(harness: Harness) -> Result<PathBuf, HarnessError> {
    let may_install = std::env::var_os(install::MAY_INSTALL_VARIABLE).is_some();
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let prepared = tokio::task::spawn_blocking(move || install::prepare(&workspace, harness, may_install));
    match prepared.await.map_err(io::Error::other).flatten() {
        Ok(folder) => Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(HarnessError::NotInstalled(error)),
        Err(error) => Err(HarnessError::Install(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn real_pds_ends_and_cleans_up_when_its_test_was_killed() {
        let (mut process, ready) = Process::start(RealPdsOptions::default(), None).await.unwrap();
        assert!(ready.data_dir.exists());
        assert!(process.server.release().unwrap());
        assert!(!ready.data_dir.exists());
    }
}
