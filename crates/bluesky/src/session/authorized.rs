//! A token in use, and the server that takes it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use skein_atproto::syntax::Did;
use url::Url;

use super::bearer;
use crate::budget::{Budget, host_of};
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
    budget: Budget,
    paid: Option<Arc<str>>,
}

impl Authorized {
    pub(super) fn new(xrpc: &XrpcClient, stored: &Stored, budget: Budget) -> Self {
        let session = &stored.session;
        Self {
            did: session.did.clone(),
            pds: session.pds.clone(),
            access_jwt: session.access_jwt.clone(),
            version: stored.version,
            xrpc: xrpc.acting_as(&session.did),
            budget,
            paid: None,
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

    /// The same, with what this call costs reserved ahead: the call itself then leaves without looking at the budget. For one
    /// call of one kind only; the logged call settles the reservation.
    ///
    /// # Errors
    /// [`CallError::RateLimitExceeded`] if it does not fit, and [`CallError::NotCounted`].
    pub async fn paid(mut self, nsid: &str, body: &[u8]) -> Result<Self, CallError> {
        self.paid = self.budget.reserve(&self.did, &host_of(&self.pds), nsid, body).await?;
        Ok(self)
    }

    /// The same, whatever an operator's ceiling says: for what was paid before and may have to be sent again.
    #[must_use]
    pub fn beyond_ceiling(self) -> Self {
        Self { budget: self.budget.beyond_ceiling(), ..self }
    }

    /// The same with what was reserved for another of this account, whose call was not processed.
    pub(super) fn paid_as(mut self, other: &Self) -> Self {
        self.paid.clone_from(&other.paid);
        self.again()
    }

    /// The same, whose calls are logged as made once more.
    pub(super) fn again(mut self) -> Self {
        self.xrpc = self.xrpc.after(1);
        self
    }

    /// A query to the account's server.
    ///
    /// # Errors
    /// As [`XrpcClient::get`], and [`CallError::RateLimitExceeded`] if the host takes no more calls for now.
    pub async fn get(&self, nsid: &str, params: &[(&str, &str)]) -> Result<Response, CallError> {
        self.budget.check_calls(&host_of(&self.pds)).await?;
        self.xrpc.get(&self.pds, nsid, params, self.auth()).await
    }

    /// A procedure at the account's server, with exactly these bytes of JSON: see [`Authorized::post`].
    pub async fn post_json(&self, nsid: &str, body: Bytes, timeout: Duration) -> Result<Response, CallError> {
        self.post(nsid, "application/json", body, timeout).await
    }

    /// A procedure at the account's server, with exactly these bytes of any media type. What it costs is reserved before it
    /// leaves, unless that was done ahead.
    ///
    /// # Errors
    /// As [`XrpcClient::post`], and [`CallError::RateLimitExceeded`] if it does not fit the budget, in which case nothing is sent.
    pub async fn post(
        &self,
        nsid: &str,
        content_type: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Response, CallError> {
        let reserved = match &self.paid {
            Some(paid) => Some(Arc::clone(paid)),
            None => self.budget.reserve(&self.did, &host_of(&self.pds), nsid, &body).await?,
        };
        let xrpc = reserved.map_or_else(|| self.xrpc.clone(), |reservation| self.xrpc.paid_by(&reservation));
        xrpc.post(&self.pds, nsid, content_type, body, self.auth(), timeout).await
    }
}
