use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Order, Refused};
use crate::http::Shared;
use crate::sandbox::{delete_as_author, take_down_record};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    uri: String,
}

pub(super) async fn author_deletes(
    State(shared): State<Shared>,
    Order(target): Order<Target>,
) -> Result<Json<Value>, Refused> {
    delete_as_author(&mut shared.network(), &target.uri).map_err(|error| Refused::not_found(error.to_string()))?;
    Ok(Json(json!({"deleted": target.uri})))
}

pub(super) async fn take_down(
    State(shared): State<Shared>,
    Order(target): Order<Target>,
) -> Result<Json<Value>, Refused> {
    take_down_record(&mut shared.network(), &target.uri).map_err(|error| Refused::not_found(error.to_string()))?;
    Ok(Json(json!({"taken_down": target.uri})))
}
