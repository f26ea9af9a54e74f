//! `--fix`: has ffmpeg encode a video again so that it can be posted, and looks at what came out.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use skein_media::video::ffmpeg::{COMMAND, Encoded, ProgressReader, arguments};
use skein_media::video::{VideoBounds, VideoInfo, VideoRefusal, probe};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

/// How long encoding may take, unless set otherwise: ten minutes of film on a slow machine.
pub const FIX_TIMEOUT_MS: u64 = 60 * 60_000;
/// What is kept of ffmpeg's complaints: their end.
const SAID_MAX_BYTES: usize = 2_000;

/// Which ffmpeg, and how long it may take.
#[derive(Clone, Debug)]
pub struct Encoder {
    /// The program: a name that is looked up in `PATH`, or a path.
    pub program: PathBuf,
    /// After this time it is ended.
    pub timeout: Duration,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { program: "ffmpeg".into(), timeout: Duration::from_millis(FIX_TIMEOUT_MS) }
    }
}

/// A video that was not encoded again. Nothing is left behind.
#[derive(Debug, Error)]
pub enum FixError {
    /// There is no such program.
    #[error(
        "{program} was not found, and encoding a video again needs it: install ffmpeg (on Debian: apt-get install ffmpeg), or run elsewhere: {COMMAND}"
    )]
    Missing {
        /// What was looked for.
        program: String,
    },
    /// The program could not be started, or talked to.
    #[error("ffmpeg could not be run: {0}")]
    Run(io::Error),
    /// It ended with an error.
    #[error("ffmpeg could not encode the video ({status}): {said}")]
    Failed {
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// It took too long.
    #[error("ffmpeg was ended after {} s without being done; cut the video, or encode it elsewhere: {COMMAND}", .0.as_secs())]
    TooSlow(Duration),
    /// Somebody wanted to stop.
    #[error("encoding was stopped")]
    Canceled,
    /// What came out cannot be posted either.
    #[error("the video was encoded again, and still cannot be posted: {0}")]
    StillRefused(VideoRefusal),
    /// The result could not be put where it belongs.
    #[error("the encoded video could not be written: {0}")]
    Write(io::Error),
}

/// Encodes `input` again and puts the result at `output`, which is there only once it is whole and was found fit to be posted.
/// `duration_ms` is how long the input plays, where that is known; `percent` is told how far it is. Cancelling ends ffmpeg.
///
/// # Errors
/// [`FixError`]; nothing is left behind.
pub async fn fix(
    encoder: &Encoder,
    (input, output): (&Path, &Path),
    duration_ms: Option<u64>,
    cancel: &CancellationToken,
    percent: &mut (dyn FnMut(u8) + Send),
) -> Result<VideoInfo, FixError> {
    let mut unfinished = output.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let done = encode(encoder, (input, &unfinished), duration_ms, cancel, percent).await;
    let checked = match done {
        Ok(()) => check(unfinished.clone()).await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(info) => {
            tokio::fs::rename(&unfinished, output).await.map_err(FixError::Write)?;
            Ok(info)
        }
        Err(error) => {
            if let Err(left) = tokio::fs::remove_file(&unfinished).await
                && left.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(error = %left, "an unfinished video could not be removed");
            }
            Err(error)
        }
    }
}

async fn encode(
    encoder: &Encoder,
    (input, output): (&Path, &Path),
    duration_ms: Option<u64>,
    cancel: &CancellationToken,
    percent: &mut (dyn FnMut(u8) + Send),
) -> Result<(), FixError> {
    let (mut child, stdout, stderr) = start(encoder, input, output, duration_ms)?;
    let said = tokio::spawn(end_of(stderr));
    let mut reader = ProgressReader::default();
    let mut lines = BufReader::new(stdout).lines();
    let follow = follow(&mut lines, |step| percent(step.percent(duration_ms.unwrap_or(0))), &mut reader);
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(FixError::Canceled),
        () = tokio::time::sleep(encoder.timeout) => Err(FixError::TooSlow(encoder.timeout)),
        followed = follow => followed.map_err(FixError::Run),
    };
    if let Err(error) = ended {
        child.kill().await.map_err(FixError::Run)?;
        return Err(error);
    }
    let status = child.wait().await.map_err(FixError::Run)?;
    if status.success() {
        return Ok(());
    }
    let said = said.await.unwrap_or_default();
    let said = if said.is_empty() { "it gives no reason".to_owned() } else { said };
    Err(FixError::Failed { status: status.to_string(), said })
}

fn start(
    encoder: &Encoder,
    input: &Path,
    output: &Path,
    duration_ms: Option<u64>,
) -> Result<(Child, ChildStdout, ChildStderr), FixError> {
    let mut command = Command::new(&encoder.program);
    command.args(arguments(input, output, duration_ms, &VideoBounds::POST));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FixError::Missing { program: encoder.program.display().to_string() },
        _ => FixError::Run(error),
    })?;
    let pipes = child.stdout.take().zip(child.stderr.take());
    let (stdout, stderr) = pipes.ok_or_else(|| FixError::Run(io::ErrorKind::BrokenPipe.into()))?;
    Ok((child, stdout, stderr))
}

async fn follow(
    lines: &mut Lines<BufReader<ChildStdout>>,
    mut tell: impl FnMut(Encoded) + Send,
    reader: &mut ProgressReader,
) -> io::Result<()> {
    while let Some(line) = lines.next_line().await? {
        if let Some(step) = reader.line(&line) {
            tell(step);
        }
    }
    Ok(())
}

/// Reads to the end, so that nobody waits for room, and keeps the end.
async fn end_of(mut stderr: ChildStderr) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut chunk = [0; SAID_MAX_BYTES];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(chunk.get(..count).unwrap_or_default());
        kept.drain(..kept.len().saturating_sub(SAID_MAX_BYTES));
    }
    String::from_utf8_lossy(&kept).split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn check(path: PathBuf) -> Result<VideoInfo, FixError> {
    let looked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path).map_err(FixError::Write)?;
        probe(file, &VideoBounds::POST).map_err(FixError::StillRefused)
    });
    looked.await.unwrap_or_else(|error| Err(FixError::Run(io::Error::other(error))))
}
