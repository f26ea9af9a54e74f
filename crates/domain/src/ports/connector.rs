//! A platform, as the engine and the use cases see it.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

use super::{LocalFile, Originals};
use crate::outcome::Obstacle;
use crate::{
    Account, Attached, DeliveryId, Draft, Evidence, Fault, Finding, MadeCards, Outcome, Part, PartPreview, Platform,
    Prepared, Preview, Receipt, RecordPreview, RecordRef, Resolved, Usable,
};

/// What the platform allows, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Extended grapheme clusters in one part.
    pub text_graphemes: usize,
    /// UTF-8 bytes in one part.
    pub text_bytes: usize,
    /// Parts of one thread.
    pub parts: usize,
    /// Languages of one post.
    pub langs: usize,
    /// Pictures of one part.
    pub pictures: usize,
    /// The largest file that is looked at to make a picture of it.
    pub picture_input_bytes: u64,
    /// The largest file of any kind that is fetched.
    pub media_input_bytes: u64,
    /// Captions of one video.
    pub captions: usize,
}

/// What the freeze allots to a delivery: the instants and addresses that no other delivery of its lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The createdAt of the first part; each further part is one step later.
    pub first_created_at: Timestamp,
    /// Ten random bits, so that two systems publishing at the same microsecond do not choose the same address.
    pub clock_id: u16,
    /// When this is done.
    pub frozen_at: Timestamp,
}

/// A request that is loaded and only needs to be let go: body, token and connection are there.
#[async_trait]
pub trait ArmedStep: Send {
    /// What must be journaled before it leaves.
    fn fence(&self) -> &Value;
    /// Lets the request go and waits for its answer. Sent at most once; never repeated in here.
    async fn send(self: Box<Self>) -> Outcome;
}

/// From where a request gets its fence: what must still be so at the platform for the request to be taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FenceFrom<'a> {
    /// The platform is asked how it stands.
    Platform,
    /// What it answered a moment ago to the request before this one, in the same lane under the same claim. That somebody has written
    /// since, here or elsewhere, the platform finds.
    Receipt(&'a Receipt),
    /// An earlier request with the same bytes: only one of the two can land.
    Evidence(&'a Evidence),
}

/// One platform.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Which one.
    fn platform(&self) -> Platform;

    /// The same connector, whose calls are logged as made for this delivery.
    fn working_on(&self, delivery: &DeliveryId) -> Arc<dyn Connector>;

    /// What it allows.
    fn limits(&self) -> Limits;

    /// The parts of a draft as this platform takes them: Markdown read, what is too long cut, pictures beside their part.
    /// All other methods mean these parts, by number; the same draft always becomes the same parts.
    fn lay_out(&self, draft: &Draft) -> Vec<Part>;

    /// Checks what can be checked without asking anybody. Returns every fault at once.
    fn check(&self, draft: &Draft) -> Vec<Fault>;

    /// What can be shown of a draft without asking anybody: parts, faults and warnings; who is mentioned is told by handle,
    /// and there are no records.
    fn preview(&self, draft: &Draft) -> Preview;

    /// The parts of a draft that was resolved, as they will be published.
    fn parts(&self, content: &Value) -> Result<Vec<PartPreview>, Fault>;

    /// The records that `prepare` will make at the due instant, with what is not fixed before then marked.
    fn records(&self, account: &Account, content: &Value, due: Timestamp) -> Result<Vec<RecordPreview>, Fault>;

    /// Tells by its bytes whether a file is a picture or a video, and makes of a picture the one that the platform takes: the
    /// same bytes always make the same picture. A video is taken as it is, or refused. The fault needs no field: whoever asks
    /// adds it.
    async fn fit(&self, original: &LocalFile) -> Result<Usable, Fault>;

    /// The captions in a file, checked. The fault needs no field.
    async fn caption(&self, original: &LocalFile) -> Result<Vec<u8>, Fault>;

    /// Makes the link cards of a draft which passed `check`: asks its pages, and fits their pictures.
    async fn cards(&self, draft: &Draft, originals: &dyn Originals) -> MadeCards;

    /// Looks up all that a draft which passed `check` refers to; `attached` are the pictures and cards of each part, in
    /// order. Returns every fault at once.
    async fn resolve(&self, account: &Account, draft: &Draft, attached: &Attached) -> Result<Resolved, Vec<Fault>>;

    /// Whether something must be brought to the platform before `prepare`, as far as this process knows: also what is there, and
    /// may be forgotten by the instant.
    fn needs_upload(&self, account: &Account, content: &Value, due: Timestamp) -> bool;

    /// Brings to the platform what the content needs there. Harmless to repeat, and done beside everything else: nobody waits
    /// for it, and it may take minutes.
    async fn upload(&self, account: &Account, content: &Value, due: Timestamp) -> Result<(), Obstacle>;

    /// Verifies that what was looked up still holds and makes the final bytes. What needs an upload is not prepared.
    async fn prepare(&self, account: &Account, content: &Value, stamp: Stamp) -> Result<Prepared, Obstacle>;

    /// Loads the request.
    async fn arm(
        &self,
        account: &Account,
        prepared: &Prepared,
        fence: FenceFrom<'_>,
    ) -> Result<Box<dyn ArmedStep>, Obstacle>;

    /// Makes sure that no request of this evidence can land any more; on Bluesky the head of the repository is moved if it
    /// still stands where it stood. What had landed before stays.
    async fn fence(&self, account: &Account, evidence: &Evidence) -> Result<(), Fault>;

    /// Takes back what was published: afterwards none of these records is there, whoever deleted them. Harmless to repeat.
    async fn unpublish(&self, account: &Account, records: &[RecordRef]) -> Result<(), Fault>;

    /// Looks at the platform to find out what became of a request.
    async fn witness(&self, account: &Account, prepared: &Prepared, evidence: &Evidence) -> Finding;
}
