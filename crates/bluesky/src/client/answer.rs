use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::xrpc::{CallError, Response, ResponseHeaders};

/// What a server answered: its JSON, which this dereferences to (`answer["handle"]`), and how it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The body. Null where there is none, or where it is no JSON: see [`Answer::bytes`].
    pub json: Value,
    /// The HTTP side of it.
    pub http: HttpFacts,
    bytes: Bytes,
}

/// How an answer came.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpFacts {
    /// The status code.
    pub status: u16,
    /// The headers that a client acts on, rate limits among them.
    pub headers: ResponseHeaders,
    /// From the start of the request to the last byte of the answer; of one try, not of all.
    pub duration: Duration,
    /// Where the answer came from.
    pub url: Url,
    /// The row of the call log.
    pub call: Option<Arc<str>>,
}

impl HttpFacts {
    pub(super) fn of(response: &Response) -> Self {
        Self {
            status: response.status.as_u16(),
            headers: response.headers.clone(),
            duration: response.duration,
            url: response.url.clone(),
            call: response.call.clone(),
        }
    }
}

impl Answer {
    /// # Errors
    /// [`CallError::Malformed`] where the server says that it is JSON and it is not.
    pub(super) fn of(response: Response) -> Result<Self, CallError> {
        let kind = response.headers.content_type.as_deref().unwrap_or("application/json");
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let json = if is_json && !response.body.is_empty() { response.json()? } else { Value::Null };
        Ok(Self { json, http: HttpFacts::of(&response), bytes: response.body })
    }

    /// The body as it came, which may be something else than JSON: a picture, a CAR file.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON as a type of your own.
    ///
    /// # Errors
    /// If it has another shape; the message names the place.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.json)
    }
}

impl Deref for Answer {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.json
    }
}
