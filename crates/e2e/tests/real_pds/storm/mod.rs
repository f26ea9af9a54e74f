//! A storm: 500 posts over 50 accounts while 2,000 connections are cut. Every post comes out once, with its proof.

mod observed;
mod written;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_e2e::rig::{Rig, Serve};
use skein_testkit::cutter::{Cutter, Exchange, Odds, Plan, by_place, most_calls_within, most_points_within};
use skein_testkit::real_pds::{Account, RealPds, RealPdsOptions};

use crate::repository::Repository;
use observed::{Observed, Process};
use written::Written;

/// Another storm, for whoever looks for one that breaks something.
const SEED_VARIABLE: &str = "SKEIN_E2E_STORM_SEED";
const SEED: u64 = 1;

const ACCOUNTS: usize = 50;
const POSTS_EACH: usize = 10;
const POSTS: usize = ACCOUNTS * POSTS_EACH;
const CUTS: usize = 2_000;

/// Seven of ten exchanges are cut. A request that does not arrive is rarer than an answer that is not heard: six in a row
/// that never arrive are a question to a person, and nobody is there to answer it.
const ODDS: Odds = Odds { pass: 30, in_request: 9, unanswered: 5, unheard: 9, in_answer: 19, after_answer: 28 };

/// The first post is due this long after the first is submitted, in seconds. On a busy machine the last are submitted later
/// than that, and still ahead of their own instants.
const LEAD_S: i64 = 60;
/// The posts of an account are due so far apart, in milliseconds: the least that keeps the calls within their limit.
const APART_MS: usize = 36_000;
/// How long all may take from the first due instant, in seconds; the last is due after 360.
const WITHIN_S: u64 = 500;

/// How many that failed are shown.
const SHOWN: usize = 10;

const HOUR_MS: u64 = 3_600_000;
const POINTS_AN_HOUR: u64 = 5_000;
const FIVE_MINUTES_MS: u64 = 300_000;
const CALLS_IN_FIVE_MINUTES: u64 = 3_000;

struct Storm {
    pds: RealPds,
    cutter: Cutter,
    accounts: Vec<Account>,
    rig: Rig,
}

impl Storm {
    async fn gather(seed: u64) -> Self {
        let plan = Plan::new(seed, CUTS).with_odds(ODDS);
        let (pds, cutter) = RealPds::start_behind_cutter(RealPdsOptions::default(), plan).await.unwrap();
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), pds.plc_url(), pds.pds_url());
        let mut storm = Self { pds, cutter, accounts: Vec::new(), rig };
        let (half, other) = tokio::join!(storm.logged_in(0..ACCOUNTS / 2), storm.logged_in(ACCOUNTS / 2..ACCOUNTS));
        storm.accounts = [half, other].concat();
        storm
    }

    async fn logged_in(&self, numbers: Range<usize>) -> Vec<Account> {
        let mut accounts = Vec::with_capacity(numbers.len());
        for number in numbers {
            let account = self.pds.create_account(&format!("account{number}.test")).await.unwrap();
            self.rig.login(&account.handle, self.pds.pds_url(), &account.app_password).await.exits(0);
            accounts.push(account);
        }
        accounts
    }

    /// A post of somebody else, for others to answer.
    async fn question(&self) -> String {
        let mother = self.pds.create_account("mother.test").await.unwrap();
        let token = self.pds.access_token(&mother).await.unwrap();
        let record =
            json!({"$type": "app.bsky.feed.post", "text": "How is the weather?", "createdAt": "2026-01-01T00:00:00Z"});
        let body = json!({"repo": mother.did, "collection": "app.bsky.feed.post", "record": record});
        let (status, answer) = self.pds.xrpc_post("com.atproto.repo.createRecord", &body, Some(&token)).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer["uri"].as_str().unwrap().to_owned()
    }

    /// Hands posts in, as a person would: one command each. `file` is what the commands read.
    async fn submit(&self, posts: impl Iterator<Item = &Written>, file: &str, first_due: Timestamp) {
        for post in posts {
            let after = SignedDuration::from_millis(i64::try_from(post.due_after_ms).unwrap());
            let due = first_due.checked_add(after).unwrap().to_string();
            let handle = &self.accounts[post.account].handle;
            let input = self.rig.file(file, &post.input());
            let mut command = vec!["thread", &input, "--account", handle, "--at", &due];
            if let Some(target) = &post.answers {
                command.extend(["--reply-to", target]);
            }
            self.rig.run(&command).await.exits(6);
        }
    }

    /// Each account's records are those of the receipts, and their texts those that were written, each once.
    async fn holds_each_once(&self, posts: &[Written], receipts: &BTreeMap<String, Vec<Value>>) {
        for (number, account) in self.accounts.iter().enumerate() {
            let records = Repository { pds: &self.pds, owner: account }.posts().await;
            let mut texts: Vec<_> = records.iter().map(|record| record["value"]["text"].as_str().unwrap()).collect();
            texts.sort_unstable();
            let mut expected: Vec<_> =
                posts.iter().filter(|post| post.account == number).flat_map(|post| &post.texts).collect();
            expected.sort_unstable();
            assert_eq!(texts, expected, "the records of {}", account.handle);
            let place = |record: &Value| (record["uri"].to_string(), record["cid"].to_string());
            let mut found: Vec<_> = records.iter().map(place).collect();
            found.sort_unstable();
            let receipts = receipts.get(&account.handle).into_iter().flatten();
            let mut proven: Vec<_> =
                receipts.flat_map(|receipt| receipt["records"].as_array().unwrap()).map(place).collect();
            proven.sort_unstable();
            assert_eq!(found, proven, "the receipts of {}", account.handle);
        }
    }
}

/// Follows an engine until every post is at rest.
async fn all_at_rest(serve: &mut Serve, observed: &mut Observed) {
    let limit = Duration::from_secs(u64::try_from(LEAD_S).unwrap() + WITHIN_S);
    let followed = tokio::time::timeout(limit, async {
        while observed.at_rest() < POSTS {
            let Some(line) = serve.line().await else { panic!("the engine ended: {observed:#?}") };
            observed.read(&line);
        }
    });
    if followed.await.is_err() {
        eprintln!("not all posts are at rest in time: {observed:#?}");
    }
}

fn keeps_the_limits(log: &[Exchange]) {
    let (points, calls) = (most_points_within(log, HOUR_MS), most_calls_within(log, FIVE_MINUTES_MS));
    println!("budgets: at most {points} points an hour on one account, at most {calls} calls in five minutes");
    assert!(points > 0 && points <= POINTS_AN_HOUR, "{points} points");
    assert!(calls > 0 && calls <= CALLS_IN_FIVE_MINUTES, "{calls} calls");
}

/// The receipts by account. Every delivery is published.
fn receipts(posts: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut receipts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut unpublished = Vec::new();
    for delivery in posts.as_array().unwrap().iter().flat_map(|post| post["deliveries"].as_array().unwrap()) {
        if delivery["state"] == "published" {
            let account = delivery["account"].as_str().unwrap().to_owned();
            receipts.entry(account).or_default().push(delivery["receipt"].clone());
        } else {
            unpublished.push(delivery);
        }
    }
    let shown = &unpublished[..unpublished.len().min(SHOWN)];
    assert!(unpublished.is_empty(), "{} are not published, such as {shown:#?}", unpublished.len());
    receipts
}

/// Which receipts were found by looking, how often was sent, how late it was.
fn tell(receipts: &BTreeMap<String, Vec<Value>>) -> usize {
    let all: Vec<_> = receipts.values().flatten().collect();
    let mut attempts: BTreeMap<u64, usize> = BTreeMap::new();
    for receipt in &all {
        *attempts.entry(receipt["attempts"].as_u64().unwrap()).or_default() += 1;
    }
    let mut settled_after_ms: Vec<_> = all
        .iter()
        .map(|receipt| {
            let at = |field: &str| receipt[field].as_str().unwrap().parse::<Timestamp>().unwrap();
            at("settled_at").duration_since(at("due")).as_millis()
        })
        .collect();
    settled_after_ms.sort_unstable();
    println!("requests a post: {attempts:?}");
    let quantile = |of_100: usize| settled_after_ms[(settled_after_ms.len() - 1) * of_100 / 100];
    println!(
        "settled after its instant: half within {} ms, 95 of 100 within {} ms, all within {} ms",
        quantile(50),
        quantile(95),
        quantile(100)
    );
    all.iter().filter(|receipt| receipt["settled"] == "looked_up").count()
}

#[expect(clippy::disallowed_methods, reason = "the processes under test live in real time")]
fn first_due() -> Timestamp {
    Timestamp::now().checked_add(SignedDuration::from_secs(LEAD_S)).unwrap()
}

#[tokio::test]
async fn real_pds_storm_of_2000_cuts_leaves_every_post_once() {
    let seed = std::env::var(SEED_VARIABLE).map_or(SEED, |seed| seed.parse().unwrap());
    let started = std::time::Instant::now();
    let storm = Storm::gather(seed).await;
    let posts = written::all(&storm.question().await);
    println!("seed {seed}: {ACCOUNTS} accounts were logged in after {:?}", started.elapsed());
    let (first_due, evens, odds) = (first_due(), posts.iter().step_by(2), posts.iter().skip(1).step_by(2));
    tokio::join!(storm.submit(evens, "even.txt", first_due), storm.submit(odds, "odd.txt", first_due));
    println!("{POSTS} posts were submitted after {:?}", started.elapsed());

    storm.cutter.begin();
    let mut serve = storm.rig.serve(&[("SKEIN_LEASE_MS", "15000")]);
    let mut observed = Observed::default();
    all_at_rest(&mut serve, &mut observed).await;
    println!("all at rest after {:?}; the engine: {:?}", started.elapsed(), Process::of(serve.id()));
    println!("the engine's log: {observed:#?}");
    serve.end().await;

    let log = storm.cutter.log();
    let last_cut = log.iter().filter(|exchange| exchange.cut.is_some()).map(|exchange| exchange.at_ms).max();
    println!("{} exchanges, cut: {:?}, the last after {last_cut:?} ms", log.len(), by_place(&log));
    let receipts = receipts(&storm.rig.run(&["queue", "list", "--all", "--json"]).await.exits(0).json());
    let found = tell(&receipts);
    let absent = observed.steps("settling", "publishing");
    println!("found by looking: {found}; not there when looked, so sent again: {absent}");
    assert_eq!(receipts.values().map(Vec::len).sum::<usize>(), POSTS);
    storm.holds_each_once(&posts, &receipts).await;
    assert_eq!(found, observed.steps("settling", "published"));
    assert!(found > 0 && absent > 0);
    keeps_the_limits(&log);
    assert_eq!(storm.cutter.cuts(), CUTS);
}
