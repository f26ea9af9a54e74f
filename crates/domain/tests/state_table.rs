//! Every event in every state: what it leads to, written down by hand, and what is carried over.

#![expect(clippy::unwrap_used, reason = "samples and tables are written by hand")]

mod every;

use every::{OLD_WAKE_MS, WAKE_MS, at, every_event, every_state, evidence, fault, receipt};
use skein_domain::delivery::NotAllowed;
use skein_domain::{
    AccountId, Delivery, DeliveryId, Event, Evidence, Fault, Lane, Leeway, OnFailure, Platform, Policy, PostId,
    Prepared, RecordRef, Review, State, StateName, Stop, Waiting,
};

type Next = Option<StateName>;

const __: Next = None;
const SC: Next = Some(StateName::Scheduled);
const PR: Next = Some(StateName::Preparing);
const RD: Next = Some(StateName::Ready);
const BL: Next = Some(StateName::Blocked);
const PU: Next = Some(StateName::Publishing);
const SE: Next = Some(StateName::Settling);
const NR: Next = Some(StateName::NeedsReview);
const PD: Next = Some(StateName::Published);
const FA: Next = Some(StateName::Failed);
const MI: Next = Some(StateName::Missed);
const CA: Next = Some(StateName::Canceled);
const RM: Next = Some(StateName::Removed);

/// The columns of the table, in its order.
const COLUMNS: [&str; 16] = [
    "Scheduled",
    "Preparing",
    "Ready",
    "Ready, pinned",
    "Blocked",
    "Publishing",
    "Publishing, resent",
    "Publishing, pinned",
    "Settling",
    "Settling, resent",
    "NeedsReview",
    "Published",
    "Failed",
    "Missed",
    "Canceled",
    "Removed",
];

/// `__` is a refusal.
#[rustfmt::skip]
const TABLE: [(&str, [Next; 16]); 31] = [
    //                 Sched Prep Ready pinned Block Publ resent pinned Settl resent Review Publd Fail Miss Canc Remvd
    ("Claimed",        [PR,  __,  __,   __,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("PrepareFailed",  [__,  SC,  __,   __,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("LeaseLost",      [__,  SC,  __,   __,    __,   SE,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Frozen",         [__,  RD,  __,   __,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("WentStale",      [__,  __,  PR,   __,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Waits",          [SC,  __,  RD,   RD,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Edited",         [SC,  SC,  SC,   __,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Moved",          [SC,  SC,  SC,   __,    BL,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Stopped",        [BL,  BL,  BL,   NR,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Released",       [__,  __,  __,   __,    SC,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Canceled",       [CA,  CA,  CA,   __,    CA,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("PastGrace",      [MI,  MI,  MI,   NR,    MI,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Refused",        [FA,  FA,  FA,   NR,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Armed",          [__,  __,  PU,   PU,    __,   __,  __,    __,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Published",      [__,  __,  __,   __,    __,   PD,  PD,    PD,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Rejected",       [__,  __,  __,   __,    __,   FA,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Postponed",      [__,  __,  __,   __,    __,   RD,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("BlobGone",       [__,  __,  __,   __,    __,   PR,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("AuthLost",       [__,  __,  __,   __,    __,   BL,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("Accepted",       [__,  __,  __,   __,    __,   SE,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("ReplyLost",      [__,  __,  __,   __,    __,   SE,  SE,    SE,    __,   __,    __,    __,   __,  __,  __,  __]),
    ("StillUnsettled", [__,  __,  __,   __,    __,   __,  __,    __,    SE,   SE,    __,    __,   __,  __,  __,  __]),
    ("Found",          [__,  __,  __,   __,    __,   __,  __,    __,    PD,   PD,    __,    __,   __,  __,  __,  __]),
    ("AbsentFenced",   [__,  __,  __,   __,    __,   __,  __,    __,    RD,   RD,    __,    __,   __,  __,  __,  __]),
    ("Resent",         [__,  __,  __,   __,    __,   __,  __,    __,    PU,   PU,    __,    __,   __,  __,  __,  __]),
    ("Unknowable",     [__,  __,  __,   __,    __,   __,  __,    __,    NR,   NR,    __,    __,   __,  __,  __,  __]),
    ("PersonAccepted", [__,  __,  __,   __,    __,   __,  __,    __,    __,   __,    PD,    __,   __,  __,  __,  __]),
    ("PersonResends",  [__,  __,  __,   __,    __,   __,  __,    __,    __,   __,    RD,    __,   __,  __,  __,  __]),
    ("PersonGaveUp",   [__,  __,  __,   __,    __,   __,  __,    __,    __,   __,    FA,    __,   __,  __,  __,  __]),
    ("Retried",        [__,  __,  __,   __,    __,   __,  __,    __,    __,   __,    __,    __,   SC,  SC,  __,  __]),
    ("Unpublished",    [__,  __,  __,   __,    __,   __,  __,    __,    __,   __,    __,    RM,   __,  __,  __,  __]),
];

fn expected(event: &str, state: &str) -> Next {
    let column = COLUMNS.iter().position(|label| *label == state).unwrap();
    TABLE.iter().find(|(name, _)| *name == event).unwrap().1[column]
}

/// One event in one state: its name, what the table expects, and the delivery before and after.
type Step = (String, Next, Delivery, Event, Result<Delivery, NotAllowed>);

fn every_step() -> Vec<Step> {
    let mut steps = Vec::new();
    for (state_label, state) in every_state() {
        for (event_label, event) in every_event() {
            let before = delivery(state.clone());
            let after = before.after(event.clone());
            let next = expected(event_label, state_label);
            steps.push((format!("{event_label} in {state_label}"), next, before, event, after));
        }
    }
    steps
}

fn allowed_steps() -> impl Iterator<Item = (String, Delivery, Event, Delivery)> {
    let after = |(step, _, before, event, after): Step| Some((step, before, event, after.ok()?));
    every_step().into_iter().filter_map(after)
}

#[test]
fn the_table_has_a_row_for_every_event_and_a_column_for_every_state() {
    let events: Vec<_> = every_event().into_iter().map(|(name, _)| name).collect();
    assert_eq!(TABLE.map(|(name, _)| name).to_vec(), events);
    let states: Vec<_> = every_state().into_iter().map(|(label, _)| label).collect();
    assert_eq!(COLUMNS.to_vec(), states);
    let named: std::collections::BTreeSet<_> = every_state().into_iter().map(|(_, state)| state.name()).collect();
    assert_eq!(named, StateName::ALL.into_iter().collect());
}

#[test]
fn every_event_in_every_state_leads_where_the_table_says() {
    let wrong: Vec<String> = every_step()
        .into_iter()
        .filter_map(|(step, expected, _, _, after)| {
            let found = after.ok().map(|after| after.state.name());
            (found != expected).then(|| format!("{step}: expected {expected:?}, found {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_refused_event_says_so_and_changes_nothing() {
    for (step, _, before, event, after) in every_step() {
        let untouched = before.clone();
        let Err(refusal) = after else { continue };
        assert_eq!(before, untouched, "{step}");
        assert_eq!(before.state.clone().apply(event.clone()), Err(refusal.clone()), "{step}");
        assert_eq!((refusal.state, &*refusal.event), (before.state.name(), &event), "{step}");
        let words = refusal.to_string();
        assert!(words.contains(before.state.name().as_str()), "{words}");
    }
}

#[test]
fn every_event_has_a_sentence_of_its_own_in_the_story() {
    let told: Vec<String> = every_event().iter().map(|(_, event)| skein_domain::story::tell(event)).collect();
    for ((name, event), words) in every_event().iter().zip(&told) {
        assert_ne!(words, &format!("{event:?}"), "{name} has no words");
        assert!(words.ends_with('.') || words.contains(": "), "{name}: {words}");
    }
    let distinct: std::collections::BTreeSet<&String> = told.iter().collect();
    assert_eq!(distinct.len(), told.len());
}

#[test]
fn the_next_wake_up_is_the_one_that_the_event_names_and_none_at_rest() {
    for (step, _, _, after) in allowed_steps() {
        let expected = (!after.state.name().is_at_rest()).then(|| at(WAKE_MS));
        assert_eq!(after.state.wake_at(), expected, "{step}");
    }
    for (label, state) in every_state() {
        assert_eq!(state.wake_at(), (!state.name().is_at_rest()).then(|| at(OLD_WAKE_MS)), "{label}");
    }
}

#[test]
fn frozen_bytes_are_dropped_where_they_are_made_anew_and_kept_elsewhere() {
    for (step, before, _, after) in allowed_steps() {
        let dropped = matches!(after.state.name(), StateName::Scheduled | StateName::Preparing);
        let expected = if dropped { None } else { before.prepared.clone() };
        assert_eq!(after.prepared, expected, "{step}");
    }
}

#[test]
fn versions_rise_attempts_count_sends_and_only_the_author_moves_the_instant() {
    for (step, before, event, after) in allowed_steps() {
        let (due, attempts) = match event {
            Event::Moved { due, .. } => (due, before.attempts),
            Event::Retried { .. } | Event::PersonResends { .. } => (at(WAKE_MS), 0),
            Event::Armed { .. } | Event::Resent { .. } => (before.due, before.attempts + 1),
            _ => (before.due, before.attempts),
        };
        let expected = Delivery {
            version: before.version + 1,
            attempts,
            due,
            state: after.state.clone(),
            prepared: after.prepared.clone(),
            ..before
        };
        assert_eq!(after, expected, "{step}");
    }
}

#[test]
fn evidence_is_carried_from_arming_to_settling_and_counts_resends_and_looks() {
    for (step, before, event, after) in allowed_steps() {
        let held = evidence_in(&before.state);
        let expected = match (&event, &before.state, after.state.name()) {
            (Event::Armed { evidence, .. }, State::Ready { earlier, .. }, _) => {
                Some(Evidence { pinned: earlier.is_some(), ..evidence.clone() })
            }
            (Event::Resent { at, .. }, ..) => {
                held.map(|held| Evidence { resends: held.resends + 1, last_armed_at: *at, sent_at: None, ..held })
            }
            (Event::ReplyLost { sent_at, .. }, ..) => held.map(|held| Evidence { sent_at: Some(*sent_at), ..held }),
            (Event::Postponed { retry_at, .. }, ..) if after.state.name() == StateName::Settling => {
                held.map(|held| Evidence { resend_after: Some(*retry_at), ..held })
            }
            (Event::StillUnsettled { .. }, ..) => held.map(|held| Evidence { looks: held.looks + 1, ..held }),
            (Event::AbsentFenced { .. }, ..) => held.filter(|held| held.pinned),
            (Event::PersonResends { .. } | Event::Waits { .. }, ..)
            | (.., StateName::Settling | StateName::NeedsReview) => held,
            _ => None,
        };
        assert_eq!(evidence_in(&after.state), expected, "{step}");
    }
    let shared = evidence();
    assert_eq!((shared.resends, shared.looks, shared.pinned), (0, 2, false));
}

#[test]
fn a_reason_to_wait_is_replaced_by_the_next_step_and_never_lingers() {
    for (step, _, event, after) in allowed_steps() {
        let (State::Scheduled { waiting, .. } | State::Ready { waiting, .. }) = &after.state else { continue };
        let expected = match event {
            Event::PrepareFailed { fault, .. } | Event::Postponed { fault, .. } => Some(Waiting::Retry { fault }),
            Event::Waits { waiting, .. } => Some(waiting),
            _ => None,
        };
        assert_eq!(*waiting, expected, "{step}");
    }
}

#[test]
fn bytes_are_pinned_by_a_person_who_resends_and_stay_so_while_they_wait() {
    for (step, before, event, after) in allowed_steps() {
        let State::Ready { earlier, .. } = after.state else { continue };
        let expected = match (event, before.state) {
            (Event::PersonResends { .. }, State::NeedsReview { evidence, .. }) => Some(evidence),
            (Event::Waits { .. }, State::Ready { earlier, .. }) => earlier,
            (Event::AbsentFenced { .. }, State::Settling { evidence, .. }) => evidence.pinned.then_some(evidence),
            _ => None,
        };
        assert_eq!(earlier, expected, "{step}");
    }
}

#[test]
fn faults_receipts_and_reasons_are_those_of_the_event() {
    for (step, _, event, after) in allowed_steps() {
        match after.state {
            State::Published { receipt: kept } => assert_eq!(kept, receipt("at://new"), "{step}"),
            State::Removed { receipt: kept } => assert_eq!(kept, receipt("at://old"), "{step}"),
            State::Failed { fault: kept } => assert_eq!(kept, fault("new"), "{step}"),
            State::NeedsReview { review, .. } => match event {
                Event::PastGrace { .. } => assert_eq!(review.fault.code, "resend_not_sent", "{step}"),
                _ => assert_eq!(review, Review::from(fault("new")), "{step}"),
            },
            State::Blocked { stop, .. } if matches!(event, Event::Moved { .. }) => {
                assert_eq!(stop, Stop::Held, "{step}");
            }
            State::Blocked { stop, .. } => assert_eq!(stop, Stop::Account { fault: fault("new") }, "{step}"),
            State::Missed { late_by_ms } => assert_eq!(late_by_ms, 77, "{step}"),
            State::Settling { fault: kept, .. } => {
                let code = match event {
                    Event::Accepted { .. } => "accepted",
                    Event::LeaseLost { .. } => "worker_gone",
                    _ => "new",
                };
                assert_eq!(kept.code, code, "{step}");
            }
            State::Scheduled { .. }
            | State::Preparing { .. }
            | State::Ready { .. }
            | State::Publishing { .. }
            | State::Canceled => {}
        }
    }
}

#[test]
fn a_hold_is_told_apart_from_an_account_that_cannot_write() {
    let held = Event::Stopped { stop: Stop::Held, wake_at: at(WAKE_MS) };
    let after = delivery(State::Preparing { wake_at: at(0) }).after(held).unwrap();
    assert_eq!(after.state, State::Blocked { wake_at: at(WAKE_MS), stop: Stop::Held });
}

#[test]
fn names_read_back_and_open_and_rest_do_not_overlap() {
    for name in StateName::ALL {
        assert_eq!(StateName::parse(name.as_str()), Some(name));
        assert!(!(name.is_open() && name.is_at_rest()), "{name:?}");
    }
    assert_eq!(StateName::parse("Scheduled"), None);
    let open: Vec<_> = StateName::ALL.into_iter().filter(|name| name.is_open()).collect();
    assert_eq!(open, [StateName::Scheduled, StateName::Preparing, StateName::Ready]);
}

#[test]
fn states_and_events_survive_being_written_down() {
    for (label, state) in every_state() {
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state, "{label}");
        assert!(text.contains(&format!("\"state\":\"{}\"", state.name().as_str())), "{label}: {text}");
    }
    for (name, event) in every_event() {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{name}");
    }
}

fn evidence_in(state: &State) -> Option<Evidence> {
    match state {
        State::Publishing { evidence, .. } | State::Settling { evidence, .. } | State::NeedsReview { evidence, .. } => {
            Some(evidence.clone())
        }
        State::Ready { earlier, .. } => earlier.clone(),
        _ => None,
    }
}

/// What a restored copy of the past has leaves no more by itself, and leaves when a person gives it an instant.
#[test]
fn a_person_gives_grace_back() {
    let without_grace = |state| Delivery { grace_ms: 0, ..delivery(state) };
    let held = without_grace(State::Blocked { wake_at: at(1), stop: Stop::Held });
    let moved = held.after(held.moved_to(at(90_000))).unwrap();
    assert_eq!((moved.due, moved.grace_ms), (at(90_000), 3_600_000));
    assert_eq!(moved.state.wake_at(), Some(moved.grace_ends()), "it stays blocked until its new grace ends");
    let missed = without_grace(State::Missed { late_by_ms: 1 });
    let retried = missed.after(Event::Retried { wake_at: at(80_000) }).unwrap();
    assert_eq!((retried.due, retried.grace_ms), (at(80_000), 3_600_000));
    let policy = Policy { late: Some(Leeway::parse("late", "2h").unwrap()), on_failure: None };
    let moved = Delivery { policy, ..held.clone() }.after(held.moved_to(at(90_000))).unwrap();
    assert_eq!(moved.grace_ms, 7_200_000, "as much as its policy says");
    let released = held.after(Event::Released { wake_at: at(70_000) }).unwrap();
    assert_eq!((released.due, released.grace_ms), (held.due, 0), "nobody said when");
}

/// What may have been sent is settled first, whatever its policy says; what waits for a limit has not failed.
#[test]
fn a_policy_ends_only_what_was_certainly_not_published() {
    let give_up = Policy { late: None, on_failure: Some(OnFailure::GiveUp) };
    let limit = Fault::new("rate_limited", skein_domain::Category::RateLimit, "The budget is spent.");
    let mut ended = Vec::new();
    for (label, state) in every_state() {
        let under = Delivery { policy: give_up, ..delivery(state.clone()) };
        assert_eq!(delivery(state).ended_by_policy(&fault("new"), at(0)), None, "{label} has no such policy");
        assert_eq!(under.ended_by_policy(&limit, at(0)), None, "{label} waits");
        let Some(told) = under.ended_by_policy(&fault("new"), at(0)) else { continue };
        assert_eq!((told.code.as_str(), told.given.as_deref()), ("ended_by_policy", Some("new")), "{label}");
        assert!(told.message.contains("It went wrong.") && told.next_step.is_some() && told.retryable, "{told:?}");
        let event = match under.state.name() {
            StateName::Publishing => Event::Rejected { look_at: at(WAKE_MS), fault: told },
            _ => Event::Refused { fault: told },
        };
        assert_eq!(under.after(event).unwrap().state.name(), StateName::Failed, "{label}");
        ended.push(label);
    }
    assert_eq!(ended, ["Scheduled", "Preparing", "Ready", "Publishing"]);
}

#[test]
fn a_bound_on_tries_counts_from_the_instant_and_not_from_the_first_failure() {
    let leeway = Leeway::parse("retry_for", "20m").unwrap();
    let policy = Policy { late: None, on_failure: Some(OnFailure::RetryFor(leeway)) };
    let waits = || Some(Waiting::Retry { fault: fault("old") });
    let end = at(40_000 + 1_200_000);
    for state in [
        State::Scheduled { wake_at: at(0), waiting: waits() },
        State::Ready { wake_at: at(0), waiting: waits(), earlier: None },
    ] {
        let waiting = Delivery { policy, ..delivery(state) };
        let state = waiting.state.name();
        assert_eq!(waiting.tried_until(), Some(end));
        for (now, is_ended) in [(at(0), false), (at(40_000 + 1_199_999), false), (end, true)] {
            assert_eq!(waiting.ended_by_policy(&fault("new"), now).is_some(), is_ended, "{state:?} at {now}");
        }
        assert_eq!(waiting.failed_last(), Some(&fault("old")), "{state:?}");
        assert!(waiting.ended_by_policy(&fault("old"), end).unwrap().message.contains("20m"));
    }
    // Nothing has failed yet: it is late, and no more.
    let fresh = Delivery { policy, ..delivery(State::Ready { wake_at: at(0), waiting: None, earlier: None }) };
    assert_eq!(fresh.failed_last(), None);
    let again = Delivery { policy, ..delivery(State::Failed { fault: fault("old") }) };
    let again = again.after(Event::Retried { wake_at: at(9_000_000) }).unwrap();
    assert_eq!(again.tried_until(), Some(at(9_000_000 + 1_200_000)), "who wants another try gives it its time again");
}

/// A delivery in the state, with frozen bytes wherever the state does not forbid them.
fn delivery(state: State) -> Delivery {
    let frozen = Prepared {
        body: "bytes".to_owned(),
        records: vec![RecordRef { uri: "at://old".to_owned(), cid: "cid".to_owned() }],
        first_created_at: at(1),
        last_created_at: at(2),
        frozen_at: at(3),
    };
    let has_none = matches!(state.name(), StateName::Scheduled | StateName::Preparing);
    Delivery {
        id: DeliveryId::parse("dlv_00000000000000000000000000").unwrap(),
        post: PostId::parse("post_00000000000000000000000000").unwrap(),
        account: AccountId::parse("acc_00000000000000000000000000").unwrap(),
        lane: Lane::of(Platform::Bluesky, "did:plc:x"),
        due: at(40_000),
        lead_ms: skein_domain::delivery::TEXT_LEAD_MS,
        grace_ms: 3_600_000,
        policy: Policy::default(),
        content: serde_json::json!({ "texts": ["A goose."] }),
        prepared: (!has_none).then_some(frozen),
        state,
        attempts: 3,
        version: 9,
        submitted_at: at(0),
    }
}
