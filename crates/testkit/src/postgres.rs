//! A PostgreSQL server of its own, on loopback. Put `real_postgres` or `real_network` in the name of every test that starts one.

use std::io;
use std::process::{Command, Stdio};

use crate::real_pds::HarnessError;
use crate::server::{Home, STOPPED, Server, free_port, program};

const READY_LIMIT_S: u64 = 60;
const VERSIONS: &str = "/usr/lib/postgresql";
const USER: &str = "skein";
const END_CONNECTIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// A server with an empty database, gone when this is dropped, or when the test's process dies. Nothing in it is made to last.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in a folder of its own and starts it.
    ///
    /// # Errors
    /// [`HarnessError::NotInstalled`] when the machine has no PostgreSQL, others when it does not come up.
    pub async fn start() -> Result<Self, HarnessError> {
        let made = tokio::task::spawn_blocking(make).await.map_err(io::Error::other).flatten();
        let (home, port) = made.map_err(HarnessError::of_start)?;
        let postgres = program("postgres", VERSIONS).map_err(HarnessError::of_start)?;
        let port_text = port.to_string();
        let folder = home.path().display().to_string();
        let arguments = ["-D", "data", "-h", "127.0.0.1", "-p", &port_text, "-k", &folder, "-F"];
        // QUIT does not wait for clients.
        let mut server = Server::leashed(&postgres, &arguments, "QUIT", home).map_err(HarnessError::of_start)?;
        wait(&mut server, is_ready).await?;
        Ok(Self { server, port })
    }

    /// Ends the server at once, as a power failure of its machine does for whoever is connected, and waits until it is gone. What
    /// was committed is there again when it goes on.
    ///
    /// # Errors
    /// [`HarnessError`] when it does not end.
    pub async fn stop(&mut self) -> Result<(), HarnessError> {
        self.server.tell("stop").map_err(HarnessError::of_start)?;
        wait(&mut self.server, |line| line == STOPPED).await
    }

    /// Starts a server that was stopped, on the same port with the same databases, and waits until it lets clients in.
    ///
    /// # Errors
    /// [`HarnessError`] when it does not come up.
    pub async fn go_on(&mut self) -> Result<(), HarnessError> {
        self.server.tell("start").map_err(HarnessError::of_start)?;
        wait(&mut self.server, is_ready).await
    }

    /// Stops it and starts it again.
    ///
    /// # Errors
    /// [`HarnessError`] when it does not end or come up.
    pub async fn restart(&mut self) -> Result<(), HarnessError> {
        self.stop().await?;
        self.go_on().await
    }

    /// Becomes what a standby is for its clients: their connections end, and new ones may only read.
    ///
    /// # Errors
    /// [`HarnessError`] when the server refuses that.
    pub async fn take_no_writes(&self) -> Result<(), HarnessError> {
        self.execute(&["ALTER DATABASE postgres SET default_transaction_read_only = on", END_CONNECTIONS]).await
    }

    /// Takes writes again, on new connections.
    ///
    /// # Errors
    /// [`HarnessError`] when the server refuses that.
    pub async fn take_writes(&self) -> Result<(), HarnessError> {
        let writable = "SET default_transaction_read_only = off";
        self.execute(&[writable, "ALTER DATABASE postgres RESET default_transaction_read_only", END_CONNECTIONS]).await
    }

    async fn execute(&self, statements: &[&str]) -> Result<(), HarnessError> {
        let psql = program("psql", VERSIONS).map_err(HarnessError::of_start)?;
        let mut command = tokio::process::Command::new(psql);
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        for statement in statements {
            command.args(["-c", statement]);
        }
        let output = command.stdin(Stdio::null()).output().await.map_err(HarnessError::of_start)?;
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        Err(HarnessError::of_start(io::Error::other(format!("psql failed: {told}"))))
    }

    /// The address of another database of the server, there or not.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address of the database, with the name of its superuser; there is no password.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The process id of whoever holds it.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // There is nobody to tell.
        self.server.release().ok();
    }
}

fn is_ready(line: &str) -> bool {
    line.contains("database system is ready to accept connections")
}

async fn wait(server: &mut Server, is_meant: impl Fn(&str) -> bool) -> Result<(), HarnessError> {
    let said = server.says(READY_LIMIT_S, is_meant).await;
    said.map(|_| ()).map_err(|why| HarnessError::of_server(why, READY_LIMIT_S))
}

fn make() -> io::Result<(Home, u16)> {
    let home = Home::make()?;
    let mut command = Command::new(program("initdb", VERSIONS)?);
    command.args(["-D", "data", "-U", USER, "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"]);
    home.enter(&mut command);
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("initdb failed: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok((home, free_port()?))
}
