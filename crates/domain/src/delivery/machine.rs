//! The state machine: which event is allowed where, and what it leads to. A transition consumes the old state.
//! The diagram in `docs/ARCHITECTURE.md` is compared with this file by a test.

use jiff::Timestamp;

use super::event::Event;
use super::state::{Review, State, StateName, Stop, Waiting};
use crate::{Evidence, Fault};

/// An event that its state does not allow. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {} cannot take this step: {event:?}", state.as_str())]
pub struct NotAllowed {
    /// The state, unchanged.
    pub state: StateName,
    /// What was tried.
    pub event: Box<Event>,
}

impl State {
    /// The next state. What the state does not allow is refused and changes nothing.
    pub fn apply(self, event: Event) -> Result<State, NotAllowed> {
        use StateName as S;
        let name = self.name();
        match (self, event) {
            (State::Ready { earlier: Some(evidence), .. }, event) => from_pinned(evidence, event),
            (_, Event::Edited { wake_at } | Event::Moved { wake_at, .. }) if name.is_open() => Ok(scheduled(wake_at)),
            (_, Event::Stopped { stop, wake_at }) if name.is_open() => Ok(State::Blocked { wake_at, stop }),
            (_, Event::Canceled) if name.is_open() || name == S::Blocked => Ok(State::Canceled),
            (_, Event::PastGrace { late_by_ms }) if name.is_open() || name == S::Blocked => {
                Ok(State::Missed { late_by_ms })
            }
            (_, Event::Refused { fault }) if name.is_open() => Ok(State::Failed { fault }),
            (State::Scheduled { .. }, Event::Claimed { until, .. }) => Ok(State::Preparing { wake_at: until }),
            (State::Scheduled { .. }, Event::Waits { until, waiting }) => {
                Ok(State::Scheduled { wake_at: until, waiting: Some(waiting) })
            }
            (State::Blocked { stop, .. }, Event::Moved { grace_ends, .. }) => {
                Ok(State::Blocked { wake_at: grace_ends, stop })
            }
            (State::Blocked { .. }, Event::Released { wake_at })
            | (State::Failed { .. } | State::Missed { .. }, Event::Retried { wake_at }) => Ok(scheduled(wake_at)),
            (State::Preparing { .. }, event) => from_preparing(event),
            (State::Ready { .. }, event) => from_ready(event),
            (State::Publishing { evidence, .. }, event) => from_publishing(evidence, event),
            (State::Settling { evidence, .. }, event) => from_settling(evidence, event),
            (State::NeedsReview { evidence, .. }, event) => from_review(evidence, event),
            (State::Published { receipt }, Event::Unpublished) => Ok(State::Removed { receipt }),
            (state, event) => refuse(state.name(), event),
        }
    }
}

fn scheduled(wake_at: Timestamp) -> State {
    State::Scheduled { wake_at, waiting: None }
}

fn refuse(state: StateName, event: Event) -> Result<State, NotAllowed> {
    Err(NotAllowed { state, event: Box::new(event) })
}

fn from_preparing(event: Event) -> Result<State, NotAllowed> {
    match event {
        Event::PrepareFailed { retry_at, fault } => {
            Ok(State::Scheduled { wake_at: retry_at, waiting: Some(Waiting::Retry { fault }) })
        }
        Event::LeaseLost { at } => Ok(scheduled(at)),
        Event::Frozen { wake_at, .. } => Ok(State::Ready { wake_at, waiting: None, earlier: None }),
        event => refuse(StateName::Preparing, event),
    }
}

fn from_ready(event: Event) -> Result<State, NotAllowed> {
    match event {
        Event::WentStale { until, .. } => Ok(State::Preparing { wake_at: until }),
        Event::Waits { until, waiting } => Ok(State::Ready { wake_at: until, waiting: Some(waiting), earlier: None }),
        Event::Armed { until, evidence } => Ok(State::Publishing { wake_at: until, evidence }),
        event => refuse(StateName::Ready, event),
    }
}

/// Pinned bytes are armed, or go back to the person who wanted them sent: on any other way they would be made anew under
/// another address while the earlier request may have landed.
fn from_pinned(earlier: Evidence, event: Event) -> Result<State, NotAllowed> {
    let fault = match event {
        Event::Waits { until, waiting } => {
            return Ok(State::Ready { wake_at: until, waiting: Some(waiting), earlier: Some(earlier) });
        }
        Event::Armed { until, evidence } => {
            return Ok(State::Publishing { wake_at: until, evidence: Evidence { pinned: true, ..evidence } });
        }
        Event::Refused { fault } | Event::Stopped { stop: Stop::Account { fault }, .. } => fault,
        Event::Stopped { stop: Stop::Held, .. } => not_resent("the account is held"),
        Event::PastGrace { .. } => not_resent("its time passed too long ago"),
        event => return refuse(StateName::Ready, event),
    };
    Ok(State::NeedsReview { review: fault.into(), evidence: earlier })
}

/// While an earlier request with the same bytes is unsettled, or a person had them sent again without being certain, an answer to the later one proves nothing about the
/// earlier: only `Published` ends it, everything else goes to the witness.
fn from_publishing(evidence: Evidence, event: Event) -> Result<State, NotAllowed> {
    let earlier_unsettled = evidence.leaves_doubt();
    match event {
        Event::Published { receipt } => Ok(State::Published { receipt }),
        Event::Postponed { retry_at, look_at, fault } if earlier_unsettled => {
            let evidence = Evidence { resend_after: Some(retry_at), ..evidence };
            Ok(State::Settling { wake_at: look_at, evidence, fault })
        }
        Event::Rejected { look_at: wake_at, fault }
        | Event::BlobGone { until: wake_at, fault }
        | Event::AuthLost { wake_at, fault }
            if earlier_unsettled =>
        {
            Ok(State::Settling { wake_at, evidence, fault })
        }
        Event::Rejected { fault, .. } => Ok(State::Failed { fault }),
        Event::Postponed { retry_at, fault, .. } => {
            Ok(State::Ready { wake_at: retry_at, waiting: Some(Waiting::Retry { fault }), earlier: None })
        }
        Event::BlobGone { until, .. } => Ok(State::Preparing { wake_at: until }),
        Event::AuthLost { wake_at, fault } => Ok(State::Blocked { wake_at, stop: Stop::Account { fault } }),
        Event::Accepted { look_at } => Ok(State::Settling { wake_at: look_at, evidence, fault: taken() }),
        Event::ReplyLost { sent_at, look_at, fault } => {
            let evidence = Evidence { sent_at: Some(sent_at), ..evidence };
            Ok(State::Settling { wake_at: look_at, evidence, fault })
        }
        Event::LeaseLost { at } => Ok(State::Settling { wake_at: at, evidence, fault: worker_gone() }),
        event => refuse(StateName::Publishing, event),
    }
}

fn from_settling(mut evidence: Evidence, event: Event) -> Result<State, NotAllowed> {
    match event {
        Event::StillUnsettled { look_at, fault } => {
            evidence.looks += 1;
            Ok(State::Settling { wake_at: look_at, evidence, fault })
        }
        Event::Found { receipt } => Ok(State::Published { receipt }),
        Event::AbsentFenced { wake_at } => {
            let earlier = evidence.pinned.then_some(evidence);
            Ok(State::Ready { wake_at, waiting: None, earlier })
        }
        Event::Resent { at, until } => {
            evidence.resends += 1;
            evidence.last_armed_at = at;
            evidence.sent_at = None;
            Ok(State::Publishing { wake_at: until, evidence })
        }
        Event::Unknowable { review } => Ok(State::NeedsReview { review, evidence }),
        event => refuse(StateName::Settling, event),
    }
}

fn from_review(evidence: Evidence, event: Event) -> Result<State, NotAllowed> {
    match event {
        Event::PersonAccepted { receipt } => Ok(State::Published { receipt }),
        Event::PersonResends { wake_at } => Ok(State::Ready { wake_at, waiting: None, earlier: Some(evidence) }),
        Event::PersonGaveUp { fault } => Ok(State::Failed { fault }),
        event => refuse(StateName::NeedsReview, event),
    }
}

fn not_resent(why: &str) -> Fault {
    Fault::new("resend_not_sent", crate::Category::Unknown, format!("It was not sent again, because {why}."))
        .next("Decide again: `skein queue review POST --accept | --resend | --give-up`.")
}

fn taken() -> Fault {
    Fault::new("accepted", crate::Category::PlatformError, "The platform took the post and has not published it yet.")
}

fn worker_gone() -> Fault {
    Fault::new(
        "worker_gone",
        crate::Category::SystemError,
        "The process that was publishing this stopped before it could note the answer.",
    )
}

/// A review, from the fault that explains it.
impl From<Fault> for Review {
    fn from(fault: Fault) -> Self {
        Self { fault }
    }
}
