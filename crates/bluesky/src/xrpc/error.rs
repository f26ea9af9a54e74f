//! How a call can fail, sorted by what is known about the server having acted on it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use skein_net::{NetError, StatusCode};
use thiserror::Error;

use super::response::Response;
use crate::budget::{NotReserved, Shortage};
use crate::journal::JournalError;

/// The longest text of a server that an error repeats, in characters.
const MAX_TEXT_CHARS: usize = 300;

/// A call without a usable success.
#[derive(Debug, Error)]
pub enum CallError {
    /// The request provably never left this machine: it is safe to send it again.
    #[error("{error}")]
    NotSent {
        /// What stood in the way.
        #[source]
        error: NetError,
        /// The row of the call log.
        call: Option<Arc<str>>,
    },
    /// The budget of the account or of the host does not hold it now, or never will. Nothing was sent.
    #[error("{0}")]
    RateLimitExceeded(Box<Shortage>),
    /// What it costs could not be counted. Nothing was sent.
    #[error("{0}; nothing was sent")]
    NotCounted(JournalError),
    /// The request may have arrived and may have been acted upon.
    #[error("{error}")]
    Unknown {
        /// What broke.
        #[source]
        error: NetError,
        /// The row of the call log.
        call: Option<Arc<str>>,
    },
    /// The server answered with something other than success, a redirect included.
    #[error("{0}")]
    Answer(Box<ErrorAnswer>),
    /// The server answered with success, in a form that cannot be understood. A write has most likely happened.
    #[error("{target} answered {status} with a body that cannot be understood: {reason}")]
    Malformed {
        /// The HTTP status.
        status: StatusCode,
        /// Host and path that answered.
        target: String,
        /// What was expected.
        reason: String,
        /// The row of the call log.
        call: Option<Arc<str>>,
    },
}

/// An answer that is not a success.
#[derive(Clone, Debug)]
pub struct ErrorAnswer {
    /// The protocol's name of the error, if the body was JSON and named one: `ExpiredToken`, `InvalidSwap` …
    pub error: Option<String>,
    /// The server's words, bounded; the start of the body if it was not JSON.
    pub message: Option<String>,
    /// The whole answer, with its rate limit headers.
    pub response: Response,
}

impl CallError {
    /// The answer, if the server gave one that is not a success.
    pub fn answer(&self) -> Option<&ErrorAnswer> {
        match self {
            Self::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    /// Whether the server answered with an error of this name.
    pub fn is_named(&self, name: &str) -> bool {
        self.answer().is_some_and(|answer| answer.error.as_deref() == Some(name))
    }

    /// Whether trying the same call later may go better: network trouble, a 5xx, or the rate limit.
    /// It does *not* mean that trying again is safe: see [`CallError::provably_not_sent`].
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotSent { error, .. } => !matches!(error, NetError::BadUrl { .. } | NetError::Refused { .. }),
            Self::Unknown { error, .. } => !matches!(error, NetError::Refused { .. } | NetError::TooLarge { .. }),
            Self::Answer(answer) => {
                let status = answer.response.status;
                // An answer without a name is not the voice of a PDS but of something in between, which may be gone soon.
                answer.error.is_none()
                    || status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT
            }
            Self::RateLimitExceeded(shortage) => shortage.fits_at.is_some(),
            Self::Malformed { .. } | Self::NotCounted(_) => true,
        }
    }

    /// When it may succeed, if the rate limit is in the way: one that was found out here, or the server's. `None` for every
    /// other failure, and for what will never fit.
    pub fn limited_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::RateLimitExceeded(shortage) => shortage.fits_at,
            Self::Answer(answer) if answer.response.status == StatusCode::TOO_MANY_REQUESTS => {
                Some(answer.response.headers.retry_at(now))
            }
            _ => None,
        }
    }

    /// True only if it is certain that no server has seen the request.
    pub fn provably_not_sent(&self) -> bool {
        matches!(self, Self::NotSent { .. } | Self::RateLimitExceeded(_) | Self::NotCounted(_))
    }
}

impl CallError {
    /// The row of the call log that tells more, where a log is kept.
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::NotSent { call, .. } | Self::Unknown { call, .. } | Self::Malformed { call, .. } => call.as_deref(),
            Self::Answer(answer) => answer.response.call.as_deref(),
            Self::RateLimitExceeded(_) | Self::NotCounted(_) => None,
        }
    }

    pub(super) fn of_net(error: NetError, call: Option<Arc<str>>) -> Self {
        if error.provably_not_sent() { Self::NotSent { error, call } } else { Self::Unknown { error, call } }
    }
}

impl From<NotReserved> for CallError {
    fn from(error: NotReserved) -> Self {
        match error {
            NotReserved::Short(shortage) => Self::RateLimitExceeded(shortage),
            NotReserved::Journal(error) => Self::NotCounted(error),
        }
    }
}

impl ErrorAnswer {
    pub(super) fn of(response: Response) -> Self {
        let (error, message) = error_of(&response.body);
        Self { error, message, response }
    }
}

/// Name and words of an error, out of a body that may be JSON, HTML or nothing.
pub(crate) fn error_of(body: &[u8]) -> (Option<String>, Option<String>) {
    #[derive(Deserialize)]
    struct Body {
        error: Option<String>,
        message: Option<String>,
    }
    let (error, message) = match serde_json::from_slice::<Body>(body) {
        Ok(Body { error, message }) => {
            let error = error.filter(|name| !name.trim().is_empty());
            (error.as_deref().map(bounded), message.as_deref().map(bounded))
        }
        Err(_) => (None, None),
    };
    let start = || {
        let text = bounded(&String::from_utf8_lossy(&body[..body.len().min(4 * MAX_TEXT_CHARS)]));
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let message = if error.is_none() { message.or_else(start) } else { message };
    (error, message)
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.response.url;
        write!(f, "{}{} answered {}", url.host_str().unwrap_or_default(), url.path(), self.response.status)?;
        match (&self.error, &self.message) {
            (Some(error), Some(message)) => write!(f, ": {error}: {message}"),
            (Some(text), None) | (None, Some(text)) => write!(f, ": {text}"),
            (None, None) => Ok(()),
        }
    }
}

pub(crate) fn bounded(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT_CHARS).collect()
}
