//! The planner: sleeps until the next wake-up, or until it is told that something changed; a safety look catches what
//! no notification told. It never scans.

use jiff::Timestamp;
use skein_domain::ports::{ClaimRequest, LedgerError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{Engine, later, ms_between};

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The ledger failed for a whole pass.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// How often a pass that has nothing to do but to upload looks again, in milliseconds.
const UPLOAD_LOOK_MS: i64 = 200;

/// After the last upload has ended, its delivery is looked at within this time, in milliseconds.
const UPLOAD_SEEN_MS: i64 = 1_100;

/// Lanes that are claimed at once.
const CLAIMS_AT_MOST: usize = 128;

/// A bound on the lanes of one pass, so that `run_due` ends even when work appears as fast as it is done.
const PASS_AT_MOST: usize = 100_000;

impl Engine {
    /// Works until it is told to stop, then finishes what is armed and returns.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        // In a fixed order here and below, so that a simulated run can be repeated.
        let works = async {
            tokio::select! {
                biased;
                ended = self.plan(stop.clone()) => ended,
                () = self.keep_swept() => Ok(()),
            }
        };
        let (ended, ()) = tokio::join!(biased; works, self.keep_telling(&stop));
        ended
    }

    async fn plan(&self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut lanes = JoinSet::new();
        let mut last_beat = None;
        while !stop.is_cancelled() {
            let now = self.now();
            let is_fresh = |beat| (0..self.settings().look_every_ms).contains(&ms_between(beat, now));
            if !last_beat.is_some_and(is_fresh) {
                last_beat = Some(now);
                self.beat().await;
            }
            let next_look = match self.tick(&mut lanes, &stop).await {
                Ok(()) if lanes.len() < self.settings().lanes_at_once => self.next_look().await,
                // With all hands full only a lane that ends makes a difference.
                Ok(()) => self.safety_look(),
                Err(error) => {
                    tracing::error!(%error, "the planner could not read the ledger; trying again shortly");
                    self.safety_look()
                }
            };
            self.pause(next_look, &mut lanes, &stop).await;
        }
        while lanes.join_next().await.is_some() {}
        self.ledger().end_beat(&self.parts.owner).await?;
        Ok(())
    }

    async fn tick(&self, lanes: &mut JoinSet<()>, stop: &CancellationToken) -> Result<(), LedgerError> {
        let now = self.now();
        while let Some(ended) = lanes.try_join_next() {
            tell_if_broken(ended);
        }
        while lanes.len() < self.settings().lanes_at_once {
            let room = (self.settings().lanes_at_once - lanes.len()).min(CLAIMS_AT_MOST);
            let claims = self.ledger().claim_due(&self.request(now), room).await?;
            self.figures.ticked(self.now());
            let were_all = claims.len() < room;
            for claim in claims {
                let (engine, stop) = (self.clone(), stop.clone());
                lanes.spawn(async move {
                    let lane = claim.lane.clone();
                    if let Err(error) = engine.work_lane(claim, None, &stop).await {
                        tracing::error!(%lane, %error, "work on a lane ended early; it is claimed again when its lease ends");
                    }
                });
            }
            if were_all {
                return Ok(());
            }
        }
        self.figures.ticked(self.now());
        Ok(())
    }

    /// A sign of life that could not be written is told and not fatal: others may publish all the same.
    async fn beat(&self) {
        if let Err(error) = self.ledger().beat(&self.parts.owner, self.now()).await {
            tracing::error!(%error, "the sign of life could not be written");
        }
    }

    async fn pause(&self, until: Timestamp, lanes: &mut JoinSet<()>, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = self.parts.clock.sleep_until(until) => self.figures.woke(self.now().duration_since(until)),
            () = self.parts.clock.pause(self.settings().look_every_ms) => {}
            () = self.nudge.notified() => {}
            () = self.ledger().changed() => {}
            Some(ended) = lanes.join_next() => tell_if_broken(ended),
            () = stop.cancelled() => {}
        }
    }

    async fn next_look(&self) -> Timestamp {
        let safety = self.safety_look();
        match self.ledger().next_wake().await {
            Ok(Some(wake)) => wake.min(safety),
            Ok(None) => safety,
            Err(error) => {
                tracing::error!(%error, "the next wake-up could not be read; looking again shortly");
                safety
            }
        }
    }

    fn safety_look(&self) -> Timestamp {
        later(self.now(), self.settings().look_every_ms)
    }

    fn request(&self, now: Timestamp) -> ClaimRequest {
        ClaimRequest { owner: self.parts.owner.clone(), now, until: self.lease_end(now), lane: None }
    }

    /// Does everything that is due now, lane after lane, and returns how many acts that took. For cron, and for tests. A
    /// lane that fails does not keep the others from their turn; the first failure is returned at the end.
    pub async fn run_due(&self) -> Result<usize, EngineError> {
        let stop = CancellationToken::new();
        let (mut acts, mut failed, mut waited) = (0, None, false);
        for _ in 0..PASS_AT_MOST {
            let Some(claim) = self.ledger().claim(&self.request(self.now())).await? else {
                // A pass that ended now would take its uploads with it, and the next pass would begin them anew.
                let running = self.uploads.any();
                if !running && (waited || self.uploads.is_empty()) {
                    break;
                }
                self.parts.clock.pause(if running { UPLOAD_LOOK_MS } else { UPLOAD_SEEN_MS }).await;
                waited = !running;
                continue;
            };
            match self.work_lane(claim, None, &stop).await {
                Ok(done) => acts += done,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        self.tell_or_warn().await;
        self.sweep_or_tell().await;
        failed.map_or(Ok(acts), |error| Err(error.into()))
    }
}

fn tell_if_broken(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a lane's task broke; its deliveries are rescued when its lease ends");
    }
}
