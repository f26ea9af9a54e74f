//! One run: its processes, its disturbances and its people on one thread, then calm, then what must hold.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Once};
use std::time::Duration;

use skein_domain::DeliveryId;
use skein_domain::ports::Ledger;
use skein_testkit::SeededEntropy;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::bugs::Bug;
use crate::house::House;
use crate::life::Fortune;
use crate::people::People;
use crate::plan::Plan;
use crate::promises;
use crate::record::Violation;

/// How long a worker that is told to stop may take before it is killed.
const STOPS_WITHIN: Duration = Duration::from_mins(3);

/// After the calm begins everything must come to rest within so many wake-ups.
const WAKES_AT_MOST: usize = 5_000;

/// The longest that a request is on its way.
const ON_ITS_WAY_AT_MOST: Duration = Duration::from_hours(1);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    /// A hash of everything that happened, in its order.
    pub(crate) trace: u64,
    /// The lines of the trace.
    pub(crate) lines: Vec<String>,
    /// How often each kind of thing happened.
    pub(crate) counts: BTreeMap<String, u64>,
    /// The promises that were broken.
    pub(crate) violations: Vec<Violation>,
}

thread_local! {
    /// Panics of this thread: the runtime keeps those of tasks to itself.
    static DEFECTS: Cell<u64> = const { Cell::new(0) };
}

static COUNTING: Once = Once::new();

fn count_defects() {
    COUNTING.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            DEFECTS.with(|defects| defects.set(defects.get() + 1));
            shown(panic);
        }));
    });
}

/// Runs a seed from its beginning to its end.
pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Ended {
    count_defects();
    let defects = DEFECTS.with(Cell::get);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (tips, heard) = tokio::sync::mpsc::unbounded_channel();
        let house = Arc::new(House::new(Plan::of(seed), bug, tips));
        live(&house, heard).await;
        promises::check(&house).await;
        let trace = house.record.hash();
        let mut record = house.record.lock();
        if DEFECTS.with(Cell::get) > defects {
            record.broken("no task panics", "see what was printed when it did".to_owned());
        }
        let (lines, counts) = (std::mem::take(&mut record.lines), std::mem::take(&mut record.counts));
        Ended { trace, lines, counts, violations: std::mem::take(&mut record.violations) }
    })
}

async fn live(house: &Arc<House>, heard: UnboundedReceiver<DeliveryId>) {
    let mut people = People::new(house, "door");
    people.connect_all().await;
    house.stir();
    let stop = CancellationToken::new();
    let workers: Vec<_> = (0..house.plan.workers).map(|slot| keep_working(house, slot, &stop)).collect();
    let meddler = People::new(house, "other door").meddle(heard);
    let beside = [
        tokio::spawn(meddler),
        tokio::spawn(restart_database(Arc::clone(house))),
        tokio::spawn(set_clocks(Arc::clone(house))),
    ];
    let dice = SeededEntropy::new(house.plan.seed ^ 0x57e9);
    for _ in 0..house.plan.steps {
        sleep(Duration::from_millis(1 + dice.below(house.plan.pause_ms))).await;
        people.act().await;
    }
    sleep(Duration::from_secs(dice.below(180))).await;
    stop.cancel();
    for worker in workers {
        worker.await.unwrap();
    }
    beside.iter().for_each(JoinHandle::abort);
    come_to_rest(house).await;
}

/// A worker, and the one that takes its place when it dies, and so on.
fn keep_working(house: &Arc<House>, slot: u64, stop: &CancellationToken) -> JoinHandle<()> {
    let (house, stop) = (Arc::clone(house), stop.clone());
    tokio::spawn(async move {
        let dice = SeededEntropy::new(house.plan.seed.wrapping_mul(31) + slot);
        let mut number = 0;
        while !stop.is_cancelled() {
            let name = format!("worker {slot}.{number}");
            let process = house.process(&name, house.plan.fortune(&dice), dice.next_u64(), true);
            house.tell(&name, Some(&process.engine));
            let (engine, until) = (process.engine.clone(), stop.clone());
            let mut work = tokio::spawn(async move { engine.run(until).await });
            let stopped = async {
                stop.cancelled().await;
                sleep(STOPS_WITHIN).await;
            };
            tokio::select! {
                biased;
                () = process.life.died() => {}
                _ = &mut work => {}
                () = stopped => {}
            }
            process.life.end();
            work.abort();
            house.tell(&name, None);
            number += 1;
            sleep(Duration::from_millis(dice.below(30_000))).await;
        }
    })
}

async fn restart_database(house: Arc<House>) {
    let dice = SeededEntropy::new(house.plan.seed ^ 0xdb);
    for _ in 0..house.plan.restarts {
        sleep(Duration::from_millis(dice.below(120_000))).await;
        house.record.count("fault: database restart");
        house.restart_database(Instant::now() + Duration::from_millis(1 + dice.below(25_000)));
    }
}

async fn set_clocks(house: Arc<House>) {
    let dice = SeededEntropy::new(house.plan.seed ^ 0xc10c);
    for _ in 0..house.plan.jumps {
        sleep(Duration::from_millis(dice.below(120_000))).await;
        let most_ms = [5_000, 60_000, 5_400_000][usize::try_from(dice.below(3)).unwrap_or(0)];
        let by_ms = 1 + i64::try_from(dice.below(most_ms)).unwrap_or(0);
        let ahead = dice.below(2) == 0;
        house.record.count(if ahead { "fault: clock ahead" } else { "fault: clock back" });
        house.wall.set_wrong_by(if ahead { by_ms } else { -by_ms });
    }
}

/// Nothing goes wrong any more, people have mended what is theirs, and one worker does what is left.
async fn come_to_rest(house: &Arc<House>) {
    house.calm_down();
    sleep(Duration::from_millis(house.plan.silence_ms)).await;
    house.wall.set_wrong_by(0);
    let seed = house.plan.seed ^ 0xe0d;
    let last = house.process("worker last", Fortune::default(), seed, true);
    if house.plan.silence_ms > 0 {
        // What is past its grace by now is missed, also where it was blocked.
        drop(last.engine.run_due().await);
    }
    People::new(house, "last door").mend().await;
    for _ in 0..WAKES_AT_MOST {
        if let Err(error) = last.engine.run_due().await {
            house.record.lock().broken("everything comes to rest", format!("the last worker cannot work: {error}"));
            return;
        }
        match house.ledger.next_wake().await.unwrap() {
            Some(wake) => house.wall.reach(wake).await,
            None => break,
        }
    }
    // Whoever works on what was let go late has nothing to do but to let it arrive.
    drop(timeout(ON_ITS_WAY_AT_MOST, std::future::pending::<()>()).await);
    last.life.end();
}
