//! What every `Outbox` must do, as cases that run on an empty one beside its ledger. In the tests of a store:
//!
//! ```
//! # use std::sync::Arc;
//! # use skein_domain::ports::{Ledger, Outbox};
//! # use skein_testkit::MemoryLedger;
//! async fn empty() -> (Arc<dyn Ledger>, Arc<dyn Outbox>) {
//!     let both = Arc::new(MemoryLedger::new());
//!     (both.clone(), both)
//! }
//! skein_testkit::outbox_conformance!(empty);
//! ```

#![expect(clippy::unwrap_used, reason = "these are the bodies of tests")]
#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking")]

use std::sync::Arc;

use skein_domain::ports::{
    Change, ClaimRequest, Guard, HeldNotice, KeptNotice, Ledger, NoticeFilter, Outbox, SettledNotice, Stage,
};
use skein_domain::story::Line;
use skein_domain::{Account, Delivery, Event, News, Standing, StateName};

use crate::samples::{self, Samples, at_ms};

/// A ledger and its outbox.
pub type Both = (Arc<dyn Ledger>, Arc<dyn Outbox>);

/// Expands to one `#[tokio::test]` for each case of the suite. The argument is an `async fn` without parameters that makes an
/// empty ledger with its outbox.
#[macro_export]
macro_rules! outbox_conformance {
    ($make:expr) => {
        mod outbox {
            #[allow(unused_imports, reason = "a maker that is named by its full path needs nothing from here")]
            use super::*;
            $crate::outbox_conformance! { @list test, $make }
        }
    };
    (@list $mode:ident, $make:expr) => {
        $crate::outbox_conformance! { @$mode $make;
            a_change_writes_its_notice,
            a_refused_change_writes_none,
            gathered_changes_write_theirs,
            an_account_is_told_of_once_until_it_is_connected_again,
            notices_of_one_post_come_one_after_the_other,
            a_lease_keeps_others_away_until_it_ends,
            two_who_claim_at_once_share_nothing,
            what_was_lost_is_not_settled,
            a_lease_is_renewed_by_its_holder_only,
            a_failed_attempt_is_kept_with_its_reason,
            what_was_given_up_is_tried_again_on_demand,
            the_next_instant_is_that_of_what_can_be_claimed,
            lists_are_newest_first_and_bounded,
            what_is_over_for_long_is_forgotten,
        }
    };
    (@test $make:expr; $($case:ident,)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::outbox_suite::$case(($make)().await).await;
            }
        )+
    };
    (@call $make:expr; $($case:ident,)+) => {
        $($crate::outbox_suite::$case(($make)().await).await;)+
    };
    (@names $make:expr; $($case:ident,)+) => {
        [$(stringify!($case)),+]
    };
}

/// Runs every case, each on an outbox of its own that `make` makes empty.
pub async fn all(make: impl AsyncFn() -> Both) {
    crate::outbox_conformance!(@list call, make);
}

const OPEN: NoticeFilter = NoticeFilter { handed_on: false, at_most: 100 };
const ALL: NoticeFilter = NoticeFilter { handed_on: true, at_most: 100 };

struct Scene {
    ledger: Arc<dyn Ledger>,
    outbox: Arc<dyn Outbox>,
    samples: Samples,
}

impl Scene {
    fn new((ledger, outbox): Both) -> Self {
        Self { ledger, outbox, samples: Samples::new(41) }
    }

    async fn account(&self, handle: &str) -> Account {
        self.ledger.connect_account(self.samples.new_account(handle)).await.unwrap()
    }

    /// A post of its own with one delivery that is Scheduled.
    async fn submitted(&self, account: &Account) -> Delivery {
        let post = self.samples.post(&["A goose."], at_ms(10));
        let delivery = self.samples.delivery(&post, account);
        self.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        delivery
    }

    /// A delivery that was refused at the instant; its notice waits since then.
    async fn refused(&self, account: &Account, ms: i64) -> Delivery {
        let delivery = self.submitted(account).await;
        let change = refused(&delivery, ms);
        self.ledger.save(&change).await.unwrap();
        change.delivery
    }

    async fn claims(&self, ms: i64) -> Vec<HeldNotice> {
        self.outbox.claim_notices(at_ms(ms), at_ms(ms + 1_000), 100).await.unwrap()
    }

    async fn settles(&self, held: &HeldNotice, stage: Stage) -> usize {
        self.outbox.settle_notices(&[settled(held, stage)]).await.unwrap()
    }

    async fn kept(&self, filter: &NoticeFilter) -> Vec<KeptNotice> {
        self.outbox.notices(filter).await.unwrap()
    }
}

fn refused(delivery: &Delivery, ms: i64) -> Change {
    change(delivery, Event::Refused { fault: samples::fault("refused") }, ms)
}

fn change(delivery: &Delivery, event: Event, ms: i64) -> Change {
    Change::between(
        delivery,
        delivery.after(event.clone()).unwrap(),
        vec![Line { delivery: delivery.id.clone(), at: at_ms(ms), event }],
    )
}

fn settled(held: &HeldNotice, stage: Stage) -> SettledNotice {
    SettledNotice {
        id: held.kept.notice.id.clone(),
        token: held.token,
        stage,
        attempts: held.kept.attempts,
        told: vec!["log".to_owned()],
        trouble: None,
    }
}

fn deliveries(notices: &[KeptNotice]) -> Vec<&str> {
    notices.iter().map(|kept| kept.notice.delivery.as_ref().map_or("", |(_, delivery)| delivery.as_str())).collect()
}

/// In the same transaction, whole; what goes well writes none.
pub async fn a_change_writes_its_notice(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    let one = scene.submitted(&account).await;
    let canceled = scene.submitted(&account).await;
    scene.ledger.save(&change(&canceled, Event::Canceled, 5)).await.unwrap();
    assert!(scene.kept(&ALL).await.is_empty());
    let change = refused(&one, 20);
    scene.ledger.save(&change).await.unwrap();
    let expected = skein_domain::Notice::of_line(&change.delivery, &change.story[0]).unwrap();
    let kept = scene.kept(&ALL).await;
    let waiting = Stage::Waiting { wake_at: at_ms(20) };
    let new = KeptNotice { notice: expected, stage: waiting, attempts: 0, told: Vec::new(), trouble: None };
    assert_eq!(kept, [new]);

    let missed = scene.submitted(&account).await;
    let past = Event::PastGrace { late_by_ms: 3_600_001 };
    scene.ledger.save(&self::change(&missed, past, 30)).await.unwrap();
    assert_eq!(scene.kept(&ALL).await[0].notice.news, News::Missed { late_by_ms: 3_600_001 });
    assert_eq!(scene.outbox.count_notices().await.unwrap(), (2, 0));
}

/// Lost by version, and invalid: neither is told.
pub async fn a_refused_change_writes_none(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account).await;
    let mut stale = refused(&delivery, 20);
    stale.from_version += 1;
    stale.delivery.version += 1;
    scene.ledger.save(&stale).await.unwrap_err();
    let mut invalid = refused(&delivery, 20);
    invalid.delivery.version += 1;
    scene.ledger.save(&invalid).await.unwrap_err();
    let guard = Guard::Lane { lane: account.lane(), token: 9 };
    scene.ledger.save(&Change { guard, ..refused(&delivery, 20) }).await.unwrap_err();
    assert!(scene.kept(&ALL).await.is_empty());
}

/// Under claims, many at once: the way of a burst. One among them that is refused tells nothing, and the others do.
pub async fn gathered_changes_write_theirs(both: Both) {
    let scene = Scene::new(both);
    let mut expected = Vec::new();
    let mut writers = Vec::new();
    for number in 0..20 {
        let account = scene.account(&format!("goose{number}.example")).await;
        let delivery = scene.submitted(&account).await;
        let lane = Some(account.lane());
        let request = ClaimRequest { owner: "w".to_owned(), now: at_ms(0), until: at_ms(60_000), lane };
        let claim = scene.ledger.claim(&request).await.unwrap().unwrap();
        let is_stale = number == 7;
        let guard = Guard::Lane { lane: claim.lane, token: claim.token + i64::from(is_stale) };
        let change = Change { guard, ..refused(&delivery, 20 + number) };
        if !is_stale {
            expected.push(delivery.id.as_str().to_owned());
        }
        let ledger = Arc::clone(&scene.ledger);
        writers.push(tokio::spawn(async move { ledger.save(&change).await.is_ok() }));
    }
    let mut written = 0;
    for writer in writers {
        written += usize::from(writer.await.unwrap());
    }
    assert_eq!(written, 19);
    let kept = scene.kept(&ALL).await;
    let mut told = deliveries(&kept);
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
}

/// Not again while it is lost, whoever notes it how often.
pub async fn an_account_is_told_of_once_until_it_is_connected_again(both: Both) {
    let scene = Scene::new(both);
    let new = scene.samples.new_account("goose.example");
    let account = scene.ledger.connect_account(new.clone()).await.unwrap();
    let lost = |code| Standing::NeedsReconnect { fault: samples::fault(code) };
    for ms in [10, 20, 30] {
        scene.ledger.set_standing(&account.id, &lost("ended"), at_ms(ms)).await.unwrap();
    }
    let kept = scene.kept(&ALL).await;
    let [first] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((first.notice.at, &first.notice.account, &first.notice.delivery), (at_ms(10), &account.id, &None));
    assert_eq!(first.notice.news, News::NeedsReconnect { fault: samples::fault("ended") });
    scene.ledger.connect_account(new).await.unwrap();
    scene.ledger.set_standing(&account.id, &Standing::Active, at_ms(40)).await.unwrap();
    scene.ledger.set_standing(&account.id, &lost("taken_down"), at_ms(50)).await.unwrap();
    let kept = scene.kept(&ALL).await;
    assert_eq!(kept.iter().map(|kept| kept.notice.at).collect::<Vec<_>>(), [at_ms(50), at_ms(10)]);
}

/// The later one is not to be had before the earlier one is handed on or given up, whatever their wake-ups; others are.
pub async fn notices_of_one_post_come_one_after_the_other(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    let failed = scene.refused(&account, 20).await;
    let again = change(&failed, Event::Retried { wake_at: at_ms(25) }, 25);
    scene.ledger.save(&again).await.unwrap();
    scene.ledger.save(&refused(&again.delivery, 30)).await.unwrap();
    let other = scene.refused(&account, 40).await;

    let held = scene.claims(100).await;
    assert_eq!(held.iter().map(|held| held.kept.notice.at).collect::<Vec<_>>(), [at_ms(20), at_ms(40)]);
    assert_eq!(held[1].kept.notice.delivery.as_ref().unwrap().1, other.id);
    scene.settles(&held[0], Stage::Waiting { wake_at: at_ms(5_000) }).await;
    assert!(scene.claims(200).await.is_empty(), "the later one waits behind the earlier one's pause");
    let held = scene.claims(5_000).await;
    assert_eq!(held[0].kept.notice.at, at_ms(20));
    scene.settles(&held[0], Stage::GivenUp { at: at_ms(5_001) }).await;
    let held = scene.claims(5_002).await;
    assert_eq!(held[0].kept.notice.at, at_ms(30));
    assert_eq!(held[0].kept.notice.subject(), failed.post.as_str());
}

/// A worker that is gone leaves its notices to the next.
pub async fn a_lease_keeps_others_away_until_it_ends(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    scene.refused(&account, 20).await;
    assert!(scene.claims(19).await.is_empty(), "its time has not come");
    let first = scene.claims(20).await;
    assert_eq!((first.len(), first[0].token), (1, 1));
    assert!(scene.claims(1_019).await.is_empty());
    let second = scene.claims(1_020).await;
    assert_eq!((second[0].token, &second[0].kept.notice), (2, &first[0].kept.notice));
}

/// Each notice goes to one of them.
pub async fn two_who_claim_at_once_share_nothing(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    for ms in 0..30 {
        scene.refused(&account, ms).await;
    }
    let claimers: Vec<_> = (0..4)
        .map(|_| {
            let outbox = Arc::clone(&scene.outbox);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let held = outbox.claim_notices(at_ms(100), at_ms(9_000), 7).await.unwrap();
                    if held.is_empty() {
                        return mine;
                    }
                    mine.extend(held.into_iter().map(|held| held.kept.notice.id));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for claimer in claimers {
        all.extend(claimer.await.unwrap());
    }
    // What one found locked by another may be left for the next look.
    all.extend(scene.claims(100).await.into_iter().map(|held| held.kept.notice.id));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (30, 30));
}

/// The token decides.
pub async fn what_was_lost_is_not_settled(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    scene.refused(&account, 20).await;
    let first = scene.claims(20).await.remove(0);
    let second = scene.claims(2_000).await.remove(0);
    assert_eq!(scene.settles(&first, Stage::GivenUp { at: at_ms(2_001) }).await, 0);
    assert_eq!(scene.kept(&OPEN).await[0].stage, Stage::Waiting { wake_at: at_ms(3_000) });
    assert_eq!(scene.settles(&second, Stage::HandedOn { at: at_ms(2_002) }).await, 1);
    assert_eq!(scene.settles(&second, Stage::GivenUp { at: at_ms(2_003) }).await, 0, "it is over");
    assert_eq!(scene.kept(&ALL).await[0].stage, Stage::HandedOn { at: at_ms(2_002) });
}

/// And as long as it is.
pub async fn a_lease_is_renewed_by_its_holder_only(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    scene.refused(&account, 20).await;
    let first = scene.claims(20).await;
    assert_eq!(scene.outbox.renew_notices(&first, at_ms(5_000)).await.unwrap(), 1);
    assert!(scene.claims(4_999).await.is_empty());
    let second = scene.claims(5_000).await;
    assert_eq!(scene.outbox.renew_notices(&first, at_ms(9_000)).await.unwrap(), 0);
    assert_eq!(scene.outbox.next_notice().await.unwrap(), Some(at_ms(6_000)));
    assert_eq!(scene.outbox.renew_notices(&second, at_ms(7_000)).await.unwrap(), 1);
}

/// Attempts, doors and the reason read back, also through another claim.
pub async fn a_failed_attempt_is_kept_with_its_reason(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    scene.refused(&account, 20).await;
    let held = scene.claims(20).await.remove(0);
    let again = SettledNotice {
        attempts: 3,
        told: vec!["log".to_owned(), "command".to_owned()],
        trouble: Some("mail: 451 später \"noch\" einmal".to_owned()),
        ..settled(&held, Stage::Waiting { wake_at: at_ms(7_000) })
    };
    assert_eq!(scene.outbox.settle_notices(std::slice::from_ref(&again)).await.unwrap(), 1);
    for kept in [scene.kept(&OPEN).await.remove(0), scene.claims(7_000).await.remove(0).kept] {
        assert_eq!((kept.attempts, &kept.told, &kept.trouble), (3, &again.told, &again.trouble));
        assert_eq!(kept.notice, held.kept.notice);
    }
}

/// With its attempts counted anew; what every door has is left alone.
pub async fn what_was_given_up_is_tried_again_on_demand(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    scene.refused(&account, 20).await;
    scene.refused(&account, 30).await;
    let held = scene.claims(50).await;
    let mut given_up = settled(&held[0], Stage::GivenUp { at: at_ms(60) });
    given_up.attempts = 30;
    let told = settled(&held[1], Stage::HandedOn { at: at_ms(60) });
    assert_eq!(scene.outbox.settle_notices(&[given_up, told]).await.unwrap(), 2);
    assert_eq!(scene.outbox.count_notices().await.unwrap(), (0, 1));
    assert_eq!(scene.outbox.retry_notices(at_ms(70)).await.unwrap(), 1);
    assert_eq!(scene.outbox.retry_notices(at_ms(71)).await.unwrap(), 0);
    assert_eq!(scene.outbox.count_notices().await.unwrap(), (1, 0));
    let again = scene.claims(70).await;
    assert_eq!((again.len(), again[0].kept.attempts), (1, 0));
    assert_eq!(again[0].kept.told, ["log"], "the door that has it is not told again");
}

/// Not of one that waits behind another.
pub async fn the_next_instant_is_that_of_what_can_be_claimed(both: Both) {
    let scene = Scene::new(both);
    assert_eq!(scene.outbox.next_notice().await.unwrap(), None);
    let account = scene.account("goose.example").await;
    let failed = scene.refused(&account, 20).await;
    assert_eq!(scene.outbox.next_notice().await.unwrap(), Some(at_ms(20)));
    let held = scene.claims(20).await.remove(0);
    let again = change(&failed, Event::Retried { wake_at: at_ms(25) }, 25);
    scene.ledger.save(&again).await.unwrap();
    scene.ledger.save(&refused(&again.delivery, 30)).await.unwrap();
    assert_eq!(scene.outbox.next_notice().await.unwrap(), Some(at_ms(1_020)), "the end of the lease");
    scene.settles(&held, Stage::HandedOn { at: at_ms(40) }).await;
    assert_eq!(scene.outbox.next_notice().await.unwrap(), Some(at_ms(30)));
    let held = scene.claims(40).await.remove(0);
    scene.settles(&held, Stage::HandedOn { at: at_ms(40) }).await;
    assert_eq!(scene.outbox.next_notice().await.unwrap(), None);
    assert_eq!(scene.ledger.delivery(&failed.id).await.unwrap().state.name(), StateName::Failed);
}

/// In the order of writing, whatever the instants say.
pub async fn lists_are_newest_first_and_bounded(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    for ms in [30, 10, 20] {
        scene.refused(&account, ms).await;
    }
    let held = scene.claims(10).await.remove(0);
    scene.settles(&held, Stage::HandedOn { at: at_ms(40) }).await;
    let of = |kept: Vec<KeptNotice>| kept.into_iter().map(|kept| kept.notice.at).collect::<Vec<_>>();
    assert_eq!(of(scene.kept(&ALL).await), [at_ms(20), at_ms(10), at_ms(30)]);
    assert_eq!(of(scene.kept(&OPEN).await), [at_ms(20), at_ms(30)]);
    assert_eq!(of(scene.kept(&NoticeFilter { at_most: 1, ..OPEN }).await), [at_ms(20)]);
}

/// What waits stays, however old it is.
pub async fn what_is_over_for_long_is_forgotten(both: Both) {
    let scene = Scene::new(both);
    let account = scene.account("goose.example").await;
    for ms in [1, 2, 3, 4] {
        scene.refused(&account, ms).await;
    }
    let held = scene.claims(10).await;
    scene.settles(&held[0], Stage::HandedOn { at: at_ms(50) }).await;
    scene.settles(&held[1], Stage::GivenUp { at: at_ms(60) }).await;
    scene.settles(&held[2], Stage::HandedOn { at: at_ms(100) }).await;
    assert_eq!(scene.outbox.prune_notices(at_ms(100)).await.unwrap(), 2);
    let left: Vec<_> = scene.kept(&ALL).await.into_iter().map(|kept| kept.notice.at).collect();
    assert_eq!(left, [at_ms(4), at_ms(3)]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_that_is_written_is_run() {
        let mut listed = crate::outbox_conformance!(@list names, ());
        let name = |line: &'static str| line.strip_prefix("pub async fn ")?.split('(').next();
        let written = include_str!("outbox_suite.rs").lines().filter_map(name);
        let mut written: Vec<&str> = written.filter(|name| *name != "all").collect();
        listed.sort_unstable();
        written.sort_unstable();
        assert_eq!(written, listed);
    }
}
