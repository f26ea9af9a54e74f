//! `/sandbox/…`: orders to the sandbox itself from other processes. Everything that tests can do in code, over HTTP.

mod accounts;
mod faults;
mod limits;
mod records;

use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::http::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/sandbox/accounts", post(accounts::create))
        .route("/sandbox/account-state", post(accounts::set_state))
        .route("/sandbox/author-deletes", post(records::author_deletes))
        .route("/sandbox/record-takedowns", post(records::take_down))
        .route("/sandbox/limits", post(limits::set))
        .route("/sandbox/faults", get(faults::report).post(faults::order).delete(faults::clear))
        .route("/sandbox/held", get(faults::wait_until_held).delete(faults::discard))
        .route("/sandbox/release", post(faults::release))
}

/// An order that cannot be carried out.
pub(crate) struct Refused(StatusCode, String);

impl Refused {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": "InvalidRequest", "message": self.1}))).into_response()
    }
}

/// JSON whose faults are answered as JSON too.
pub(crate) struct Order<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Order<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let Json(order) = Json::from_request(request, state).await?;
        Ok(Self(order))
    }
}
