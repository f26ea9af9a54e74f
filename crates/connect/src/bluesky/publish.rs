//! Arming and sending: the head of the repository becomes the fence, and the one call goes out.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use skein_atproto::syntax::{AtUri, Did};
use skein_bluesky::repo;
use skein_bluesky::session::{Authorized, SessionError, Sessions};
use skein_bluesky::xrpc::CallError;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, Clock, FenceFrom};
use skein_domain::{Account, Evidence, Fault, Outcome, Prepared, Receipt, RecordRef};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

use super::answers;
use super::film_uploads::FilmUploads;
use super::pictures::Uploads;
use super::{BlueskyConnector, unreadable};

/// How long an answer to a write is waited for. A thread of 200 posts takes the reference server about a second.
pub(crate) const WRITE_TIMEOUT_MS: u64 = 30_000;

/// A token is renewed ahead of time if it would end within this time after the instant, in seconds.
const TOKEN_MARGIN_S: i64 = 60;

/// What is journaled before a write: the state of the repository that the write is conditional on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fence {
    /// The CID of the head commit: `swapCommit`.
    pub(crate) head: String,
    /// Its revision.
    pub(crate) rev: String,
    /// The server that said so.
    pub(crate) pds: String,
}

impl Fence {
    pub(crate) fn read(evidence: &Evidence) -> Result<Self, Fault> {
        Self::deserialize(&evidence.fence).map_err(|error| unreadable("fence", error))
    }

    /// The head that a write has made.
    fn after(receipt: &Receipt, authorized: &Authorized) -> Option<Self> {
        Some(Self { head: receipt.commit.clone()?, rev: receipt.rev.clone()?, pds: authorized.pds().to_string() })
    }
}

/// A loaded `applyWrites`.
struct ApplyWrites {
    authorized: Authorized,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    body: Bytes,
    fence: Value,
    records: Vec<RecordRef>,
    url: Option<String>,
    uploads: Arc<Uploads>,
    films: Option<Arc<FilmUploads>>,
}

#[async_trait]
impl ArmedStep for ApplyWrites {
    fn fence(&self) -> &Value {
        &self.fence
    }

    async fn send(self: Box<Self>) -> Outcome {
        let outcome = self.send_once().await;
        if matches!(outcome, Outcome::BlobGone(_)) {
            self.uploads.forget(self.authorized.did());
            if let Some(films) = &self.films {
                films.forget(self.authorized.did(), &self.body, self.clock.now()).await;
            }
        }
        outcome
    }
}

impl ApplyWrites {
    async fn send_once(&self) -> Outcome {
        let error = match self.apply(&self.authorized).await {
            Ok(outcome) => return outcome,
            Err(error) => error,
        };
        // The server refused the token, so it did not read the write: with a new one it is sent for the first time.
        if !(error.is_named("ExpiredToken") || error.is_named("InvalidToken")) {
            return answers::of_error(&error, self.clock.now());
        }
        match self.sessions.renewed(&self.authorized).await {
            Ok(renewed) => match self.apply(&renewed).await {
                Ok(outcome) => outcome,
                Err(error) => answers::of_error(&error, self.clock.now()),
            },
            Err(error) => answers::of_session(&error, self.clock.now()),
        }
    }

    async fn apply(&self, authorized: &Authorized) -> Result<Outcome, CallError> {
        let timeout = Duration::from_millis(WRITE_TIMEOUT_MS);
        let response = repo::apply_writes(authorized, self.body.clone(), timeout).await?;
        let written = repo::parse_apply_writes(&response)?;
        Ok(answers::of_written(&written, &self.records, self.url.clone()))
    }
}

impl BlueskyConnector {
    pub(crate) async fn arm_step(
        &self,
        account: &Account,
        prepared: &Prepared,
        from: FenceFrom<'_>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle> {
        let did = did_of(account).map_err(Obstacle::Refused)?;
        let authorized = self.sessions.authorized(&did).await.map_err(|error| no_session(&error))?;
        let known = match from {
            FenceFrom::Evidence(evidence) => Some(Fence::read(evidence).map_err(Obstacle::Refused)?),
            FenceFrom::Receipt(receipt) => Fence::after(receipt, &authorized),
            FenceFrom::Platform => None,
        };
        let fence = match known {
            Some(fence) => fence,
            None => head(&authorized, self.clock.now()).await?,
        };
        let body = with_fence(&prepared.body, &fence).map_err(Obstacle::Refused)?;
        let fence = serde_json::to_value(&fence).map_err(|error| Obstacle::Refused(unreadable("fence", error)))?;
        // The same bytes under the same fence settle what became of the first request, and only one of them can land: an operator's
        // ceiling that waited for the next hour would make a question to a person of it.
        let authorized = match from {
            FenceFrom::Evidence(_) => authorized.beyond_ceiling(),
            FenceFrom::Receipt(_) | FenceFrom::Platform => authorized,
        };
        // What it costs is reserved now: at the instant nothing is looked up any more.
        let paid = authorized.paid(repo::APPLY_WRITES, &body).await;
        let authorized = paid.map_err(|error| answers::obstacle(&error, self.clock.now()))?;
        Ok(Box::new(ApplyWrites {
            authorized,
            sessions: self.sessions.clone(),
            clock: Arc::clone(&self.clock),
            body,
            fence,
            records: prepared.records.clone(),
            url: self.address(account, prepared),
            uploads: Arc::clone(&self.uploads),
            films: self.videos.as_ref().map(|(_, films)| Arc::clone(films)),
        }))
    }

    /// Half a minute ahead: a token that lasts beyond the instant, from the server where the account lives now.
    pub(crate) async fn make_ready(&self, account: &Account, leaves_at: Timestamp) -> Result<(), Obstacle> {
        let did = did_of(account).map_err(Obstacle::Refused)?;
        let margin = SignedDuration::from_secs(TOKEN_MARGIN_S);
        let until = leaves_at.checked_add(margin).unwrap_or(leaves_at);
        self.sessions.make_ready(&did, until).await.map(drop).map_err(|error| no_session(&error))
    }

    /// A write of nothing makes a new commit, so that whatever was fenced with the head of before is refused.
    pub(crate) async fn move_head(&self, account: &Account, evidence: &Evidence) -> Result<(), Fault> {
        let did = did_of(account)?;
        let fence = Fence::read(evidence)?;
        let authorized = self.sessions.authorized(&did).await.map_err(|error| answers::session_fault(&error))?;
        let now = head(&authorized, self.clock.now()).await.map_err(into_fault)?;
        if now.head != fence.head {
            return Ok(());
        }
        let nothing = json!({"repo": did, "writes": []}).to_string();
        let timeout = Duration::from_millis(WRITE_TIMEOUT_MS);
        let sent = repo::apply_writes(&authorized, Bytes::from(nothing), timeout).await;
        sent.map(|_| ()).map_err(|error| answers::unreachable_host(&error))
    }

    /// Where a person can look at the first part.
    pub(crate) fn address(&self, account: &Account, prepared: &Prepared) -> Option<String> {
        let rkey = AtUri::parse(&prepared.records.first()?.uri).ok()?.rkey()?;
        let mut url: Url = self.web.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(["profile", &account.handle, "post", rkey.as_str()]);
        Some(url.to_string())
    }
}

/// Reading the head also warms the connection that the write will use.
async fn head(authorized: &Authorized, now: Timestamp) -> Result<Fence, Obstacle> {
    let commit = repo::latest_commit(authorized.xrpc(), authorized.pds(), authorized.did()).await.map_err(|error| {
        match answers::of_error(&error, now) {
            Outcome::AuthLost(fault) => Obstacle::AuthLost(fault),
            Outcome::RetryAt { at, fault } => Obstacle::Retry { at, fault },
            _ => Obstacle::Retry { at: None, fault: answers::unreachable_host(&error) },
        }
    })?;
    Ok(Fence { head: commit.cid.to_string(), rev: commit.rev.to_string(), pds: authorized.pds().to_string() })
}

fn into_fault(obstacle: Obstacle) -> Fault {
    match obstacle {
        Obstacle::Retry { fault, .. } | Obstacle::AuthLost(fault) | Obstacle::Refused(fault) => fault,
    }
}

fn with_fence(body: &str, fence: &Fence) -> Result<Bytes, Fault> {
    let mut body: Map<String, Value> = serde_json::from_str(body).map_err(|error| unreadable("request", error))?;
    body.insert("swapCommit".to_owned(), Value::String(fence.head.clone()));
    serde_json::to_vec(&body).map(Bytes::from).map_err(|error| unreadable("request", error))
}

pub(crate) fn no_session(error: &SessionError) -> Obstacle {
    let fault = answers::session_fault(error);
    if error.is_transient() {
        Obstacle::Retry { at: answers::retry_at(error), fault }
    } else {
        Obstacle::AuthLost(fault)
    }
}

pub(crate) fn did_of(account: &Account) -> Result<Did, Fault> {
    Did::parse(&account.identity).map_err(|error| unreadable("DID", error))
}
