//! The answer to a request, read within a bound.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, try_unfold};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use url::Url;

use crate::error::NetError;
use crate::guard::describe;

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub struct Received {
    pub(crate) response: reqwest::Response,
    pub(crate) started: Instant,
}

/// A complete answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The HTTP status: any, not only success.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// Where the answer came from, after redirects.
    pub url: Url,
    /// The body, decompressed; empty where it was written to a file.
    pub body: Bytes,
    /// How long the body is, also where it was written to a file.
    pub body_bytes: u64,
    /// From the start of the request to the last byte.
    pub duration: Duration,
}

impl Received {
    /// The HTTP status: any, not only success.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The answer's headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Where the answer came from, after redirects.
    pub fn url(&self) -> &Url {
        self.response.url()
    }

    /// The body as it comes, after decompression. Whoever reads it sees to its bound; the time of the request holds.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes, NetError>> + Send + 'static {
        let target = describe(self.response.url());
        try_unfold((self.response, target), |(mut response, target)| async move {
            let piece = response.chunk().await.map_err(|error| NetError::of_body(&error, &target))?;
            Ok(piece.map(|piece| (piece, (response, target))))
        })
    }

    /// Reads the whole body, at most `max_bytes` after decompression, whatever `Content-Length` says.
    ///
    /// Fails with [`NetError::TooLarge`] at the first byte over the bound, and with [`NetError::Unknown`] if the rest of the
    /// answer does not come within the request's time.
    pub async fn read_bounded(self, max_bytes: usize) -> Result<Fetched, NetError> {
        let Self { mut response, started } = self;
        let url = response.url().clone();
        let too_large = || NetError::TooLarge { target: describe(&url), limit_bytes: max_bytes };
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > max_bytes {
            return Err(too_large());
        }
        let mut body = BytesMut::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| NetError::of_body(&error, &describe(&url)))? {
            if body.len() + chunk.len() > max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(fetched(response, started, body.freeze(), None))
    }

    /// Writes the whole body to a file, at most `max_bytes` after decompression, and holds no more than a piece of it in memory.
    ///
    /// Fails like [`Received::read_bounded`], and with [`NetError::File`] if the file cannot be written.
    pub async fn write_bounded(self, file: &Path, max_bytes: u64) -> Result<Fetched, NetError> {
        let Self { mut response, started } = self;
        let target = describe(response.url());
        let limit_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let too_large = || NetError::TooLarge { target: target.clone(), limit_bytes };
        if response.content_length().is_some_and(|announced| announced > max_bytes) {
            return Err(too_large());
        }
        let unwritten = |error: io::Error| NetError::File { detail: error.to_string() };
        let mut to = File::create(file).await.map_err(unwritten)?;
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.map_err(|error| NetError::of_body(&error, &target))? {
            length += chunk.len() as u64;
            if length > max_bytes {
                return Err(too_large());
            }
            to.write_all(&chunk).await.map_err(unwritten)?;
        }
        to.flush().await.map_err(unwritten)?;
        Ok(fetched(response, started, Bytes::new(), Some(length)))
    }
}

fn fetched(mut response: reqwest::Response, started: Instant, body: Bytes, written: Option<u64>) -> Fetched {
    Fetched {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        url: response.url().clone(),
        body_bytes: written.unwrap_or(body.len() as u64),
        body,
        duration: started.elapsed(),
    }
}
