//! One request, with its bounds.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// How many redirects a `GET` or `HEAD` follows.
pub const MAX_REDIRECTS: u8 = 5;

/// A request to make. It always has a time-out, and only `GET` and `HEAD` ever follow redirects.
#[derive(Clone)]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) timeout: Duration,
    pub(crate) max_redirects: u8,
}

impl Call {
    /// A read that follows up to [`MAX_REDIRECTS`] redirects. `timeout` covers everything up to the answer's last byte.
    pub fn get(url: Url, timeout: Duration) -> Self {
        Self::of(Method::GET, url, None, timeout, MAX_REDIRECTS)
    }

    /// A write of exactly these bytes, sent at most once. A redirect is an answer like any other.
    pub fn post(url: Url, content_type: HeaderValue, body: Bytes, timeout: Duration) -> Self {
        Self::of(Method::POST, url, Some(body), timeout, 0).header(CONTENT_TYPE, content_type)
    }

    /// Any method; it follows no redirects.
    pub fn with_method(method: Method, url: Url, body: Option<Bytes>, timeout: Duration) -> Self {
        Self::of(method, url, body, timeout, 0)
    }

    fn of(method: Method, url: Url, body: Option<Bytes>, timeout: Duration, max_redirects: u8) -> Self {
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
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
