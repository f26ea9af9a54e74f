//! `com.atproto.server.*`: accounts, sessions and app passwords.

pub(super) mod activate_account;
pub(super) mod create_account;
pub(super) mod create_app_password;
pub(super) mod create_session;
pub(super) mod deactivate_account;
pub(super) mod delete_session;
pub(super) mod describe_server;
pub(super) mod get_service_auth;
pub(super) mod get_session;
pub(super) mod list_app_passwords;
pub(super) mod refresh_session;
pub(super) mod revoke_app_password;

use serde_json::{Map, Value, json};

use crate::network::{Account, AccountState, Network, Session};

/// The fields that every answer about a session has.
fn session_body(network: &Network, account: &Account, tokens: Option<&Session>) -> Value {
    let mut body = Map::new();
    if let Some(tokens) = tokens {
        body.insert("accessJwt".to_owned(), tokens.access_jwt.as_str().into());
        body.insert("refreshJwt".to_owned(), tokens.refresh_jwt.as_str().into());
    }
    let Value::Object(about) = json!({
        "did": account.did.as_str(),
        "didDoc": network.did_document(account),
        "handle": account.handle.as_str(),
        "email": account.email,
        "emailConfirmed": false,
        "active": account.state == AccountState::Active,
    }) else {
        return Value::Null;
    };
    body.extend(about);
    if account.state != AccountState::Active {
        body.insert("status".to_owned(), json!(account.state));
    }
    Value::Object(body)
}
