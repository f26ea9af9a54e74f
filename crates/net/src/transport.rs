//! What carries a request that the guard has let pass: sockets, or a whole network within this process.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, ResponseBuilderExt, StatusCode};
use url::Url;

use crate::call::{Body, Call};
use crate::guard::Reach;

use crate::config::BuildError;
use crate::error::NetError;

/// Carries requests. Never sends one twice, follows no redirect, and asks no guard: that is done before.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the head of its answer, within [`Hop::timeout`]. Any status is an answer.
    ///
    /// # Errors
    /// [`NetError::NotSent`] where it provably never left, [`NetError::Unknown`] where it may have arrived.
    async fn carry(&self, hop: Hop<'_>) -> Result<Answer, NetError>;

    /// Makes ready what it needs, where that is not done yet.
    ///
    /// # Errors
    /// Where it can carry nothing.
    fn ready(&self) -> Result<(), BuildError> {
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::TryStreamExt as _;
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::Http;

    struct Echo;

    #[async_trait]
    impl Transport for Echo {
        async fn carry(&self, hop: Hop<'_>) -> Result<Answer, NetError> {
            let body = hop.body().cloned().unwrap_or_default();
            Ok(Answer::of(hop.url().clone(), 418, hop.headers().clone(), body).unwrap())
        }
    }

    #[tokio::test]
    async fn what_the_guard_lets_pass_is_carried_and_nothing_else() {
        let http = Http::over(Arc::new(Echo)).unwrap();
        let url: Url = "http://localhost:7/xrpc/a.b.c".parse().unwrap();
        let call = || {
            let kind = HeaderValue::from_static("text/plain");
            Call::post(url.clone(), kind, Bytes::from_static(b"honk"), Duration::from_secs(1))
        };
        let refused = http.fetch(call(), 10).await.unwrap_err();
        assert!(matches!(refused, NetError::Refused { .. }), "{refused}");
        let answer = http.allowing(&url).fetch(call(), 10).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.as_ref(), &answer.url), (418, &b"honk"[..], &url));
        assert_eq!(answer.headers["content-type"], "text/plain");
        assert!(http.allowing(&url).fetch(call(), 3).await.is_err(), "the bound holds here too");
        let pieces = http.allowing(&url).send(&call()).await.unwrap().pieces();
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), b"honk");
        assert!(Answer::of(url, 7, HeaderMap::new(), Bytes::new()).is_none());
    }
}
