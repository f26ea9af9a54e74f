//! Servers that a test starts: waited for by what they say, ended by their own id, and gone with the test.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

const MAX_SHOWN_LOG_BYTES: u64 = 4_000;

/// A folder of Linux whose files are in memory: what a test keeps needs no disk, and a busy disk does not hold it up.
const MEMORY: &str = "/dev/shm";

/// Runs a program, ends it once its own standard input ends, as it does when the test dies, and removes the folder that it
/// is in. `$0` is the signal that ends it. A signal to the leash itself is taken as the end of its input, so that the folder goes
/// then too. Told `stop`, it ends the program alone and says so; told `start`, it runs it again.
const LEASH: &str = r#"trap : INT TERM HUP; exec 2>&1
run() { "$@" </dev/null & pid=$!; }
end() { [ -z "$pid" ] || { kill -"$0" $pid; wait $pid; pid=; }; }
run "$@"
while read -r told; do
    case $told in
        stop) end; echo "leash: stopped" ;;
        start) run "$@" ;;
    esac
done
end; rm -rf "$PWD""#;

/// What the leash says once the program has ended.
pub(crate) const STOPPED: &str = "leash: stopped";

/// A process that is told to go when this value is dropped, and goes by itself when the test is killed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    said: mpsc::UnboundedReceiver<String>,
    log: File,
}

/// It ended, or did not say in time what it was waited for; its last words.
#[derive(Debug)]
pub(crate) struct Silent(pub(crate) String);

impl Server {
    /// Starts a command whose standard output is listened to, and whose standard error is kept for the case of trouble.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let log = tempfile::tempfile()?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone()?);
        // In a group of its own: who ends a test that hangs ends its group, and a server must outlive that to clean up.
        let mut child = command.process_group(0).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (tell, said) = mpsc::unbounded_channel();
        let stdout = stdout.ok_or_else(|| io::Error::other("it has no standard output"))?;
        // Not a task of the runtime: that would wait for it at its end, also when the server says nothing.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // A full pipe would stop the server, so that it is read on when nobody listens any more.
                tell.send(line).ok();
            }
        });
        Ok(Self { child, stdin, said, log })
    }

    /// Starts a program of the machine in a folder of its own, as somebody who may: PostgreSQL refuses to run as root.
    pub(crate) fn leashed(program: &Path, arguments: &[&str], signal: &str, home: Home) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", LEASH, signal]).arg(program).args(arguments);
        home.enter(&mut command);
        let server = Self::start(command)?;
        // From here on the leash removes it.
        let _left = home.folder.keep();
        Ok(server)
    }

    /// The first line that is meant; what is said before it is dropped.
    pub(crate) async fn says(&mut self, limit_s: u64, is_meant: impl Fn(&str) -> bool) -> Result<String, Silent> {
        let mut last = String::new();
        let meant = timeout(Duration::from_secs(limit_s), async {
            while let Some(line) = self.said.recv().await {
                if is_meant(&line) {
                    return Some(line);
                }
                last = line;
            }
            None
        });
        if let Ok(Some(line)) = meant.await {
            return Ok(line);
        }
        let log = tail(&mut self.log).unwrap_or_else(|error| error.to_string());
        Err(Silent(format!("{last} {log}").trim().to_owned()))
    }

    /// Says a line to it.
    pub(crate) fn tell(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or_else(|| io::Error::other("it does not listen"))?;
        writeln!(stdin, "{line}")
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as the kernel does when the test was killed, and waits until it is gone.
    pub(crate) fn release(&mut self) -> io::Result<bool> {
        drop(self.stdin.take());
        Ok(self.child.wait()?.success())
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        // It may be gone by itself; there is nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A folder that a server lives in, and who it runs as.
pub(crate) struct Home {
    folder: TempDir,
    owner: Option<(u32, u32)>,
}

impl Home {
    /// A folder of its own, for a server that runs as whoever runs the test.
    pub(crate) fn of_this_user() -> io::Result<Self> {
        let parent = if Path::new(MEMORY).is_dir() { PathBuf::from(MEMORY) } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("skein-server-").tempdir_in(parent)?;
        Ok(Self { folder, owner: None })
    }

    /// A folder of its own. For root it is the user `postgres`, else `nobody`.
    pub(crate) fn make() -> io::Result<Self> {
        let Self { folder, .. } = Self::of_this_user()?;
        let owner = if fs::metadata("/proc/self")?.uid() == 0 { Some(unprivileged()?) } else { None };
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        Ok(Self { folder, owner })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that runs in it, as who owns it.
    pub(crate) fn enter(&self, command: &mut Command) {
        command.current_dir(self.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
    }
}

fn unprivileged() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let of = |name: &str| {
        let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody")).ok_or_else(|| io::Error::other("there is neither postgres nor nobody"))
}

/// A port of loopback that was free a moment ago.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A program in the path, or in the newest of Debian's folders of versions.
pub(crate) fn program(name: &str, versions: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.exists());
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir(versions).into_iter().flatten().flatten().map(|folder| folder.path());
    let newest = installed.filter(|folder| folder.join("bin").join(name).exists()).max_by_key(version);
    let found = newest.map(|folder| folder.join("bin").join(name)).or(in_path);
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{name} is not on this machine")))
}

fn tail(log: &mut File) -> io::Result<String> {
    let length = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(length.saturating_sub(MAX_SHOWN_LOG_BYTES)))?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(log, MAX_SHOWN_LOG_BYTES), &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_leash_that_is_told_to_end_takes_its_server_and_folder_along() {
        let home = Home::make().unwrap();
        let folder = home.path().to_owned();
        let arguments = ["-c", "echo ready; exec sleep 600"];
        let mut server = Server::leashed(Path::new("/bin/sh"), &arguments, "TERM", home).unwrap();
        server.says(30, |line| line == "ready").await.unwrap();
        assert!(folder.exists());
        let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
        assert!(told.success() && server.child.wait().unwrap().success());
        assert!(!folder.exists(), "{} is left behind", folder.display());
    }
}
