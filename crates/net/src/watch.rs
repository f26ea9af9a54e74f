//! Watching: whoever keeps a log of requests sees each one that left, once it is over.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use crate::call::{Body, Call};
use crate::error::NetError;
use crate::received::Fetched;

/// On whose behalf requests are made. For logs alone: nothing of it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The account, by its identity.
    pub account: Option<Arc<str>>,
    /// The piece of work, such as the id of a delivery.
    pub work: Option<Arc<str>>,
    /// How often the same request was made before.
    pub retries: u32,
    /// What was reserved for it of a budget, by the name of the reservation.
    pub reservation: Option<Arc<str>>,
}

/// A request that is over: answered, broken, or refused before it left.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// For whom it was made.
    pub label: &'a Label,
    /// `GET`, `POST` …
    pub method: &'a str,
    /// Where it went at first; a redirect may have led elsewhere.
    pub url: &'a Url,
    /// Its headers. Secrets among them are marked as sensitive.
    pub headers: &'a HeaderMap,
    /// Its body, unless that was read from a file.
    pub body: Option<&'a [u8]>,
    /// How long its body is.
    pub body_bytes: u64,
    /// From the start to the last byte of the answer, or to the failure.
    pub duration: Duration,
    /// What became of it.
    pub outcome: Result<&'a Fetched, &'a NetError>,
}

/// Sees every exchange. Called on the path of the request, so it must not wait for anything.
pub trait Watcher: Send + Sync {
    /// Notes an exchange and returns the id under which it can be found, if it is kept at all.
    fn saw(&self, exchange: &Exchange<'_>) -> Option<Arc<str>>;
}

impl<'a> Exchange<'a> {
    pub(crate) fn of(
        label: &'a Label,
        call: &'a Call,
        duration: Duration,
        outcome: Result<&'a Fetched, &'a NetError>,
    ) -> Self {
        Self {
            label,
            method: call.method.as_str(),
            url: &call.url,
            headers: &call.headers,
            body: call.body.as_ref().and_then(Body::in_memory),
            body_bytes: call.body.as_ref().map_or(0, Body::length_bytes),
            duration,
            outcome,
        }
    }
}
