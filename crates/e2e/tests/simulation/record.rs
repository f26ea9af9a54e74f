//! What happened in a run, in order: for the trace, for the counts, and for what must hold.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use skein_domain::{AccountId, Delivery, DeliveryId, Event, RecordRef, State};

/// Lines of a trace that are kept to be shown.
const LINES_KEPT: usize = 4_000;

/// One step of a delivery that was written.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Its place in the order of everything.
    pub(crate) at: u64,
    /// Which delivery.
    pub(crate) delivery: DeliveryId,
    /// Whose.
    pub(crate) account: AccountId,
    /// The event, where the step is part of the story.
    pub(crate) event: Option<Event>,
}

/// A write that was let go, whatever became of it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// Its place in the order of everything.
    pub(crate) at: u64,
    /// To whose repository.
    pub(crate) did: String,
    /// The words of its posts.
    pub(crate) texts: Vec<String>,
}

/// What a person was told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// These are canceled.
    Canceled(DeliveryId),
    /// The account is held.
    Held(AccountId),
    /// The account is about to be released.
    Releasing(AccountId),
    /// These bytes are to be sent again.
    Resend(DeliveryId),
}

/// The record of one run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    inner: Mutex<Inner>,
}

/// What is recorded.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    next: u64,
    hash: u64,
    /// The last lines of the trace.
    pub(crate) lines: Vec<String>,
    /// How often each kind of thing happened.
    pub(crate) counts: BTreeMap<String, u64>,
    /// Every step of every delivery.
    pub(crate) steps: Vec<Step>,
    /// Every write that left.
    pub(crate) sent: Vec<Sent>,
    /// What people were told, with its place in the order and the right time.
    pub(crate) told: Vec<(u64, Timestamp, Told)>,
    /// The bytes that were ever frozen.
    pub(crate) frozen: Vec<(DeliveryId, Vec<RecordRef>)>,
    /// What was found wrong while it happened.
    pub(crate) violations: Vec<Violation>,
    /// Since when it could be known how much a host takes of an account.
    pub(crate) limits_known: BTreeMap<String, Timestamp>,
    /// The engine that has the newest claim of each lane.
    pub(crate) claims: BTreeMap<String, String>,
}

/// Something that must never happen, and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which promise is broken.
    pub(crate) promise: &'static str,
    /// What happened.
    pub(crate) what: String,
}

impl Record {
    /// What is recorded so far.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one of a kind.
    pub(crate) fn count(&self, kind: &str) {
        *self.lock().counts.entry(kind.to_owned()).or_default() += 1;
    }

    /// A hash of everything in its order.
    pub(crate) fn hash(&self) -> u64 {
        self.lock().hash
    }
}

impl Inner {
    /// A line of the trace; returns its place in the order of everything.
    pub(crate) fn line(&mut self, at: Timestamp, text: &str) -> u64 {
        // In seconds of the day: a date takes longer to write than all the rest.
        let us = at.as_microsecond().rem_euclid(86_400_000_000);
        let line = format!("{:>5}.{:06} {text}", us / 1_000_000, us % 1_000_000);
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
        }
        if self.lines.len() < LINES_KEPT {
            self.lines.push(line);
        }
        self.next += 1;
        self.next
    }

    /// A promise is broken.
    pub(crate) fn broken(&mut self, promise: &'static str, what: String) {
        self.violations.push(Violation { promise, what });
    }

    /// Whether a person had the bytes of a delivery sent again, and how often.
    pub(crate) fn resends(&self, id: &DeliveryId) -> usize {
        self.told.iter().filter(|(.., told)| matches!(told, Told::Resend(of) if of == id)).count()
    }
}

/// The name of an event, as it stands in stories.
pub(crate) fn name_of(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap_or_default();
    value["event"].as_str().unwrap_or("?").to_owned()
}

/// What a state is, for the trace: its name and its next wake-up.
pub(crate) fn shown(state: &State) -> String {
    let wake = state.wake_at().map(|at| format!(" wakes {}", at.as_microsecond())).unwrap_or_default();
    format!("{}{wake}", state.name().as_str())
}

/// Whose repository a delivery goes to.
pub(crate) fn did_of(delivery: &Delivery) -> &str {
    delivery.lane.as_str().split_once(':').map_or("", |(_, did)| did)
}
