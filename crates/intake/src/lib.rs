//! The use cases: preview, submit, move, cancel, retry, review, hold, read. Every door enters here.

mod accounts;
mod attach;
mod body;
mod change;
mod find;
mod manners;
mod once;
mod pictures;
mod policy;
mod preview;
mod review;
mod submit;
mod unpublish;
mod view;

pub use accounts::Connected;
pub use body::Body;
pub use find::Found;
pub use preview::preview_offline;
pub use review::Decision;
pub use submit::{Admitted, Submission, Submitted};
pub use view::{DeliveryView, PostView};

use skein_domain::ports::{Clock, Connector, Entropy, Ledger, LedgerError, MediaFiles};
use skein_domain::{Fault, Platform, WorkspaceId};
use std::collections::HashMap;
use std::sync::Arc;

/// An engine that gave no sign of life for so long is taken for gone, in milliseconds.
const ENGINE_ALIVE_MS: i64 = 5_000;

/// Tries at a change that somebody else was faster with.
const CHANGE_TRIES: usize = 8;

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// What was asked for cannot be done; every fault at once. Nothing was stored.
    #[error("{}", list(.0))]
    Refused(Vec<Fault>),
    /// What was asked for does not fit the state of things; nothing was changed.
    #[error("{0}")]
    Conflict(Fault),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(Fault),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl IntakeError {
    /// The faults, in the one form that every door shows.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Refused(faults) => faults.clone(),
            Self::Conflict(fault) | Self::NotFound(fault) => vec![fault.clone()],
            Self::Ledger(error) => {
                vec![Fault::new("ledger", skein_domain::Category::SystemError, error.to_string())]
            }
        }
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The desk at which every door hands in its requests, for one workspace.
#[derive(Clone)]
pub struct Intake {
    ledger: Arc<dyn Ledger>,
    media: Arc<dyn MediaFiles>,
    connectors: HashMap<Platform, Arc<dyn Connector>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    workspace: WorkspaceId,
}

impl Intake {
    /// The desk of a workspace.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        media: Arc<dyn MediaFiles>,
        connectors: HashMap<Platform, Arc<dyn Connector>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        workspace: WorkspaceId,
    ) -> Self {
        Self { ledger, media, connectors, clock, entropy, workspace }
    }

    /// Whether an engine works on this ledger, here or in another process.
    pub async fn engine_is_alive(&self) -> Result<bool, IntakeError> {
        let newest = self.ledger.last_beat().await?;
        let now = self.clock.now();
        // Clocks of machines differ a little; a sign of life from far ahead was left by a clock that was wrong.
        let age_ms = |beat| now.duration_since(beat).as_millis().unsigned_abs();
        Ok(newest.is_some_and(|beat| age_ms(beat) < ENGINE_ALIVE_MS.unsigned_abs().into()))
    }
}
