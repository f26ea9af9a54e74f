//! One installation of Skein under test: a data folder, an environment, and the processes that are started in it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::disk::Disk;

/// A bound on everything that is waited for; a test that reaches it fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a dead worker's lease holds here: short, since the tests wait for it.
const LEASE_MS: &str = "2000";

/// An installation: its folder goes away with it.
pub struct Rig {
    binary: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
    disk: Option<Disk>,
}

/// What a command said.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The same, if the exit code is the expected one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl Rig {
    /// An installation that knows one network only: everything else is off.
    pub fn new(binary: &str, plc_url: &str, appview_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let environment = [
            ("SKEIN_DATA", data.to_str().unwrap()),
            ("SKEIN_PLC_URL", plc_url),
            ("SKEIN_APPVIEW_URL", appview_url),
            ("SKEIN_VIDEO_URL", appview_url),
            ("SKEIN_DNS", "off"),
            ("SKEIN_ALLOW_PRIVATE", "1"),
            ("SKEIN_LEASE_MS", LEASE_MS),
            // Many of them run at once.
            ("SKEIN_LISTEN", "off"),
            ("TZ", "UTC"),
            ("NO_COLOR", "1"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { binary: PathBuf::from(binary), folder, environment, disk: None }
    }

    /// The same installation, with another service that encodes videos.
    pub fn with_video_service(mut self, url: &str) -> Self {
        self.environment.push(("SKEIN_VIDEO_URL".to_owned(), url.to_owned()));
        self
    }

    /// The same installation, on another database.
    pub fn with_database(mut self, url: &str) -> Self {
        self.environment.push(("SKEIN_DATABASE_URL".to_owned(), url.to_owned()));
        self
    }

    /// The same installation, with these files in its data folder from the start.
    pub fn with_data(self, files: &[(&str, &[u8])]) -> Self {
        let data = self.folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for (name, bytes) in files {
            let path = data.join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        }
        self
    }

    /// The same installation, with its data folder on a disk of its own.
    pub fn on_disk(mut self, disk: Disk) -> Self {
        let data = disk.path().join("data").to_str().unwrap().to_owned();
        self.environment.push(("SKEIN_DATA".to_owned(), data));
        self.disk = Some(disk);
        self
    }

    /// The disk of its own.
    pub fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("it has no disk of its own")
    }

    /// The same installation, with one more variable.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file in the installation's folder, for a command to read.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A file of bytes in the installation's folder, such as a picture.
    pub fn bytes(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// How many media files it keeps now.
    pub fn media_files(&self) -> usize {
        self.media_paths().len()
    }

    /// Removes every media file, as a disk that was restored without them.
    pub fn lose_media(&self) {
        std::fs::remove_dir_all(self.folder.path().join("data/media")).unwrap();
    }

    /// The paths of the media files that it keeps now.
    pub fn media_paths(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(self.folder.path().join("data/media")).into_iter().flatten();
        let inside = folders.filter_map(|folder| std::fs::read_dir(folder.unwrap().path()).ok());
        inside.flatten().map(|file| file.unwrap().path()).collect()
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "").await
    }

    /// Runs a command to its end, with more environment and with standard input.
    pub async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)], stdin: &str) -> Ran {
        let mut child =
            self.command(arguments, environment).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that does not read its input may be gone before all of it is written.
        let _written = input.write_all(stdin.as_bytes()).await;
        drop(input);
        let output =
            tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the command hangs").unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a line of a shell in the installation's folder, where `skein` is the program under test.
    pub async fn shell(&self, line: &str, environment: &[(&str, &str)]) -> Ran {
        let programs = self.folder.path().join("bin");
        if !programs.exists() {
            std::fs::create_dir(&programs).unwrap();
            std::os::unix::fs::symlink(&self.binary, programs.join("skein")).unwrap();
        }
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let mut command = Command::new("sh");
        command.args(["-c", line]).env_clear().envs(self.environment.clone()).env("PATH", path);
        command.envs(environment.iter().copied()).current_dir(self.folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("the command hangs").unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a command; signals can be sent to it.
    pub fn start(&self, arguments: &[&str]) -> Started {
        Started { child: self.command(arguments, &[]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap() }
    }

    /// Logs in with an app password.
    pub async fn login(&self, handle: &str, service: &str, app_password: &str) -> Ran {
        let arguments = ["login", handle, "--service", service];
        self.run_with(&arguments, &[("SKEIN_PASSWORD", app_password)], "").await
    }

    /// Starts an engine.
    pub fn serve(&self, environment: &[(&str, &str)]) -> Serve {
        self.stays(&["serve"], environment)
    }

    /// Starts a process with these words.
    pub fn stays(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Serve {
        let mut child =
            self.command(arguments, environment).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Serve { child, log, seen: Vec::new() }
    }

    /// Starts a worker.
    pub fn work(&self) -> Serve {
        self.stays(&["work"], &[])
    }

    /// Starts a worker whose log nobody reads.
    pub fn work_unheard(&self) -> Serve {
        let mut command = self.command(&["work"], &[("SKEIN_LOG", "off")]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Serve { child, log, seen: Vec::new() }
    }

    /// Where its master key is, or will be.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("data/master.key")
    }

    /// The address of its own SQLite file.
    pub fn own_database(&self) -> String {
        format!("sqlite:{}", self.folder.path().join("data/skein.db").display())
    }

    /// Whether the data folder holds a master key.
    pub fn has_key(&self) -> bool {
        self.folder.path().join("data/master.key").exists()
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = match self.disk.as_ref().map(Disk::inside) {
            None => Command::new(&self.binary),
            Some(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).arg(&self.binary);
                command
            }
        };
        command.args(arguments).env_clear().envs(self.environment.clone()).envs(environment.iter().copied());
        command.stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// A command that runs.
pub struct Started {
    child: Child,
}

impl Started {
    /// Ctrl-C, and what the command says before it ends.
    pub async fn interrupted(self) -> Ran {
        send(&self.child, Signal::INT);
        let output = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await.expect("it goes on").unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id().expect("it is gone already")).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// A running engine, followed by its log.
pub struct Serve {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    seen: Vec<String>,
}

impl Serve {
    /// Waits until a delivery comes into a state.
    pub async fn reaches(&mut self, state: &str) {
        self.says(&format!("to=\"{state}\"")).await;
    }

    /// Waits until its log says these words.
    pub async fn says(&mut self, words: &str) {
        let line = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                let found = line.contains(words);
                self.seen.push(line);
                if found {
                    return true;
                }
            }
            false
        });
        let found = line.await.unwrap_or(false);
        assert!(found, "the engine did not say `{words}`, but:\n{}", self.seen.join("\n"));
    }

    /// Waits until its log says these words, and returns the line.
    pub async fn line_with(&mut self, words: &str) -> String {
        self.says(words).await;
        self.seen.last().unwrap().clone()
    }

    /// The next line of its log, kept for nobody; `None` when the engine has ended.
    pub async fn line(&mut self) -> Option<String> {
        self.log.next_line().await.unwrap()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("it is gone already")
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Stops it in the middle of whatever it does, as a suspended machine does.
    pub fn pause(&self) {
        send(&self.child, Signal::STOP);
    }

    /// Lets it go on where it was stopped.
    pub fn go_on(&self) {
        send(&self.child, Signal::CONT);
    }

    /// Waits until the process is gone by itself.
    pub async fn dies(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the engine lives on").unwrap()
    }

    /// Kills it, so that nothing can be cleaned up, and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends it in order.
    pub async fn end(mut self) {
        send(&self.child, Signal::TERM);
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("the engine lives on").unwrap();
        if !status.success() {
            while let Ok(Some(line)) = self.log.next_line().await {
                self.seen.push(line);
            }
            panic!("the engine did not end in order ({status}):\n{}", self.seen.join("\n"));
        }
    }
}
