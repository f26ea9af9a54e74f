//! A sample of every event and of every state, made so that nobody can forget one: a variant without a sample does not
//! compile.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use skein_domain::delivery::Stale;
use skein_domain::receipt::Settled;
use skein_domain::{Category, Event, Evidence, Fault, Receipt, RecordRef, Review, State, StateName, Stop, Waiting};

/// The instant that every event names for the next wake-up; no other instant of an event equals it.
pub(crate) const WAKE_MS: i64 = 50_000;
/// The wake-up of every state before the event.
pub(crate) const OLD_WAKE_MS: i64 = 20_000;

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(1_772_355_600_000 + ms)
}

pub(crate) fn fault(code: &str) -> Fault {
    Fault::new(code, Category::PlatformError, "It went wrong.")
}

pub(crate) fn receipt(uri: &str) -> Receipt {
    Receipt {
        records: vec![RecordRef { uri: uri.to_owned(), cid: "cid".to_owned() }],
        commit: None,
        rev: None,
        url: None,
        due: at(1),
        sent_at: None,
        settled_at: at(2),
        lateness_ms: 1,
        attempts: 1,
        settled: Settled::Answered,
    }
}

/// Evidence of one request, as the state holds it before the event.
pub(crate) fn evidence() -> Evidence {
    Evidence { looks: 2, ..Evidence::first(at(3), json!({ "head": 7 })) }
}

macro_rules! every_event {
    ($($name:ident => $sample:expr,)+) => {
        /// Every event under the name of its variant.
        pub(crate) fn every_event() -> Vec<(&'static str, Event)> {
            let samples = vec![$((stringify!($name), $sample)),+];
            for (name, sample) in &samples {
                assert_eq!(*name, variant_of(sample));
            }
            samples
        }

        fn variant_of(event: &Event) -> &'static str {
            match event {
                $(Event::$name { .. } => stringify!($name),)+
            }
        }
    };
}

every_event! {
    Claimed => Event::Claimed { owner: "worker-1".to_owned(), until: at(WAKE_MS) },
    PrepareFailed => Event::PrepareFailed { retry_at: at(WAKE_MS), fault: fault("new") },
    LeaseLost => Event::LeaseLost { at: at(WAKE_MS) },
    Frozen => Event::Frozen { wake_at: at(WAKE_MS), records: 2 },
    WentStale => Event::WentStale { until: at(WAKE_MS), stale: Stale::BlobGone },
    Waits => Event::Waits { until: at(WAKE_MS), waiting: Waiting::Retry { fault: fault("new") } },
    Edited => Event::Edited { wake_at: at(WAKE_MS) },
    Moved => Event::Moved { due: at(80_000), wake_at: at(WAKE_MS), grace_ends: at(WAKE_MS) },
    Stopped => Event::Stopped { stop: Stop::Account { fault: fault("new") }, wake_at: at(WAKE_MS) },
    Released => Event::Released { wake_at: at(WAKE_MS) },
    Canceled => Event::Canceled,
    PastGrace => Event::PastGrace { late_by_ms: 77 },
    Refused => Event::Refused { fault: fault("new") },
    Armed => Event::Armed { until: at(WAKE_MS), evidence: Evidence::first(at(90), json!({ "head": 9 })) },
    Published => Event::Published { receipt: receipt("at://new") },
    Rejected => Event::Rejected { look_at: at(WAKE_MS), fault: fault("new") },
    Postponed => Event::Postponed { retry_at: at(WAKE_MS), look_at: at(WAKE_MS), fault: fault("new") },
    BlobGone => Event::BlobGone { until: at(WAKE_MS), fault: fault("new") },
    AuthLost => Event::AuthLost { wake_at: at(WAKE_MS), fault: fault("new") },
    Accepted => Event::Accepted { look_at: at(WAKE_MS) },
    ReplyLost => Event::ReplyLost { sent_at: at(9), look_at: at(WAKE_MS), fault: fault("new") },
    StillUnsettled => Event::StillUnsettled { look_at: at(WAKE_MS), fault: fault("new") },
    Found => Event::Found { receipt: receipt("at://new") },
    AbsentFenced => Event::AbsentFenced { wake_at: at(WAKE_MS) },
    Resent => Event::Resent { at: at(WAKE_MS), until: at(WAKE_MS) },
    Unknowable => Event::Unknowable { review: Review { fault: fault("new") } },
    PersonAccepted => Event::PersonAccepted { receipt: receipt("at://new") },
    PersonResends => Event::PersonResends { wake_at: at(WAKE_MS) },
    PersonGaveUp => Event::PersonGaveUp { fault: fault("new") },
    Retried => Event::Retried { wake_at: at(WAKE_MS) },
    Unpublished => Event::Unpublished,
}

macro_rules! every_state {
    ($($name:ident => [$(($label:literal, $sample:expr)),+ $(,)?],)+) => {
        /// Every state, once for each way in which what it carries decides about what may follow.
        pub(crate) fn every_state() -> Vec<(&'static str, State)> {
            let samples = vec![$($((StateName::$name, $label, $sample)),+),+];
            samples
                .into_iter()
                .map(|(name, label, state)| {
                    assert_eq!(name, state.name());
                    (label, state)
                })
                .collect()
        }

        const _: fn(&State) = |state| match state {
            $(State::$name { .. } => (),)+
        };
    };
}

fn wake() -> Timestamp {
    at(OLD_WAKE_MS)
}

fn waiting() -> Waiting {
    Waiting::Retry { fault: fault("old") }
}

fn with(resends: u32, pinned: bool) -> Evidence {
    Evidence { resends, pinned, ..evidence() }
}

every_state! {
    Scheduled => [("Scheduled", State::Scheduled { wake_at: wake(), waiting: Some(waiting()) })],
    Preparing => [("Preparing", State::Preparing { wake_at: wake() })],
    Ready => [
        ("Ready", State::Ready { wake_at: wake(), waiting: Some(waiting()), earlier: None }),
        ("Ready, pinned", State::Ready { wake_at: wake(), waiting: Some(waiting()), earlier: Some(with(2, false)) }),
    ],
    Blocked => [("Blocked", State::Blocked { wake_at: wake(), stop: Stop::Held })],
    Publishing => [
        ("Publishing", State::Publishing { wake_at: wake(), evidence: with(0, false) }),
        ("Publishing, resent", State::Publishing { wake_at: wake(), evidence: with(1, false) }),
        ("Publishing, pinned", State::Publishing { wake_at: wake(), evidence: with(0, true) }),
    ],
    Settling => [
        ("Settling", State::Settling { wake_at: wake(), evidence: with(0, false), fault: fault("old") }),
        ("Settling, resent", State::Settling { wake_at: wake(), evidence: with(3, true), fault: fault("old") }),
    ],
    NeedsReview => [("NeedsReview", State::NeedsReview { review: Review { fault: fault("old") }, evidence: with(0, false) })],
    Published => [("Published", State::Published { receipt: receipt("at://old") })],
    Failed => [("Failed", State::Failed { fault: fault("old") })],
    Missed => [("Missed", State::Missed { late_by_ms: 5 })],
    Canceled => [("Canceled", State::Canceled)],
    Removed => [("Removed", State::Removed { receipt: receipt("at://old") })],
}
