//! Posting: everything checked first, then looked up, then uploaded, then written in one call.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use skein_atproto::record::{Post as Record, RecordError, ReplyRef, StrongRef, record_cid};
use skein_atproto::syntax::{AtUri, Cid, Datetime, Did, Nsid, RecordKey, SyntaxError, Tid};

use super::Client;
use super::answer::HttpFacts;
use super::check::{Checked, MAX_PARTS};
use super::error::{ClientError, PostError};
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
    /// The commit that holds it, with all parts of its thread; some servers do not say.
    pub commit: Option<Head>,
    /// What was left out or stayed plain text, and why.
    pub warnings: Vec<String>,
    /// How the server answered.
    pub http: HttpFacts,
}

/// Between two parts of a thread, in microseconds.
const PART_US: u64 = 1_000;

struct Part {
    reference: StrongRef,
    rkey: RecordKey,
    record: Value,
    warnings: Vec<String>,
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
        if posts.is_empty() || posts.len() > MAX_PARTS {
            return Err(ClientError::Parts { limit: MAX_PARTS, given: posts.len() });
        }
        let mut checked = Vec::with_capacity(posts.len());
        for (index, post) in posts.iter().enumerate() {
            let part = index + 1;
            checked.push(Checked::of(post, index == 0).map_err(|error| ClientError::Post { part, error })?);
        }
        let parts = self.parts(me, &posts, checked).await?;
        self.write(me, parts).await
    }

    async fn parts(&self, me: &Did, posts: &[Post], checked: Vec<Checked>) -> Result<Vec<Part>, ClientError> {
        let mut reply = match checked.first().and_then(|first| first.reply_to.as_ref()) {
            Some(address) => Some(self.answered(me, address).await?),
            None => None,
        };
        // Looked up for all parts before the first upload, so that a refusal leaves nothing behind.
        let mut ready = Vec::with_capacity(posts.len());
        for mut one in checked {
            let facets = self.resolve(&mut one.words).await?;
            ready.push((one, facets));
        }
        let mut embeds = Vec::with_capacity(posts.len());
        for (post, (one, _)) in posts.iter().zip(&ready) {
            embeds.push(self.embed(post, &one.words.images).await?);
        }
        let stamps = self.stamps(posts.len()).map_err(ClientError::Method)?;
        let collection = Nsid::parse(Record::NSID).map_err(ClientError::Method)?;
        let mut parts = Vec::with_capacity(posts.len());
        let ready = ready.into_iter().zip(embeds).zip(stamps).zip(posts);
        for (index, ((((one, facets), embed), (created_at, rkey)), post)) in ready.enumerate() {
            let mut record = Record::new(one.words.text, created_at);
            record.facets = facets;
            record.embed = embed;
            record.langs = one.langs;
            record.tags.clone_from(&post.tags);
            record.reply.clone_from(&reply);
            let refuse = |error| ClientError::Post { part: index + 1, error: PostError::Record(error) };
            let value = record.to_value();
            let cid = record_cid(&value).map_err(refuse)?;
            let uri = AtUri::record(me, &collection, &rkey);
            let reference = StrongRef { uri, cid };
            let root = reply.map_or_else(|| reference.clone(), |reply| reply.root);
            reply = Some(ReplyRef { root, parent: reference.clone() });
            parts.push(Part { reference, rkey, record: value, warnings: one.words.warnings });
        }
        Ok(parts)
    }

    async fn write(&self, me: &Did, parts: Vec<Part>) -> Result<Vec<Receipt>, ClientError> {
        let body = body(me, &parts)?;
        let timeout = Duration::from_millis(WRITE_TIMEOUT_MS);
        let send = |me: crate::session::Authorized| {
            let body = body.clone();
            async move { repo::apply_writes(&me, body, timeout).await }
        };
        let first = parts.first().map(|part| part.reference.uri.clone());
        let unsure = |error: SessionError| match &first {
            Some(uri) if may_have_arrived(&error) => ClientError::MayBePosted { uri: uri.clone(), error },
            _ => ClientError::Session(error),
        };
        let response = self.inner.sessions.call(me, send).await.map_err(&unsure)?;
        let applied = repo::parse_apply_writes(&response).map_err(|error| unsure(SessionError::Call(error)))?;
        let http = HttpFacts::of(&response);
        let Applied { commit, results } = applied;
        let told = results.into_iter().map(Some).chain(std::iter::repeat(None));
        parts
            .into_iter()
            .zip(told)
            .map(|(Part { reference: StrongRef { uri, cid }, warnings, .. }, told)| {
                match told.and_then(|told| told.cid).filter(|found| *found != cid) {
                    Some(found) => Err(ClientError::Changed { uri, expected: cid, found }),
                    None => Ok(Receipt { uri, cid, commit: commit.clone(), warnings, http: http.clone() }),
                }
            })
            .collect()
    }
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
    fn of(part: &'a Part, kind: &'a str) -> Self {
        Self { kind, collection: Record::NSID, rkey: part.rkey.as_str(), value: &part.record }
    }
}

fn body(me: &Did, parts: &[Part]) -> Result<Bytes, ClientError> {
    let kind = &format!("{APPLY_WRITES}#create");
    let input =
        Input { repo: me.as_str(), validate: true, writes: parts.iter().map(|part| Create::of(part, kind)).collect() };
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
