//! An object store that speaks S3, on loopback: moto's. Put `real_s3` in the name of every test that starts one.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::real_pds::HarnessError;
use crate::server::{Home, Server, free_port, program};

const READY_LIMIT_S: u64 = 60;
/// Where `cargo xtask test --install` puts moto when the machine has none.
const INSTALLED: &str = "s3";

/// A store with one empty bucket, gone when this is dropped, or when the test's process dies. It keeps everything in memory.
#[derive(Debug)]
pub struct S3 {
    server: Server,
    port: u16,
}

impl S3 {
    /// The bucket.
    pub const BUCKET: &'static str = "geese";

    /// Starts one that lets everybody in, whatever their key is.
    ///
    /// # Errors
    /// [`HarnessError::NotInstalled`] when the machine has no moto, others when it does not come up.
    pub async fn start() -> Result<Self, HarnessError> {
        Self::with(&[]).await
    }

    /// Starts one that lets nobody in once its bucket is made: it knows no keys.
    ///
    /// # Errors
    /// As [`S3::start`].
    pub async fn start_closed() -> Result<Self, HarnessError> {
        Self::with(&["INITIAL_NO_AUTH_ACTION_COUNT=1"]).await
    }

    async fn with(variables: &[&str]) -> Result<Self, HarnessError> {
        // It may be installed where only this user can read.
        let home = Home::of_this_user().map_err(HarnessError::of_start)?;
        let port = free_port().map_err(HarnessError::of_start)?;
        let port_text = port.to_string();
        let moto = moto().map_err(HarnessError::of_start)?;
        let moto: Vec<&str> = moto.iter().map(String::as_str).collect();
        let arguments = [variables, &moto, &["-H", "127.0.0.1", "-p", &port_text]].concat();
        let mut server =
            Server::leashed(Path::new("/usr/bin/env"), &arguments, "TERM", home).map_err(HarnessError::of_start)?;
        let is_ready = |line: &str| line.contains("Running on http://127.0.0.1");
        server.says(READY_LIMIT_S, is_ready).await.map_err(|why| HarnessError::of_server(why, READY_LIMIT_S))?;
        let store = Self { server, port };
        store.make_bucket().await.map_err(HarnessError::Start)?;
        Ok(store)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process group, of which the leash is the first.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    async fn make_bucket(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let request = format!(
            "PUT /{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            Self::BUCKET,
            self.port
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        if answer.lines().next().is_some_and(|head| head.contains(" 200 ")) {
            Ok(())
        } else {
            Err(io::Error::other(format!("the bucket is not made: {answer}")))
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // There is nobody to tell.
        self.server.release().ok();
    }
}

/// The one in target/, else the machine's: what `env` is to run, with the variables in front.
fn moto() -> io::Result<Vec<String>> {
    let folder = target(std::env::var_os("CARGO_TARGET_DIR")).join(INSTALLED);
    if folder.join(".installed").exists() {
        let path = format!("PYTHONPATH={}", folder.display());
        return Ok([path.as_str(), "python3", "-m", "moto.server"].map(str::to_owned).to_vec());
    }
    Ok(vec![program("moto_server", "/no/versions")?.display().to_string()])
}

fn target(configured: Option<OsString>) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(configured.map_or_else(|| PathBuf::from("target"), PathBuf::from))
}
