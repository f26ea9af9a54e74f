//! What the call log tells the budget: every logged call, taken in a batch at a time, behind the backs of the calls.

use std::collections::BTreeSet;

use super::meter::{CALLS_WINDOW_S, Meter, is_limited_host};
use super::said::Told;
use super::tally::{Answered, Tally};
use crate::calls::{CallRecord, UPLOAD_BLOB};
use crate::journal::{BudgetJournal, JournalError};
use skein_atproto::syntax::{Did, Nsid};

/// Methods that have limits of their own, in windows of the same length as that of all calls.
const OTHER_LIMITS: [&str; 2] = ["com.atproto.server.", "com.atproto.identity."];

/// Settles reservations and takes over what servers say of their windows.
pub(crate) async fn take_in(journal: &dyn BudgetJournal, batch: &[CallRecord]) -> Result<(), JournalError> {
    let notes: Vec<(Meter, Answered<'_>)> = batch.iter().flat_map(notes_of).collect();
    let meters: BTreeSet<&Meter> = notes.iter().map(|(meter, _)| meter).collect();
    let meters: Vec<Meter> = meters.into_iter().cloned().collect();
    if meters.is_empty() {
        return Ok(());
    }
    let mut change = |tallies: &mut [Tally]| {
        for (meter, answered) in &notes {
            let of = meters.binary_search(meter).ok().and_then(|index| tallies.get_mut(index));
            if let Some(tally) = of {
                tally.settle(meter, answered);
            }
        }
    };
    journal.change_tallies(&meters, &mut change).await
}

/// The meters that a call moves.
fn notes_of(call: &CallRecord) -> impl Iterator<Item = (Meter, Answered<'_>)> {
    let of_calls = call.told.said.filter(|said| said.window_s == CALLS_WINDOW_S);
    let has_own_limit = OTHER_LIMITS.iter().any(|prefix| call.method.starts_with(prefix));
    let is_xrpc = Nsid::parse(&call.method).is_ok();
    let counts = call.was_sent && is_xrpc && (of_calls.is_some() || is_limited_host(&call.host));
    let calls = (counts && !has_own_limit).then(|| {
        let closed_until = call.told.closed_until.filter(|_| of_calls.is_some());
        let told = Told { said: of_calls, closed_until };
        (Meter::calls(&call.host), Answered { reservation: None, points: 1, at: call.at, is_counted: true, told })
    });
    let closed_until = call.told.closed_until.filter(|_| of_calls.is_none());
    let told = Told { said: call.told.said.filter(|_| of_calls.is_none()), closed_until };
    let spending = spending_meter(call).map(|(meter, points)| {
        let reservation = call.reservation.as_deref();
        (meter, Answered { reservation, points, at: call.at, is_counted: is_counted(call), told })
    });
    calls.into_iter().chain(spending)
}

fn spending_meter(call: &CallRecord) -> Option<(Meter, u64)> {
    if call.points > 0 {
        let did = Did::parse(call.account.as_deref()?).ok()?;
        return Some((Meter::writes(&did), call.points.into()));
    }
    (call.method == UPLOAD_BLOB && call.verb == "POST").then(|| (Meter::uploads(&call.host), 1))
}

/// In doubt a server counts. It does not where it never saw the call, or refused the token before anything else.
fn is_counted(call: &CallRecord) -> bool {
    let refused_token = matches!(call.error.as_deref(), Some("ExpiredToken" | "InvalidToken" | "AuthMissing"));
    call.was_sent && !refused_token && call.status != Some(401)
}
