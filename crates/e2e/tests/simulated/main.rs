//! Engine and intake on simulated time, against a platform in memory: what they decide, without waiting for it.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod deleting;
mod films;
mod manners;
mod once;
mod pictures;
mod policies;
mod publishing;
mod running;
mod settling;
mod stopping;
mod turns;
mod workers;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Clock, Connector, Entropy, Ledger};
use skein_domain::{Account, Delivery, Part, Platform, PostId, StateName, WorkspaceId};
use skein_e2e::submission::submission;
use skein_engine::{Engine, Parts, Settings};
use skein_intake::{Connected, Found, Intake, IntakeError, Submission};
use skein_testkit::{FakeConnector, MemoryLedger, MemoryMedia, MemoryOriginals, SeededEntropy, SimClock};

/// Everything that a simulated installation has.
struct World {
    clock: SimClock,
    ledger: Arc<dyn Ledger>,
    platform: FakeConnector,
    intake: Intake,
    engine: Engine,
    media: Arc<MemoryMedia>,
    originals: Arc<MemoryOriginals>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self::on(Arc::new(MemoryLedger::new()), seed)
    }

    fn on(ledger: Arc<dyn Ledger>, seed: u64) -> Self {
        let clock = SimClock::new("2026-12-01T08:00:00Z".parse().unwrap());
        let platform = FakeConnector::new(Arc::new(clock.clone()));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
        let connectors = connectors(&platform);
        let media = Arc::new(MemoryMedia::new(Arc::new(clock.clone())));
        let intake = Intake::new(
            Arc::clone(&ledger),
            media.clone(),
            connectors,
            Arc::new(clock.clone()),
            Arc::clone(&entropy),
            WorkspaceId::personal(),
        );
        let engine = engine(&ledger, &media, &platform, &clock, &entropy, "worker one");
        Self { clock, ledger, platform, intake, engine, media, originals: Arc::default(), entropy }
    }

    /// A second worker on the same ledger.
    fn second_engine(&self) -> Engine {
        engine(&self.ledger, &self.media, &self.platform, &self.clock, &self.entropy, "worker two")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn account(&self, name: &str) -> Account {
        let connected = Connected {
            platform: Platform::Bluesky,
            identity: format!("did:plc:{name}"),
            handle: format!("{name}.test"),
            host: "https://pds.example".to_owned(),
        };
        self.intake.connect(connected).await.unwrap()
    }

    async fn submit(&self, text: &str, account: &str, at: &str) -> PostId {
        self.try_submit(text, account, at).await.unwrap()
    }

    async fn submit_to(&self, text: &str, accounts: &[&str], at: &str) -> PostId {
        self.try_submit_to(text, accounts, at).await.unwrap()
    }

    async fn try_submit(&self, text: &str, account: &str, at: &str) -> Result<PostId, IntakeError> {
        self.try_submit_to(text, &[account], at).await
    }

    async fn try_submit_to(&self, text: &str, accounts: &[&str], at: &str) -> Result<PostId, IntakeError> {
        let parts = text.split('|').map(Part::text).collect();
        let accounts = accounts.iter().map(|account| format!("{account}.test")).collect();
        let submission = Submission { accounts, ..submission(parts, Some(at)) };
        let submitted = self.intake.submit(submission, self.originals.as_ref()).await;
        // Ids made within the same millisecond have no order.
        self.clock.advance(SignedDuration::from_millis(1));
        submitted.map(|submitted| submitted.post.id)
    }

    async fn delivery(&self, post: &PostId) -> Delivery {
        self.intake.deliveries_of(post).await.unwrap().remove(0)
    }

    async fn found(&self, post: &PostId) -> Found {
        self.intake.find(post.as_str()).await.unwrap()
    }

    async fn state(&self, post: &PostId) -> StateName {
        self.delivery(post).await.state.name()
    }

    /// One pass of the engine, with time running only while it sleeps.
    async fn pass(&self, engine: &Engine) {
        self.drive(engine.run_due()).await.unwrap();
    }

    /// Runs work to its end; when all of it sleeps, time jumps to the next who wakes.
    async fn drive<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.clock.wait_for_sleepers(1) => {
                    // Tasks of their own, such as uploads, have their turn before time goes on.
                    tokio::task::yield_now().await;
                    self.clock.jump_to_next_sleeper();
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Lets time pass from wake-up to wake-up, with the engine working at each, until nothing wakes any more or the time
    /// is over.
    async fn run_for(&self, ms: i64) {
        let end = self.now() + SignedDuration::from_millis(ms);
        loop {
            self.pass(&self.engine).await;
            match self.ledger.next_wake().await.unwrap() {
                Some(wake) if wake <= end => self.clock.set(wake.max(self.now())),
                _ => break,
            }
        }
        self.clock.set(end.max(self.now()));
    }
}

fn connectors(platform: &FakeConnector) -> HashMap<Platform, Arc<dyn Connector>> {
    HashMap::from([(Platform::Bluesky, Arc::new(platform.clone()) as Arc<dyn Connector>)])
}

fn engine(
    ledger: &Arc<dyn Ledger>,
    media: &Arc<MemoryMedia>,
    platform: &FakeConnector,
    clock: &SimClock,
    entropy: &Arc<dyn Entropy>,
    owner: &str,
) -> Engine {
    Engine::new(Parts {
        ledger: Arc::clone(ledger),
        media: media.clone(),
        connectors: connectors(platform),
        clock: Arc::new(clock.clone()),
        entropy: Arc::clone(entropy),
        owner: owner.to_owned(),
        settings: Settings::default(),
    })
}

const HOUR_MS: i64 = 3_600_000;
