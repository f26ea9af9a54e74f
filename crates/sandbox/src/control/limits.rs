use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Order;
use crate::http::Shared;
use crate::sandbox::RateLimits;

/// Turns rate limits on, or off with `null`.
pub(super) async fn set(State(shared): State<Shared>, Order(limits): Order<Option<RateLimits>>) -> Json<Value> {
    shared
        .network()
        .budget
        .set_limits(limits.map(|limits| (limits.write_points_per_hour, limits.write_points_per_day)));
    Json(json!({"limits": limits}))
}
