//! What carries a request that the guard has let pass: sockets, or a whole network within this process.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, ResponseBuilderExt, StatusCode};
use url::Url;

use crate::call::{Body, Call};
use crate::guard::Reach;

use crate::error::NetError;

/// Carries requests. Never sends one twice, follows no redirect, and asks no guard: that is done before.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the head of its answer, within [`Hop::timeout`]. Any status is an answer.
    ///
    /// # Errors
    /// [`NetError::NotSent`] where it provably never left, [`NetError::Unknown`] where it may have arrived.
    async fn carry(&self, hop: Hop<'_>) -> Result<Answer, NetError>;
}

/// One request on its way to one place.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    pub(crate) call: &'a Call,
    pub(crate) left: Duration,
    pub(crate) reach: Reach,
    pub(crate) redirected_from: Option<&'a str>,
}

impl<'a> Hop<'a> {
    /// The method.
    pub fn method(&self) -> &'a Method {
        &self.call.method
    }

    /// Where it goes.
    pub fn url(&self) -> &'a Url {
        &self.call.url
    }

    /// Its headers.
    pub fn headers(&self) -> &'a HeaderMap {
        &self.call.headers
    }

    /// Its body; `None` where it has none, or reads it from a file.
    pub fn body(&self) -> Option<&'a Bytes> {
        match &self.call.body {
            Some(Body::Bytes(bytes)) => Some(bytes),
            Some(Body::File(_)) | None => None,
        }
    }

    /// How long the whole answer may take from now on.
    pub fn timeout(&self) -> Duration {
        self.left
    }
}

/// An answer as a transport hands it over: its head, and a body to be read.
#[derive(Debug)]
pub struct Answer(pub(crate) reqwest::Response);

impl Answer {
    /// A complete answer from this address; `None` for a status that HTTP does not have.
    pub fn of(url: Url, status: u16, headers: HeaderMap, body: Bytes) -> Option<Self> {
        let status = StatusCode::from_u16(status).ok()?;
        let mut answer = http::Response::builder().status(status).url(url).body(reqwest::Body::from(body)).ok()?;
        *answer.headers_mut() = headers;
        Some(Self(reqwest::Response::from(answer)))
    }
}
