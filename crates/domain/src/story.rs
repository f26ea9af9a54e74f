//! The story of a delivery: what happened, when, in words that a person understands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Stale;
use crate::policy::ENDED_BY_POLICY;
use crate::receipt::Settled;
use crate::{DeliveryId, Event, Stop, Waiting};

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose story.
    pub delivery: DeliveryId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// The words for an event.
pub fn tell(event: &Event) -> String {
    match event {
        Event::Claimed { owner, .. } => format!("Taken by {owner} to be prepared."),
        Event::PrepareFailed { fault, .. } => format!("Preparing failed and is tried again: {fault}"),
        Event::LeaseLost { .. } => {
            "The process that worked on it stopped; another one took over to find out how far it had got.".to_owned()
        }
        Event::Frozen { records: 1, .. } => "Prepared: its bytes, address and content hash are final.".to_owned(),
        Event::Frozen { records, .. } => {
            format!("Prepared: the bytes, addresses and content hashes of its {records} records are final.")
        }
        Event::WentStale { stale: Stale::BlobGone, .. } => "Prepared again, because an upload was gone.".to_owned(),
        Event::WentStale { stale: Stale::Late { late_by_ms }, .. } => {
            format!("Prepared again with the present time, because it was {} late.", span(*late_by_ms))
        }
        Event::Waits { waiting, .. } => waits(waiting),
        Event::Edited { .. } => "Its author changed the content.".to_owned(),
        Event::Moved { due, .. } => format!("Its author moved it to {due}."),
        Event::Stopped { stop: Stop::Held, .. } => "Held: it does not go out until the account is released.".to_owned(),
        Event::Stopped { stop: Stop::Account { fault }, .. } => format!("Stopped: {fault}"),
        Event::Released { .. } => "Released.".to_owned(),
        Event::Canceled => "Canceled before anything was sent.".to_owned(),
        Event::PastGrace { late_by_ms } => {
            format!("Not sent: its time had passed {} ago, which is longer than its grace.", span(*late_by_ms))
        }
        Event::Refused { fault } => format!("Not sent: {fault}"),
        Event::Armed { .. } => "Armed: from here on it can no longer be canceled.".to_owned(),
        other => tell_answer(other),
    }
}

fn tell_answer(event: &Event) -> String {
    match event {
        Event::Published { receipt } => {
            format!("Published, {} after its instant, with the hashes computed here.", span(receipt.lateness_ms))
        }
        Event::Rejected { fault, .. } if fault.code == ENDED_BY_POLICY => {
            format!("Not processed by the platform, and not sent again: {fault}")
        }
        Event::Rejected { fault, .. } => format!("The platform refused it: {fault}"),
        Event::Postponed { fault, .. } => format!("Not processed by the platform, so it is sent again: {fault}"),
        Event::BlobGone { fault, .. } => format!("Not published, an upload was gone: {fault}"),
        Event::AuthLost { fault, .. } => format!("Not published, the account cannot write: {fault}"),
        Event::Accepted { .. } => "Taken by the platform, which has not published it yet.".to_owned(),
        Event::ReplyLost { fault, .. } => {
            format!("The request left, but its answer was lost ({fault}). Now the platform is asked what became of it.")
        }
        Event::StillUnsettled { fault, .. } => format!("Looked, and still not known what became of it: {fault}"),
        Event::Found { receipt } if receipt.settled == Settled::LookedUp => {
            "Looked it up by its address: it is there, with the hash computed here. Published once.".to_owned()
        }
        Event::Found { .. } => "Found on the platform. Published once.".to_owned(),
        Event::AbsentFenced { .. } => "Looked: it is not there and can no longer land. It is sent again.".to_owned(),
        Event::Resent { .. } => {
            "Looked: it is not there. The same bytes leave again under the same fence, so that only one can land."
                .to_owned()
        }
        Event::Unknowable { review } => format!("A person must look: {}", review.fault),
        Event::PersonAccepted { receipt } if receipt.settled == Settled::LookedUp => {
            "Looked once more before it was given up: it is there, with the hash computed here. Published once."
                .to_owned()
        }
        Event::PersonAccepted { .. } => "A person looked and says that it is public.".to_owned(),
        Event::PersonResends { .. } => "A person looked and has the same bytes sent again.".to_owned(),
        Event::PersonGaveUp { .. } => "A person looked and gave it up.".to_owned(),
        Event::Retried { .. } => "A person wants another try.".to_owned(),
        Event::Unpublished => "Taken back: its author had it deleted on the platform.".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The words for a reason to wait.
pub fn waits(waiting: &Waiting) -> String {
    match waiting {
        Waiting::Retry { fault } => format!("Waits to be tried again: {fault}"),
        Waiting::Uploading => "Its pictures are being uploaded, or its video is being uploaded and encoded.".to_owned(),
        Waiting::Uploaded => "What it shows is at the platform; it waits for its time.".to_owned(),
        Waiting::Unsettled { delivery } => {
            format!("Waits until {delivery}, an earlier post of the same account, is settled.")
        }
    }
}

/// A span of milliseconds as people say it: `12 ms`, `3.4 s`, `5 min`, `2 h 10 min`.
pub fn span(ms: i64) -> String {
    let abs = ms.unsigned_abs();
    let sign = if ms < 0 { "-" } else { "" };
    match abs {
        0..1_000 => format!("{sign}{abs} ms"),
        1_000..60_000 => format!("{sign}{}.{} s", abs / 1_000, abs % 1_000 / 100),
        60_000..3_600_000 => format!("{sign}{} min", abs / 60_000),
        _ => format!("{sign}{} h {} min", abs / 3_600_000, abs % 3_600_000 / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_speech() {
        assert_eq!(span(12), "12 ms");
        assert_eq!(span(-12), "-12 ms");
        assert_eq!(span(3_456), "3.4 s");
        assert_eq!(span(300_000), "5 min");
        assert_eq!(span(7_800_000), "2 h 10 min");
    }
}
