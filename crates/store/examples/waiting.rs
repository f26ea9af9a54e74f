//! What the ledger's hot operations cost while few or very many posts wait: `waiting sqlite|postgres WAITING TIMES`, of 2,000 or more.
//!
//! Makes a database of its own, puts so many posts of a thousand accounts into it, due over the weeks to come, and then times each
//! operation so many times. Prints one line of JSON: for each operation its p50 and p99 in microseconds.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Change, Claim, ClaimRequest, Ledger, QueueFilter, RunLimits};
use skein_domain::{Account, Delivery, Event, StateName};
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::postgres::Postgres;
use skein_testkit::samples::at_ms;
use skein_testkit::{Samples, SeededEntropy};

type Failed = Box<dyn Error>;

const ACCOUNTS: u32 = 1_000;
/// The post of an account that all others of it are copies of is due so long after the first instant.
const FAR_MS: i64 = 7 * 86_400_000;
/// Whoever looks at the queue sees so many.
const PAGE: usize = 50;
/// Accounts whose pages are looked at, and which get one more post again and again: each has more than a page of posts, however many wait
/// beside them.
const BUSY: usize = 20;
/// Posts that the ledger itself makes before anything is measured: one of each account, and a page more of each busy one.
const MADE: u32 = 2_000;
/// Posts that the engine takes into its hands at once.
const RUN: usize = 4;
/// Before it is measured each is done so often.
const WARM: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, waiting, times] = arguments.as_slice() else {
        return Err("usage: waiting sqlite|postgres WAITING TIMES".into());
    };
    let folder = tempfile::tempdir()?;
    let server = if kind == "postgres" { Some(Postgres::start().await?) } else { None };
    let database = match &server {
        Some(server) => server.url(),
        None => format!("sqlite:{}", folder.path().join("skein.db").display()),
    };
    let entropy = Arc::new(SeededEntropy::new(1));
    let key = MasterKey::generate(entropy.as_ref());
    let store = Store::open(&DatabaseUrl::parse(&database)?, key, entropy).await?;
    let scene = Scene::fill(store, &database, waiting.parse()?).await?;
    println!("{}", scene.measure(times.parse()?).await?);
    scene.store.close().await;
    Ok(())
}

struct Scene {
    store: Store,
    samples: Samples,
    accounts: Vec<Account>,
}

impl Scene {
    /// One post of each account and a page of the busy ones by the ledger itself; the rest are copies of the former.
    async fn fill(store: Store, database: &str, waiting: u32) -> Result<Self, Failed> {
        let samples = Samples::new(2);
        let mut accounts = Vec::new();
        for number in 0..ACCOUNTS {
            let account = store.connect_account(samples.new_account(&format!("u{number}.example"))).await?;
            let post = samples.post(&["A post that waits for its day, as long as most are."], at_ms(FAR_MS));
            let delivery = samples.delivery(&post, &account);
            store.submit(&post, &[delivery], &[], &[]).await?;
            accounts.push(account);
        }
        // Of one post of each account, so that all have as many.
        copies::make(database, waiting.saturating_sub(MADE)).await?;
        let scene = Self { store, samples, accounts };
        for number in 0..BUSY * PAGE {
            scene.insert(number, at_ms(FAR_MS)).await?;
        }
        Ok(scene)
    }

    async fn measure(&self, times: usize) -> Result<String, Failed> {
        let mut told = Vec::new();
        told.push(timed("wake-up", times, async |_| Ok(self.store.next_wake().await.map(drop)?)).await?);
        told.push(timed("page", times, async |_| self.page(QueueFilter::default()).await).await?);
        told.push(timed("page of an account", times, async |number| self.page(self.of(number)).await).await?);
        told.push(self.claims(times).await?);
        // Last: each leaves one more behind.
        told.push(timed("insert", times, async |number| self.insert(number, at_ms(FAR_MS)).await.map(drop)).await?);
        Ok(format!("{{{}}}", told.join(",")))
    }

    async fn insert(&self, number: usize, due: Timestamp) -> Result<Delivery, Failed> {
        let account = &self.accounts[number % BUSY];
        let post = self.samples.post(&["One more."], due);
        let delivery = self.samples.delivery(&post, account);
        self.store.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await?;
        Ok(delivery)
    }

    async fn page(&self, filter: QueueFilter) -> Result<(), Failed> {
        let waiting = StateName::ALL.into_iter().filter(|state| !state.is_at_rest()).collect();
        let page = self.store.queue(&QueueFilter { states: waiting, at_most: PAGE, ..filter }).await?;
        if page.len() < PAGE { Err(format!("a page has {} of {PAGE} posts", page.len()).into()) } else { Ok(()) }
    }

    fn of(&self, number: usize) -> QueueFilter {
        let account = self.accounts[number % BUSY].id.clone();
        QueueFilter { account: Some(account), ..QueueFilter::default() }
    }

    /// Only the claim is timed, with what the lane has to do; what is claimed was put there before, and goes afterwards.
    async fn claims(&self, times: usize) -> Result<String, Failed> {
        let now = at_ms(60_000);
        let request =
            ClaimRequest { owner: "bench".to_owned(), now, until: now + SignedDuration::from_secs(15), lane: None };
        let limits = RunLimits { at_most: RUN, only: None };
        let mut took_us = Vec::new();
        for number in 0..WARM + times {
            let delivery = self.insert(number, at_ms(30_000)).await?;
            let began = Instant::now();
            let claim = self.store.claim(&request).await?.ok_or("nothing can be claimed")?;
            let run = self.store.due_run(&claim, now, &limits).await?;
            let us = began.elapsed().as_micros();
            if number >= WARM {
                took_us.push(us);
            }
            if run.len() != 1 || run[0].id != delivery.id {
                return Err(format!("{} deliveries are due instead of one", run.len()).into());
            }
            self.cancel(&claim, delivery).await?;
        }
        Ok(told("claim", took_us))
    }

    async fn cancel(&self, claim: &Claim, delivery: Delivery) -> Result<(), Failed> {
        let canceled = delivery.after(Event::Canceled)?;
        let change = Change::between(&delivery, canceled, Vec::new());
        self.store.save(&change).await?;
        Ok(self.store.release(claim).await?)
    }
}

/// Times an operation; the first ones do not count.
async fn timed<Done>(name: &str, times: usize, operation: impl Fn(usize) -> Done) -> Result<String, Failed>
where
    Done: Future<Output = Result<(), Failed>>,
{
    let mut took_us = Vec::new();
    for number in 0..WARM + times {
        let began = Instant::now();
        operation(number).await?;
        if number >= WARM {
            took_us.push(began.elapsed().as_micros());
        }
    }
    Ok(told(name, took_us))
}

fn told(name: &str, mut took_us: Vec<u128>) -> String {
    took_us.sort_unstable();
    let at = |percent: usize| took_us.get(took_us.len() * percent / 100).copied().unwrap_or_default();
    format!("\"{name}\":{{\"p50_us\":{},\"p99_us\":{}}}", at(50), at(99))
}

/// Rows by the million, made inside the database: by the ledger, one after the other, they would take an hour.
mod copies {
    use super::Failed;

    const STATEMENTS: [(&str, &str); 2] = [
        (
            "INSERT INTO posts (id, workspace, draft, due, zone, submitted_at)
             SELECT 'post_' || {ID}, t.workspace, t.draft, t.due + n.i * 1000000, t.zone, t.submitted_at
             FROM {NUMBERS} JOIN (SELECT * FROM posts LIMIT 1) t ON true",
            "posts",
        ),
        (
            "INSERT INTO deliveries (id, post, account, lane, due, grace_ms, content, state, state_json, wake_at, attempts,
                 version, submitted_at, lead_ms)
             SELECT 'dlv_' || {ID}, 'post_' || {ID}, t.account, t.lane, t.due + n.i * 1000000, t.grace_ms, t.content, t.state,
                    replace(t.state_json, {ISO_OF_TEMPLATE}, {ISO}), t.wake_at + n.i * 1000000, t.attempts, t.version,
                    t.submitted_at, t.lead_ms
             FROM {NUMBERS} JOIN (SELECT d.*, row_number() OVER (ORDER BY id) - 1 AS k FROM deliveries d) t ON t.k = n.i % 1000",
            "deliveries",
        ),
    ];

    pub(super) async fn make(database: &str, count: u32) -> Result<(), Failed> {
        if database.starts_with("postgres") { server(database, count).await } else { file(database, count).await }
    }

    fn written(statement: &str, words: &[(&str, &str)]) -> String {
        words.iter().fold(statement.to_owned(), |text, (place, word)| text.replace(place, word))
    }

    async fn file(database: &str, count: u32) -> Result<(), Failed> {
        let pool = sqlx::SqlitePool::connect(database).await?;
        let numbers = format!(
            "(WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {count}) SELECT i FROM c WHERE i <= {count}) n"
        );
        let words = [
            ("{ID}", "printf('%025d0', n.i)"),
            ("{NUMBERS}", numbers.as_str()),
            ("{ISO_OF_TEMPLATE}", "strftime('%Y-%m-%dT%H:%M:%SZ', t.wake_at / 1000000, 'unixepoch')"),
            ("{ISO}", "strftime('%Y-%m-%dT%H:%M:%SZ', t.wake_at / 1000000 + n.i, 'unixepoch')"),
        ];
        for (statement, what) in STATEMENTS {
            let text = written(statement, &words);
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(&pool).await.map_err(|error| format!("{what}: {error}"))?;
        }
        pool.close().await;
        Ok(())
    }

    async fn server(database: &str, count: u32) -> Result<(), Failed> {
        let pool = sqlx::PgPool::connect(database).await?;
        let numbers = format!("generate_series(1::bigint, {count}) n (i)");
        let iso = |seconds: &str| {
            format!("to_char(to_timestamp({seconds}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
        };
        let (of_template, of_copy) = (iso("t.wake_at / 1000000"), iso("t.wake_at / 1000000 + n.i"));
        let words = [
            ("{ID}", "lpad(n.i::text, 25, '0') || '0'"),
            ("{NUMBERS}", numbers.as_str()),
            ("{ISO_OF_TEMPLATE}", of_template.as_str()),
            ("{ISO}", of_copy.as_str()),
        ];
        for (statement, what) in STATEMENTS {
            let text = written(statement, &words);
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(&pool).await.map_err(|error| format!("{what}: {error}"))?;
        }
        // A server does this by itself before long; a file never has statistics.
        sqlx::query("ANALYZE").execute(&pool).await?;
        pool.close().await;
        Ok(())
    }
}
