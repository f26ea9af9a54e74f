//! Posting: everything checked first, then looked up, then uploaded, then written in one call.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use skein_atproto::record::{Post as Record, RecordError, ReplyRef, StrongRef, record_cid};
use skein_atproto::syntax::{
    AtIdentifier, AtUri, Cid, Datetime, Did, Nsid, RecordAddress, RecordKey, SyntaxError, Tid,
};

use super::Client;
use super::answer::{Answer, HttpFacts};
use super::check::{Checked, MAX_PARTS};
use super::error::{ClientError, PostError};
use super::gates;
use super::post::Post;
use crate::repo::{self, APPLY_WRITES, Applied, Head};
use crate::session::SessionError;
use crate::xrpc::{CallError, WRITE_TIMEOUT_MS};

/// What a published post is known by.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Where it is.
    pub uri: AtUri,
    /// Its hash, computed here before it was sent; the server did not tell another one.
    pub cid: Cid,
    /// The records that say who may answer and quote it, written in the same commit.
    pub gates: Vec<AtUri>,
    /// The commit that holds it, with all parts of its thread; some servers do not say.
    pub commit: Option<Head>,
    /// What was left out or stayed plain text, and why.
    pub warnings: Vec<String>,
    /// How the server answered.
    pub http: HttpFacts,
}

/// Between two parts of a thread, in microseconds.
const PART_US: u64 = 1_000;

/// A record to be created.
pub(super) struct Write {
    pub(super) reference: StrongRef,
    pub(super) collection: Nsid,
    pub(super) rkey: RecordKey,
    pub(super) record: Value,
}

/// All parts and then all gates, in the order in which they are written.
#[derive(Default)]
struct Thread {
    parts: Vec<Write>,
    gates: Vec<Write>,
    /// Of each part.
    warnings: Vec<Vec<String>>,
}

impl Thread {
    fn writes(&self) -> impl Iterator<Item = &Write> {
        self.parts.iter().chain(&self.gates)
    }
}

impl Client {
    /// Publishes a post.
    ///
    /// # Errors
    /// [`ClientError::Post`] for what cannot be posted, before anything is sent; [`ClientError::MayBePosted`] where the answer
    /// was lost; otherwise it was not posted.
    pub async fn post(&self, post: Post) -> Result<Receipt, ClientError> {
        let mut receipts = self.thread([post]).await?;
        receipts.pop().ok_or(ClientError::Parts { limit: MAX_PARTS, given: 0 })
    }

    /// Publishes a thread in one commit: all parts, or none. Each part answers the one before it; `reply_to` may stand on the
    /// first.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub async fn thread(&self, posts: impl IntoIterator<Item = Post> + Send) -> Result<Vec<Receipt>, ClientError> {
        let me = self.account_for("posting")?;
        let posts: Vec<Post> = posts.into_iter().take(MAX_PARTS + 1).collect();
        let writes = posts.len() + posts.iter().map(gates::count).sum::<usize>();
        if posts.is_empty() || writes > MAX_PARTS {
            return Err(ClientError::Parts { limit: MAX_PARTS, given: writes });
        }
        let mut checked = Vec::with_capacity(posts.len());
        for (index, post) in posts.iter().enumerate() {
            let part = index + 1;
            checked.push(Checked::of(post, index == 0).map_err(|error| ClientError::Post { part, error })?);
        }
        let thread = self.prepared(me, &posts, checked).await?;
        self.write(me, thread).await
    }

    /// Deletes a record of this account, such as a post, by its at-uri or its address on bsky.app; of a post its gates too, each in
    /// a call of its own after that of the post. What is gone already is no error, so that it is safe to say again. The answer
    /// is that to the first call.
    ///
    /// # Errors
    /// [`ClientError::NotOwn`] before anything is sent; otherwise as [`Client::call`].
    pub async fn delete(&self, address: &str) -> Result<Answer, ClientError> {
        let me = self.account_for("deleting")?;
        let not_own = || ClientError::NotOwn { given: address.chars().take(200).collect() };
        let RecordAddress { author, collection, rkey } = RecordAddress::parse(address).map_err(|_| not_own())?;
        let author = match author {
            AtIdentifier::Did(did) => did,
            AtIdentifier::Handle(handle) => {
                let found = self.inner.sessions.identities().resolve_handle(&handle, None).await;
                found.map_err(ClientError::Lookup)?
            }
        };
        if author != *me {
            return Err(not_own());
        }
        let remove = async |collection: &str| {
            let input = json!({"repo": me.as_str(), "collection": collection, "rkey": rkey.as_str()});
            self.call("com.atproto.repo.deleteRecord", input).await
        };
        let answer = remove(collection.as_str()).await?;
        if collection.as_str() == Record::NSID {
            // Gates of no post are left behind otherwise. One call for all would be refused where one of them is missing.
            for gate in [gates::THREADGATE, gates::POSTGATE] {
                remove(gate).await?;
            }
        }
        Ok(answer)
    }

    async fn prepared(&self, me: &Did, posts: &[Post], checked: Vec<Checked>) -> Result<Thread, ClientError> {
        let mut reply = match checked.first().and_then(|first| first.reply_to.as_ref()) {
            Some(address) => Some(self.answered(me, address).await?),
            None => None,
        };
        let allowed = match posts.first().and_then(|first| first.answered_by.as_deref()) {
            Some(who) => Some(self.allowed(me, who).await?),
            None => None,
        };
        // Looked up for all parts before the first upload, so that a refusal leaves nothing behind.
        let mut ready = Vec::with_capacity(posts.len());
        for mut one in checked {
            let facets = self.resolve(&mut one.words).await?;
            let quote = match &one.quote {
                Some(address) => Some(self.quoted(me, address).await?),
                None => None,
            };
            ready.push((one, facets, quote));
        }
        let mut embeds = Vec::with_capacity(posts.len());
        for (post, (one, _, quote)) in posts.iter().zip(&ready) {
            embeds.push(self.embed(post, &one.words.images, quote.as_ref()).await?);
        }
        let stamps = self.stamps(posts.len()).map_err(ClientError::Method)?;
        let collection = Nsid::parse(Record::NSID).map_err(ClientError::Method)?;
        let mut thread = Thread::default();
        let ready = ready.into_iter().zip(embeds).zip(stamps).zip(posts);
        for (index, ((((one, facets, _), embed), (created_at, rkey)), post)) in ready.enumerate() {
            let mut record = Record::new(one.words.text, created_at.clone());
            record.facets = facets;
            record.embed = embed;
            record.langs = one.langs;
            record.labels = self_labels(&post.labels);
            record.tags.clone_from(&post.tags);
            record.reply.clone_from(&reply);
            let refuse = |error| ClientError::Post { part: index + 1, error: PostError::Record(error) };
            let value = record.to_value();
            let cid = record_cid(&value).map_err(refuse)?;
            let uri = AtUri::record(me, &collection, &rkey);
            thread.gates.extend(gates::of_post(me, post, allowed.as_deref(), &uri, &rkey, &created_at)?);
            let reference = StrongRef { uri, cid };
            let root = reply.map_or_else(|| reference.clone(), |reply| reply.root);
            reply = Some(ReplyRef { root, parent: reference.clone() });
            thread.parts.push(Write { reference, collection: collection.clone(), rkey, record: value });
            thread.warnings.push(one.words.warnings);
        }
        Ok(thread)
    }

    async fn write(&self, me: &Did, thread: Thread) -> Result<Vec<Receipt>, ClientError> {
        let body = body(me, &thread)?;
        let timeout = Duration::from_millis(WRITE_TIMEOUT_MS);
        let send = |me: crate::session::Authorized| {
            let body = body.clone();
            async move { repo::apply_writes(&me, body, timeout).await }
        };
        let first = thread.parts.first().map(|part| part.reference.uri.clone());
        let unsure = |error: SessionError| match &first {
            Some(uri) if may_have_arrived(&error) => ClientError::MayBePosted { uri: uri.clone(), error },
            _ => ClientError::Session(error),
        };
        let response = self.inner.sessions.call(me, send).await.map_err(&unsure)?;
        let Applied { commit, results } =
            repo::parse_apply_writes(&response).map_err(|error| unsure(SessionError::Call(error)))?;
        let http = HttpFacts::of(&response);
        for (write, told) in thread.writes().zip(results) {
            let StrongRef { uri, cid } = &write.reference;
            if let Some(found) = told.cid.filter(|found| found != cid) {
                return Err(ClientError::Changed { uri: uri.clone(), expected: cid.clone(), found });
            }
        }
        let Thread { parts, gates, warnings } = thread;
        let receipt = |(Write { reference: StrongRef { uri, cid }, rkey, .. }, warnings)| {
            let of_part = gates.iter().filter(|gate| gate.rkey == rkey).map(|gate| gate.reference.uri.clone());
            Receipt { uri, cid, gates: of_part.collect(), commit: commit.clone(), warnings, http: http.clone() }
        };
        Ok(parts.into_iter().zip(warnings).map(receipt).collect())
    }
}

/// The labels of an author, as a record holds them.
fn self_labels(labels: &[String]) -> Option<Value> {
    let values: Vec<_> = labels.iter().map(|label| json!({ "val": label })).collect();
    (!values.is_empty()).then(|| json!({"$type": "com.atproto.label.defs#selfLabels", "values": values}))
}

impl Client {
    /// When the parts say that they were written, a millisecond apart so that they sort, and their keys, made of the same
    /// instants. A client gives no instant twice.
    fn stamps(&self, count: usize) -> Result<Vec<(Datetime, RecordKey)>, SyntaxError> {
        let now_us = u64::try_from((self.inner.now)().as_microsecond()).unwrap_or(0);
        let span_us = u64::try_from(count).unwrap_or(0) * PART_US;
        let first = |latest: u64| now_us.max(latest.saturating_add(1));
        let latest = &self.inner.latest_us;
        let step = |latest| Some(first(latest) + span_us);
        let first = match latest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) {
            Ok(latest) | Err(latest) => first(latest),
        };
        let parts = (0..count).zip((0..).map(|part: u64| first + part * PART_US));
        let stamp = |(_, us)| {
            let at = Timestamp::from_microsecond(i64::try_from(us).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
            let key = Tid::from_micros(us, self.inner.clock_id)?;
            Ok((Datetime::from_timestamp(at), RecordKey::parse(key.as_str())?))
        };
        parts.map(stamp).collect()
    }
}

/// What is sent, written from where it is: a tree of it would be as much work again.
#[derive(Serialize)]
struct Input<'a> {
    repo: &'a str,
    validate: bool,
    writes: Vec<Create<'a>>,
}

#[derive(Serialize)]
struct Create<'a> {
    #[serde(rename = "$type")]
    kind: &'a str,
    collection: &'a str,
    rkey: &'a str,
    value: &'a Value,
}

impl<'a> Create<'a> {
    fn of(write: &'a Write, kind: &'a str) -> Self {
        Self { kind, collection: write.collection.as_str(), rkey: write.rkey.as_str(), value: &write.record }
    }
}

fn body(me: &Did, thread: &Thread) -> Result<Bytes, ClientError> {
    let kind = &format!("{APPLY_WRITES}#create");
    let writes = thread.writes().map(|write| Create::of(write, kind)).collect();
    let input = Input { repo: me.as_str(), validate: true, writes };
    let refuse = |error: serde_json::Error| ClientError::Post {
        part: 1,
        error: PostError::Record(RecordError::Bytes { reason: error.to_string() }),
    };
    serde_json::to_vec(&input).map(Bytes::from).map_err(refuse)
}

/// Whether the write may have happened, for all that is known.
fn may_have_arrived(error: &SessionError) -> bool {
    match error.call() {
        Some(CallError::Unknown { .. } | CallError::Malformed { .. }) => true,
        Some(CallError::Answer(answer)) => answer.error.is_none() || answer.response.status.is_server_error(),
        _ => false,
    }
}
