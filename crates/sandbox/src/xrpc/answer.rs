use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;

use super::Refusal;
use crate::network::BudgetStanding;

/// What stands in an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    /// Bytes with their media type.
    Bytes(String, Bytes),
}

/// An answer before it becomes HTTP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) const fn new(status: u16, body: Body) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(crate) const fn json(value: Value) -> Self {
        Self::new(200, Body::Json(value))
    }

    pub(crate) const fn empty() -> Self {
        Self::new(200, Body::Empty)
    }

    pub(crate) fn with_header(mut self, header: (&'static str, String)) -> Self {
        self.headers.push(header);
        self
    }

    /// Adds the `RateLimit-*` headers; the reset is in Unix seconds.
    pub(crate) fn with_standing(self, standing: Option<BudgetStanding>) -> Self {
        let Some(standing) = standing else { return self };
        self.with_header(("ratelimit-limit", standing.limit.to_string()))
            .with_header(("ratelimit-remaining", standing.remaining.to_string()))
            .with_header(("ratelimit-reset", standing.reset_at.to_string()))
            .with_header(("ratelimit-policy", format!("{};w={}", standing.limit, standing.seconds)))
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, Body::Json(refusal.to_json()))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (media_type, bytes) = match self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(value) => (Some("application/json; charset=utf-8".to_owned()), value.to_string().into()),
            Body::Bytes(media_type, bytes) => (Some(media_type), bytes),
        };
        let mut response = bytes.into_response();
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if let Some(value) = media_type.and_then(|media_type| HeaderValue::from_str(&media_type).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
