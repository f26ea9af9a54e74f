use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Order, Refused};
use crate::faults::{FaultOrder, FaultReport};
use crate::http::Shared;

const WAIT_MAX_MS: u64 = 30_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default = "one")]
    count: usize,
    #[serde(default = "wait_max_ms")]
    timeout_ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    count: Option<usize>,
}

const fn one() -> usize {
    1
}

const fn wait_max_ms() -> u64 {
    WAIT_MAX_MS
}

pub(super) async fn report(State(shared): State<Shared>) -> Json<FaultReport> {
    Json(shared.faults.report())
}

pub(super) async fn order(
    State(shared): State<Shared>,
    Order(order): Order<FaultOrder>,
) -> Result<Json<Value>, Refused> {
    let id = shared.faults.order(order).map_err(|error| Refused::invalid(error.to_string()))?;
    Ok(Json(json!({ "id": id })))
}

pub(super) async fn clear(State(shared): State<Shared>) -> Json<FaultReport> {
    shared.faults.clear();
    Json(shared.faults.report())
}

/// Answers once so many requests are held, or after the time-out (at most 30 s) with as many as there are.
pub(super) async fn wait_until_held(State(shared): State<Shared>, Query(wait): Query<Wait>) -> Json<Value> {
    let bound = Duration::from_millis(wait.timeout_ms.min(WAIT_MAX_MS));
    let in_time = tokio::time::timeout(bound, shared.faults.wait_until_held(wait.count)).await.is_ok();
    Json(json!({"held": shared.faults.report().held, "in_time": in_time}))
}

/// Lets held requests go, all of them if no count is given; answers when they have been processed.
pub(super) async fn release(State(shared): State<Shared>, body: Bytes) -> Result<Json<Value>, Refused> {
    let wanted = if body.is_empty() {
        Release::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| Refused::invalid(error.to_string()))?
    };
    let released = shared.faults.release(wanted.count.unwrap_or(usize::MAX)).await;
    Ok(Json(json!({ "released": released })))
}

pub(super) async fn discard(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({"discarded": shared.faults.discard_held()}))
}
