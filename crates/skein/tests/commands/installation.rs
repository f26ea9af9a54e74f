//! One installation of Skein with a sandbox beside it, and the processes that are started in it.

use serde_json::Value;
use skein_sandbox::{Fault, FaultOrder, Sandbox, SandboxAccount, SandboxOptions};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, Command};

/// A bound on everything that is waited for; a test that reaches it fails.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a command said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What a command said until it ended.
    pub(crate) async fn of(mut command: Command) -> Self {
        Self::ended(command.spawn().unwrap()).await
    }

    /// What a command said that is ended in order.
    pub(crate) async fn interrupted(child: Child) -> Self {
        interrupt(&child);
        Self::ended(child).await
    }

    async fn ended(child: Child) -> Self {
        let output =
            tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the command hangs").unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stdout.contains(words) || self.stderr.contains(words), "`{words}` is not said: {self:#?}");
        self
    }
}

/// A data folder, and the environment of every command.
pub(crate) struct Installation {
    pub(crate) data: TempDir,
    network: String,
}

impl Installation {
    /// One whose whole network is at this address.
    pub(crate) fn on(network: &str) -> Self {
        Self { data: tempfile::tempdir().unwrap(), network: network.to_owned() }
    }

    /// One without any network.
    pub(crate) fn alone() -> Self {
        Self::on("http://localhost:9")
    }

    pub(crate) fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skein"));
        command.args(arguments).env_clear().env("SKEIN_DATA", self.data.path());
        command.env("SKEIN_PLC_URL", &self.network).env("SKEIN_APPVIEW_URL", &self.network);
        command.env("SKEIN_VIDEO_URL", &self.network);
        // Many of them run at once.
        command.env("SKEIN_LISTEN", "off");
        command.env("SKEIN_DNS", "off").env("SKEIN_ALLOW_PRIVATE", "1").env("TZ", "Europe/Paris");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "").await
    }

    pub(crate) async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)], stdin: &str) -> Ran {
        let mut child = self.command(arguments, environment).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that does not read its input may be gone before all of it is written.
        let _written = input.write_all(stdin.as_bytes()).await;
        drop(input);
        Ran::ended(child).await
    }

    /// A command that stays, followed by what it says.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments, &[]).spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Running { child, out, err }
    }

    /// Lets an engine work until it has published something, however long that takes on a slow machine.
    pub(crate) async fn publishes(&self) {
        let mut engine = self.start(&["work", "--once", "--for", "1h"]);
        engine.logs("to=\"published\"").await;
        assert_eq!(engine.interrupt().await, Some(0));
    }

    /// Everything in the data folder, as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.data.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                all.extend(std::fs::read(path).unwrap());
            }
        }
        all
    }
}

type Stream = Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>;

fn lines(from: impl AsyncRead + Send + Unpin + 'static) -> Stream {
    BufReader::new(Box::new(from) as Box<dyn AsyncRead + Send + Unpin>).lines()
}

/// A process that stays.
pub(crate) struct Running {
    child: Child,
    out: Stream,
    err: Stream,
}

impl Running {
    /// Waits for a line of standard output; returns all lines up to it.
    pub(crate) async fn prints(&mut self, words: &str) -> Vec<String> {
        wait_for(&mut self.out, words).await
    }

    /// Waits for a line of the log.
    pub(crate) async fn logs(&mut self, words: &str) -> Vec<String> {
        wait_for(&mut self.err, words).await
    }

    /// Ends it in order, and returns its exit code.
    pub(crate) async fn interrupt(mut self) -> Option<i32> {
        interrupt(&self.child);
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap();
        ended.code()
    }
}

fn interrupt(child: &Child) {
    let pid = i32::try_from(child.id().expect("it is gone already")).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

async fn wait_for(stream: &mut Stream, words: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let found = tokio::time::timeout(PATIENCE, async {
        while let Some(line) = stream.next_line().await.unwrap() {
            let found = line.contains(words);
            seen.push(line);
            if found {
                return true;
            }
        }
        false
    });
    let found = found.await.unwrap_or(false);
    assert!(found, "`{words}` was never said:\n{}", seen.join("\n"));
    seen
}

/// A sandbox, an account there, and an installation.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) alice: SandboxAccount,
    pub(crate) skein: Installation,
}

impl Scene {
    /// Nobody is logged in yet.
    #[expect(clippy::disallowed_methods, reason = "the sandbox and the processes under test share the machine's clock")]
    pub(crate) async fn new() -> Self {
        let options = SandboxOptions { port: 0, clock: Arc::new(jiff::Timestamp::now), seed: 7 };
        let sandbox = Sandbox::start(options).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let skein = Installation::on(sandbox.url());
        Self { sandbox, alice, skein }
    }

    /// Alice is logged in.
    pub(crate) async fn logged_in() -> Self {
        let scene = Self::new().await;
        scene.login(&scene.alice.app_password).await.exits(0);
        scene
    }

    pub(crate) async fn login(&self, password: &str) -> Ran {
        self.skein.run_with(&["login", "alice.test"], &[("SKEIN_PASSWORD", password)], "").await
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.skein.run(arguments).await
    }

    /// The next write goes wrong like this.
    pub(crate) fn order(&self, fault: Fault) {
        self.sandbox.faults().order(FaultOrder::new("com.atproto.repo.applyWrites", fault)).unwrap();
    }

    /// How many posts are stored.
    pub(crate) async fn stored(&self) -> usize {
        self.queue().await.as_array().unwrap().len()
    }

    pub(crate) async fn queue(&self) -> serde_json::Value {
        self.run(&["queue", "list", "--all", "--json"]).await.exits(0).json()
    }
}
