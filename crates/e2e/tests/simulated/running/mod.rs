//! The engine as `skein serve` runs it, on simulated time: how often it asks a ledger in trouble, and what a wall clock
//! that is wrong or is set does to it.

mod asked;
mod crowded;
mod figures;
mod troubled_ledger;
mod troubles;
mod wall;
mod wall_clock;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Clock, Connector, Entropy, Ledger};
use skein_domain::{Delivery, Part, Platform, PostId, StateName, WorkspaceId};
use skein_e2e::submission::submission;
use skein_engine::{Engine, EngineError, Parts, Settings};
use skein_intake::{Connected, Intake, Submission};
use skein_testkit::{FakeConnector, MemoryLedger, MemoryMedia, MemoryOriginals, SeededEntropy, SimClock};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use troubled_ledger::TroubledLedger;
use wall_clock::WallClock;

/// After so many turns of the runtime without a call of the ledger, everything sleeps.
const QUIET_TURNS: usize = 20;

/// An engine that runs, and what it runs on.
struct Running {
    /// Time as it passes; nobody sets it back.
    time: SimClock,
    wall: WallClock,
    ledger: Arc<TroubledLedger>,
    platform: FakeConnector,
    intake: Intake,
    engine: Engine,
    stop: CancellationToken,
    task: Option<JoinHandle<Result<(), EngineError>>>,
}

impl Running {
    /// Everything but the engine, which is started by [`Running::start`].
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let time = SimClock::new("2026-12-01T08:00:00Z".parse().unwrap());
        let wall = WallClock::new(&time);
        let clock: Arc<dyn Clock> = Arc::new(wall.clone());
        let stop = CancellationToken::new();
        let ledger = Arc::new(TroubledLedger::new(Arc::new(MemoryLedger::new()), stop.clone()));
        let platform = FakeConnector::new(Arc::clone(&clock));
        let connectors = HashMap::from([(Platform::Bluesky, Arc::new(platform.clone()) as Arc<dyn Connector>)]);
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let shared = Arc::clone(&ledger) as Arc<dyn Ledger>;
        let media = Arc::new(MemoryMedia::new(Arc::clone(&clock)));
        let intake = Intake::new(
            Arc::clone(&shared),
            media.clone(),
            connectors.clone(),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            WorkspaceId::personal(),
        );
        let engine = Engine::new(Parts {
            ledger: shared,
            media,
            connectors,
            clock,
            entropy,
            owner: "worker one".to_owned(),
            settings,
        });
        let running = Self { time, wall, ledger, platform, intake, engine, stop, task: None };
        running.connect("alice").await;
        running
    }

    /// An account; all are of one host.
    async fn connect(&self, name: &str) {
        let connected = Connected {
            platform: Platform::Bluesky,
            identity: format!("did:plc:{name}"),
            handle: format!("{name}.test"),
            host: "https://pds.example".to_owned(),
        };
        self.intake.connect(connected).await.unwrap();
    }

    fn start(&mut self) {
        let (engine, stop) = (self.engine.clone(), self.stop.clone());
        self.task = Some(tokio::spawn(async move { engine.run(stop).await }));
    }

    /// Another process submits: the engine is told nothing.
    async fn submit(&self, text: &str, at: &str) -> PostId {
        self.hand_in(submission(vec![Part::text(text)], Some(at))).await
    }

    async fn hand_in(&self, submission: Submission) -> PostId {
        self.intake.submit(submission, &MemoryOriginals::default()).await.unwrap().post.id
    }

    /// Lets so much time pass; whoever sleeps wakes in turn. The calls of the ledger meanwhile are counted anew.
    async fn pass(&self, span: SignedDuration) {
        self.ledger.count_anew();
        let end = self.time.now() + span;
        loop {
            self.come_to_rest().await;
            match self.time.next_sleeper() {
                Some(at) if at <= end && !self.stop.is_cancelled() => self.time.set(at),
                _ => break,
            }
        }
        self.time.set(end);
        self.come_to_rest().await;
    }

    /// Everything here is ready at once or sleeps, so a few turns are enough. An engine that spins ends this all the same:
    /// the ledger stops it.
    async fn come_to_rest(&self) {
        let (mut quiet, mut before) = (0, self.ledger.calls_in_all());
        while quiet < QUIET_TURNS {
            tokio::task::yield_now().await;
            let calls = self.ledger.calls_in_all();
            quiet = if calls == before { quiet + 1 } else { 0 };
            before = calls;
        }
    }

    async fn delivery(&self, post: &PostId) -> Delivery {
        self.intake.deliveries_of(post).await.unwrap().remove(0)
    }

    async fn state(&self, post: &PostId) -> StateName {
        self.delivery(post).await.state.name()
    }

    fn landed(&self) -> Vec<String> {
        self.platform.landed_texts("did:plc:alice")
    }

    fn sent_at(&self) -> Vec<Timestamp> {
        self.platform.sent().iter().map(|request| request.at).collect()
    }

    /// Ends the engine, which must not have been stopped for spinning.
    async fn end(mut self) {
        assert!(!self.stop.is_cancelled(), "the engine span: {:?}", self.ledger.calls());
        self.stop.cancel();
        self.task.take().unwrap().await.unwrap().unwrap();
    }
}
