//! Which event makes which notice: every event in every state, against a list that is written down by hand.

#![expect(clippy::unwrap_used, reason = "samples and lists are written by hand")]

mod every;

use every::{at, every_event, every_state};
use skein_domain::story::Line;
use skein_domain::{
    AccountId, Delivery, DeliveryId, Event, Lane, News, Notice, Platform, Policy, PostId, Prepared, State, StateName,
};

/// All that somebody is told of. What is not here is told to nobody: it goes on by itself, or a person did it.
const TOLD: [(&str, &str, &str); 13] = [
    ("PastGrace", "Blocked", "missed"),
    ("PastGrace", "Preparing", "missed"),
    ("PastGrace", "Ready", "missed"),
    ("PastGrace", "Ready, pinned", "needs_review"),
    ("PastGrace", "Scheduled", "missed"),
    ("Refused", "Preparing", "failed"),
    ("Refused", "Ready", "failed"),
    ("Refused", "Ready, pinned", "needs_review"),
    ("Refused", "Scheduled", "failed"),
    ("Rejected", "Publishing", "failed"),
    ("Stopped", "Ready, pinned", "needs_review"),
    ("Unknowable", "Settling", "needs_review"),
    ("Unknowable", "Settling, resent", "needs_review"),
];

fn delivery(state: State) -> Delivery {
    let prepared = Prepared {
        body: "{}".to_owned(),
        records: Vec::new(),
        first_created_at: at(1),
        last_created_at: at(1),
        frozen_at: at(1),
    };
    Delivery {
        id: DeliveryId::parse("dlv_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap(),
        post: PostId::parse("post_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap(),
        account: AccountId::parse("acc_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap(),
        lane: Lane::of(Platform::Bluesky, "did:plc:a"),
        due: at(1),
        grace_ms: 1_000,
        policy: Policy::default(),
        lead_ms: 1_000,
        content: serde_json::json!({}),
        prepared: Some(prepared),
        state,
        attempts: 0,
        version: 6,
        submitted_at: at(0),
    }
}

fn notice(before: &Delivery, event: &Event) -> Option<Notice> {
    let after = before.after(event.clone()).ok()?;
    Notice::of_line(&after, &Line { delivery: after.id.clone(), at: at(9), event: event.clone() })
}

#[test]
fn every_event_in_every_state_tells_what_the_list_says() {
    let mut told = Vec::new();
    for (name, event) in every_event() {
        for (label, state) in every_state() {
            if let Some(notice) = notice(&delivery(state), &event) {
                told.push((name, label, notice.news.name()));
            }
        }
    }
    told.sort_unstable();
    assert_eq!(told, TOLD);
}

#[test]
fn a_notice_carries_what_the_state_says_and_an_id_of_its_version() {
    let refused = Event::Refused { fault: every::fault("new") };
    let before = delivery(State::Scheduled { wake_at: at(1), waiting: None });
    let told = notice(&before, &refused).unwrap();
    assert_eq!(told.news, News::Failed { fault: every::fault("new") });
    assert_eq!((told.at, told.subject()), (at(9), before.post.as_str()));
    assert_eq!(told.id.as_str(), "ntc_01k8x7gqv3m5n2p4r6s8t0v1w4_7");
    assert_eq!(told.delivery, Some((before.post.clone(), before.id.clone())));
    let missed = notice(&before, &Event::PastGrace { late_by_ms: 77 }).unwrap();
    assert_eq!(missed.news, News::Missed { late_by_ms: 77 });
}

#[test]
fn a_person_who_gives_up_needs_no_notice() {
    let (_, review) = every_state().into_iter().find(|(_, state)| state.name() == StateName::NeedsReview).unwrap();
    let gave_up = Event::PersonGaveUp { fault: every::fault("new") };
    let before = delivery(review);
    assert_eq!(before.after(gave_up.clone()).unwrap().state.name(), StateName::Failed);
    assert_eq!(notice(&before, &gave_up), None);
}
