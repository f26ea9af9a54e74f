//! The client that most programs want: log in once, then post, read and call any method.
//!
//! Everything here stands on [`Sessions`]: tokens are refreshed, writes are counted against the budget before they leave,
//! reads are asked again after trouble on the way, and each request is a row of the journal's call log.

mod answer;
mod ask;
mod builder;
mod check;
mod error;
mod gates;
mod measure;
mod pages;
mod post;
mod publish;
mod reading;
mod reply;
mod upload;
mod variables;
mod words;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use skein_atproto::syntax::Did;

pub use answer::{Answer, HttpFacts};
pub use ask::Ask;
pub use builder::Builder;
pub use check::{
    ALT_MAX_GRAPHEMES, IMAGE_MAX_BYTES, LABELS, MAX_GALLERY, MAX_GATE_RULES, MAX_IMAGES, MAX_LANGS, MAX_PARTS,
    MAX_TAGS, TEXT_MAX_BYTES, TEXT_MAX_GRAPHEMES, THUMB_MAX_BYTES,
};
pub use error::{ClientError, PostError};
pub use pages::{Bookmarked, Reader};
pub use post::{Image, MayAnswer, Post};
pub use publish::Receipt;

use crate::blob::{self, Blob};
use crate::budget::host_of;
use crate::calls::Recorder;
use crate::environment::Environment;
use crate::journal::Journal;
use crate::session::{Now, SessionError, Sessions};
use crate::video::VideoService;
use crate::xrpc::{Auth, CallError, Response, WRITE_TIMEOUT_MS, XrpcClient};

/// How long an upload may take, its answer included.
const UPLOAD_TIMEOUT_MS: u64 = 120_000;

/// A client of one account, or of nobody. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    account: Option<Did>,
    service: Option<Arc<str>>,
}

struct Inner {
    sessions: Sessions,
    /// For calls as nobody.
    xrpc: XrpcClient,
    environment: Environment,
    journal: Arc<dyn Journal>,
    recorder: Arc<Recorder>,
    now: Now,
    /// The microsecond of the latest record key, so that keys of one client never repeat and always grow.
    latest_us: AtomicU64,
    clock_id: u16,
}

impl Client {
    /// What a client is made of; everything has a default.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The account, if there is one.
    pub fn did(&self) -> Option<&Did> {
        self.account.as_ref()
    }

    /// The sessions beneath, for what this client has no word for.
    pub fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    /// Waits until every call so far is in the journal's log, and counted. Before a program ends, or its last rows are lost.
    pub async fn flush(&self) {
        self.inner.recorder.flush().await;
    }

    /// The same client, whose calls the account's server passes on to another service, such as
    /// `did:web:api.bsky.chat#bsky_chat` for direct messages.
    ///
    /// # Errors
    /// If that is no `did…#service`.
    pub fn through(&self, service: &str) -> Result<Self, ClientError> {
        self.inner.xrpc.proxied_to(service)?;
        Ok(Self { service: Some(service.into()), ..self.clone() })
    }

    /// Asks any query (`GET`): `client.get("app.bsky.actor.getProfile", &[("actor", "bsky.app")]).await?`. As nobody it goes
    /// to the public `AppView`, as an account to the account's own server. Nothing leaves before the `await`.
    pub fn get(&self, nsid: &str, params: &[(&str, &str)]) -> Ask {
        Ask::new(self.clone(), nsid, params)
    }

    /// Calls any procedure (`POST`) with JSON, at the account's own server.
    ///
    /// # Errors
    /// [`ClientError::NotLoggedIn`] as nobody; otherwise those of the call. A write is never repeated where it may have happened.
    pub async fn call(&self, nsid: &str, input: Value) -> Result<Answer, ClientError> {
        self.call_bytes(nsid, "application/json", Bytes::from(input.to_string())).await
    }

    /// Calls any procedure (`POST`) with bytes of any media type.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_bytes(
        &self,
        nsid: &str,
        mime: &str,
        bytes: impl Into<Bytes> + Send,
    ) -> Result<Answer, ClientError> {
        let did = self.account_for(nsid)?;
        let limit = if mime == "application/json" { WRITE_TIMEOUT_MS } else { UPLOAD_TIMEOUT_MS };
        let bytes = bytes.into();
        let send = |me: crate::session::Authorized| {
            let bytes = bytes.clone();
            let service = self.service.clone();
            async move { me.through(service.as_deref())?.post(nsid, mime, bytes, Duration::from_millis(limit)).await }
        };
        let response = self.inner.sessions.call(did, send).await?;
        Ok(Answer::of(response)?)
    }

    /// Uploads a file of up to what the server takes, so that a record can refer to it. One that no record refers to is
    /// forgotten by the server after a while.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn upload_blob(&self, mime: &str, bytes: impl Into<Bytes> + Send) -> Result<Blob, ClientError> {
        let did = self.account_for(crate::calls::UPLOAD_BLOB)?;
        let bytes = bytes.into();
        let timeout = Duration::from_millis(UPLOAD_TIMEOUT_MS);
        let send = |me: crate::session::Authorized| {
            let bytes = bytes.clone();
            async move { blob::upload(&me, mime, bytes, timeout).await }
        };
        Ok(self.inner.sessions.call(did, send).await?)
    }

    /// The service that encodes videos, for the accounts of this client's journal.
    pub fn videos(&self) -> VideoService {
        let Inner { sessions, xrpc, environment, now, .. } = self.inner.as_ref();
        VideoService::new(sessions.clone(), xrpc.http(), environment, Arc::clone(now))
    }

    fn account_for(&self, doing: &str) -> Result<&Did, ClientError> {
        self.account.as_ref().ok_or_else(|| ClientError::NotLoggedIn { doing: doing.to_owned() })
    }

    /// One query, once, as whoever this client is.
    async fn fetch(&self, nsid: &str, params: &[(&str, &str)]) -> Result<Response, SessionError> {
        let Some(did) = &self.account else {
            let base = &self.inner.environment.appview_url;
            let budget = self.inner.sessions.budget();
            budget.check_calls(&host_of(base)).await.map_err(|error| SessionError::Call(error.into()))?;
            let read = self.inner.xrpc.allowing(base).get(base, nsid, params, Auth::None).await;
            return read.map_err(SessionError::Call);
        };
        let ask = |me: crate::session::Authorized| async move {
            me.through(self.service.as_deref())?.get(nsid, params).await
        };
        self.inner.sessions.call(did, ask).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.account).field("service", &self.service).finish_non_exhaustive()
    }
}

impl From<CallError> for ClientError {
    fn from(error: CallError) -> Self {
        Self::Session(SessionError::Call(error))
    }
}
