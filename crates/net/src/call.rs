//! One request, with its bounds.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::file_body::FileBody;

/// How many redirects a `GET` or `HEAD` follows.
pub const MAX_REDIRECTS: u8 = 5;

/// A request to make. It always has a time-out, and only `GET` and `HEAD` ever follow redirects.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    pub(crate) timeout: Duration,
    pub(crate) max_redirects: u8,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Bytes(Bytes),
    File(FileBody),
}

impl Body {
    pub(crate) fn length_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.length_bytes(),
        }
    }

    /// What can be looked at without reading it again.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::File(_) => None,
        }
    }
}

impl Call {
    /// A read that follows up to [`MAX_REDIRECTS`] redirects. `timeout` covers everything up to the answer's last byte.
    pub fn get(url: Url, timeout: Duration) -> Self {
        Self::of(Method::GET, url, None, timeout, MAX_REDIRECTS)
    }

    /// A write of exactly these bytes, sent at most once. A redirect is an answer like any other.
    pub fn post(url: Url, content_type: HeaderValue, body: Bytes, timeout: Duration) -> Self {
        Self::of(Method::POST, url, Some(Body::Bytes(body)), timeout, 0).header(CONTENT_TYPE, content_type)
    }

    /// A write of a part of a file with its exact length announced, read while it is sent, and sent at most once.
    pub fn post_file(url: Url, content_type: HeaderValue, file: FileBody, timeout: Duration) -> Self {
        let length = HeaderValue::from(file.length_bytes());
        Self::of(Method::POST, url, Some(Body::File(file)), timeout, 0)
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_LENGTH, length)
    }

    /// Any method; it follows no redirects.
    pub fn with_method(method: Method, url: Url, body: Option<Bytes>, timeout: Duration) -> Self {
        Self::of(method, url, body.map(Body::Bytes), timeout, 0)
    }

    fn of(method: Method, url: Url, body: Option<Body>, timeout: Duration, max_redirects: u8) -> Self {
        Self { method, url, headers: HeaderMap::new(), body, timeout, max_redirects }
    }

    /// Sets a header. Mark secrets with [`HeaderValue::set_sensitive`].
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Where the request goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Takes redirects as answers instead of following them.
    pub fn without_redirects(mut self) -> Self {
        self.max_redirects = 0;
        self
    }

    pub(crate) fn follows_redirects(&self) -> bool {
        self.max_redirects > 0 && matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The same request to another place. What was meant for the first origin (tokens, cookies) stays with it.
    pub(crate) fn redirected_to(mut self, url: Url) -> Self {
        if url.origin() != self.url.origin() {
            let accept = self.headers.remove(ACCEPT);
            self.headers.clear();
            if let Some(accept) = accept {
                self.headers.insert(ACCEPT, accept);
            }
        }
        self.url = url;
        self
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("target", &crate::guard::describe(&self.url))
            .field("body_bytes", &self.body.as_ref().map(Body::length_bytes))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
