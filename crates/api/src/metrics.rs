//! The figures of a process, and their text for Prometheus.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use skein_domain::ports::{Figures, LeaseStep};
use skein_domain::{Delivery, Event, Platform, State, StateName, Stop, Waiting};

use crate::codes::{MISSED, label};
use crate::collected::{BudgetLeft, PoolUse};
use crate::labels::{In, Limit, Met, Method, Pool, Unpublished, Version, Where, platform_of};
use crate::process;

/// How late requests leave, in seconds: what is on time shows in the first buckets, a burst in the middle ones, a downtime in the last.
const LATENESS_S: [f64; 20] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1_200.0,
    1_800.0, 3_600.0,
];

/// How late the planner wakes, in seconds.
const LAG_S: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];

/// How long the ledger takes, in seconds.
const CALL_S: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 10.0];

/// States in which a delivery comes to rest without being public.
const UNPUBLISHED: [StateName; 3] = [StateName::Failed, StateName::Missed, StateName::NeedsReview];

/// No tick yet.
const NEVER: i64 = i64::MIN;

/// A gauge of fractions.
type Fraction = Gauge<f64, AtomicU64>;

/// What is counted, and what is read when somebody looks. All of it since this process began.
pub struct Metrics {
    registry: Registry,
    last_tick_us: AtomicI64,
    publications: Family<Where, Counter>,
    lateness: Family<Where, Histogram>,
    failures: Family<Unpublished, Counter>,
    faults: Family<Met, Counter>,
    wake_up_lag: Histogram,
    leases_held: Gauge,
    leases_taken: Counter,
    leases_renewed: Counter,
    leases_lost: Counter,
    leases_failed: Counter,
    calls: Family<Method, Histogram>,
    failed_calls: Family<Method, Counter>,
    last_tick: Fraction,
    store_up: Gauge,
    deliveries: Family<In, Gauge>,
    least_left: Family<Limit, Fraction>,
    low_budgets: Family<Limit, Gauge>,
    connections: Family<Pool, Gauge>,
    idle_connections: Family<Pool, Gauge>,
    connections_at_most: Family<Pool, Gauge>,
    memory: Fraction,
    files: Fraction,
}

impl Metrics {
    /// Nothing has happened yet. `began` is when the process did.
    pub fn new(began: Timestamp) -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            last_tick_us: AtomicI64::new(NEVER),
            publications: Family::default(),
            lateness: Family::new_with_constructor(|| Histogram::new(LATENESS_S)),
            failures: Family::default(),
            faults: Family::default(),
            wake_up_lag: Histogram::new(LAG_S),
            leases_held: Gauge::default(),
            leases_taken: Counter::default(),
            leases_renewed: Counter::default(),
            leases_lost: Counter::default(),
            leases_failed: Counter::default(),
            calls: Family::new_with_constructor(|| Histogram::new(CALL_S)),
            failed_calls: Family::default(),
            last_tick: Fraction::default(),
            store_up: Gauge::default(),
            deliveries: Family::default(),
            least_left: Family::default(),
            low_budgets: Family::default(),
            connections: Family::default(),
            idle_connections: Family::default(),
            connections_at_most: Family::default(),
            memory: Fraction::default(),
            files: Fraction::default(),
        };
        metrics.register(began);
        metrics.begin_at_zero();
        metrics
    }

    /// When the planner last looked.
    pub(crate) fn last_tick(&self) -> Option<Timestamp> {
        let us = self.last_tick_us.load(Ordering::Relaxed);
        if us == NEVER { None } else { Timestamp::from_microsecond(us).ok() }
    }

    /// How many deliveries are in each state; nothing where the store did not answer.
    pub(crate) fn set_deliveries(&self, counts: Option<&[(StateName, usize)]>) {
        self.store_up.set(i64::from(counts.is_some()));
        self.deliveries.clear();
        let Some(counts) = counts else { return };
        for state in StateName::ALL.into_iter().filter(|state| !state.is_over()) {
            let count = counts.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, count)| *count);
            let state = In { state: state.as_str() };
            self.deliveries.get_or_create(&state).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// How limits stand; nothing where that could not be read. Many accounts become one figure a limit.
    pub(crate) fn set_budgets(&self, budgets: Option<&[BudgetLeft]>) {
        self.least_left.clear();
        self.low_budgets.clear();
        for budget in budgets.unwrap_or_default() {
            let limit = Limit { limit: budget.limit };
            let known = self.least_left.get(&limit).map(|least| least.get());
            self.least_left.get_or_create(&limit).set(known.unwrap_or(1.0).min(budget.left_ratio));
            self.low_budgets.get_or_create(&limit).inc_by(i64::from(budget.is_low));
        }
    }

    /// How the pools of connections stand.
    pub(crate) fn set_pools(&self, pools: &[PoolUse]) {
        for pool in pools {
            let name = Pool { pool: pool.name };
            self.connections.get_or_create(&name).set(i64::from(pool.open));
            self.idle_connections.get_or_create(&name).set(i64::from(pool.idle));
            self.connections_at_most.get_or_create(&name).set(i64::from(pool.at_most));
        }
    }

    /// All figures, in the text format of `OpenMetrics`, which Prometheus reads.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        self.last_tick.set(self.last_tick().map_or(0.0, seconds_of));
        self.memory.set(known(process::resident_memory_bytes()));
        self.files.set(known(process::open_files()));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn register(&mut self, began: Timestamp) {
        self.register_work();
        self.register_store();
        self.register_process(began);
    }

    fn register_work(&mut self) {
        let of = self.registry.sub_registry_with_prefix("skein");
        of.register("publications", "Deliveries that this process published", self.publications.clone());
        let help = "From the due instant to the moment in which the request that published left, in seconds";
        of.register("lateness_seconds", help, self.lateness.clone());
        let help = "Deliveries that came to rest without being certainly public, by the state they are in then";
        of.register("failures", help, self.failures.clone());
        let help = "Faults that deliveries met, by the state that followed and by code; most are tried again";
        of.register("faults", help, self.faults.clone());
        let help = "From the instant for which the planner slept to its awakening, in seconds";
        of.register("wake_up_lag_seconds", help, self.wake_up_lag.clone());
        let help = "When the planner last looked at the ledger, in seconds since 1970; 0 before the first time";
        of.register("planner_last_tick_timestamp_seconds", help, self.last_tick.clone());
        of.register("leases_held", "Accounts that this process works on now", self.leases_held.clone());
        of.register("leases_taken", "Leases on accounts that this process got", self.leases_taken.clone());
        of.register("leases_renewed", "Leases that this process extended", self.leases_renewed.clone());
        let help = "Leases that somebody else got before this process was done";
        of.register("leases_lost", help, self.leases_lost.clone());
        let help = "Leases under which work ended early because something failed; it is taken up again";
        of.register("leases_failed", help, self.leases_failed.clone());
        let help = "The least that is left of a limit, over all accounts and hosts, from 1 (nothing used) to 0";
        of.register("budget_least_left_ratio", help, self.least_left.clone());
        let help = "Accounts, or hosts, that have used 95 % or more of a limit";
        of.register("budgets_low", help, self.low_budgets.clone());
    }

    fn register_store(&mut self) {
        let of = self.registry.sub_registry_with_prefix("skein");
        let help = "Deliveries that are not over, by state; counted up to a million, for all processes together";
        of.register("deliveries", help, self.deliveries.clone());
        let help = "Whether the database answered when deliveries were last counted, 1 or 0";
        of.register("store_up", help, self.store_up.clone());
        of.register("ledger_call_duration_seconds", "How long calls of the ledger took", self.calls.clone());
        of.register(
            "ledger_call_failures",
            "Calls of the ledger in which the database failed",
            self.failed_calls.clone(),
        );
        let help = "Connections to the database that are open";
        of.register("database_connections", help, self.connections.clone());
        let help = "Connections to the database that nobody uses";
        of.register("database_connections_idle", help, self.idle_connections.clone());
        let help = "Connections to the database that may be open";
        of.register("database_connections_max", help, self.connections_at_most.clone());
    }

    fn register_process(&mut self, began: Timestamp) {
        let version = Family::<Version, Gauge>::default();
        version.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
        let start = Fraction::default();
        start.set(seconds_of(began));
        let of = &mut self.registry;
        of.register("skein_build_info", "The version of this program", version);
        of.register("process_start_time_seconds", "When this process began, in seconds since 1970", start);
        of.register("process_resident_memory_bytes", "Memory in use, in bytes", self.memory.clone());
        of.register("process_open_fds", "Files, sockets and pipes that are open", self.files.clone());
    }

    /// A counter that appears with its first event hides that event from whoever looks at differences.
    fn begin_at_zero(&self) {
        let platform = Platform::Bluesky.as_str();
        drop(self.publications.get_or_create(&Where { platform }));
        drop(self.lateness.get_or_create(&Where { platform }));
        for state in UNPUBLISHED.map(StateName::as_str) {
            drop(self.failures.get_or_create(&Unpublished { platform, state }));
        }
    }
}

impl Figures for Metrics {
    fn ticked(&self, at: Timestamp) {
        self.last_tick_us.store(at.as_microsecond(), Ordering::Relaxed);
    }

    fn woke(&self, late_by: SignedDuration) {
        self.wake_up_lag.observe(late_by.as_secs_f64().max(0.0));
    }

    fn happened(&self, delivery: &Delivery, event: &Event) {
        let platform = platform_of(delivery);
        let state = delivery.state.name();
        if let State::Published { receipt } = &delivery.state {
            self.publications.get_or_create(&Where { platform }).inc();
            // Where nobody knows when it left, it is not known either how late that was.
            if let Some(sent_at) = receipt.sent_at {
                let late_by = sent_at.duration_since(receipt.due).as_secs_f64().max(0.0);
                self.lateness.get_or_create(&Where { platform }).observe(late_by);
            }
        }
        if UNPUBLISHED.contains(&state) {
            self.failures.get_or_create(&Unpublished { platform, state: state.as_str() }).inc();
        }
        if let Some(code) = code_of(&delivery.state, event) {
            self.faults.get_or_create(&Met { platform, state: state.as_str(), code: label(code) }).inc();
        }
    }

    fn lease(&self, step: LeaseStep) {
        match step {
            LeaseStep::Taken => {
                self.leases_taken.inc();
                self.leases_held.inc();
            }
            LeaseStep::Renewed => {
                self.leases_renewed.inc();
            }
            LeaseStep::Lost => {
                self.leases_lost.inc();
            }
            LeaseStep::Failed => {
                self.leases_failed.inc();
            }
            LeaseStep::Ended => {
                self.leases_held.dec();
            }
        }
    }

    fn ledger_answered(&self, method: &'static str, took: Duration, has_failed: bool) {
        self.calls.get_or_create(&Method { method }).observe(took.as_secs_f64());
        if has_failed {
            self.failed_calls.get_or_create(&Method { method }).inc();
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("last_tick", &self.last_tick()).finish_non_exhaustive()
    }
}

/// What was wrong, from the state that followed; nothing where all is well.
fn code_of<'d>(state: &'d State, event: &Event) -> Option<&'d str> {
    match state {
        // The platform has it and works on it.
        State::Settling { .. } if matches!(event, Event::Accepted { .. }) => None,
        State::Missed { .. } => Some(MISSED),
        State::Scheduled { waiting: Some(Waiting::Retry { fault }), .. }
        | State::Ready { waiting: Some(Waiting::Retry { fault }), .. }
        | State::Blocked { stop: Stop::Account { fault }, .. }
        | State::Settling { fault, .. }
        | State::Failed { fault } => Some(&fault.code),
        State::NeedsReview { review, .. } => Some(&review.fault.code),
        _ => None,
    }
}

/// Seconds since 1970.
fn seconds_of(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}

/// A figure that the system may not give.
#[expect(clippy::cast_precision_loss, reason = "a figure to look at, exact up to 9 PB")]
fn known(figure: Option<u64>) -> f64 {
    figure.map_or(f64::NAN, |figure| figure as f64)
}

#[cfg(test)]
mod tests;
