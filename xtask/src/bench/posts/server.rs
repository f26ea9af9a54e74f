//! A reference PDS for one run, with one account and the rate limits of the public network.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::install;

pub(super) const HANDLE: &str = "alice.test";

/// Ends, and forgets everything, when it is dropped.
pub(super) struct Server {
    child: Child,
    /// The server runs for as long as this is open.
    stdin: Option<ChildStdin>,
    ready: Value,
}

impl Server {
    /// `folder` is what [`install::prepare`] has made ready.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut command = install::server_command(folder);
        command.env("SKEIN_PDS_ACCOUNTS", HANDLE).env("SKEIN_PDS_RATE_LIMITS", "1");
        let mut child = command.spawn().context("the reference PDS cannot be started")?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the reference PDS has no stdout")?;
        let mut server = Self { child, stdin, ready: Value::Null };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the reference PDS ended before it was ready");
        }
        server.ready =
            serde_json::from_str(&line).context("the reference PDS said something else than that it is ready")?;
        Ok(server)
    }

    pub(super) fn pds_url(&self) -> &str {
        self.ready["pds_url"].as_str().unwrap_or_default()
    }

    pub(super) fn plc_url(&self) -> &str {
        self.ready["plc_url"].as_str().unwrap_or_default()
    }

    pub(super) fn app_password(&self) -> &str {
        self.ready["accounts"][0]["app_password"].as_str().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It may have ended by itself; there is nobody to tell.
        self.child.wait().ok();
    }
}
