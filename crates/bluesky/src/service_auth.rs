//! Tokens for other services: signed by the account's server, for one audience and one method.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::session::Authorized;
use crate::xrpc::CallError;

/// The `did:web` of a service: its host, without the port.
pub fn did_web(service: &Url) -> String {
    format!("did:web:{}", service.host_str().unwrap_or_default())
}

/// Asks the account's server for a token (`com.atproto.server.getServiceAuth`) with which `audience` lets this account call
/// `method`, until then. Servers refuse more than an hour.
pub async fn service_token(
    authorized: &Authorized,
    audience: &str,
    method: &str,
    until: Timestamp,
) -> Result<SecretString, CallError> {
    #[derive(Deserialize)]
    struct Body {
        token: String,
    }
    let expires = until.as_second().to_string();
    let params = [("aud", audience), ("lxm", method), ("exp", expires.as_str())];
    let Body { token } = authorized.get("com.atproto.server.getServiceAuth", &params).await?.json()?;
    Ok(token.into())
}
