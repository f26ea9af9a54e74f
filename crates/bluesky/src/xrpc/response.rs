//! A successful answer, with all that a call log wants to know.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use skein_net::{Fetched, StatusCode};
use url::Url;

use super::error::CallError;
use super::headers::ResponseHeaders;

/// A complete answer. Its Debug form leaves the body out, since that may hold tokens.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers that matter.
    pub headers: ResponseHeaders,
    /// The body, decompressed.
    pub body: Bytes,
    /// Where the answer came from.
    pub url: Url,
    /// From the start of the request to the last byte of the answer.
    pub duration: Duration,
    /// The row of the call log, where a log is kept.
    pub call: Option<Arc<str>>,
}

impl Response {
    pub(super) fn of(fetched: Fetched, call: Option<Arc<str>>) -> Self {
        Self {
            status: fetched.status,
            headers: ResponseHeaders::read(&fetched.headers),
            body: fetched.body,
            url: fetched.url,
            duration: fetched.duration,
            call,
        }
    }

    /// Reads the body as JSON of the expected shape; [`CallError::Malformed`] otherwise.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        // serde's message names the place and the expected type, and quotes scalar values only: it is bounded, not trusted.
        serde_json::from_slice(&self.body).map_err(|error| self.malformed(&error.to_string()))
    }

    pub(crate) fn malformed(&self, reason: &str) -> CallError {
        CallError::Malformed {
            status: self.status,
            target: format!("{}{}", self.url.host_str().unwrap_or_default(), self.url.path()),
            reason: super::error::bounded(reason),
            call: self.call.clone(),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("url", &self.url.as_str())
            .field("body_bytes", &self.body.len())
            .field("duration", &self.duration)
            .field("call", &self.call)
            .finish()
    }
}
