//! A platform in memory behind the `Connector` port, and orders for what shall go wrong with it.
//!
//! It behaves like a repository that checks `swapCommit`: every write moves the head of its repository, and a request
//! that was loaded under another head is refused without a trace. Orders are taken first in, first out; where nothing is
//! ordered, everything works.

mod platform;
mod preview;
mod slow;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_domain::delivery::{PICTURES_LEAD_MS, TEXT_LEAD_MS, VIDEO_LEAD_MS};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, Clock, Connector, FenceFrom, Limits, LocalFile, Originals, Stamp};
use skein_domain::{
    Account, Attached, Category, DeliveryId, Draft, Evidence, Fault, Film, Finding, Fitted, MadeCards, Outcome, Part,
    PartPreview, Platform, Prepared, Preview, RecordPreview, RecordRef, Resolved, Usable, Warning,
};
use tokio::sync::{Notify, oneshot};

use crate::samples;
pub use platform::{Arrival, Landing, SentRequest};
use platform::{FakePlatform, Request, head_after, head_of};

/// A text that contains this is refused by `resolve`.
pub const REFUSED_TEXT: &str = "refuse me";
/// A text that contains this is accepted by `resolve` with a warning.
pub const WARNED_TEXT: &str = "warn me";

/// A file that begins with this is a video to `fit`.
pub const FILM: &[u8] = b"film";

/// A file that begins with this is refused by `fit`; every other is a picture, and loses its last byte.
pub const REFUSED_PICTURE: &[u8] = b"no picture";

const LIMITS: Limits = Limits {
    text_graphemes: 300,
    text_bytes: 3_000,
    parts: 25,
    langs: 3,
    pictures: 4,
    picture_input_bytes: 1_000,
    media_input_bytes: 1_000,
    captions: 2,
};

/// What shall become of one request.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "orders are few, and a test reads better without boxes")]
pub enum SendOrder {
    /// It arrives and is answered.
    Arrive,
    /// It arrives; its answer is lost.
    ReplyLostAfterWrite,
    /// It never arrives; so there is no answer.
    ReplyLostBeforeWrite,
    /// It is on its way, and its sender waits, until [`FakeConnector::release`] lets it arrive.
    Hold,
    /// Its sender is told at once that the answer is lost; it arrives when [`FakeConnector::release`] lets it.
    ReplyLostWhileHeld,
    /// The platform answers this and writes nothing: `RetryAt`, `Rejected`, `BlobGone`, `AuthLost` and the like.
    Answer(Outcome),
}

/// How often each method was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each is named for the method that it counts")]
pub struct Calls {
    pub check: usize,
    pub cards: usize,
    pub resolve: usize,
    pub upload: usize,
    pub prepare: usize,
    pub arm: usize,
    /// How often the platform was asked how it stands, to arm.
    pub head: usize,
    pub send: usize,
    pub witness: usize,
    pub fence: usize,
    pub unpublish: usize,
}

/// The connector. Clones share the platform, its orders and the counts, as two workers share a platform.
#[derive(Clone)]
pub struct FakeConnector {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    platform: Mutex<FakePlatform>,
    more_held: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, FakePlatform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeConnector {
    /// An empty platform. The clock tells when requests were let go and when they arrived.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let platform = Mutex::new(FakePlatform::default());
        Self { shared: Arc::new(Shared { clock, platform, more_held: Notify::new() }) }
    }

    /// Orders what becomes of the next request, of whichever account.
    pub fn order_send(&self, order: SendOrder) {
        self.shared.lock().sends.push(None, order);
    }

    /// Orders what becomes of the next request to the repository of the identity; other repositories are not concerned.
    pub fn order_send_for(&self, identity: &str, order: SendOrder) {
        self.shared.lock().sends.push(Some(identity), order);
    }

    /// Puts something in the way of the next `prepare`.
    pub fn order_prepare(&self, obstacle: Obstacle) {
        self.shared.lock().prepares.push(None, obstacle);
    }

    /// Puts something in the way of the next `arm`.
    pub fn order_arm(&self, obstacle: Obstacle) {
        self.shared.lock().arms.push(None, obstacle);
    }

    /// The next `unpublish` fails.
    pub fn order_unpublish(&self, fault: Fault) {
        self.shared.lock().unpublishes.push(None, fault);
    }

    /// Orders what the next look at the platform finds, instead of the truth.
    pub fn order_witness(&self, finding: Finding) {
        self.shared.lock().witnesses.push(None, finding);
    }

    /// The next looks, so many, find out nothing.
    pub fn order_inconclusive(&self, times: usize) {
        for _ in 0..times {
            self.order_witness(Finding::Inconclusive(samples::fault("cannot_be_reached")));
        }
    }

    /// From now on, looking and finding nothing under a moved head proves that nothing was ever published, as on platforms
    /// that never forget what they saw. Otherwise, as on Bluesky, it cannot be known: its author may have deleted it.
    pub fn absence_is_proof(&self) {
        self.shared.lock().absence_is_proof = true;
    }

    /// How many requests are on their way.
    pub fn held(&self) -> usize {
        self.shared.lock().wire.len()
    }

    /// Returns once at least so many requests are on their way.
    pub async fn wait_for_held(&self, count: usize) {
        loop {
            let more = self.shared.more_held.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if self.held() >= count {
                return;
            }
            more.await;
        }
    }

    /// Lets the request that has been on its way for longest arrive, whether or not anybody still waits for its answer.
    /// `None` when there is none.
    pub fn release(&self) -> Option<Arrival> {
        let now = self.shared.clock.now();
        let mut platform = self.shared.lock();
        let held = platform.wire.pop_front()?;
        let (arrival, outcome) = platform.arrive(&held.request, now);
        drop(platform);
        // Whoever sent it may have given up meanwhile; it has arrived all the same.
        drop(held.answer.map(|answer| answer.send(outcome)));
        Some(arrival)
    }

    /// Somebody else writes to the repository: its head moves.
    pub fn foreign_write(&self, identity: &str) {
        self.shared.lock().move_head(identity);
    }

    /// The author deletes a record: it is gone and the head moves. False when there is no such record.
    pub fn delete_record(&self, identity: &str, uri: &str) -> bool {
        self.shared.lock().delete(identity, uri)
    }

    /// How often each method was called.
    pub fn calls(&self) -> Calls {
        self.shared.lock().calls
    }

    /// Every request that was let go, in order, whatever became of it.
    pub fn sent(&self) -> Vec<SentRequest> {
        self.shared.lock().sent.clone()
    }

    /// Every write that took place, in order; also of what was deleted since. The measure of "never twice".
    pub fn landings(&self) -> Vec<Landing> {
        self.shared.lock().landings.clone()
    }

    /// The texts of every part that was ever written to the repository, in order.
    pub fn landed_texts(&self, identity: &str) -> Vec<String> {
        let landings = self.landings();
        landings.into_iter().filter(|landing| landing.identity == identity).flat_map(|landing| landing.texts).collect()
    }

    /// The hash of the record that is public at the address now.
    pub fn public_cid(&self, uri: &str) -> Option<String> {
        self.shared.lock().records.get(uri).cloned()
    }
}

#[async_trait]
impl Connector for FakeConnector {
    fn platform(&self) -> Platform {
        Platform::Bluesky
    }

    fn working_on(&self, _delivery: &DeliveryId) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }

    fn limits(&self) -> Limits {
        LIMITS
    }

    fn lay_out(&self, draft: &Draft) -> Vec<Part> {
        draft.parts.clone()
    }

    fn check(&self, draft: &Draft) -> Vec<Fault> {
        self.shared.lock().calls.check += 1;
        faults_of(draft)
    }

    fn preview(&self, draft: &Draft) -> Preview {
        preview::of_draft(draft)
    }

    fn parts(&self, content: &Value) -> Result<Vec<PartPreview>, Fault> {
        preview::parts(content)
    }

    fn records(&self, account: &Account, content: &Value, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
        preview::records(account, content, due)
    }

    async fn fit(&self, original: &LocalFile) -> Result<Usable, Fault> {
        let mut original = read(original)?;
        if original.starts_with(FILM) {
            let film = Film { mime: "video/fake".to_owned(), shape: Some((2, 1)), duration_ms: Some(1), is_gif: false };
            return Ok(Usable::Film(film));
        }
        if original.starts_with(REFUSED_PICTURE) {
            return Err(Fault::new("refused_picture", Category::UserContent, "This file says that it is no picture."));
        }
        original.pop();
        let losses = vec!["its last byte is gone".to_owned()];
        let mime = "image/fake".to_owned();
        Ok(Usable::Picture(Fitted { bytes: original, mime, width: 2, height: 1, losses }))
    }

    async fn caption(&self, original: &LocalFile) -> Result<Vec<u8>, Fault> {
        read(original)
    }

    async fn cards(&self, _draft: &Draft, _originals: &dyn Originals) -> MadeCards {
        self.shared.lock().calls.cards += 1;
        MadeCards::default()
    }

    async fn resolve(&self, account: &Account, draft: &Draft, attached: &Attached) -> Result<Resolved, Vec<Fault>> {
        self.shared.lock().calls.resolve += 1;
        let parts = || draft.parts.iter().enumerate();
        let refused = parts().filter(|(_, part)| part.text.contains(REFUSED_TEXT)).map(|(place, _)| {
            Fault::content("refused_text", format!("parts[{place}].text"), format!("This text says `{REFUSED_TEXT}`."))
                .of_account(&account.handle)
        });
        let faults: Vec<Fault> = refused.collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let warned = parts().filter(|(_, part)| part.text.contains(WARNED_TEXT)).map(|(place, _)| {
            Warning::new("warned_text", format!("parts[{place}].text"), format!("This text says `{WARNED_TEXT}`."))
        });
        let lead_ms = match () {
            () if attached.has_videos() => VIDEO_LEAD_MS,
            () if attached.has_files() => PICTURES_LEAD_MS,
            () => TEXT_LEAD_MS,
        };
        Ok(Resolved { content: samples::content(draft), lead_ms, warnings: warned.collect() })
    }

    fn needs_upload(&self, _account: &Account, content: &Value, _due: Timestamp) -> bool {
        let texts = texts_of_content(content).unwrap_or_default();
        texts.first().is_some_and(|text| self.shared.lock().uploads.contains_key(*text))
    }

    async fn upload(&self, _account: &Account, content: &Value, _due: Timestamp) -> Result<(), Obstacle> {
        let texts = texts_of_content(content).map_err(Obstacle::Refused)?;
        let Some(text) = texts.first() else { return Ok(()) };
        let takes = {
            let mut platform = self.shared.lock();
            platform.calls.upload += 1;
            platform.uploads.get(*text).copied().unwrap_or_default()
        };
        self.shared.clock.sleep_until(self.shared.clock.now() + takes).await;
        self.shared.lock().uploads.remove(*text);
        Ok(())
    }

    async fn prepare(&self, account: &Account, content: &Value, stamp: Stamp) -> Result<Prepared, Obstacle> {
        let takes = {
            let mut platform = self.shared.lock();
            platform.calls.prepare += 1;
            if let Some(obstacle) = platform.prepares.take(&account.identity) {
                return Err(obstacle);
            }
            platform.preparing_takes.take()
        };
        self.shared.pass(takes).await;
        texts_of_content(content).map(|texts| frozen(account, &texts, stamp)).map_err(Obstacle::Refused)
    }

    async fn arm(
        &self,
        account: &Account,
        prepared: &Prepared,
        fence: FenceFrom<'_>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle> {
        self.shared.arming(&account.identity).await?;
        let mut platform = self.shared.lock();
        let fence = match fence {
            FenceFrom::Evidence(evidence) => evidence.fence.clone(),
            FenceFrom::Receipt(receipt) => json!({ "head": head_after(receipt) }),
            FenceFrom::Platform => {
                platform.calls.head += 1;
                json!({ "head": platform.head(&account.identity) })
            }
        };
        let request = Request { identity: account.identity.clone(), prepared: prepared.clone(), fence };
        Ok(Box::new(FakeStep { shared: Arc::clone(&self.shared), request }))
    }

    async fn fence(&self, account: &Account, evidence: &Evidence) -> Result<(), Fault> {
        let mut platform = self.shared.lock();
        platform.calls.fence += 1;
        if head_of(&evidence.fence) == Some(platform.head(&account.identity)) {
            platform.move_head(&account.identity);
        }
        Ok(())
    }

    async fn unpublish(&self, account: &Account, records: &[RecordRef]) -> Result<(), Fault> {
        let mut platform = self.shared.lock();
        platform.calls.unpublish += 1;
        if let Some(fault) = platform.unpublishes.take(&account.identity) {
            return Err(fault);
        }
        for record in records {
            platform.delete(&account.identity, &record.uri);
        }
        Ok(())
    }

    async fn witness(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding {
        let mut platform = self.shared.lock();
        platform.calls.witness += 1;
        match platform.witnesses.take(&account.identity) {
            Some(finding) => finding,
            None => platform.look(&account.identity, prepared, &evidence.fence),
        }
    }
}

struct FakeStep {
    shared: Arc<Shared>,
    request: Request,
}

#[async_trait]
impl ArmedStep for FakeStep {
    fn fence(&self) -> &Value {
        &self.request.fence
    }

    async fn send(self: Box<Self>) -> Outcome {
        let Self { shared, request } = *self;
        let reply_lost = || Outcome::Unknown(samples::fault("reply_lost"));
        let (answer, waiting) = oneshot::channel();
        {
            let now = shared.clock.now();
            let mut platform = shared.lock();
            match platform.let_go(&request, now) {
                SendOrder::Arrive => return platform.arrive(&request, now).1,
                SendOrder::ReplyLostAfterWrite => {
                    platform.arrive(&request, now);
                    return reply_lost();
                }
                SendOrder::ReplyLostBeforeWrite => return reply_lost(),
                SendOrder::Answer(outcome) => return outcome,
                SendOrder::ReplyLostWhileHeld => {
                    platform.hold(request, None);
                    drop(answer);
                }
                SendOrder::Hold => platform.hold(request, Some(answer)),
            }
        }
        shared.more_held.notify_waiters();
        // Of a request that nobody will answer the channel is closed already.
        waiting.await.unwrap_or_else(|_| reply_lost())
    }
}

fn read(original: &LocalFile) -> Result<Vec<u8>, Fault> {
    std::fs::read(original.path()).map_err(|error| Fault::new("unreadable", Category::SystemError, error.to_string()))
}

fn texts_of_content(content: &Value) -> Result<Vec<&str>, Fault> {
    let texts: Option<Vec<&str>> =
        content["texts"].as_array().and_then(|texts| texts.iter().map(Value::as_str).collect());
    texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| Fault::content("no_content", "parts", "There is nothing to publish."))
}

fn faults_of(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    if draft.parts.is_empty() {
        faults.push(Fault::content("no_parts", "parts", "A post needs at least one part."));
    }
    if draft.parts.len() > LIMITS.parts {
        let fault = Fault::content("too_many_parts", "parts", "The thread has too many parts.");
        faults.push(fault.over(format!("{} parts", LIMITS.parts), draft.parts.len()));
    }
    for (place, part) in draft.parts.iter().enumerate() {
        let (field, chars) = (format!("parts[{place}].text"), part.text.chars().count());
        if chars > LIMITS.text_graphemes {
            let fault = Fault::content("too_many_graphemes", field, "The text is too long.");
            faults.push(fault.over(format!("{} graphemes", LIMITS.text_graphemes), chars));
        } else if part.text.is_empty() && part.media.is_empty() {
            faults.push(Fault::content("empty_text", field, "The part says nothing."));
        }
    }
    faults
}

/// The bytes follow from account, texts and stamp alone.
fn frozen(account: &Account, texts: &[&str], stamp: Stamp) -> Prepared {
    let mut writes = Vec::new();
    let mut records: Vec<RecordRef> = Vec::new();
    let mut created_at = stamp.first_created_at;
    for text in texts {
        if let Some(parent) = records.last() {
            created_at += SignedDuration::from_millis(1);
            writes.push(json!({ "text": text, "created_at": created_at, "parent": parent.cid }));
        } else {
            writes.push(json!({ "text": text, "created_at": created_at }));
        }
        let rkey = format!("{}-{:04}", created_at.as_microsecond(), stamp.clock_id);
        let uri = format!("at://{}/app.bsky.feed.post/{rkey}", account.identity);
        let cid = writes.last().map(|write| format!("cid-{:016x}", fnv1a(&write.to_string()))).unwrap_or_default();
        records.push(RecordRef { uri, cid });
    }
    Prepared {
        body: json!({ "repo": account.identity, "writes": writes }).to_string(),
        records,
        first_created_at: stamp.first_created_at,
        last_created_at: created_at,
        frozen_at: stamp.frozen_at,
    }
}

/// A hash that is the same in every build, which the standard library's is not bound to be.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn texts_of(prepared: &Prepared) -> Vec<String> {
    let body: Value = serde_json::from_str(&prepared.body).unwrap_or_default();
    let text = |write: &Value| write["text"].as_str().unwrap_or_default().to_owned();
    body["writes"].as_array().map(|writes| writes.iter().map(text).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
