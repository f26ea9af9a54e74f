//! Repositories: the head, single records, and the one kind of write.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use skein_atproto::record::{RecordError, record_cid};
use skein_atproto::syntax::{AtUri, Cid, Did, Nsid, RecordKey, Tid};
use url::Url;

use crate::session::Authorized;
use crate::xrpc::{Auth, CallError, Response, XrpcClient};

/// The method of all writes.
pub const APPLY_WRITES: &str = "com.atproto.repo.applyWrites";

/// The state of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// The CID of the latest commit: what `swapCommit` is compared with.
    pub cid: Cid,
    /// The revision of that commit.
    pub rev: Tid,
}

/// A record as its repository holds it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Record {
    /// Where it is.
    pub uri: AtUri,
    /// The hash of its content; servers may leave it out.
    pub cid: Option<Cid>,
    /// The content. Compare the CID, not this: JSON may be written in more than one way.
    pub value: Value,
}

impl Record {
    /// The hash of the content: as the server says, or computed here where it does not say.
    pub fn hash(&self) -> Result<Cid, RecordError> {
        self.cid.clone().map_or_else(|| record_cid(&self.value), Ok)
    }
}

/// What an `applyWrites` did.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Applied {
    /// The commit that holds all writes; some servers do not say.
    #[serde(default)]
    pub commit: Option<Head>,
    /// One entry for each write, in order; some servers do not say.
    #[serde(default)]
    pub results: Vec<WriteResult>,
}

/// What became of one write of an `applyWrites`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteResult {
    /// Where the record is; absent for a deletion.
    #[serde(default)]
    pub uri: Option<AtUri>,
    /// The hash of what was written; absent for a deletion.
    #[serde(default)]
    pub cid: Option<Cid>,
    /// `valid`, or `unknown` if the server does not know the schema.
    #[serde(default)]
    pub validation_status: Option<String>,
}

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The server's own DID.
    pub did: Did,
    /// The domains under which it gives out handles, each with a leading dot.
    pub user_domains: Vec<String>,
    /// The server's clock when it answered, in whole seconds: compare it with ours.
    pub date: Option<Timestamp>,
    /// How long the answer took: the clock comparison is no better than this.
    pub duration: Duration,
}

/// The head of a repository, asked at its own server.
pub async fn latest_commit(xrpc: &XrpcClient, pds: &Url, did: &Did) -> Result<Head, CallError> {
    let params = [("did", did.as_str())];
    xrpc.get(pds, "com.atproto.sync.getLatestCommit", &params, Auth::None).await?.json()
}

/// A record, asked at the repository's own server. `None` if the server says `RecordNotFound`, which it also says of a record
/// that was taken down, and of one whose write is still on its way.
pub async fn get_record(
    xrpc: &XrpcClient,
    pds: &Url,
    did: &Did,
    collection: &Nsid,
    rkey: &RecordKey,
) -> Result<Option<Record>, CallError> {
    let params = [("repo", did.as_str()), ("collection", collection.as_str()), ("rkey", rkey.as_str())];
    match xrpc.get(pds, "com.atproto.repo.getRecord", &params, Auth::None).await {
        Ok(response) => response.json().map(Some),
        Err(error) if error.is_named("RecordNotFound") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends exactly these bytes to `com.atproto.repo.applyWrites`, once: no redirect is followed and nothing is retried.
///
/// A redirect comes back as [`CallError::Answer`] with a 3xx status. Everything but [`CallError::NotSent`] may have been acted upon
/// unless the answer's error name says otherwise.
pub async fn apply_writes(authorized: &Authorized, body: Bytes, timeout: Duration) -> Result<Response, CallError> {
    authorized.post_json(APPLY_WRITES, body, timeout).await
}

/// Reads the answer to an `applyWrites`. [`CallError::Malformed`] does not mean that nothing was written.
pub fn parse_apply_writes(response: &Response) -> Result<Applied, CallError> {
    response.json()
}

/// Asks a server about itself, and so for its clock.
pub async fn describe_server(xrpc: &XrpcClient, base: &Url) -> Result<ServerInfo, CallError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        did: Did,
        #[serde(default)]
        available_user_domains: Vec<String>,
    }
    let response = xrpc.get(base, "com.atproto.server.describeServer", &[], Auth::None).await?;
    let body: Body = response.json()?;
    Ok(ServerInfo {
        did: body.did,
        user_domains: body.available_user_domains,
        date: response.headers.date,
        duration: response.duration,
    })
}
