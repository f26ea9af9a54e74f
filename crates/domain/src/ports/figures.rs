//! What is counted while the engine works.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use crate::{Delivery, Event};

/// What becomes of a lease on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseStep {
    /// This process has it now.
    Taken,
    /// It holds longer.
    Renewed,
    /// Somebody else had it before this process was done; [`LeaseStep::Ended`] follows.
    Lost,
    /// Work under it ended early, because something failed; [`LeaseStep::Ended`] follows.
    Failed,
    /// This process has it no more, however that came about.
    Ended,
}

/// Whoever counts what happens. It is told in the middle of the work, so it neither waits nor fails.
pub trait Figures: Send + Sync {
    /// The planner has looked at the ledger, which answered; or all its hands are full, so that it need not look.
    fn ticked(&self, at: Timestamp);

    /// The planner slept until an instant, and woke so long after it.
    fn woke(&self, late_by: SignedDuration);

    /// An event was written down; `delivery` is as the event left it.
    fn happened(&self, delivery: &Delivery, event: &Event);

    /// Something became of a lease.
    fn lease(&self, step: LeaseStep);

    /// A method of the ledger answered after so long; `has_failed` where the database did.
    fn ledger_answered(&self, method: &'static str, took: Duration, has_failed: bool);
}

/// For a process that nobody watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uncounted;

impl Figures for Uncounted {
    fn ticked(&self, _: Timestamp) {}
    fn woke(&self, _: SignedDuration) {}
    fn happened(&self, _: &Delivery, _: &Event) {}
    fn lease(&self, _: LeaseStep) {}
    fn ledger_answered(&self, _: &'static str, _: Duration, _: bool) {}
}
