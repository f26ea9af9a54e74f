//! What the operator's ceiling says of a draft: more than it lets an account write at once can never go out.

use skein_bluesky::budget::Ceiling;
use skein_bluesky::calls::RECORD_POINTS;
use skein_domain::{Draft, Fault};

use super::gates;

pub(crate) const NEXT: &str = "Publish it as several threads, or have the operator raise the ceiling \
                               (SKEIN_POINTS_PER_HOUR, SKEIN_POINTS_PER_DAY).";

/// Whether a draft of so many parts costs more than the operator lets an account have.
pub(crate) fn check(draft: &Draft, parts: usize, ceiling: Ceiling) -> Option<Fault> {
    let limit = ceiling.of_one_write()?;
    let records = u64::try_from(gates::records_of(draft, parts)).ok()?;
    let points = records.saturating_mul(u64::from(RECORD_POINTS));
    (points > limit).then(|| {
        let message = format!("This takes {points} points, and the operator lets an account have {limit} at most.");
        let fault = Fault::content("over_ceiling", "parts", message);
        fault.over(format!("{limit} points"), format!("{points} points")).next(NEXT)
    })
}

#[cfg(test)]
mod tests {
    use skein_domain::{Gates, ReplyGate};

    use super::*;

    #[test]
    fn a_thread_with_its_gates_must_fit_under_the_lower_of_both() {
        let open = Draft::default();
        let closed = Gates { replies: ReplyGate::read("nobody"), no_quotes: true };
        let gated = Draft { gates: closed, ..Draft::default() };
        let ceiling = Ceiling { points_per_hour: Some(30), points_per_day: Some(15) };
        assert_eq!(check(&open, 200, Ceiling::default()), None);
        assert_eq!(check(&open, 5, ceiling), None);
        let fault = check(&open, 6, ceiling).unwrap();
        assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("over_ceiling", Some("parts")));
        assert_eq!((fault.limit.as_deref(), fault.given.as_deref()), (Some("15 points"), Some("18 points")));
        assert_eq!(check(&gated, 2, ceiling), None);
        assert_eq!(check(&gated, 3, ceiling).unwrap().given.as_deref(), Some("21 points"));
    }
}
