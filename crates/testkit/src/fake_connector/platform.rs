//! What is public, what is on its way there, and what was ordered.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault, Finding, Outcome, Prepared, Proof, Receipt, RecordRef};
use tokio::sync::oneshot;

use super::{Calls, SendOrder, texts_of};

/// What a commit is called, before the number of the head that it made.
pub(super) const COMMIT: &str = "commit-";

/// What became of a request that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was written.
    Landed,
    /// The fence had moved: nothing was written.
    FenceMoved,
    /// Something is at one of its addresses already: nothing was written, and the answer is a plain failure.
    AddressTaken,
}

/// One write that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// When.
    pub at: Timestamp,
    /// In whose repository.
    pub identity: String,
    /// What was made.
    pub records: Vec<RecordRef>,
    /// The words, one text a record.
    pub texts: Vec<String>,
}

/// One request that was let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// When.
    pub at: Timestamp,
    /// To whose repository.
    pub identity: String,
    /// Its exact bytes, without the fence.
    pub body: String,
    /// The fence under which it was loaded.
    pub fence: Value,
}

pub(super) struct Request {
    pub(super) identity: String,
    pub(super) prepared: Prepared,
    pub(super) fence: Value,
}

pub(super) struct Held {
    pub(super) request: Request,
    pub(super) answer: Option<oneshot::Sender<Outcome>>,
}

/// First in, first out; an order for an identity waits for it, an order for nobody takes the first that comes.
pub(super) struct Orders<T>(VecDeque<(Option<String>, T)>);

impl<T> Default for Orders<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Orders<T> {
    pub(super) fn push(&mut self, identity: Option<&str>, order: T) {
        self.0.push_back((identity.map(str::to_owned), order));
    }

    pub(super) fn take(&mut self, identity: &str) -> Option<T> {
        let place = self.0.iter().position(|(wanted, _)| wanted.as_deref().is_none_or(|wanted| wanted == identity))?;
        self.0.remove(place).map(|(_, order)| order)
    }
}

#[derive(Default)]
pub(super) struct FakePlatform {
    pub(super) calls: Calls,
    pub(super) sends: Orders<SendOrder>,
    pub(super) prepares: Orders<Obstacle>,
    /// How long the next call of `prepare` takes.
    pub(super) preparing_takes: Option<SignedDuration>,
    /// How long the next call of `arm` takes.
    pub(super) arming_takes: Option<SignedDuration>,
    /// How long bringing a text to the platform takes.
    pub(super) uploads: BTreeMap<String, SignedDuration>,
    pub(super) arms: Orders<Obstacle>,
    pub(super) witnesses: Orders<Finding>,
    pub(super) unpublishes: Orders<Fault>,
    pub(super) wire: VecDeque<Held>,
    pub(super) sent: Vec<SentRequest>,
    pub(super) landings: Vec<Landing>,
    /// The hashes of what is public, by address.
    pub(super) records: BTreeMap<String, String>,
    pub(super) absence_is_proof: bool,
    heads: BTreeMap<String, u64>,
}

impl FakePlatform {
    pub(super) fn head(&self, identity: &str) -> u64 {
        self.heads.get(identity).copied().unwrap_or(1)
    }

    pub(super) fn move_head(&mut self, identity: &str) -> u64 {
        let next = self.head(identity) + 1;
        self.heads.insert(identity.to_owned(), next);
        next
    }

    pub(super) fn delete(&mut self, identity: &str, uri: &str) -> bool {
        let existed = self.records.remove(uri).is_some();
        if existed {
            self.move_head(identity);
        }
        existed
    }

    /// Notes that a request leaves and tells what was ordered for it.
    pub(super) fn let_go(&mut self, request: &Request, at: Timestamp) -> SendOrder {
        self.calls.send += 1;
        self.sent.push(SentRequest {
            at,
            identity: request.identity.clone(),
            body: request.prepared.body.clone(),
            fence: request.fence.clone(),
        });
        self.sends.take(&request.identity).unwrap_or(SendOrder::Arrive)
    }

    pub(super) fn hold(&mut self, request: Request, answer: Option<oneshot::Sender<Outcome>>) {
        self.wire.push_back(Held { request, answer });
    }

    pub(super) fn arrive(&mut self, request: &Request, at: Timestamp) -> (Arrival, Outcome) {
        let Request { identity, prepared, fence } = request;
        if head_of(fence) != Some(self.head(identity)) {
            return (Arrival::FenceMoved, Outcome::RetryAt { at: None, fault: fence_moved() });
        }
        if prepared.records.iter().any(|record| self.records.contains_key(&record.uri)) {
            let fault = Fault::new("internal", Category::PlatformError, "Internal server error.");
            return (Arrival::AddressTaken, Outcome::Unknown(fault));
        }
        for record in &prepared.records {
            self.records.insert(record.uri.clone(), record.cid.clone());
        }
        let head = self.move_head(identity);
        self.landings.push(Landing {
            at,
            identity: identity.clone(),
            records: prepared.records.clone(),
            texts: texts_of(prepared),
        });
        let proof = proof(prepared, Some(head));
        (Arrival::Landed, Outcome::Published(proof))
    }

    /// The truth about a request, as far as the repository shows it.
    pub(super) fn look(&self, identity: &str, prepared: &Prepared, fence: &Value) -> Finding {
        let there = |record: &RecordRef| self.records.contains_key(&record.uri);
        let is_ours = |record: &RecordRef| self.records.get(&record.uri) == Some(&record.cid);
        if !prepared.records.iter().any(there) {
            return match head_of(fence) == Some(self.head(identity)) {
                true => Finding::AbsentUnfenced,
                false if self.absence_is_proof => Finding::AbsentFenced,
                false => Finding::Unknowable(published_or_not()),
            };
        }
        if prepared.records.iter().all(is_ours) {
            return Finding::Found(proof(prepared, None));
        }
        Finding::Different(Fault::new("different", Category::Unknown, "Something else is at the address of this post."))
    }
}

fn published_or_not() -> Fault {
    Fault::new(
        "published_or_not",
        Category::Unknown,
        "It is not there: it never arrived, or it was published and deleted.",
    )
}

fn proof(prepared: &Prepared, head: Option<u64>) -> Proof {
    Proof {
        records: prepared.records.clone(),
        commit: head.map(|head| format!("{COMMIT}{head}")),
        rev: head.map(|head| format!("rev-{head:06}")),
        url: prepared.records.first().map(|record| format!("https://social.example/{}", record.cid)),
    }
}

fn fence_moved() -> Fault {
    Fault::new("fence_moved", Category::PlatformError, "The repository has changed since the request was loaded.")
}

pub(super) fn head_of(fence: &Value) -> Option<u64> {
    fence["head"].as_u64()
}

/// The head that a write of this platform has made.
pub(super) fn head_after(receipt: &Receipt) -> Option<u64> {
    receipt.commit.as_deref()?.strip_prefix(COMMIT)?.parse().ok()
}
