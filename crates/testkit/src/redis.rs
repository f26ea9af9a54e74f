//! A Redis of its own, on loopback: for the reference `AppView`, and for benches.

use crate::real_pds::HarnessError;
use crate::server::{Home, Server, free_port, program};

const READY_LIMIT_S: u64 = 30;

/// A server that keeps nothing, gone when this is dropped, or when the test's process dies.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    port: u16,
}

impl Redis {
    /// Starts an empty one.
    ///
    /// # Errors
    /// [`HarnessError::NotInstalled`] when the machine has no Redis, others when it does not come up.
    pub async fn start() -> Result<Self, HarnessError> {
        let home = Home::make().map_err(HarnessError::of_start)?;
        let redis = program("redis-server", "/usr/lib/redis").map_err(HarnessError::of_start)?;
        let port = free_port().map_err(HarnessError::of_start)?;
        let port_text = port.to_string();
        let arguments = ["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut server = Server::leashed(&redis, &arguments, "TERM", home).map_err(HarnessError::of_start)?;
        let is_ready = |line: &str| line.to_ascii_lowercase().contains("ready to accept connections");
        server.says(READY_LIMIT_S, is_ready).await.map_err(|why| HarnessError::of_server(why, READY_LIMIT_S))?;
        Ok(Self { server, port })
    }

    /// The process group, of which the leash is the first.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// Address and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // There is nobody to tell.
        self.server.release().ok();
    }
}
