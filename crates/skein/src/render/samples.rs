//! Posts and deliveries for the tests of rendering.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skein_domain::{DeliveryId, Part, Policy, PostId, PostStatus, Receipt, RecordRef, Settled, StateName};
use skein_intake::{DeliveryView, PostView};

use super::times::Eye;

/// 2026-12-01T08:00:00Z: 09:00 in Paris.
pub(crate) fn due() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

/// An instant so many milliseconds after the due one.
pub(crate) fn after_ms(ms: i64) -> Timestamp {
    due().checked_add(jiff::SignedDuration::from_millis(ms)).unwrap()
}

/// Somebody in Paris, ten days before.
pub(crate) fn eye() -> Eye {
    Eye { now: "2026-11-21T08:00:00Z".parse().unwrap(), zone: TimeZone::get("Europe/Paris").unwrap(), width: 100 }
}

pub(crate) fn receipt() -> Receipt {
    let record =
        |n: u32| RecordRef { uri: format!("at://did:plc:abc/app.bsky.feed.post/3k{n}"), cid: format!("bafyreicid{n}") };
    Receipt {
        records: vec![record(1), record(2)],
        commit: Some("bafyreicommit".to_owned()),
        rev: Some("3krev".to_owned()),
        url: Some("http://localhost:2583/profile/alice.test/post/3k1".to_owned()),
        due: due(),
        sent_at: Some(after_ms(12)),
        settled_at: after_ms(40),
        lateness_ms: 12,
        attempts: 1,
        settled: Settled::Answered,
    }
}

pub(crate) fn delivery() -> DeliveryView {
    DeliveryView {
        id: DeliveryId::parse("dlv_00000000000000000000000004").unwrap(),
        account: "alice.test".to_owned(),
        platform: "bluesky".to_owned(),
        state: StateName::Scheduled,
        reason: None,
        wake_at: Some(after_ms(-30_000)),
        due: due(),
        policy: Policy::default().into(),
        says_policy: false,
        url: None,
        uri: None,
        cid: None,
        records: Vec::new(),
        published_at: None,
        lateness_ms: None,
        attempts: 0,
        error: None,
        receipt: None,
    }
}

pub(crate) fn view() -> PostView {
    PostView {
        id: PostId::parse("post_00000000000000000000000004").unwrap(),
        status: PostStatus::Scheduled,
        platforms: std::iter::once(("bluesky".to_owned(), PostStatus::Scheduled)).collect(),
        parts: vec![Part::text("First part\nwith two lines"), Part::text("Second part")],
        scheduled_at: due(),
        timezone: "Europe/Paris".to_owned(),
        name: None,
        deliveries: vec![delivery()],
        errors: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Lines as one text.
pub(crate) fn plain(lines: &[crate::screen::Line]) -> String {
    lines.iter().map(crate::screen::Line::plain).collect::<Vec<_>>().join("\n")
}
