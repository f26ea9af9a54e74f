//! Cases: what is read is what was written.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use skein_domain::delivery::Stale;
use skein_domain::ports::{ClaimRequest, Ledger};
use skein_domain::receipt::Settled;
use skein_domain::story::Line;
use skein_domain::{
    Category, Delivery, Event, Evidence, Fault, Prepared, Receipt, RecordRef, Review, State, StateName, Stop, Waiting,
};

use super::scene::{Scene, put_in};
use crate::samples::{self, at_ms, at_us};

/// Line ends, quotes, marks that databases and JSON treat specially, and letters of one to four bytes; no NUL.
const ODD: &str = "Zażółć\r\n\t'\"`\\ %_; -- \u{1}\u{7f}\u{85}\u{200d}\u{202e}\u{feff}👩‍👩‍👧 \u{10ffff} e\u{301} $1 ?1 {}";

/// Submitted in each state, and saved into each state.
pub async fn every_state_with_all_that_it_carries(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    for (place, state) in (0..).zip(StateName::ALL) {
        let submitted = scene.submitted_due(&account, state, at_us(place), at_ms(place)).await;
        assert_eq!(scene.ledger.delivery(&submitted.id).await.unwrap(), submitted);
        let saved = scene.submitted_due(&account, StateName::Scheduled, at_us(1), at_ms(100 + place)).await;
        let change = put_in(&saved, state, at_us(-place));
        scene.ledger.save(&change).await.unwrap();
        assert_eq!(scene.ledger.delivery(&saved.id).await.unwrap(), change.delivery);
    }
}

/// Reasons to wait and to stop, pinned bytes, evidence that has seen much, receipts with and without what may be unknown.
pub async fn every_variant_inside_the_states(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let wake_at = at_us(1);
    let mut states = Vec::new();
    let unsettled = Waiting::Unsettled { delivery: scene.samples.stray_delivery_id() };
    let reasons = [waiting_retry(), Waiting::Uploading, Waiting::Uploaded, unsettled];
    for waiting in reasons.into_iter().map(Some).chain([None]) {
        states.push(State::Scheduled { wake_at, waiting: waiting.clone() });
        states.push(State::Ready { wake_at, waiting: waiting.clone(), earlier: None });
        states.push(State::Ready { wake_at, waiting, earlier: Some(full_evidence()) });
    }
    for stop in [Stop::Held, Stop::Account { fault: full_fault() }] {
        states.push(State::Blocked { wake_at, stop });
    }
    states.push(State::Publishing { wake_at, evidence: full_evidence() });
    states.push(State::Settling { wake_at, evidence: full_evidence(), fault: full_fault() });
    states.push(State::NeedsReview { review: Review { fault: full_fault() }, evidence: full_evidence() });
    for settled in [Settled::Answered, Settled::LookedUp, Settled::ByPerson] {
        states.push(State::Published { receipt: full_receipt(settled) });
        states.push(State::Removed { receipt: bare_receipt(settled) });
    }
    states.push(State::Missed { late_by_ms: i64::MAX });
    for (place, state) in (0..).zip(states) {
        let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(place)).await;
        let mut change = put_in(&delivery, state.name(), wake_at);
        change.delivery.state = state;
        scene.ledger.save(&change).await.unwrap();
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), change.delivery);
    }
}

/// Lines with all that their events carry.
pub async fn every_event_of_a_story(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let delivery = scene.samples.delivery(&post, &account);
    let story: Vec<Line> =
        (0..).zip(events()).map(|(us, event)| Line { delivery: delivery.id.clone(), at: at_us(us), event }).collect();
    scene.ledger.submit(&post, std::slice::from_ref(&delivery), &story, &[]).await.unwrap();
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), story);
}

/// Odd microseconds, before and after the epoch, in every column and in every carried value.
pub async fn every_instant_keeps_its_microseconds(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    for (place, us) in (0..).zip([1_772_355_600_123_457, 1, -1, -62_135_596_800_000_000, 253_402_207_199_999_999]) {
        let at = Timestamp::from_microsecond(us).unwrap();
        let mut new = scene.samples.new_account(&format!("a{place}.example"));
        new.at = at;
        let account = scene.ledger.connect_account(new).await.unwrap();
        assert_eq!(scene.ledger.account(&account.id).await.unwrap().connected_at, at);

        let mut post = scene.samples.post(&["A goose."], at);
        post.submitted_at = at;
        let scheduled = Delivery { submitted_at: at, ..scene.samples.delivery(&post, &account) };
        let line = Line { delivery: scheduled.id.clone(), at, event: Event::Edited { wake_at: at } };
        scene.ledger.submit(&post, std::slice::from_ref(&scheduled), std::slice::from_ref(&line), &[]).await.unwrap();
        assert_eq!(scene.ledger.post(&post.id).await.unwrap(), post);
        assert_eq!(scene.ledger.delivery(&scheduled.id).await.unwrap(), scheduled);
        assert_eq!(scene.ledger.story(&scheduled.id).await.unwrap(), [line]);
        assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at));

        let mut settling = put_in(&scheduled, StateName::Settling, at);
        settling.delivery.prepared = Some(Prepared {
            body: String::new(),
            records: vec![],
            first_created_at: at,
            last_created_at: at,
            frozen_at: at,
        });
        settling.lane_clock = Some((None, at));
        scene.ledger.save(&settling).await.unwrap();
        assert_eq!(scene.ledger.delivery(&scheduled.id).await.unwrap(), settling.delivery);
        let request = ClaimRequest { owner: "worker-1".to_owned(), now: at, until: at, lane: Some(account.lane()) };
        let claim = scene.ledger.claim(&request).await.unwrap().unwrap();
        assert_eq!((claim.until, claim.last_created_at), (at, Some(at)));

        let published = put_in(&settling.delivery, StateName::Published, at);
        scene.ledger.save(&published).await.unwrap();
        assert_eq!(scene.ledger.delivery(&scheduled.id).await.unwrap(), published.delivery);
    }
}

/// In every text that comes from a person or a platform.
pub async fn odd_texts(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mut new = scene.samples.new_account(ODD);
    ODD.clone_into(&mut new.identity);
    ODD.clone_into(&mut new.host);
    let account = scene.ledger.connect_account(new.clone()).await.unwrap();
    let read = scene.ledger.account(&account.id).await.unwrap();
    assert_eq!((read.handle.as_str(), read.identity.as_str(), read.host.as_str()), (ODD, ODD, ODD));
    assert_eq!(scene.ledger.connect_account(new).await.unwrap().id, account.id, "found again by its identity");

    let mut post = scene.samples.post(&[ODD, "", ODD], at_ms(10));
    ODD.clone_into(&mut post.zone);
    post.draft.reply_to = Some(ODD.to_owned());
    post.draft.langs = vec![ODD.to_owned(), String::new()];
    let mut delivery = scene.samples.delivery(&post, &account);
    delivery.content = json!({ ODD: [ODD, null, true, ""], "": {} });
    let fault = Fault { code: ODD.to_owned(), message: ODD.to_owned(), ..full_fault() };
    let line = Line { delivery: delivery.id.clone(), at: at_ms(1), event: Event::Refused { fault: fault.clone() } };
    scene.ledger.submit(&post, std::slice::from_ref(&delivery), std::slice::from_ref(&line), &[]).await.unwrap();
    assert_eq!(scene.ledger.post(&post.id).await.unwrap(), post);
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), [line]);

    let mut failed = put_in(&delivery, StateName::Failed, at_ms(10));
    failed.delivery.state = State::Failed { fault };
    let odd_record = RecordRef { uri: ODD.to_owned(), cid: ODD.to_owned() };
    failed.delivery.prepared =
        Some(Prepared { body: ODD.to_owned(), records: vec![odd_record], ..samples::prepared(&delivery, at_ms(10)) });
    scene.ledger.save(&failed).await.unwrap();
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), failed.delivery);
    scene.ledger.beat(ODD, at_ms(1)).await.unwrap();
    scene.ledger.end_beat(ODD).await.unwrap();
    assert_eq!(scene.ledger.last_beat().await.unwrap(), None);
}

/// Counters and spans as large and as small as their types.
pub async fn numbers_at_their_ends(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    for (place, (attempts, grace_ms, version)) in (0..).zip([(0, 0, 0), (u32::MAX, i64::MAX, i64::MAX - 1), (1, -1, 1)])
    {
        let post = scene.samples.post(&["A goose."], at_ms(place));
        let mut delivery =
            Delivery { attempts, grace_ms, lead_ms: grace_ms, version, ..scene.samples.delivery(&post, &account) };
        delivery.content = json!([u64::MAX, i64::MIN, 0, -1, 1.5]);
        scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
        scene.ledger.save(&put_in(&delivery, StateName::Scheduled, at_ms(place))).await.unwrap();
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap().version, version + 1);
    }
}

/// A content hash may depend on it.
pub async fn content_keeps_the_order_of_its_keys(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(1));
    let mut delivery = scene.samples.delivery(&post, &account);
    delivery.content = json!({ "z": 1, "a": { "y": 2, "b": 3 }, "m": [] });
    scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
    let read = scene.ledger.delivery(&delivery.id).await.unwrap();
    assert_eq!(read.content.to_string(), delivery.content.to_string());
}

/// Two megabytes of content and of frozen bytes.
pub async fn large_content(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(1));
    let mut delivery = samples::in_state(scene.samples.delivery(&post, &account), StateName::Ready, at_ms(1));
    let large = "gęś ".repeat(350_000);
    delivery.content = json!({ "texts": [large] });
    if let Some(prepared) = &mut delivery.prepared {
        prepared.body = large;
    }
    scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
    let read = scene.ledger.delivery(&delivery.id).await.unwrap();
    assert!(read == delivery, "two megabytes came back changed");
}

fn events() -> Vec<Event> {
    let (until, at, wake_at, look_at, retry_at) = (at_us(11), at_us(12), at_us(13), at_us(14), at_us(15));
    let (fault, receipt) = (full_fault(), full_receipt(Settled::Answered));
    vec![
        Event::Claimed { owner: ODD.to_owned(), until },
        Event::PrepareFailed { retry_at, fault: fault.clone() },
        Event::LeaseLost { at },
        Event::Frozen { wake_at, records: 3 },
        Event::WentStale { until, stale: Stale::BlobGone },
        Event::WentStale { until, stale: Stale::Late { late_by_ms: 60_001 } },
        Event::Waits { until, waiting: waiting_retry() },
        Event::Edited { wake_at },
        Event::Moved { due: at, wake_at, grace_ends: wake_at },
        Event::Stopped { stop: Stop::Account { fault: fault.clone() }, wake_at },
        Event::Stopped { stop: Stop::Held, wake_at },
        Event::Released { wake_at },
        Event::Canceled,
        Event::PastGrace { late_by_ms: i64::MAX },
        Event::Refused { fault: fault.clone() },
        Event::Armed { until, evidence: full_evidence() },
        Event::Published { receipt: receipt.clone() },
        Event::Rejected { look_at, fault: fault.clone() },
        Event::Postponed { retry_at, look_at: retry_at, fault: fault.clone() },
        Event::BlobGone { until, fault: fault.clone() },
        Event::AuthLost { wake_at, fault: fault.clone() },
        Event::Accepted { look_at },
        Event::ReplyLost { sent_at: look_at, look_at, fault: fault.clone() },
        Event::StillUnsettled { look_at, fault: fault.clone() },
        Event::Found { receipt: bare_receipt(Settled::LookedUp) },
        Event::AbsentFenced { wake_at },
        Event::Resent { at, until },
        Event::Unknowable { review: Review { fault: fault.clone() } },
        Event::PersonAccepted { receipt },
        Event::PersonResends { wake_at },
        Event::PersonGaveUp { fault },
        Event::Retried { wake_at },
        Event::Unpublished,
    ]
}

fn waiting_retry() -> Waiting {
    Waiting::Retry { fault: full_fault() }
}

fn full_fault() -> Fault {
    Fault::new("too_much", Category::RateLimit, ODD)
        .of_account("goose.example")
        .over("300 graphemes", 301)
        .retry_at(at_us(16))
        .next(ODD)
}

fn full_evidence() -> Evidence {
    Evidence {
        armed_at: at_us(17),
        last_armed_at: at_us(18),
        resend_after: Some(at_us(19)),
        sent_at: Some(at_us(20)),
        fence: json!({ "head": ODD, "deep": [{ "z": null, "a": u64::MAX }] }),
        resends: 3,
        looks: u32::MAX,
        pinned: true,
    }
}

fn full_receipt(settled: Settled) -> Receipt {
    let record = |n: u8| RecordRef { uri: format!("at://did:plc:x/app.bsky.feed.post/{n}"), cid: format!("{ODD}{n}") };
    Receipt {
        records: vec![record(2), record(1)],
        commit: Some("commit".to_owned()),
        rev: Some("rev".to_owned()),
        url: Some(ODD.to_owned()),
        due: at_us(18),
        sent_at: Some(at_us(19)),
        settled_at: at_us(20),
        lateness_ms: -3,
        attempts: u32::MAX,
        settled,
    }
}

fn bare_receipt(settled: Settled) -> Receipt {
    Receipt { records: vec![], commit: None, rev: None, url: None, sent_at: None, ..full_receipt(settled) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_events_are_of_every_kind() {
        let kind = |event: &Event| match serde_json::to_value(event) {
            Ok(serde_json::Value::Object(fields)) => fields["event"].to_string(),
            other => panic!("{other:?}"),
        };
        let kinds: std::collections::BTreeSet<String> = events().iter().map(kind).collect();
        assert_eq!(kinds.len(), 31, "a new event needs a sample here");
    }
}
