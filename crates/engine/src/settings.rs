//! The engine's bounds and pauses, with their units.

/// How long leases hold, how often things are tried, when a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a lease on a lane holds unless it is renewed, in milliseconds. Renewed at a third of it.
    pub lease_ms: i64,
    /// The planner looks at the ledger at least so often, in milliseconds, for what no notification told it.
    pub look_every_ms: i64,
    /// Lanes that are worked on at the same time.
    pub lanes_at_once: usize,
    /// Requests of one kind that are under way at one host at the same time, from this worker.
    pub requests_at_once_per_host: usize,
    /// Deliveries of a lane that are read at once. A thousand lanes at work hold as many thousands of them in memory.
    pub run_at_most: usize,
    /// Requests armed for one delivery before it fails.
    pub attempts_at_most: u32,
    /// Times the same bytes leave again under the same fence before a person is asked.
    pub resends_at_most: u32,
    /// How long the platform is asked what became of a request before a person is asked, in milliseconds.
    pub settle_for_ms: i64,
    /// Frozen bytes that would leave later than this are made anew, so that their createdAt does not lie; milliseconds.
    pub stale_after_ms: i64,
    /// How often media files that no post needs are removed, in milliseconds.
    pub sweep_every_ms: i64,
    /// A media file that no post needs is kept for so long after it was put: a post that is on its way into the ledger may
    /// need it; milliseconds.
    pub unneeded_after_ms: i64,
    /// The outbox is looked at at least so often, for notices that another process wrote; milliseconds.
    pub notices_look_every_ms: i64,
    /// What happens within so long after the first notice is handed on together with it, in milliseconds.
    pub notices_gather_ms: i64,
    /// How long handing on may take once the engine is told to stop, in milliseconds.
    pub notices_end_within_ms: i64,
    /// Times that a door does not take a notice before it is given up.
    pub notice_attempts_at_most: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_ms: 15_000,
            look_every_ms: 1_000,
            lanes_at_once: 1_024,
            requests_at_once_per_host: 32,
            run_at_most: 4,
            attempts_at_most: 20,
            resends_at_most: 5,
            settle_for_ms: 24 * 3_600_000,
            stale_after_ms: 60_000,
            sweep_every_ms: 3_600_000,
            unneeded_after_ms: 600_000,
            notices_look_every_ms: 5_000,
            notices_gather_ms: 2_000,
            notices_end_within_ms: 5_000,
            notice_attempts_at_most: 30,
        }
    }
}
