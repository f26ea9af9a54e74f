//! A command: a program of the operator's that is given each notice.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use skein_domain::Letter;
use skein_domain::ports::{NotTold, Notifier};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// How long one run may take, in milliseconds.
pub const WITHIN_MS: u64 = 30_000;
/// How long is waited for its last words once it has ended, in milliseconds.
const WORDS_WITHIN_MS: u64 = 1_000;
/// Runs at the same time.
const AT_ONCE: usize = 4;
/// After so many runs that take as long as they may, one after the other, no other begins: the other doors wait for this one.
const BEGIN_WITHIN_RUNS: u64 = 2;
/// How much is kept of what a run writes, in bytes; the rest is read and dropped.
const KEPT_BYTES: usize = 4_096;
/// How much is shown of its first line, in characters.
const LINE_MAX_CHARS: usize = 300;
/// What a run finds programs by.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a program for each notice, with the letter as JSON on its standard input. Without a shell and without arguments, in an
/// environment of a few variables, in a process group of its own, of which nothing is left when the run is over.
#[derive(Debug)]
pub struct CommandNotifier {
    program: PathBuf,
    within_ms: u64,
    places: Semaphore,
}

impl CommandNotifier {
    /// A door to this program. A run that takes longer is killed.
    pub fn new(program: &Path, within_ms: u64) -> Self {
        Self { program: program.to_owned(), within_ms, places: Semaphore::new(AT_ONCE) }
    }

    async fn run(&self, letter: &Letter) -> Result<(), NotTold> {
        let input = serde_json::to_vec(letter).map_err(|why| NotTold::for_good(why.to_string()))?;
        let mut child = self.start(letter).map_err(|why| NotTold::for_now(format!("it cannot be started: {why}")))?;
        let group = Group::of(&child);
        let mut said = tokio::spawn(first_words(child.stdout.take(), child.stderr.take()));
        let ended = timeout(Duration::from_millis(self.within_ms), feed_and_wait(&mut child, &input)).await;
        drop(group);
        // Whoever of the group was killed writes no more, so this ends at once, unless a process has left the group.
        let words = timeout(Duration::from_millis(WORDS_WITHIN_MS), &mut said).await;
        said.abort();
        let said = words.ok().and_then(Result::ok).unwrap_or_default();
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(NotTold::for_now(failed(status, &said))),
            Ok(Err(why)) => Err(NotTold::for_now(format!("it cannot be waited for: {why}"))),
            Err(_) => {
                Err(NotTold::for_now(format!("it was killed after {} s{}", self.within_ms / 1_000, quoted(&said))))
            }
        }
    }

    fn start(&self, letter: &Letter) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.env("SKEIN_NOTICE_ID", &letter.id).env("SKEIN_NOTICE_KIND", &letter.kind);
        command.env("SKEIN_NOTICE_TITLE", &letter.title);
        for (name, value) in [("SKEIN_NOTICE_POST", &letter.post), ("SKEIN_NOTICE_HANDLE", &letter.handle)] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.current_dir("/").process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    }
}

#[async_trait]
impl Notifier for CommandNotifier {
    fn name(&self) -> &'static str {
        "command"
    }

    async fn tell(&self, letters: &[Letter]) -> Vec<Result<(), NotTold>> {
        let until = Instant::now() + Duration::from_millis(self.within_ms * BEGIN_WITHIN_RUNS);
        let runs = letters.iter().map(|letter| async move {
            // The places are never closed, so there always is one at last.
            let _place = self.places.acquire().await.ok();
            if Instant::now() >= until {
                return Err(NotTold::for_now("the runs before it took too long, so that its own did not begin"));
            }
            self.run(letter).await
        });
        futures_util::future::join_all(runs).await
    }
}

/// The process group of a run: killed with all that it has started when this is dropped, also when nobody waits for the run any more.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Where all of them have ended by themselves there is no such group.
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

/// A program that does not read what it is given may be gone before all of it is written.
async fn feed_and_wait(child: &mut Child, input: &[u8]) -> io::Result<ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(input).await {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    child.wait().await
}

/// The first line that is written to standard error, else to standard output.
async fn first_words(out: Option<impl AsyncRead + Unpin>, err: Option<impl AsyncRead + Unpin>) -> String {
    let (out, err) = tokio::join!(beginning(out), beginning(err));
    let line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        line.chars().filter(|c| !c.is_control()).take(LINE_MAX_CHARS).collect::<String>()
    };
    Some(line(&err)).filter(|line| !line.is_empty()).unwrap_or_else(|| line(&out))
}

/// Reads to the end, so that nobody waits for a full pipe, and keeps the beginning.
async fn beginning(from: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; KEPT_BYTES]);
    let Some(mut from) = from else { return kept };
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let room = KEPT_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(piece.get(..read.min(room)).unwrap_or_default());
    }
    kept
}

fn failed(status: ExitStatus, said: &str) -> String {
    match status.code() {
        Some(code) => format!("it ended with exit code {code}{}", quoted(said)),
        None => format!("a signal ended it{}", quoted(said)),
    }
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" and said: {said}") }
}
