//! Accounts, posts, deliveries and frozen bytes to test with. All of it follows from a seed and a fixed first instant.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_domain::delivery::{DEFAULT_GRACE_MS, TEXT_LEAD_MS};
use skein_domain::ports::NewAccount;
use skein_domain::receipt::Settled;
use skein_domain::{
    Account, AccountId, Category, Delivery, DeliveryId, Draft, Evidence, Fault, Part, Platform, Policy, Post, PostId,
    Prepared, Receipt, RecordRef, Review, State, StateName, Stop, WorkspaceId,
};

use crate::seeded_entropy::SeededEntropy;

/// 2026-03-01T09:00:00Z, in seconds since the Unix epoch.
const FIRST_INSTANT_S: i64 = 1_772_355_600;

/// Milliseconds after (or before) the first instant of every test, 2026-03-01T09:00:00Z.
pub fn at_ms(ms: i64) -> Timestamp {
    at_us(ms.saturating_mul(1_000))
}

/// Microseconds after (or before) the first instant of every test, 2026-03-01T09:00:00Z.
pub fn at_us(us: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(FIRST_INSTANT_S) + SignedDuration::from_micros(us)
}

/// A fault that does not need to say much.
pub fn fault(code: &str) -> Fault {
    Fault::new(code, Category::PlatformError, format!("Something happened: {code}."))
}

/// The form in which [`FakeConnector`](crate::FakeConnector) keeps a draft.
pub fn content(draft: &Draft) -> Value {
    let texts: Vec<&str> = draft.parts.iter().map(|part| part.text.as_str()).collect();
    json!({ "texts": texts, "langs": draft.langs, "reply_to": draft.reply_to })
}

/// A draft of the texts, one part each.
pub fn draft(texts: &[&str]) -> Draft {
    let parts = texts.iter().copied().map(Part::text).collect();
    Draft { parts, langs: vec!["en".to_owned()], ..Draft::default() }
}

/// Makes samples that differ from each other.
#[derive(Debug)]
pub struct Samples {
    entropy: SeededEntropy,
}

impl Samples {
    /// The same seed makes the same samples in the same order.
    pub fn new(seed: u64) -> Self {
        Self { entropy: SeededEntropy::new(seed) }
    }

    /// An account to connect, with a DID of its own.
    pub fn new_account(&self, handle: &str) -> NewAccount {
        NewAccount {
            id: AccountId::mint(at_ms(0), &self.entropy),
            workspace: WorkspaceId::personal(),
            platform: Platform::Bluesky,
            identity: format!("did:plc:{:024x}", self.entropy.next_u64()),
            handle: handle.to_owned(),
            host: "https://pds.example".to_owned(),
            at: at_ms(0),
        }
    }

    /// An account as a ledger hands it out, without asking one.
    pub fn account(&self, handle: &str) -> Account {
        self.new_account(handle).into()
    }

    /// A post of the workspace `personal`, one part a text, submitted at the first instant.
    pub fn post(&self, texts: &[&str], due: Timestamp) -> Post {
        self.post_submitted(texts, due, at_ms(0))
    }

    /// The same, submitted at another instant.
    pub fn post_submitted(&self, texts: &[&str], due: Timestamp, submitted_at: Timestamp) -> Post {
        Post {
            id: PostId::mint(submitted_at, &self.entropy),
            workspace: WorkspaceId::personal(),
            named: None,
            draft: draft(texts),
            due,
            zone: "Europe/Paris".to_owned(),
            submitted_at,
        }
    }

    /// A delivery of the post on the account, Scheduled, version 1, looked at when it is due.
    pub fn delivery(&self, post: &Post, account: &Account) -> Delivery {
        Delivery {
            id: DeliveryId::mint(post.submitted_at, &self.entropy),
            post: post.id.clone(),
            account: account.id.clone(),
            lane: account.lane(),
            due: post.due,
            grace_ms: DEFAULT_GRACE_MS,
            policy: Policy::default(),
            lead_ms: TEXT_LEAD_MS,
            content: content(&post.draft),
            prepared: None,
            state: State::Scheduled { wake_at: post.due, waiting: None },
            attempts: 0,
            version: 1,
            submitted_at: post.submitted_at,
        }
    }

    /// An id of no delivery.
    pub fn stray_delivery_id(&self) -> DeliveryId {
        DeliveryId::mint(at_ms(0), &self.entropy)
    }

    /// An id of no post.
    pub fn stray_post_id(&self) -> PostId {
        PostId::mint(at_ms(0), &self.entropy)
    }

    /// An id of no account.
    pub fn stray_account_id(&self) -> AccountId {
        AccountId::mint(at_ms(0), &self.entropy)
    }
}

/// Frozen bytes for a delivery: one record a part, the first created at the instant, each further one a millisecond later.
/// The addresses follow from the lane and the instants alone, so equal instants collide.
pub fn prepared(delivery: &Delivery, first_created_at: Timestamp) -> Prepared {
    let parts = delivery.content["texts"].as_array().map_or(1, |texts| texts.len().max(1));
    let step = SignedDuration::from_millis(1);
    let mut instants = vec![first_created_at];
    while let (true, Some(last)) = (instants.len() < parts, instants.last()) {
        instants.push(*last + step);
    }
    let records: Vec<RecordRef> = instants
        .iter()
        .map(|at| RecordRef {
            uri: format!("at://{}/app.bsky.feed.post/{}", delivery.lane, at.as_microsecond()),
            cid: format!("cid-{}-{}", delivery.id, at.as_microsecond()),
        })
        .collect();
    Prepared {
        body: json!({ "records": records, "content": delivery.content }).to_string(),
        records,
        first_created_at,
        last_created_at: instants.last().copied().unwrap_or(first_created_at),
        frozen_at: first_created_at,
    }
}

/// What is journaled before a request leaves.
pub fn evidence(armed_at: Timestamp) -> Evidence {
    Evidence::first(armed_at, json!({ "head": 7 }))
}

/// A receipt for what a delivery has frozen; without records where it has frozen nothing.
pub fn receipt(delivery: &Delivery, settled_at: Timestamp) -> Receipt {
    Receipt {
        records: delivery.prepared.as_ref().map(|prepared| prepared.records.clone()).unwrap_or_default(),
        commit: Some("commit-1".to_owned()),
        rev: None,
        url: Some("https://social.example/1".to_owned()),
        due: delivery.due,
        sent_at: Some(settled_at),
        settled_at,
        lateness_ms: delivery.late_by_ms(settled_at),
        attempts: delivery.attempts,
        settled: Settled::Answered,
    }
}

/// The delivery in a state, with all that the state carries and with frozen bytes where the state must have them.
/// `wake_at` becomes the wake-up of states that have one; the frozen bytes are made for the instant at which it is due.
pub fn in_state(mut delivery: Delivery, name: StateName, wake_at: Timestamp) -> Delivery {
    if must_be_prepared(name) && delivery.prepared.is_none() {
        delivery.prepared = Some(prepared(&delivery, delivery.due));
    }
    if must_not_be_prepared(name) {
        delivery.prepared = None;
    }
    delivery.state = match name {
        StateName::Scheduled => State::Scheduled { wake_at, waiting: None },
        StateName::Preparing => State::Preparing { wake_at },
        StateName::Ready => State::Ready { wake_at, waiting: None, earlier: None },
        StateName::Blocked => State::Blocked { wake_at, stop: Stop::Held },
        StateName::Publishing => State::Publishing { wake_at, evidence: evidence(wake_at) },
        StateName::Settling => State::Settling { wake_at, evidence: evidence(wake_at), fault: fault("reply_lost") },
        StateName::NeedsReview => {
            State::NeedsReview { review: Review { fault: fault("cannot_be_known") }, evidence: evidence(wake_at) }
        }
        StateName::Published => State::Published { receipt: receipt(&delivery, delivery.due) },
        StateName::Failed => State::Failed { fault: fault("refused") },
        StateName::Missed => State::Missed { late_by_ms: 3_600_001 },
        StateName::Canceled => State::Canceled,
        StateName::Removed => State::Removed { receipt: receipt(&delivery, delivery.due) },
    };
    delivery
}

/// Whether a delivery in this state has its bytes frozen, always.
pub fn must_be_prepared(name: StateName) -> bool {
    matches!(
        name,
        StateName::Ready | StateName::Publishing | StateName::Settling | StateName::NeedsReview | StateName::Published
    )
}

/// Whether a delivery in this state has no frozen bytes, ever.
pub fn must_not_be_prepared(name: StateName) -> bool {
    matches!(name, StateName::Scheduled | StateName::Preparing)
}
