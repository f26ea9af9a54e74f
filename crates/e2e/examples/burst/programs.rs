//! The programs of a run: they are started, waited for by what they say, and end with this one.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::Failed;
use crate::cost::Processes;

/// A worker may take so long until it is ready: a thousand accounts log in first.
const READY: Duration = Duration::from_mins(3);
/// And so long until it has ended.
const END: Duration = Duration::from_secs(5);

/// How a program is told to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Signal,
    /// Its standard input is closed.
    Input,
}

/// A program that was started. One that is dropped is killed.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
    ending: Ending,
}

impl Program {
    pub(crate) fn start(mut command: Command, ending: Ending) -> Result<Self, Failed> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let said = child.stdout.take().ok_or("it has no standard output")?;
        Ok(Self { child, input, said: BufReader::new(said).lines(), ending })
    }

    /// The first line that is meant.
    pub(crate) async fn says(&mut self, is_meant: impl Fn(&str) -> bool) -> Result<String, Failed> {
        let meant = timeout(READY, async {
            while let Some(line) = self.said.next_line().await? {
                if is_meant(&line) {
                    return Ok(line);
                }
            }
            Err(Failed::from("a worker or the stub ended too early"))
        });
        meant.await.map_err(|_| format!("a worker is not ready within {} s", READY.as_secs()))?
    }

    pub(crate) fn pid(&self) -> Result<u32, Failed> {
        self.child.id().ok_or_else(|| "a worker ended too early".into())
    }

    /// Tells it to end; what does not end is killed, with all its processes.
    pub(crate) async fn end(mut self) -> Result<(), Failed> {
        let pid = self.pid()?;
        let family = Processes::read()?.family(&[pid]);
        drop(self.input.take());
        if self.ending == Ending::Signal {
            kill(pid, Signal::TERM);
        }
        if timeout(END, self.child.wait()).await.is_err() {
            for pid in family {
                kill(pid, Signal::KILL);
            }
            self.child.wait().await?;
        }
        Ok(())
    }
}

fn kill(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended meanwhile.
        kill_process(pid, signal).ok();
    }
}

/// Runs a command to its end.
pub(crate) async fn run(mut command: Command) -> Result<(), Failed> {
    let shown = format!("{command:?}");
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).status().await?;
    if status.success() { Ok(()) } else { Err(format!("{shown} failed ({status})").into()) }
}

/// What a server on this machine answers: its body.
pub(crate) async fn get(host: &str, path: &str) -> Result<Vec<u8>, Failed> {
    let mut connection = TcpStream::connect(host).await?;
    connection.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    let end =
        answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("the stub's answer has no end of its head")?;
    Ok(answer.split_off(end + 4))
}
