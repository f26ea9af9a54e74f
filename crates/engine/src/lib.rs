//! Clockwork: planner, uploader, preparer, publisher, settler, rescuer, sweeper, outbox.
//!
//! The engine knows no database, no HTTP and no platform. It claims lanes from the ledger, takes each delivery of a lane
//! one act further, and lets go. Everything that it must remember is in the ledger, so it may die at any moment.

mod deliver;
mod hosts;
mod lane;
mod outbox;
mod pace;
mod planner;
mod preparer;
mod publisher;
mod settings;
mod sweeper;
mod turns;
mod uploader;
mod witness;

pub use deliver::Patience;
pub use outbox::Outlet;
pub use planner::EngineError;
pub use settings::Settings;
pub use sweeper::SweepError;

use hosts::Hosts;
use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{Clock, Connector, Entropy, Figures, Ledger, MediaFiles, Uncounted};
use skein_domain::{Account, Delivery, Platform};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Notify;

use outbox::Telling;
use uploader::Uploads;

/// What the engine works with.
#[derive(Clone)]
pub struct Parts {
    /// Where everything is kept.
    pub ledger: Arc<dyn Ledger>,
    /// Where pictures are kept until they are public.
    pub media: Arc<dyn MediaFiles>,
    /// The platforms.
    pub connectors: HashMap<Platform, Arc<dyn Connector>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for pauses and addresses.
    pub entropy: Arc<dyn Entropy>,
    /// The name of this worker, as people see it: host and process.
    pub owner: String,
    /// Bounds and pauses.
    pub settings: Settings,
}

/// The engine. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Engine {
    parts: Arc<Parts>,
    uploads: Arc<Uploads>,
    /// Requests that publish, at their instant.
    sends: Arc<Hosts>,
    /// What is asked to arm them, shortly before.
    arms: Arc<Hosts>,
    /// What is asked long before or after, so that it is never in the way of those: it may wait for other servers, too.
    asks: Arc<Hosts>,
    nudge: Arc<Notify>,
    telling: Option<Arc<Telling>>,
    /// There may be something to tell.
    news: Arc<Notify>,
    figures: Arc<dyn Figures>,
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(parts: Parts) -> Self {
        let hosts = || Arc::new(Hosts::new(parts.settings.requests_at_once_per_host));
        let (sends, arms, asks) = (hosts(), hosts(), hosts());
        Self {
            parts: Arc::new(parts),
            uploads: Arc::default(),
            sends,
            arms,
            asks,
            nudge: Arc::default(),
            telling: None,
            news: Arc::default(),
            figures: Arc::new(Uncounted),
        }
    }

    /// The same engine, which also tells what it does to whoever counts it.
    pub fn counted(self, figures: Arc<dyn Figures>) -> Self {
        Self { figures, ..self }
    }

    /// Tells the planner that the ledger changed, so that it looks at once.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn ledger(&self) -> &dyn Ledger {
        self.parts.ledger.as_ref()
    }

    fn settings(&self) -> &Settings {
        &self.parts.settings
    }

    /// Every platform that an account can be on has a connector: the binary wires them all.
    fn connector(&self, account: &Account, delivery: &Delivery) -> Option<Arc<dyn Connector>> {
        self.parts.connectors.get(&account.platform).map(|connector| connector.working_on(&delivery.id))
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        later(now, self.settings().lease_ms)
    }
}

/// An instant so many milliseconds later; the end of time where there is none.
fn later(at: Timestamp, ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

/// From one instant to another, in milliseconds; negative when the other is earlier.
fn ms_between(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX)
}
