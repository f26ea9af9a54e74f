//! `GET /readyz`: 200 while the process does its work, else 503; what was looked at as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::door::Shared;
use crate::ready::Readiness;

/// The checks, each with what is wrong and since when.
pub(crate) async fn get(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<Readiness>) {
    let readiness = shared.ready.look().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}
