//! `GET /metrics`: the figures, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::door::Shared;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures. Also where the database is away, without those that only it knows.
pub(crate) async fn get(State(shared): State<Arc<Shared>>) -> Response {
    match shared.collected.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the figures could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
