//! A body that is read from a file while it is sent, so that a film of any length takes no memory.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// What is read, and in memory, at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Told how many bytes of a body were handed to the connection so far. Called on the path of the request: it must not wait.
pub type Sent = Arc<dyn Fn(u64) + Send + Sync>;

/// A part of a file as the body of one request.
#[derive(Clone)]
pub struct FileBody {
    path: PathBuf,
    from: u64,
    length_bytes: u64,
    sent: Option<Sent>,
}

impl FileBody {
    /// `length_bytes` of a file, beginning at `from`. If the file turns out to be shorter, the request breaks off.
    pub fn part(path: impl Into<PathBuf>, from: u64, length_bytes: u64) -> Self {
        Self { path: path.into(), from, length_bytes, sent: None }
    }

    /// The same, telling how far it is.
    pub fn telling(mut self, sent: Sent) -> Self {
        self.sent = Some(sent);
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes are sent.
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// The bytes, read as they are asked for.
    pub(crate) fn stream(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let body = self.clone();
        let state = Reading { body, file: None, done: 0 };
        try_unfold(state, |mut reading| async move { Ok(reading.next().await?.map(|chunk| (chunk, reading))) })
    }
}

impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody")
            .field("from", &self.from)
            .field("length_bytes", &self.length_bytes)
            .finish_non_exhaustive()
    }
}

struct Reading {
    body: FileBody,
    file: Option<File>,
    done: u64,
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let left = self.body.length_bytes - self.done;
        if left == 0 {
            return Ok(None);
        }
        if self.file.is_none() {
            let mut file = File::open(&self.body.path).await?;
            file.seek(SeekFrom::Start(self.body.from)).await?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut chunk = vec![0; usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)];
        let count = file.read(&mut chunk).await?;
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the file became shorter: {left} bytes are missing"),
            ));
        }
        chunk.truncate(count);
        self.done += count as u64;
        if let Some(sent) = &self.body.sent {
            sent(self.done);
        }
        Ok(Some(chunk.into()))
    }
}
