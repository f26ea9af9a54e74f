//! The planner: sleeps until the next wake-up, or until it is told that something changed; a safety look catches what
//! no notification told. It never scans.

use jiff::Timestamp;
use skein_domain::ports::{ClaimRequest, LedgerError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Engine, later};

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The ledger failed for a whole pass.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A bound on the lanes of one pass, so that `run_due` ends even when work appears as fast as it is done.
const PASS_AT_MOST: usize = 100_000;

impl Engine {
    /// Works until it is told to stop, then finishes what is armed and returns.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut lanes = JoinSet::new();
        while !stop.is_cancelled() {
            if let Err(error) = self.tick(&mut lanes, &stop).await {
                tracing::error!(%error, "the planner could not read the ledger; trying again");
            }
            self.pause(&mut lanes, &stop).await;
        }
        while lanes.join_next().await.is_some() {}
        self.ledger().end_beat(&self.parts.owner).await?;
        Ok(())
    }

    async fn tick(&self, lanes: &mut JoinSet<()>, stop: &CancellationToken) -> Result<(), LedgerError> {
        let now = self.now();
        self.ledger().beat(&self.parts.owner, now).await?;
        while lanes.len() < self.settings().lanes_at_once {
            let Some(claim) = self.ledger().claim(&self.request(now)).await? else { break };
            let (engine, stop) = (self.clone(), stop.clone());
            lanes.spawn(async move {
                let lane = claim.lane.clone();
                if let Err(error) = engine.work_lane(claim, None, &stop).await {
                    tracing::error!(%lane, %error, "work on a lane ended early; it is claimed again when its lease ends");
                }
            });
        }
        Ok(())
    }

    async fn pause(&self, lanes: &mut JoinSet<()>, stop: &CancellationToken) {
        let until = self.next_look().await;
        tokio::select! {
            () = self.parts.clock.sleep_until(until) => {}
            () = self.nudge.notified() => {}
            Some(ended) = lanes.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a lane's task broke; its deliveries are rescued when its lease ends");
                }
            }
            () = stop.cancelled() => {}
        }
    }

    async fn next_look(&self) -> Timestamp {
        let safety = later(self.now(), self.settings().look_every_ms);
        match self.ledger().next_wake().await {
            Ok(Some(wake)) => wake.min(safety),
            Ok(None) => safety,
            Err(error) => {
                tracing::error!(%error, "the next wake-up could not be read; looking again shortly");
                safety
            }
        }
    }

    fn request(&self, now: Timestamp) -> ClaimRequest {
        ClaimRequest { owner: self.parts.owner.clone(), now, until: self.lease_end(now), lane: None }
    }

    /// Does everything that is due now, lane after lane, and returns how many acts that took. For cron, and for tests.
    pub async fn run_due(&self) -> Result<usize, EngineError> {
        let stop = CancellationToken::new();
        let mut acts = 0;
        for _ in 0..PASS_AT_MOST {
            let Some(claim) = self.ledger().claim(&self.request(self.now())).await? else { break };
            acts += self.work_lane(claim, None, &stop).await?;
        }
        Ok(acts)
    }
}
