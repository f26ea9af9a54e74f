use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Order, Refused};
use crate::http::Shared;
use crate::network::AccountState;
use crate::sandbox::{SandboxAccount, make_account};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    handle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewState {
    /// Handle or DID.
    account: String,
    state: AccountState,
}

pub(super) async fn create(
    State(shared): State<Shared>,
    Order(wanted): Order<NewAccount>,
) -> Result<Json<SandboxAccount>, Refused> {
    let made = make_account(&mut shared.network(), &wanted.handle);
    made.map(Json).map_err(|error| Refused::invalid(error.to_string()))
}

pub(super) async fn set_state(
    State(shared): State<Shared>,
    Order(wanted): Order<NewState>,
) -> Result<Json<Value>, Refused> {
    let mut network = shared.network();
    let no_such = || Refused::not_found(format!("there is no account {} in the sandbox", wanted.account));
    let account = network.account_mut(&wanted.account).ok_or_else(no_such)?;
    account.set_state(wanted.state);
    Ok(Json(json!({"did": account.did.as_str(), "state": wanted.state})))
}
