//! The three session calls as they go over the wire.

use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use skein_atproto::syntax::{Did, Handle};
use url::Url;

use super::bearer;
use crate::xrpc::{Auth, CallError, XrpcClient};

/// Bounds one session call, so that all that a refresh may need fits into its lease.
pub(super) const SESSION_CALL_TIMEOUT_MS: u64 = 10_000;

/// The answer to a login and to a refresh.
pub(super) struct Tokens {
    pub(super) did: Did,
    pub(super) handle: Option<Handle>,
    pub(super) access_jwt: SecretString,
    pub(super) refresh_jwt: SecretString,
    pub(super) active: bool,
    /// Why the account is not active: `deactivated`, `takendown`, `suspended`.
    pub(super) status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokensBody {
    did: Did,
    #[serde(default)]
    handle: Option<String>,
    access_jwt: String,
    refresh_jwt: String,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    status: Option<String>,
}

fn timeout() -> Duration {
    Duration::from_millis(SESSION_CALL_TIMEOUT_MS)
}

pub(super) async fn create_session(
    xrpc: &XrpcClient,
    pds: &Url,
    did: &Did,
    password: &SecretString,
    auth_factor_token: Option<&SecretString>,
) -> Result<Tokens, CallError> {
    let mut body = json!({ "identifier": did.as_str(), "password": password.expose_secret() });
    if let Some(token) = auth_factor_token {
        body["authFactorToken"] = token.expose_secret().into();
    }
    let nsid = "com.atproto.server.createSession";
    let body = Bytes::from(body.to_string());
    let response = xrpc.post(pds, nsid, "application/json", body, Auth::None, timeout()).await?;
    tokens(&response)
}

pub(super) async fn refresh_session(
    xrpc: &XrpcClient,
    pds: &Url,
    refresh_jwt: &SecretString,
) -> Result<Tokens, CallError> {
    let nsid = "com.atproto.server.refreshSession";
    tokens(&xrpc.post_nothing(pds, nsid, bearer(refresh_jwt), timeout()).await?)
}

pub(super) async fn delete_session(xrpc: &XrpcClient, pds: &Url, refresh_jwt: &SecretString) -> Result<(), CallError> {
    let nsid = "com.atproto.server.deleteSession";
    xrpc.post_nothing(pds, nsid, bearer(refresh_jwt), timeout()).await.map(|_| ())
}

fn tokens(response: &crate::xrpc::Response) -> Result<Tokens, CallError> {
    // The reason must not be serde's own message, which may quote a token.
    let body: TokensBody =
        response.json().map_err(|_| response.malformed("it holds no accessJwt, refreshJwt and did"))?;
    Ok(Tokens {
        did: body.did,
        handle: body.handle.and_then(|handle| Handle::parse(&handle).ok()).filter(|handle| handle.tld() != "invalid"),
        access_jwt: body.access_jwt.into(),
        refresh_jwt: body.refresh_jwt.into(),
        active: body.active.unwrap_or(true),
        status: body.status.map(|status| status.chars().take(50).collect()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::properties::{DID, answer, near};

    proptest! {
        #[test]
        fn any_answer_to_a_login_is_read_without_telling_its_tokens(body in near(&json!({
            "did": DID, "handle": "alice.test", "accessJwt": "hunter2", "refreshJwt": "hunter2", "active": true, "status": "deactivated",
        }))) {
            match tokens(&answer(body)) {
                Ok(tokens) => {
                    prop_assert!(tokens.handle.is_none_or(|handle| handle.tld() != "invalid"));
                    prop_assert!(tokens.status.is_none_or(|status| status.chars().count() <= 50));
                }
                Err(error) => prop_assert!(!error.to_string().contains("hunter2"), "{}", error),
            }
        }
    }
}
