//! What must hold at the end of every run, whatever happened in it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use skein_domain::policy::{ENDED_BY_POLICY, is_failure};
use skein_domain::ports::{KeptNotice, Ledger, NoticeFilter, Outbox, QueueFilter};
use skein_domain::story::Line;
use skein_domain::{Delivery, DeliveryId, Event, OnFailure, Settled, State, StateName, Stop, Waiting};
use skein_sandbox::LoggedCommit;

use crate::house::House;
use crate::plan::Plan;
use crate::record::{Inner, Told, did_of};

/// What a slow host is asked before a request is armed takes no longer.
const ARMED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// Every other try is noted as soon as it begins, or a moment later where something is uploaded.
const NOTED_WITHIN: SignedDuration = SignedDuration::from_secs(1);

/// The words of a part, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Words {
    post: u64,
    part: u64,
    parts: u64,
}

impl Words {
    /// `post 3 part 0 of 2`
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let number = |place: usize| words.get(place)?.parse().ok();
        Some(Self { post: number(1)?, part: number(3)?, parts: number(5)? })
    }
}

/// One commit that published something.
#[derive(Debug)]
struct Landing {
    commit: LoggedCommit,
    words: Vec<Words>,
}

/// Checks every promise and notes those that are broken.
pub(crate) async fn check(house: &House) {
    let filter = QueueFilter { at_most: 10_000, ..QueueFilter::default() };
    let deliveries = house.ledger.queue(&filter).await.unwrap();
    let landings = landings(house);
    let (mut lines, mut stories) = (BTreeMap::new(), BTreeMap::new());
    for delivery in &deliveries {
        let story = house.ledger.story(&delivery.id).await.unwrap();
        stories.insert(delivery.id.clone(), story.iter().map(|line| line.event.clone()).collect::<Vec<_>>());
        lines.insert(delivery.id.clone(), story);
    }
    let clocks_are_right = house.plan.jumps == 0;
    let notices = house.ledger.notices(&NoticeFilter { handed_on: true, at_most: 100_000 }).await.unwrap();
    let mut record = house.record.lock();
    for landing in &landings {
        whole(landing, &mut record);
    }
    for delivery in &deliveries {
        *record.counts.entry(format!("end: {:?}", delivery.state.name())).or_default() += 1;
        let own: Vec<&Landing> = landings.iter().filter(|landing| is_of(landing, delivery)).collect();
        once(delivery, &stories[&delivery.id], &own, &mut record);
        at_rest(delivery, &mut record);
        receipt(delivery, &own, &mut record);
        told_by_its_story(delivery, &stories[&delivery.id], &mut record);
        by_its_policy(delivery, &stories[&delivery.id], clocks_are_right, &mut record);
        tried_no_longer(delivery, &lines[&delivery.id], &house.plan, &mut record);
        told_to_people(delivery, &stories[&delivery.id], &notices, &mut record);
    }
    canceled(&deliveries, &landings, &mut record);
    held(&mut record);
    // Where the clock was set, an earlier instant may have been asked for later.
    if clocks_are_right {
        in_order(&deliveries, &landings, &stories, &mut record);
    }
}

fn landings(house: &House) -> Vec<Landing> {
    let read = |commit: LoggedCommit| {
        let words = commit.made.iter().filter_map(|made| Words::read(made.value["text"].as_str()?)).collect();
        Landing { commit, words }
    };
    house.sandbox.commits().into_iter().map(read).filter(|landing| !landing.words.is_empty()).collect()
}

fn post_of(delivery: &Delivery) -> Option<u64> {
    let text = delivery.content["parts"][0]["text"].as_str()?;
    Words::read(text).map(|words| words.post)
}

fn is_of(landing: &Landing, delivery: &Delivery) -> bool {
    landing.commit.did == did_of(delivery) && post_of(delivery) == Some(landing.words[0].post)
}

/// A thread is whole or absent.
fn whole(landing: &Landing, record: &mut Inner) {
    let first = landing.words[0];
    let all: Vec<Words> = (0..first.parts).map(|part| Words { part, ..first }).collect();
    if landing.words != all {
        record.broken("a thread is whole or absent", format!("{:?} landed at {}", landing.words, landing.commit.at));
    }
}

/// Each part has at most one record; one more where a person had the same bytes sent again, and another where a person gave
/// it up and somebody wanted it all the same.
fn once(delivery: &Delivery, story: &[Event], own: &[&Landing], record: &mut Inner) {
    let given_up = story.iter().filter(|event| matches!(event, Event::PersonGaveUp { .. })).count();
    let allowed = 1 + record.resends(&delivery.id) + given_up;
    let mut addresses: Vec<&str> = own.iter().map(|landing| landing.commit.made[0].uri.as_str()).collect();
    addresses.dedup();
    if own.len() > allowed || addresses.len() > 1 + given_up {
        let what = format!("{} landed {} times, at {addresses:?}", delivery.id, own.len());
        record.broken("never twice", what);
    }
}

/// Everything is at rest, or waits for somebody by name.
fn at_rest(delivery: &Delivery, record: &mut Inner) {
    let waits = matches!(&delivery.state, State::Blocked { stop: Stop::Account { .. }, .. });
    if !delivery.state.name().is_at_rest() && !waits {
        record.broken("everything comes to rest", format!("{} is {:?}", delivery.id, delivery.state));
    }
}

/// Receipts are records, and what has none was never public.
fn receipt(delivery: &Delivery, own: &[&Landing], record: &mut Inner) {
    let person_decided = record.steps.iter().any(|step| {
        step.delivery == delivery.id
            && matches!(
                step.event,
                Some(Event::PersonAccepted { .. } | Event::PersonGaveUp { .. } | Event::PersonResends { .. })
            )
    });
    let mut broken = |what: String| record.broken("receipts are records", format!("{}: {what}", delivery.id));
    match &delivery.state {
        State::Published { receipt } | State::Removed { receipt } => {
            let made = |landing: &&Landing| {
                let made = landing.commit.made.iter().map(|made| (&made.uri, &made.cid));
                made.eq(receipt.records.iter().map(|record| (&record.uri, &record.cid)))
            };
            if receipt.settled != Settled::ByPerson && !own.iter().any(made) {
                broken(format!("no commit made {:?}", receipt.records));
            }
        }
        State::NeedsReview { .. } => {}
        other if !own.is_empty() && !person_decided => broken(format!("it is {:?} and was public", other.name())),
        _ => {}
    }
}

/// The story leads from the submission to the state.
fn told_by_its_story(delivery: &Delivery, story: &[Event], record: &mut Inner) {
    let first = State::Scheduled { wake_at: delivery.submitted_at, waiting: None };
    let told = story.iter().try_fold(first, |state, event| state.apply(event.clone()).ok());
    let name = told.as_ref().map(State::name);
    if name != Some(delivery.state.name()) {
        let what = format!("{} is {:?} and its story ends with {name:?}", delivery.id, delivery.state.name());
        record.broken("the story tells the state", what);
    }
}

/// What somebody said of being late and of failing holds. How late something left is known where no clock was wrong.
fn by_its_policy(delivery: &Delivery, story: &[Event], clocks_are_right: bool, record: &mut Inner) {
    let receipt = match &delivery.state {
        State::Published { receipt } | State::Removed { receipt } if receipt.sent_at.is_some() => Some(receipt),
        _ => None,
    };
    if let (Some(late), Some(receipt), true) = (delivery.policy.late, receipt, clocks_are_right) {
        *record.counts.entry("policy: late held against".to_owned()).or_default() += 1;
        if receipt.lateness_ms >= late.ms() {
            let what = format!("{} left {} ms late, and {late} was said", delivery.id, receipt.lateness_ms);
            record.broken("a policy holds", what);
        }
    }
    let ended = story.iter().filter(|event| is_ended_by_policy(event));
    let ended = u64::try_from(ended.count()).unwrap_or(0);
    *record.counts.entry("policy: ended".to_owned()).or_default() += ended;
    if ended > 0 && matches!(delivery.policy.on_failure.unwrap_or_default(), OnFailure::Retry) {
        record.broken("a policy holds", format!("{} was ended by a policy that it has not", delivery.id));
    }
}

fn is_ended_by_policy(event: &Event) -> bool {
    match event {
        Event::Refused { fault } | Event::Rejected { fault, .. } => fault.code == ENDED_BY_POLICY,
        _ => false,
    }
}

/// After a failure that may pass nothing waits for another try, and none begins, once its policy has ended that; and nothing is given up
/// before. Who gives up has no time for it at all; for others the instants of the story count, which are right where no clock was wrong.
fn tried_no_longer(delivery: &Delivery, story: &[Line], plan: &Plan, record: &mut Inner) {
    let (until, gives_up) = match delivery.policy.on_failure.unwrap_or_default() {
        OnFailure::Retry => return,
        OnFailure::RetryFor(leeway) => (delivery.due + SignedDuration::from_millis(leeway.ms()), false),
        OnFailure::GiveUp => (Timestamp::MIN, true),
    };
    // What a person had sent again is the person's.
    let resent = story.iter().any(|line| matches!(line.event, Event::PersonResends { .. }));
    let is_known = gives_up || plan.jumps == 0;
    if resent || !is_known {
        return;
    }
    // Before that it had another instant.
    let has_moved = |line: &Line| matches!(line.event, Event::Moved { .. } | Event::Retried { .. });
    let since = if gives_up { 0 } else { story.iter().rposition(has_moved).map_or(0, |place| place + 1) };
    for (place, line) in story.iter().enumerate().skip(since) {
        let (is_ended, failed) = (is_ended_by_policy(&line.event), failed(&line.event));
        if !gives_up && (is_ended || failed.is_some()) {
            *record.counts.entry("policy: retry_for held against".to_owned()).or_default() += 1;
        }
        if is_ended && line.at < until {
            let what = format!("{} was given up at {}, and not at {until}", delivery.id, line.at);
            record.broken("a policy holds", what);
        }
        let Some(wakes_at) = failed else { continue };
        // What a platform answered is written down when the database lets it be, which may be later than it was decided.
        let waits_too_late = line.at >= until && !matches!(line.event, Event::Postponed { .. });
        // Whoever takes it up looks at the time first, which is past the wake-up then; what a try asks for may take long.
        let next = story.get(place + 1).filter(|next| begins_a_try(&next.event));
        if waits_too_late || next.is_some() && line.at.max(wakes_at) >= until {
            let what = format!("{} failed at {}, and was to be tried again after {until}", delivery.id, line.at);
            record.broken("a policy holds", what);
        }
        // A process that is stopped has looked at the time before.
        if let Some(next) = next.filter(|_| !gives_up && !plan.may_pause()) {
            let is_armed = matches!(next.event, Event::Armed { .. });
            if next.at >= until + if is_armed { ARMED_WITHIN } else { NOTED_WITHIN } {
                let what =
                    format!("{} failed at {}, and was tried at {}, after {until}", delivery.id, line.at, next.at);
                record.broken("a policy holds", what);
            }
        }
    }
}

/// When a delivery wakes up that waits after a failure that may pass.
fn failed(event: &Event) -> Option<Timestamp> {
    match event {
        Event::PrepareFailed { retry_at: wakes_at, fault }
        | Event::Postponed { retry_at: wakes_at, fault, .. }
        | Event::Waits { until: wakes_at, waiting: Waiting::Retry { fault } } => is_failure(fault).then_some(*wakes_at),
        _ => None,
    }
}

fn begins_a_try(event: &Event) -> bool {
    matches!(
        event,
        Event::Claimed { .. }
            | Event::WentStale { .. }
            | Event::Armed { .. }
            | Event::Waits { waiting: Waiting::Uploading, .. }
    )
}

/// Each time that it came to need a person, and that was not the person's doing, there is one notice, in that order.
fn told_to_people(delivery: &Delivery, story: &[Event], notices: &[KeptNotice], record: &mut Inner) {
    let mut state = State::Scheduled { wake_at: delivery.submitted_at, waiting: None };
    let mut expected = Vec::new();
    for event in story {
        let Ok(next) = state.apply(event.clone()) else { return };
        let needs_a_person = matches!(next.name(), StateName::Failed | StateName::Missed | StateName::NeedsReview);
        if needs_a_person && !matches!(event, Event::PersonGaveUp { .. }) {
            expected.push(next.name().as_str());
        }
        state = next;
    }
    let is_its = |kept: &&KeptNotice| kept.notice.delivery.as_ref().is_some_and(|(_, of)| *of == delivery.id);
    let kept: Vec<&str> = notices.iter().rev().filter(is_its).map(|kept| kept.notice.news.name()).collect();
    *record.counts.entry("notices".to_owned()).or_default() += u64::try_from(kept.len()).unwrap_or(0);
    if kept != expected {
        record.broken("who must know is told", format!("{}: notices {kept:?}, needed {expected:?}", delivery.id));
    }
}

/// Nothing is sent, and nothing lands, after a cancel was acknowledged.
fn canceled(deliveries: &[Delivery], landings: &[Landing], record: &mut Inner) {
    let told: Vec<_> = record.told.clone();
    for (at, when, told) in told {
        let Told::Canceled(id) = told else { continue };
        let Some(delivery) = deliveries.iter().find(|delivery| delivery.id == id) else { continue };
        let is_its = |text: &String| Words::read(text).is_some_and(|words| Some(words.post) == post_of(delivery));
        let sent = record
            .sent
            .iter()
            .any(|sent| sent.at > at && sent.did == did_of(delivery) && sent.texts.iter().any(is_its));
        let landed = landings.iter().any(|landing| is_of(landing, delivery) && landing.commit.at > when);
        if sent || landed || delivery.state.name() != StateName::Canceled {
            let what =
                format!("{id} was canceled at {when}; sent {sent}, landed {landed}, is {:?}", delivery.state.name());
            record.broken("nothing is sent after a cancel", what);
        }
    }
}

/// A held account sends nothing that was not armed.
fn held(record: &mut Inner) {
    let mut armed = Vec::new();
    for (from, _, told) in &record.told {
        let Told::Held(account) = told else { continue };
        let is_release = |told: &Told| matches!(told, Told::Releasing(of) if of == account);
        let until =
            record.told.iter().find(|(at, _, told)| at > from && is_release(told)).map_or(u64::MAX, |(at, ..)| *at);
        let within = |at: u64| at > *from && at < until;
        let is_armed = |event: &Option<Event>| matches!(event, Some(Event::Armed { .. }));
        armed.extend(
            record
                .steps
                .iter()
                .filter(|step| step.account == *account && within(step.at) && is_armed(&step.event))
                .map(|step| step.delivery.clone()),
        );
    }
    for id in armed {
        record.broken("a held account sends nothing", format!("{id} was armed while its account was held"));
    }
}

/// What nothing went wrong with leaves in the order of its instants.
fn in_order(
    deliveries: &[Delivery],
    landings: &[Landing],
    stories: &BTreeMap<DeliveryId, Vec<Event>>,
    record: &mut Inner,
) {
    let smooth = |delivery: &&Delivery| {
        matches!(
            stories[&delivery.id].as_slice(),
            [Event::Claimed { .. }, Event::Frozen { .. }, Event::Armed { .. }, Event::Published { .. }]
        )
    };
    let place = |delivery: &Delivery| landings.iter().position(|landing| is_of(landing, delivery));
    let smooth: Vec<&Delivery> = deliveries.iter().filter(smooth).collect();
    for (earlier, later) in smooth.iter().flat_map(|one| smooth.iter().map(move |other| (one, other))) {
        // What is submitted while its neighbour is armed already comes after it.
        let in_time = earlier.submitted_at <= earlier.prepare_at();
        if in_time && earlier.lane == later.lane && earlier.due < later.due && place(earlier) > place(later) {
            let what = format!("{} is due before {} and left after it", earlier.id, later.id);
            record.broken("order is kept within an account", what);
        }
    }
}
