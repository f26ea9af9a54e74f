//! Three workers on one database, of which one at a time is killed, or stopped for longer than its lease holds and let go on, while
//! the database goes away twice: 2,000 posts over 100 accounts come out as 2,000 records.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Clock as _, QueueFilter};
use skein_domain::{Delivery, State};
use skein_e2e::desk::{Desk, Machine};
use skein_e2e::rig::{Rig, Serve};
use skein_testkit::SeededEntropy;
use skein_testkit::postgres::Postgres;
use skein_testkit::real_pds::{Account, RealPds, RealPdsOptions};
use url::Url;

use crate::repository::Repository;

const ACCOUNTS: usize = 100;
const POSTS_EACH: usize = 20;
const POSTS: usize = ACCOUNTS * POSTS_EACH;
const WORKERS: usize = 3;
/// From the first due instant to the last, in milliseconds.
const SPREAD_MS: i64 = 50_000;
/// From the last submission to the first due instant, in milliseconds.
const LEAD_MS: i64 = 5_000;
/// Longer than the lease of the rig.
const STOPPED_MS: u64 = 3_500;
const BETWEEN_TROUBLES_MS: u64 = 1_500;
/// How long all may take from the first due instant, in seconds.
const WITHIN_S: i64 = 200;
/// The database goes away before these troubles.
const DATABASE_TROUBLES: [usize; 2] = [4, 9];
const TROUBLES: usize = 14;

/// What the workers share.
enum Database {
    /// A file; nothing stands between it and the workers, so it goes away with all of them at once.
    File,
    Server(Postgres),
}

struct Crew {
    rig: Rig,
    database: Database,
    workers: Vec<Serve>,
    random: SeededEntropy,
}

impl Crew {
    fn start(rig: Rig, database: Database) -> Self {
        let workers = (0..WORKERS).map(|_| rig.work_unheard()).collect();
        Self { rig, database, workers, random: SeededEntropy::new(5) }
    }

    async fn trouble(&mut self, number: usize) {
        if DATABASE_TROUBLES.contains(&number) {
            self.database_goes_away().await;
        }
        let victim = usize::try_from(self.random.below(WORKERS as u64)).unwrap();
        if self.random.below(2) == 0 {
            let dead = std::mem::replace(&mut self.workers[victim], self.rig.work_unheard());
            dead.kill().await;
        } else {
            self.workers[victim].pause();
            pass(STOPPED_MS).await;
            self.workers[victim].go_on();
        }
    }

    async fn database_goes_away(&mut self) {
        match &mut self.database {
            Database::Server(server) => {
                server.stop().await.unwrap();
                pass(BETWEEN_TROUBLES_MS).await;
                server.go_on().await.unwrap();
                // One that was starting in that moment has ended and said why; whoever watches over it starts it again.
                for worker in self.workers.iter_mut().filter_map(|worker| worker.has_ended().then_some(worker)) {
                    *worker = self.rig.work_unheard();
                }
            }
            Database::File => {
                join_all(self.workers.drain(..).map(Serve::kill)).await;
                self.workers = (0..WORKERS).map(|_| self.rig.work_unheard()).collect();
            }
        }
    }
}

/// Real time passes: the processes under test live in it.
async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

async fn accounts(pds: &RealPds) -> Vec<Account> {
    let made = stream::iter(0..ACCOUNTS)
        .map(|number| async move { pds.create_account(&format!("account{number}.test")).await.unwrap() });
    made.buffered(4).collect().await
}

fn text(number: usize) -> String {
    format!("Post {number} of {POSTS}")
}

/// Logs everybody in and hands everything in. Returns the first due instant.
async fn handed_in(desk: &Desk, pds: &RealPds, accounts: &[Account]) -> Timestamp {
    let server: Url = pds.pds_url().parse().unwrap();
    let logins = accounts.iter().map(|account| desk.log_in(&account.handle, &account.app_password, &server));
    for login in stream::iter(logins).buffer_unordered(4).collect::<Vec<_>>().await {
        login.unwrap();
    }
    // Long enough for handing in, which takes some seconds.
    let first_due = later(Machine.now(), 20_000 + LEAD_MS);
    let posts = (0..POSTS).map(|number| {
        let due = later(first_due, i64::try_from(number).unwrap() * SPREAD_MS / i64::try_from(POSTS).unwrap());
        let handle = &accounts[number % ACCOUNTS].handle;
        async move { desk.submit(&text(number), handle, due).await }
    });
    for submitted in stream::iter(posts).buffer_unordered(16).collect::<Vec<_>>().await {
        submitted.unwrap();
    }
    first_due
}

fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap()
}

async fn deliveries(desk: &Desk) -> Vec<Delivery> {
    desk.ledger().queue(&QueueFilter { at_most: 2 * POSTS, ..QueueFilter::default() }).await.unwrap()
}

async fn all_at_rest(desk: &Desk, until: Timestamp) -> Vec<Delivery> {
    loop {
        let all = deliveries(desk).await;
        let awake = all.iter().filter(|delivery| !delivery.state.name().is_at_rest()).count();
        if awake == 0 || Machine.now() > until {
            return all;
        }
        pass(500).await;
    }
}

fn states(all: &[Delivery]) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for delivery in all {
        *states.entry(delivery.state.name().as_str()).or_default() += 1;
    }
    states
}

/// Every account has its posts once, at the addresses of the receipts. Addresses follow createdAt, which is made anew for what is
/// late by more than a minute, so they need not be in the order in which the posts were due.
async fn each_is_there_once(pds: &RealPds, accounts: &[Account], all: &[Delivery]) {
    let mut receipts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for delivery in all {
        let State::Published { receipt } = &delivery.state else { panic!("{delivery:?} is not published") };
        let places = receipt.records.iter().map(|record| (record.uri.clone(), record.cid.clone()));
        receipts.entry(delivery.lane.to_string()).or_default().extend(places);
    }
    for (number, account) in accounts.iter().enumerate() {
        let records = Repository { pds, owner: account }.posts().await;
        let texts = records.iter().map(|record| record["value"]["text"].as_str().unwrap().to_owned());
        let texts: BTreeSet<_> = texts.collect();
        let expected: BTreeSet<_> = (0..POSTS).filter(|post| post % ACCOUNTS == number).map(text).collect();
        assert_eq!(records.len(), POSTS_EACH, "the records of {}", account.handle);
        assert_eq!(texts, expected, "the records of {}", account.handle);
        let place = |field: &str, record: &serde_json::Value| record[field].as_str().unwrap().to_owned();
        let found: Vec<_> = records.iter().map(|record| (place("uri", record), place("cid", record))).collect();
        let mut proven = receipts.remove(&format!("bluesky:{}", account.did)).unwrap_or_default();
        proven.sort_unstable();
        assert_eq!(found, proven, "the receipts of {}", account.handle);
    }
    assert!(receipts.is_empty(), "receipts of nobody: {receipts:?}");
}

async fn survives(database: Database) {
    let pds = RealPds::start_with(RealPdsOptions::default()).await.unwrap();
    let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), pds.plc_url(), pds.pds_url());
    let (rig, address) = match &database {
        Database::File => {
            let address = rig.own_database();
            (rig, address)
        }
        Database::Server(server) => (rig.with_database(&server.url()), server.url()),
    };
    std::fs::create_dir_all(rig.key().parent().unwrap()).unwrap();
    let (plc, appview) = (pds.plc_url().parse().unwrap(), pds.pds_url().parse().unwrap());
    let desk = Desk::open(&address, &rig.key(), &plc, &appview).await.unwrap();
    let accounts = accounts(&pds).await;
    let first_due = handed_in(&desk, &pds, &accounts).await;
    let mut crew = Crew::start(rig, database);
    Machine.sleep_until(first_due).await;
    for number in 0..TROUBLES {
        crew.trouble(number).await;
        pass(BETWEEN_TROUBLES_MS).await;
    }
    let all = all_at_rest(&desk, later(first_due, WITHIN_S * 1_000)).await;
    println!("states: {:?}", states(&all));
    let looked_up = all.iter().filter(|delivery| {
        matches!(&delivery.state, State::Published { receipt } if receipt.settled == skein_domain::Settled::LookedUp)
    });
    let late = all.iter().filter_map(|delivery| match &delivery.state {
        State::Published { receipt } => Some(receipt.lateness_ms),
        _ => None,
    });
    println!("found by looking: {}, latest: {:?} ms", looked_up.count(), late.max());
    assert_eq!(states(&all), BTreeMap::from([("published", POSTS)]));
    each_is_there_once(&pds, &accounts, &all).await;
    for worker in crew.workers {
        worker.end().await;
    }
}

#[tokio::test]
async fn real_pds_has_2000_records_of_three_workers_on_a_file_that_are_killed_and_stopped() {
    survives(Database::File).await;
}

#[tokio::test]
async fn real_pds_has_2000_records_of_three_workers_on_real_postgres_that_are_killed_and_stopped() {
    survives(Database::Server(Postgres::start().await.unwrap())).await;
}
