//! The call log, for people and for programs.

use serde_json::{Value, json};
use skein_domain::story::span;
use skein_store::LoggedCall;

use super::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::columns;

/// A call as a program gets it.
pub(crate) fn object(call: &LoggedCall) -> Value {
    // What was asked is JSON that this program wrote, unless it was too long and is cut.
    let input = call.input.as_ref().map(|input| serde_json::from_str(input).unwrap_or_else(|_| json!(input)));
    json!({
        "id": call.id,
        "at": call.at,
        "account": call.account,
        "delivery": call.work,
        "attempt": call.attempt,
        "verb": call.verb,
        "method": call.method,
        "host": call.host,
        "input": input,
        "request_bytes": call.request_bytes,
        "status": call.status,
        "error": call.error,
        "message": call.message,
        "response_bytes": call.response_bytes,
        "duration_us": call.duration_us,
        "points": call.points,
        "rate_limit": {
            "limit": call.rate_limit,
            "remaining": call.rate_remaining,
            "reset": call.rate_reset,
            "policy": call.rate_policy,
        },
    })
}

/// One row a call, newest first.
pub(crate) fn table(calls: &[LoggedCall], eye: &Eye) -> Vec<Line> {
    if calls.is_empty() {
        return vec![Line::of(Tone::Faint, "No call of this kind is logged.")];
    }
    let mut rows = vec![["when", "call", "status", "took", "host", "method"].map(str::to_owned).to_vec()];
    rows.extend(calls.iter().map(|call| {
        vec![
            format!("{} {}", eye.day(call.at), eye.clock_ms(call.at)),
            call.id.clone(),
            outcome(call),
            took(call),
            call.host.clone(),
            call.method.clone(),
        ]
    }));
    let mut set = columns(&rows).into_iter();
    let mut lines: Vec<Line> = set.next().map(|head| Line::of(Tone::Faint, head)).into_iter().collect();
    for (call, text) in calls.iter().zip(set) {
        lines.push(Line::of(if is_failed(call) { Tone::Warn } else { Tone::Plain }, text));
    }
    lines.push(Line::of(Tone::Faint, format!("Times are in {}.", eye.zone_name(eye.now))));
    lines
}

/// All that is known of one call.
pub(crate) fn whole(call: &LoggedCall, eye: &Eye) -> Vec<Line> {
    let mut lines = vec![
        Line::of(if is_failed(call) { Tone::Bad } else { Tone::Good }, outcome(call))
            .and(Tone::Plain, format!("  {} {}", call.verb, call.method)),
    ];
    let mut row = |label: &str, text: Option<String>| {
        lines.extend(text.map(|text| Line::from("  ").and(Tone::Faint, format!("{label:10}")).and(Tone::Plain, text)));
    };
    row("call", Some(call.id.clone()));
    row("when", Some(format!("{} {}", eye.day(call.at), eye.clock_ms(call.at))));
    row("took", Some(took(call)));
    row("attempt", (call.attempt > 1).then(|| format!("{}, since the one before failed", call.attempt)));
    row("host", Some(call.host.clone()));
    row("account", call.account.clone());
    row("delivery", call.work.clone());
    row("said", call.message.clone());
    let sizes = match call.response_bytes {
        Some(answered) => format!("{} bytes sent, {answered} answered", call.request_bytes),
        None => format!("{} bytes sent", call.request_bytes),
    };
    row("size", Some(sizes));
    row("points", (call.points > 0).then(|| format!("{} of the write budget", call.points)));
    row("budget", budget(call, eye));
    row("asked", call.input.clone());
    lines
}

fn budget(call: &LoggedCall, eye: &Eye) -> Option<String> {
    let (limit, remaining) = (call.rate_limit?, call.rate_remaining?);
    let reset = call.rate_reset.map(|reset| format!(", full again at {}", eye.clock_ms(reset))).unwrap_or_default();
    Some(format!("the server has {remaining} of {limit} left{reset}"))
}

fn outcome(call: &LoggedCall) -> String {
    match (call.status, &call.error) {
        (Some(status), Some(error)) => format!("{status} {error}"),
        (Some(status), None) => status.to_string(),
        (None, error) => error.clone().unwrap_or_else(|| "no_answer".to_owned()),
    }
}

fn is_failed(call: &LoggedCall) -> bool {
    !call.status.is_some_and(|status| (200..300).contains(&status))
}

fn took(call: &LoggedCall) -> String {
    if call.duration_us < 10_000 {
        #[expect(clippy::cast_precision_loss, reason = "below ten thousand")]
        let ms = call.duration_us as f64 / 1_000.0;
        return format!("{ms:.1} ms");
    }
    span(call.duration_us / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{after_ms, eye, plain};

    fn call() -> LoggedCall {
        LoggedCall {
            id: "call_1".to_owned(),
            at: after_ms(12),
            account: Some("did:plc:x".to_owned()),
            work: Some("dlv_1".to_owned()),
            attempt: 2,
            verb: "POST".to_owned(),
            method: "com.atproto.repo.applyWrites".to_owned(),
            host: "pds.example".to_owned(),
            input: Some(r#"{"repo":"did:plc:x"}"#.to_owned()),
            request_bytes: 120,
            status: Some(400),
            error: Some("InvalidSwap".to_owned()),
            message: Some("Commit was at bafy".to_owned()),
            response_bytes: Some(60),
            duration_us: 2_345,
            points: 3,
            rate_limit: Some(5_000),
            rate_remaining: Some(17),
            rate_reset: Some(after_ms(60_000)),
            rate_policy: Some("5000;w=3600".to_owned()),
        }
    }

    #[test]
    fn a_failed_call_is_told_whole() {
        let told = plain(&whole(&call(), &eye()));
        let expected = "400 InvalidSwap  POST com.atproto.repo.applyWrites
  call      call_1
  when      Tue 1 Dec 2026 09:00:00.012
  took      2.3 ms
  attempt   2, since the one before failed
  host      pds.example
  account   did:plc:x
  delivery  dlv_1
  said      Commit was at bafy
  size      120 bytes sent, 60 answered
  points    3 of the write budget
  budget    the server has 17 of 5000 left, full again at 09:01:00.000
  asked     {\"repo\":\"did:plc:x\"}";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_call_without_an_answer_says_so_and_what_it_asked_is_json() {
        let unanswered = LoggedCall { status: None, error: Some("no_answer".to_owned()), ..call() };
        assert!(plain(&table(&[unanswered, call()], &eye())).contains("no_answer"));
        assert_eq!(object(&call())["input"]["repo"], "did:plc:x");
        assert_eq!(object(&call())["rate_limit"]["remaining"], 17);
    }
}
