//! Whether a limit holds anything back.

use super::meter::{Meter, is_limited_host};
use super::tally::Gauge;

/// Whether what does not fit this meter is held back at this host: for the writes of an account, its own. The host must be one of
/// Bluesky's, or have shown that it counts, by its limit of calls or by this meter itself. What it has shown of another meter is no
/// proof, nor is the operator's ceiling. `gauges` may be those of any meters.
pub fn is_held<'a>(meter: &Meter, host: &str, gauges: impl IntoIterator<Item = &'a Gauge>) -> bool {
    let calls = Meter::calls(host);
    let mut shown = gauges.into_iter().filter(|gauge| gauge.is_enforced && !gauge.by_operator);
    counts(host, shown.any(|gauge| gauge.meter == *meter || gauge.meter == calls))
}

/// Whether a host counts, by its name, or by what it has shown.
pub(super) fn counts(host: &str, has_shown: bool) -> bool {
    is_limited_host(host) || has_shown
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use skein_atproto::syntax::Did;

    use super::*;
    use crate::budget::{Answered, Budget, Ceiling, Limit, MeterKind, NotReserved, Said, Tally, Told};
    use crate::calls::UPLOAD_BLOB;
    use crate::journal::{BudgetJournal, MemoryJournal};

    const CREATE: &str = "com.atproto.repo.createRecord";

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    /// As much is spent as the limit allows, and the host may have said so. Of calls nearly all are left.
    fn spent(meter: &Meter, is_shown: bool) -> Tally {
        let Limit { points, window_s } = meter.kind().limits()[0];
        let points = if meter.kind() == MeterKind::Calls { 1 } else { points };
        let limit = meter.kind().limits()[0].points;
        let resets_at = now() + SignedDuration::from_secs(60);
        let said = is_shown.then_some(Said { limit, remaining: limit - points, window_s, resets_at });
        let told = Told { said, closed_until: None };
        let mut tally = Tally::default();
        tally.settle(meter, &Answered { reservation: None, points, at: now(), is_counted: true, told });
        tally
    }

    #[tokio::test]
    async fn what_is_said_to_be_held_is_what_does_not_leave() {
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        for host in ["pds.example", "bsky.social"] {
            let all = [Meter::writes(&did), Meter::uploads(host), Meter::calls(host)];
            for shown in [None, Some(MeterKind::Writes), Some(MeterKind::Uploads), Some(MeterKind::Calls)] {
                let journal = Arc::new(MemoryJournal::new());
                let mut change = |tallies: &mut [Tally]| {
                    for (meter, tally) in all.iter().zip(tallies) {
                        *tally = spent(meter, shown == Some(meter.kind()));
                    }
                };
                journal.change_tallies(&all, &mut change).await.unwrap();
                let ceiling = Ceiling { points_per_hour: Some(1_000_000), points_per_day: None };
                let budget = Budget::new(journal, Arc::new(now), "one").under(ceiling);
                let gauges = budget.gauges().await.unwrap();
                for (meter, nsid) in all.iter().zip([CREATE, UPLOAD_BLOB]) {
                    let is_known = host == "bsky.social" || shown == Some(MeterKind::Calls);
                    let expected = is_known || shown == Some(meter.kind());
                    assert_eq!(is_held(meter, host, &gauges), expected, "{meter:?} where {shown:?} was shown");
                    let reserved = budget.reserve(&did, host, nsid, b"").await;
                    let is_refused = matches!(reserved, Err(NotReserved::Short(_)));
                    assert_eq!(is_refused, expected, "{meter:?} where {shown:?} was shown");
                }
            }
        }
    }

    #[test]
    fn another_account_or_host_proves_nothing() {
        let of = |name: &str| Meter::writes(&Did::parse(name).unwrap());
        let (one, other) = (of("did:plc:ewvi7nxzyoun6zhxrhs64oiz"), of("did:plc:44ybard66vv44zksje25o7dz"));
        for shown in [other, Meter::calls("other.example"), Meter::uploads("pds.example")] {
            let gauges = spent(&shown, true).gauges(&shown, now());
            assert!(!is_held(&one, "pds.example", &gauges), "{shown:?}");
        }
    }
}
