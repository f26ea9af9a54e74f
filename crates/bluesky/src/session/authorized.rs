//! A token in use, and the server that takes it.

use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use skein_atproto::syntax::Did;
use url::Url;

use super::bearer;
use crate::journal::Stored;
use crate::xrpc::{Auth, CallError, Response, XrpcClient};

/// Permission to act as an account at its server, for as long as the token lasts.
#[derive(Clone, Debug)]
pub struct Authorized {
    did: Did,
    pds: Url,
    access_jwt: SecretString,
    version: i64,
    xrpc: XrpcClient,
}

impl Authorized {
    pub(super) fn new(xrpc: &XrpcClient, stored: &Stored) -> Self {
        let session = &stored.session;
        Self {
            did: session.did.clone(),
            pds: session.pds.clone(),
            access_jwt: session.access_jwt.clone(),
            version: stored.version,
            xrpc: xrpc.acting_as(&session.did),
        }
    }

    /// The account.
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The account's server.
    pub fn pds(&self) -> &Url {
        &self.pds
    }

    /// The token, for calls made through [`Authorized::xrpc`].
    pub fn auth(&self) -> Auth<'_> {
        bearer(&self.access_jwt)
    }

    /// The version of the stored session that the token came from.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The client that may ask this account's server.
    pub fn xrpc(&self) -> &XrpcClient {
        &self.xrpc
    }

    /// The same, with every call passed on by the account's server to another service, where one is named.
    ///
    /// # Errors
    /// As [`XrpcClient::proxied_to`].
    pub fn through(mut self, service: Option<&str>) -> Result<Self, CallError> {
        if let Some(service) = service {
            self.xrpc = self.xrpc.proxied_to(service)?;
        }
        Ok(self)
    }

    /// A query to the account's server.
    pub async fn get(&self, nsid: &str, params: &[(&str, &str)]) -> Result<Response, CallError> {
        self.xrpc.get(&self.pds, nsid, params, self.auth()).await
    }

    /// A procedure at the account's server, with exactly these bytes of JSON, sent at most once.
    pub async fn post_json(&self, nsid: &str, body: Bytes, timeout: Duration) -> Result<Response, CallError> {
        self.post(nsid, "application/json", body, timeout).await
    }

    /// A procedure at the account's server, with exactly these bytes of any media type, sent at most once.
    pub async fn post(
        &self,
        nsid: &str,
        content_type: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Response, CallError> {
        self.xrpc.post(&self.pds, nsid, content_type, body, self.auth(), timeout).await
    }
}
