//! What can go wrong with a request, sorted by whether it may have arrived.

use std::error::Error as StdError;
use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use crate::names::ResolveFailure;

/// The longest technical detail that an error carries, in characters.
const MAX_DETAIL_CHARS: usize = 300;

/// A request without a complete answer.
///
/// The distinction that matters is [`NetError::provably_not_sent`]: a write that may have arrived must never be sent
/// again blindly. In doubt an error is [`NetError::Unknown`]. Targets are named without their query.
#[derive(Debug, Error)]
pub enum NetError {
    /// The URL is not one that can be asked: no http or https, no host, or a password in it. Nothing was sent.
    #[error("{target} cannot be fetched: {reason}")]
    BadUrl {
        /// The URL without user, password and query.
        target: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The guard kept the request away from a private address or from plain http.
    #[error("{}", refused_text(host, *port, refusal, redirected_from.as_deref()))]
    Refused {
        /// The host that was to be asked.
        host: String,
        /// The port that was to be asked.
        port: u16,
        /// Why.
        refusal: Refusal,
        /// The page that redirected there, which *was* asked.
        redirected_from: Option<String>,
    },
    /// The request provably never left: nothing reached the server's application.
    #[error("{target} could not be reached ({cause}): {detail}; nothing was sent")]
    NotSent {
        /// The URL without its query, or the DNS name.
        target: String,
        /// Which step failed.
        cause: NotSentCause,
        /// The technical reason.
        detail: String,
    },
    /// Some of the request may have arrived, and may have been acted upon.
    #[error("{target} gave no complete answer ({cause}): {detail}; whether it acted on the request is not known")]
    Unknown {
        /// The URL without its query.
        target: String,
        /// How it broke.
        cause: UnknownCause,
        /// The technical reason.
        detail: String,
    },
    /// The answer is larger than the caller is willing to read. The request did arrive.
    #[error("{target} answered with more than the {limit_bytes} bytes that are accepted here")]
    TooLarge {
        /// The URL without its query.
        target: String,
        /// The bound that was exceeded.
        limit_bytes: usize,
    },
    /// The answer came, and the file that it was to be written to could not be. The request did arrive.
    #[error("the answer could not be written to a file: {detail}")]
    File {
        /// The technical reason.
        detail: String,
    },
    /// A chain of redirects that does not end in time, or leads nowhere.
    #[error("{target} redirects without end: {limit} redirects were followed")]
    TooManyRedirects {
        /// The URL of the last redirect, without its query.
        target: String,
        /// How many are followed.
        limit: u8,
    },
}

/// Why the guard refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The host is, or resolves only to, an address that is not on the public internet.
    NotPublic {
        /// The first such address.
        address: IpAddr,
        /// What kind of address that is, e.g. `loopback`.
        kind: &'static str,
    },
    /// Plain http, to a host that was not named as allowed.
    PlainHttp,
    /// Plain http where private hosts are allowed, to a host that turned out to be public.
    PlainHttpToPublic {
        /// The first public address.
        address: IpAddr,
    },
}

/// The step at which a request failed before anything left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSentCause {
    /// The name could not be looked up.
    Dns,
    /// TCP or TLS could not be established: refused, unreachable, bad certificate.
    Connect,
    /// TCP and TLS took longer than the connect time-out.
    ConnectTimeout,
}

/// How a request failed after it may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownCause {
    /// No complete answer within the request's time.
    Timeout,
    /// The connection broke, or what came back is no HTTP.
    Broken,
}

/// One request of a chain of redirects, as errors name it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The URL without its query.
    pub(crate) target: String,
    pub(crate) port: u16,
    /// The page that sent us here, without its query.
    pub(crate) redirected_from: Option<String>,
}

impl NetError {
    /// True only if it is certain that no server has seen the request.
    pub fn provably_not_sent(&self) -> bool {
        match self {
            Self::BadUrl { .. } | Self::NotSent { .. } => true,
            Self::Refused { redirected_from, .. } => redirected_from.is_none(),
            Self::Unknown { .. } | Self::TooLarge { .. } | Self::File { .. } | Self::TooManyRedirects { .. } => false,
        }
    }

    /// A stable name, for logs and programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Refused { .. } => "refused_here",
            Self::NotSent { .. } => "not_sent",
            Self::Unknown { .. } => "no_answer",
            Self::TooLarge { .. } => "answer_too_large",
            Self::File { .. } => "answer_not_written",
            Self::TooManyRedirects { .. } => "too_many_redirects",
        }
    }

    /// Sorts an error that came before the answer's first byte.
    pub(crate) fn of_request(error: &reqwest::Error, asked: &Asked) -> Self {
        let Asked { target, redirected_from, .. } = asked;
        if let Some(failure) = ResolveFailure::within(error) {
            return failure.to_error(asked);
        }
        if error.is_builder() {
            return Self::BadUrl { target: target.clone(), reason: detail_of(error) };
        }
        // hyper-util gives its errors the kind `Connect` only while a connection is established (name, TCP, TLS), before a
        // request is handed to it. Everything else, even an HTTP/2 handshake that failed, counts as "may have left".
        if error.is_connect() {
            let cause = if error.is_timeout() { NotSentCause::ConnectTimeout } else { NotSentCause::Connect };
            return Self::not_sent(target, cause, detail_of(error), redirected_from.as_deref());
        }
        Self::of_body(error, target)
    }

    /// Sorts an error while the answer's body was read.
    pub(crate) fn of_body(error: &reqwest::Error, target: &str) -> Self {
        let cause = if error.is_timeout() { UnknownCause::Timeout } else { UnknownCause::Broken };
        Self::Unknown { target: target.to_owned(), cause, detail: detail_of(error) }
    }

    /// After a redirect something *was* sent, so it is no longer "provably not".
    pub(crate) fn not_sent(target: &str, cause: NotSentCause, detail: String, redirected_from: Option<&str>) -> Self {
        match redirected_from {
            None => Self::NotSent { target: target.to_owned(), cause, detail },
            Some(from) => Self::Unknown {
                target: target.to_owned(),
                cause: UnknownCause::Broken,
                detail: format!("{from} redirects there, and it could not be reached ({cause}): {detail}"),
            },
        }
    }
}

/// The innermost cause on one bounded line: what is around it names the layers of the client, which helps nobody. Without the
/// URL, whose query may hold what nobody should read in a log.
pub(crate) fn detail_of(error: &reqwest::Error) -> String {
    let mut innermost = error.source();
    while let Some(deeper) = innermost.and_then(StdError::source) {
        innermost = Some(deeper);
    }
    bounded(&innermost.map_or_else(|| "the request failed".to_owned(), ToString::to_string))
}

pub(crate) fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_DETAIL_CHARS).collect()
}

fn refused_text(host: &str, port: u16, refusal: &Refusal, redirected_from: Option<&str>) -> String {
    let what = match refusal {
        Refusal::NotPublic { address, kind } => {
            format!("{host}:{port} was not asked: {address} is a {kind} address, not one of the public internet")
        }
        Refusal::PlainHttp => {
            format!("{host}:{port} was not asked: plain http is only used for hosts that were named as allowed")
        }
        Refusal::PlainHttpToPublic { address } => {
            format!("{host}:{port} was not asked: plain http is not used on the public internet ({address})")
        }
    };
    let whence = redirected_from.map(|from| format!(" ({from} redirects there)")).unwrap_or_default();
    format!("{what}{whence}; if you trust it, allow it with SKEIN_ALLOW_PRIVATE={host}:{port}")
}

impl fmt::Display for NotSentCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "name not resolved",
            Self::Connect => "no connection",
            Self::ConnectTimeout => "connecting took too long",
        })
    }
}

impl fmt::Display for UnknownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "time-out",
            Self::Broken => "connection broken",
        })
    }
}
