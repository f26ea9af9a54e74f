//! What a sweep must have met: every step that the state machine's diagram shows, and every kind of trouble.

use std::collections::{BTreeMap, BTreeSet};

/// Steps and troubles must have happened so often each.
const AT_LEAST: u64 = 100;

/// Steps that cannot happen here, and why.
const IMPOSSIBLE: [(&str, &str); 2] = [
    ("Settling --> Ready", "on Bluesky a look never finds that a request is absent and dead: see ADR 1"),
    ("Preparing --> Missed", "the engine gives a preparation that lost its worker back to Scheduled first"),
];

/// Every kind of trouble that a run can have.
const TROUBLE: [&str; 29] = [
    "429 with reset",
    "503",
    "BadGatewayAfter",
    "BadGatewayBefore",
    "BlobNotFound",
    "CutAfter",
    "CutBefore",
    "EmptyAnswer",
    "ExpiredToken",
    "Garbled",
    "InvalidSwap",
    "NotImplemented",
    "RevokedPassword",
    "ServerErrorAfter",
    "ServerErrorBefore",
    "answer lost",
    "clock ahead",
    "clock back",
    "connection refused",
    "crash",
    "database away",
    "database restart",
    "ledger answer lost",
    "login refused",
    "pause",
    "request late, connection broken",
    "request late, time out",
    "request lost",
    "slow host",
];

/// What becomes of a delivery otherwise, or is compared with what was promised, and how often at least.
const ENDS: [(&str, u64); 3] = [
    ("policy: ended", AT_LEAST),
    ("policy: late held against", AT_LEAST),
    ("policy: retry_for held against", AT_LEAST),
];

/// What happened too seldom.
pub(crate) fn missing(counts: &BTreeMap<String, u64>) -> Vec<String> {
    let steps = edges().into_iter().filter(|edge| IMPOSSIBLE.iter().all(|(name, _)| name != edge));
    let wanted = steps
        .map(|edge| (format!("edge: {edge}"), AT_LEAST))
        .chain(TROUBLE.map(|kind| (format!("fault: {kind}"), AT_LEAST)))
        .chain(ENDS.map(|(kind, least)| (kind.to_owned(), least)));
    let seldom = wanted.filter_map(|(kind, least)| {
        let count = counts.get(&kind).copied().unwrap_or(0);
        (count < least).then(|| format!("{kind}: {count} times, and not {least}"))
    });
    seldom.collect()
}

/// Steps that happened although they are said to be impossible.
pub(crate) fn surprising(counts: &BTreeMap<String, u64>) -> Vec<String> {
    let met = IMPOSSIBLE.iter().filter(|(edge, _)| counts.contains_key(&format!("edge: {edge}")));
    met.map(|(edge, why)| format!("{edge} happened, although {why}")).collect()
}

/// The diagram's arrows, with `Open` spelled out. Another test compares the diagram with the state machine.
fn edges() -> BTreeSet<String> {
    let text = include_str!("../../../../docs/ARCHITECTURE.md");
    let diagram = text.split_once("stateDiagram-v2\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let arrows = diagram.lines().filter_map(|line| line.trim().split_once(": ")?.0.split_once(" --> "));
    let mut edges = BTreeSet::new();
    for (from, to) in arrows.filter(|(from, _)| *from != "[*]") {
        let to = if to == "Open" { "Scheduled" } else { to };
        let open = ["Scheduled", "Preparing", "Ready"];
        let all = if from == "Open" { &open[..] } else { &[from][..] };
        edges.extend(all.iter().map(|from| format!("{from} --> {to}")));
    }
    edges
}

#[test]
fn the_diagram_is_read() {
    let edges = edges();
    assert!(edges.contains("Ready --> Publishing") && edges.contains("Preparing --> Canceled"), "{edges:?}");
    assert!(IMPOSSIBLE.iter().all(|(edge, _)| edges.contains(*edge)), "{edges:?}");
    assert_eq!(missing(&BTreeMap::new()).len(), edges.len() - IMPOSSIBLE.len() + TROUBLE.len() + ENDS.len());
}
