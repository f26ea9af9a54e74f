//! The answer to a request, read within a bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
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
    /// The body, decompressed.
    pub body: Bytes,
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

    /// Reads the whole body, at most `max_bytes` after decompression, whatever `Content-Length` says.
    ///
    /// Fails with [`NetError::TooLarge`] at the first byte over the bound, and with [`NetError::Unknown`] if the rest of the
    /// answer does not come within the request's time.
    pub async fn read_bounded(self, max_bytes: usize) -> Result<Fetched, NetError> {
        let Self { mut response, started } = self;
        let target = describe(response.url());
        let too_large = || NetError::TooLarge { target: target.clone(), limit_bytes: max_bytes };
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > max_bytes {
            return Err(too_large());
        }
        let mut body = BytesMut::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| NetError::of_body(&error, &target))? {
            if body.len() + chunk.len() > max_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            url: response.url().clone(),
            body: body.freeze(),
            duration: started.elapsed(),
        })
    }
}
