//! What is used and left of limits, for people and for programs.

use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_bluesky::budget::{Gauge, Meter, MeterKind, is_held};

use super::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::columns;

/// The gauges of one account.
pub(crate) struct Limits {
    /// Its handle.
    pub(crate) account: String,
    /// Its DID.
    pub(crate) identity: String,
    /// Its server.
    pub(crate) host: String,
    /// Whether writes that do not fit the server's limits are held back.
    pub(crate) is_enforced: bool,
    /// Write points of hour and day, calls, uploads.
    pub(crate) gauges: Vec<Gauge>,
}

impl Limits {
    /// Those of an account.
    pub(crate) fn of(account: String, did: &Did, host: String, gauges: Vec<Gauge>) -> Self {
        let is_enforced = is_held(&Meter::writes(did), &host, &gauges);
        Self { account, identity: did.to_string(), host, is_enforced, gauges }
    }
}

/// The limits of an account as a program gets them.
pub(crate) fn object(limits: &Limits) -> Value {
    let gauges: Vec<Value> = limits.gauges.iter().map(gauge).collect();
    json!({
        "account": limits.account,
        "identity": limits.identity,
        "host": limits.host,
        "enforced": limits.is_enforced,
        "limits": gauges,
    })
}

fn gauge(gauge: &Gauge) -> Value {
    let (name, unit) = names(gauge);
    json!({
        "name": name,
        "unit": unit,
        "window_seconds": gauge.window_s,
        "limit": gauge.limit,
        "used": gauge.used,
        "left": gauge.left,
        "low": gauge.is_low,
        "resets_at": gauge.resets_at,
    })
}

/// The name for programs, one of a few.
pub(crate) fn name_of(gauge: &Gauge) -> &'static str {
    names(gauge).0
}

/// The name for programs and what is counted.
fn names(gauge: &Gauge) -> (&'static str, &'static str) {
    match (gauge.meter.kind(), gauge.window_s) {
        (_, 3_600) if gauge.by_operator => ("ceiling_per_hour", "points"),
        (..) if gauge.by_operator => ("ceiling_per_day", "points"),
        (MeterKind::Writes, 3_600) => ("writes_per_hour", "points"),
        (MeterKind::Writes, _) => ("writes_per_day", "points"),
        (MeterKind::Calls, _) => ("calls_per_five_minutes", "calls"),
        (MeterKind::Uploads, _) => ("uploads_per_day", "uploads"),
    }
}

/// A few lines for each account.
pub(crate) fn table(all: &[Limits], eye: &Eye) -> Vec<Line> {
    let mut lines = Vec::new();
    for limits in all {
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        lines.push(
            Line::of(Tone::Strong, format!("@{}", limits.account)).and(Tone::Faint, format!("  {}", limits.host)),
        );
        let rows: Vec<_> = limits.gauges.iter().map(|gauge| row(gauge, eye)).collect();
        for (gauge, text) in limits.gauges.iter().zip(columns(&rows)) {
            lines.push(Line::from("  ").and(if gauge.is_low { Tone::Warn } else { Tone::Plain }, text));
        }
        if !limits.is_enforced {
            let has_ceiling = limits.gauges.iter().any(|gauge| gauge.by_operator);
            let but =
                if has_ceiling { "only the operator's ceiling holds them back" } else { "none is held back here" };
            let said = format!("  The server has not shown that it counts writes, so {but}.");
            lines.push(Line::of(Tone::Faint, said));
        }
    }
    lines.push(Line::of(Tone::Faint, format!("Times are in {}.", eye.zone_name(eye.now))));
    lines
}

fn row(gauge: &Gauge, eye: &Eye) -> Vec<String> {
    let what = match names(gauge).0 {
        "ceiling_per_hour" => "the operator's, an hour",
        "ceiling_per_day" => "the operator's, a day",
        "writes_per_hour" => "write points, an hour",
        "writes_per_day" => "write points, a day",
        "uploads_per_day" => "uploads, a day",
        _ => "calls, five minutes",
    };
    let full = gauge.resets_at.map_or_else(|| "full".to_owned(), |at| format!("full again at {}", eye.nearby(at)));
    vec![what.to_owned(), format!("{} of {} used", gauge.used, gauge.limit), format!("{} left", gauge.left), full]
}

#[cfg(test)]
mod tests {
    use skein_bluesky::budget::{Answered, Ceiling, Said, Tally, Told};

    use super::*;
    use crate::render::samples::{after_ms, eye, plain};

    fn limits() -> Limits {
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        let (now, writes) = (eye().now, Meter::writes(&did));
        let said = Said {
            limit: 5_000,
            remaining: 100,
            window_s: 3_600,
            resets_at: eye().now + jiff::Span::new().minutes(30),
        };
        let told = Told { said: Some(said), closed_until: None };
        let mut tally = Tally::default();
        tally.settle(&writes, &Answered { reservation: None, points: 3, at: now, is_counted: true, told });
        let host = "pds.example".to_owned();
        let mut gauges = tally.gauges(&writes, now);
        for meter in [Meter::calls(&host), Meter::uploads(&host)] {
            gauges.extend(Tally::default().gauges(&meter, now));
        }
        Limits::of("alice.test".to_owned(), &did, host, gauges)
    }

    #[test]
    fn a_server_that_has_shown_only_its_limit_of_uploads_holds_no_writes_back() {
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        let (now, host) = (eye().now, "pds.example".to_owned());
        let resets_at = now + jiff::Span::new().minutes(30);
        for (meter, limit, window_s, holds) in [
            (Meter::uploads(&host), 1_000, 86_400, false),
            (Meter::calls(&host), 3_000, 300, true),
            (Meter::writes(&did), 5_000, 3_600, true),
        ] {
            let told = Told { said: Some(Said { limit, remaining: 9, window_s, resets_at }), closed_until: None };
            let mut tally = Tally::default();
            tally.settle(&meter, &Answered { reservation: None, points: 1, at: now, is_counted: true, told });
            let limits = Limits::of("alice.test".to_owned(), &did, host.clone(), tally.gauges(&meter, now));
            assert_eq!(object(&limits)["enforced"], holds, "{meter:?}");
            assert_eq!(plain(&table(&[limits], &eye())).contains("none is held back here"), !holds, "{meter:?}");
        }
    }

    #[test]
    fn gauges_are_told_with_what_is_left_and_until_when() {
        let told = plain(&table(&[limits()], &eye()));
        let rows: Vec<&str> = told.lines().collect();
        assert_eq!(rows[0], "@alice.test  pds.example");
        assert!(rows[1].contains("write points, an hour  4900 of 5000 used"), "{told}");
        assert!(rows[1].contains("100 left") && rows[1].contains("full again at "), "{told}");
        assert!(rows[3].contains("calls, five minutes    0 of 3000 used") && rows[3].ends_with("full"), "{told}");
        assert!(rows[4].contains("uploads, a day         0 of 1000 used"), "{told}");
        let unknown = Limits { is_enforced: false, ..limits() };
        assert!(plain(&table(&[unknown], &eye())).contains("so none is held back here."));
        assert!(after_ms(0) > eye().now, "the samples are of before");
    }

    #[test]
    fn the_operators_ceiling_is_told_beside_the_servers_limits() {
        let (now, ceiling) = (eye().now, Ceiling { points_per_hour: Some(9), points_per_day: Some(30) });
        let writes = Meter::writes(&Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap());
        let mut tally = Tally::default();
        tally.reserve(&writes, "a", 9, now, false).unwrap();
        let mut gauges = tally.gauges(&writes, now);
        gauges.extend(tally.gauges_under(ceiling, &writes, now));
        let limits = Limits { gauges, is_enforced: false, ..limits() };
        let told = plain(&table(std::slice::from_ref(&limits), &eye()));
        assert!(told.contains("the operator's, an hour  9 of 9 used") && told.contains("9 of 30 used"), "{told}");
        assert!(told.contains("so only the operator's ceiling holds them back."), "{told}");
        let object = object(&limits);
        let names: Vec<_> = object["limits"].as_array().unwrap().iter().map(|gauge| &gauge["name"]).collect();
        assert_eq!(names[2..], [&json!("ceiling_per_hour"), &json!("ceiling_per_day")]);
        assert_eq!((&object["limits"][2]["left"], &object["limits"][2]["low"]), (&json!(0), &json!(true)));
    }

    #[test]
    fn programs_get_stable_names_and_units() {
        let object = object(&limits());
        let gauges = object["limits"].as_array().unwrap();
        let names: Vec<_> = gauges.iter().map(|gauge| gauge["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["writes_per_hour", "writes_per_day", "calls_per_five_minutes", "uploads_per_day"]);
        assert_eq!((&gauges[0]["unit"], &gauges[0]["window_seconds"]), (&json!("points"), &json!(3_600)));
        assert_eq!(
            (&gauges[0]["used"], &gauges[0]["left"], &gauges[0]["low"]),
            (&json!(4_900), &json!(100), &json!(true))
        );
        assert_eq!(gauges[3]["resets_at"], Value::Null);
        assert!(gauges[0]["resets_at"].is_string());
    }
}
