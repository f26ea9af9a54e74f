use skein_domain::{Delivery, Event, Fault, Review};
use skein_testkit::Samples;
use skein_testkit::samples::{at_ms, at_us, fault, in_state};

use super::*;

fn metrics() -> Metrics {
    Metrics::new(at_ms(0))
}

fn delivery(state: StateName) -> Delivery {
    let samples = Samples::new(1);
    let account = samples.account("goose.example");
    in_state(samples.delivery(&samples.post(&["A goose."], at_ms(0)), &account), state, at_ms(0))
}

/// The value of a line of the text, by its name and labels.
#[track_caller]
fn value(metrics: &Metrics, line: &str) -> f64 {
    let text = metrics.text().unwrap();
    let found = text.lines().find_map(|have| have.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("`{line}` is missing in:\n{text}")).parse().unwrap()
}

#[track_caller]
fn shows(metrics: &Metrics, line: &str, expected: f64) {
    let value = value(metrics, line);
    assert!((value - expected).abs() < 1e-9, "{line} is {value} and not {expected}");
}

/// The engine writes that a delivery was published, sent so long after its instant.
fn published(metrics: &Metrics, late_us: Option<i64>) {
    let mut delivery = delivery(StateName::Published);
    let State::Published { receipt } = &mut delivery.state else { panic!("{delivery:?}") };
    receipt.due = at_ms(0);
    receipt.sent_at = late_us.map(at_us);
    let event = Event::Published { receipt: receipt.clone() };
    metrics.happened(&delivery, &event);
}

/// The engine writes that a delivery came into this state, by an event that does not matter here.
fn came(metrics: &Metrics, state: State) {
    let delivery = Delivery { state, ..delivery(StateName::Ready) };
    metrics.happened(&delivery, &Event::LeaseLost { at: at_ms(0) });
}

#[test]
fn publications_are_counted_with_how_late_they_left() {
    let metrics = metrics();
    shows(&metrics, r#"skein_publications_total{platform="bluesky"}"#, 0.0);
    for late_us in [Some(400), Some(1_000), Some(70_000_000), Some(-5), None] {
        published(&metrics, late_us);
    }
    shows(&metrics, r#"skein_publications_total{platform="bluesky"}"#, 5.0);
    shows(&metrics, r#"skein_lateness_seconds_count{platform="bluesky"}"#, 4.0);
    shows(&metrics, r#"skein_lateness_seconds_sum{platform="bluesky"}"#, 70.0014);
    let bucket = |le: &str| format!(r#"skein_lateness_seconds_bucket{{le="{le}",platform="bluesky"}}"#);
    shows(&metrics, &bucket("0.001"), 3.0);
    shows(&metrics, &bucket("60.0"), 3.0);
    shows(&metrics, &bucket("300.0"), 4.0);
    shows(&metrics, &bucket("3600.0"), 4.0);
}

#[test]
fn failures_are_counted_by_state_and_faults_by_code() {
    let metrics = metrics();
    let failures = |state: &str| format!(r#"skein_failures_total{{platform="bluesky",state="{state}"}}"#);
    for state in ["failed", "missed", "needs_review"] {
        shows(&metrics, &failures(state), 0.0);
    }
    came(&metrics, State::Failed { fault: fault("platform_refused") });
    came(&metrics, State::Failed { fault: fault("platform_refused") });
    came(&metrics, State::Failed { fault: fault("whatever_a_server_says") });
    came(&metrics, State::Missed { late_by_ms: 1 });
    let State::NeedsReview { evidence, .. } = delivery(StateName::NeedsReview).state else { panic!("no evidence") };
    let review = Review { fault: fault("resends_spent") };
    came(&metrics, State::NeedsReview { review, evidence });
    shows(&metrics, &failures("failed"), 3.0);
    shows(&metrics, &failures("missed"), 1.0);
    shows(&metrics, &failures("needs_review"), 1.0);
    let faults =
        |state: &str, code: &str| format!(r#"skein_faults_total{{platform="bluesky",state="{state}",code="{code}"}}"#);
    shows(&metrics, &faults("failed", "platform_refused"), 2.0);
    shows(&metrics, &faults("failed", "other"), 1.0);
    shows(&metrics, &faults("missed", "missed"), 1.0);
    shows(&metrics, &faults("needs_review", "resends_spent"), 1.0);
}

#[test]
fn what_is_tried_again_is_a_fault_and_no_failure() {
    let metrics = metrics();
    let waiting = |fault: Fault| Some(Waiting::Retry { fault });
    came(&metrics, State::Scheduled { wake_at: at_ms(1), waiting: waiting(fault("media_gone")) });
    came(&metrics, State::Ready { wake_at: at_ms(1), waiting: waiting(fault("rate_limited")), earlier: None });
    came(&metrics, State::Blocked { wake_at: at_ms(1), stop: Stop::Account { fault: fault("needs_login") } });
    came(&metrics, State::Blocked { wake_at: at_ms(1), stop: Stop::Held });
    came(&metrics, State::Ready { wake_at: at_ms(1), waiting: None, earlier: None });
    let settling = delivery(StateName::Settling);
    metrics.happened(&settling, &Event::Accepted { look_at: at_ms(1) });
    let text = metrics.text().unwrap();
    let faults: Vec<&str> = text.lines().filter(|line| line.starts_with("skein_faults_total")).collect();
    assert_eq!(faults.len(), 3, "{faults:#?}");
    for labels in [
        r#"state="scheduled",code="media_gone""#,
        r#"state="ready",code="rate_limited""#,
        r#"state="blocked",code="needs_login""#,
    ] {
        assert!(faults.iter().any(|line| line.contains(labels) && line.ends_with(" 1")), "{labels}: {faults:#?}");
    }
    shows(&metrics, r#"skein_failures_total{platform="bluesky",state="failed"}"#, 0.0);
}

#[test]
fn leases_are_held_until_they_end_however_that_is() {
    let metrics = metrics();
    let (taken, ended) = (LeaseStep::Taken, LeaseStep::Ended);
    for step in [taken, taken, LeaseStep::Renewed, LeaseStep::Lost, ended, taken, LeaseStep::Failed, ended] {
        metrics.lease(step);
    }
    shows(&metrics, "skein_leases_held", 1.0);
    shows(&metrics, "skein_leases_taken_total", 3.0);
    shows(&metrics, "skein_leases_failed_total", 1.0);
    shows(&metrics, "skein_leases_renewed_total", 1.0);
    shows(&metrics, "skein_leases_lost_total", 1.0);
}

#[test]
fn planner_is_seen_to_look_and_to_wake() {
    let metrics = metrics();
    shows(&metrics, "skein_planner_last_tick_timestamp_seconds", 0.0);
    metrics.ticked(at_ms(1_500));
    shows(&metrics, "skein_planner_last_tick_timestamp_seconds", seconds_of(at_ms(1_500)));
    metrics.woke(SignedDuration::from_micros(700));
    metrics.woke(SignedDuration::from_micros(-700));
    shows(&metrics, "skein_wake_up_lag_seconds_count", 2.0);
    shows(&metrics, r#"skein_wake_up_lag_seconds_bucket{le="0.0005"}"#, 1.0);
    shows(&metrics, r#"skein_wake_up_lag_seconds_bucket{le="0.001"}"#, 2.0);
}

#[test]
fn calls_of_the_ledger_are_timed_and_those_that_failed_counted() {
    let metrics = metrics();
    metrics.ledger_answered("save", Duration::from_millis(3), false);
    metrics.ledger_answered("save", Duration::from_millis(200), true);
    shows(&metrics, r#"skein_ledger_call_duration_seconds_count{method="save"}"#, 2.0);
    shows(&metrics, r#"skein_ledger_call_duration_seconds_sum{method="save"}"#, 0.203);
    shows(&metrics, r#"skein_ledger_call_failures_total{method="save"}"#, 1.0);
}

#[test]
fn deliveries_are_shown_by_state_and_not_at_all_while_the_store_is_away() {
    let metrics = metrics();
    metrics.set_deliveries(Some(&[(StateName::Ready, 3), (StateName::NeedsReview, 1)]));
    shows(&metrics, r#"skein_deliveries{state="ready"}"#, 3.0);
    shows(&metrics, r#"skein_deliveries{state="needs_review"}"#, 1.0);
    shows(&metrics, r#"skein_deliveries{state="scheduled"}"#, 0.0);
    shows(&metrics, "skein_store_up", 1.0);
    assert!(!metrics.text().unwrap().contains(r#"skein_deliveries{state="published"}"#), "history is not counted");
    metrics.set_deliveries(None);
    shows(&metrics, "skein_store_up", 0.0);
    assert!(!metrics.text().unwrap().contains("skein_deliveries{"), "nobody knows");
}

#[test]
fn limits_of_many_accounts_are_one_figure() {
    let metrics = metrics();
    let left = |limit, left_ratio, is_low| BudgetLeft { limit, left_ratio, is_low };
    let budgets = [
        left("writes_per_hour", 0.5, false),
        left("writes_per_hour", 0.04, true),
        left("writes_per_hour", 0.01, true),
        left("writes_per_day", 0.9, false),
    ];
    // However often it is looked at.
    for _ in 0..2 {
        metrics.set_budgets(Some(&budgets));
    }
    shows(&metrics, r#"skein_budget_least_left_ratio{limit="writes_per_hour"}"#, 0.01);
    shows(&metrics, r#"skein_budget_least_left_ratio{limit="writes_per_day"}"#, 0.9);
    shows(&metrics, r#"skein_budgets_low{limit="writes_per_hour"}"#, 2.0);
    shows(&metrics, r#"skein_budgets_low{limit="writes_per_day"}"#, 0.0);
    metrics.set_budgets(None);
    assert!(!metrics.text().unwrap().contains("skein_budgets_low{"), "nobody knows");
}

#[test]
fn pools_and_process_are_shown() {
    let metrics = metrics();
    metrics.set_pools(&[PoolUse { name: "server", open: 3, idle: 2, at_most: 8 }]);
    shows(&metrics, r#"skein_database_connections{pool="server"}"#, 3.0);
    shows(&metrics, r#"skein_database_connections_idle{pool="server"}"#, 2.0);
    shows(&metrics, r#"skein_database_connections_max{pool="server"}"#, 8.0);
    shows(&metrics, "process_start_time_seconds", seconds_of(at_ms(0)));
    let version = env!("CARGO_PKG_VERSION");
    shows(&metrics, &format!(r#"skein_build_info{{version="{version}"}}"#), 1.0);
    let memory = value(&metrics, "process_resident_memory_bytes");
    assert!(memory.is_nan() || memory > 1_000_000.0, "{memory}");
}

#[test]
fn every_figure_is_explained_here_and_in_the_guide() {
    let guide = include_str!("../../../../docs/guides/watching.md");
    // A figure without any value is not shown.
    let metrics = metrics();
    came(&metrics, State::Failed { fault: fault("x") });
    metrics.ledger_answered("save", Duration::ZERO, true);
    metrics.set_deliveries(Some(&[]));
    metrics.set_budgets(Some(&[BudgetLeft { limit: "writes_per_hour", left_ratio: 1.0, is_low: false }]));
    metrics.set_pools(&[PoolUse { name: "server", open: 1, idle: 1, at_most: 1 }]);
    let text = metrics.text().unwrap();
    let kinds: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    assert_eq!(kinds.len(), 24, "{text}");
    for (name, kind) in kinds {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no HELP");
        let shown = if kind == "counter" { format!("`{name}_total`") } else { format!("`{name}`") };
        assert!(guide.contains(&shown), "docs/guides/watching.md does not explain {shown}");
    }
    assert!(text.ends_with("# EOF\n"));
}
