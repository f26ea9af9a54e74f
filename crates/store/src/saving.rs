//! Saving: changes of deliveries, gathered. What many lanes write while one transaction is on its way to the disk goes into the next
//! one together, so that a burst costs a flush for each hundred changes instead of one for each. A change that is alone leaves at once;
//! in a burst, where the next ones are never far, a transaction waits a moment for company.

use std::collections::BTreeSet;
use std::time::Duration;

use skein_domain::ports::{Change, Guard, LaneClock};
use skein_domain::{Delivery, Notice, RecordRef, StateName};
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::dialect::{Connection, Pools};
use crate::gathering::Gathering;
use crate::tables::{accounts, deliveries, lanes, outbox, records, story};

/// A transaction of so many changes is of a burst.
pub(crate) const BURST_FROM: usize = 4;
/// How long the next transaction of a burst waits for company, in milliseconds, and how many are company enough.
pub(crate) const COMPANY_WITHIN_MS: u64 = 4;
const COMPANY_OF: usize = 64;
/// How long a transaction may take, in milliseconds: longer than all that it may have to wait for.
pub(crate) const WITHIN_MS: u64 = 35_000;
/// How often a transaction is tried that others stood in the way of.
pub(crate) const ATTEMPTS_AT_MOST: u32 = 5;

/// A change as it is written, made before anybody waits for the database.
#[derive(Debug)]
pub(crate) struct Write {
    delivery: deliveries::Columns,
    /// What lasts from state to state, and the addresses that it is allotted, if they may have changed.
    lasting: Option<(deliveries::Lasting, Option<Vec<RecordRef>>)>,
    from_version: i64,
    /// The token that the lane must have.
    token: Option<i64>,
    clock: Option<LaneClock>,
    lines: Vec<story::Columns>,
    /// What somebody is to be told of it.
    notice: Option<outbox::Columns>,
    /// Whether a request may leave once this is written: then the account must be able to write, and must not be held.
    arms: bool,
}

impl Write {
    pub(crate) fn of(change: &Change) -> Result<Self, StoreError> {
        let delivery = &change.delivery;
        if change.from_version.checked_add(1) != Some(delivery.version) {
            return Err(StoreError::Invalid(format!(
                "delivery {}: version {} does not follow {}",
                delivery.id, delivery.version, change.from_version
            )));
        }
        if let Some(line) = change.story.iter().find(|line| line.delivery != delivery.id) {
            return Err(StoreError::Invalid(format!("a line of the story of {} is of {}", delivery.id, line.delivery)));
        }
        if change.lane_clock.is_some_and(|(was, to)| was.is_some_and(|was| to <= was)) {
            return Err(StoreError::Invalid(format!("the clock of lane {} only moves forward", delivery.lane)));
        }
        let token = match &change.guard {
            Guard::Lane { lane, .. } if *lane != delivery.lane => return Err(StoreError::Lost),
            Guard::Lane { token, .. } => Some(*token),
            Guard::VersionOnly => None,
        };
        let notice = change.story.last().and_then(|line| Notice::of_line(delivery, line));
        Ok(Self {
            delivery: deliveries::Columns::of(delivery)?,
            lasting: if change.is_step { None } else { Some(lasting_of(delivery)?) },
            from_version: change.from_version,
            token,
            clock: change.lane_clock,
            lines: change.story.iter().map(story::Columns::of).collect::<Result<_, _>>()?,
            notice: notice.as_ref().map(outbox::Columns::of).transpose()?,
            arms: delivery.state.name() == StateName::Publishing,
        })
    }

    fn lane(&self) -> &str {
        self.delivery.lane()
    }

    fn replaced(&self) -> deliveries::Replaced<'_> {
        let lasting = self.lasting.as_ref().map(|(lasting, _)| lasting);
        deliveries::Replaced { columns: &self.delivery, lasting, from_version: self.from_version }
    }
}

fn lasting_of(delivery: &Delivery) -> Result<(deliveries::Lasting, Option<Vec<RecordRef>>), StoreError> {
    let records = delivery.prepared.as_ref().map(|prepared| prepared.records.clone());
    Ok((deliveries::Lasting::of(delivery)?, records))
}

/// A change, and who waits for it.
type Waiting = (Write, Answer);

/// Who waits for a change.
type Answer = oneshot::Sender<Result<(), StoreError>>;

/// Where changes are handed in. Clones hand in at the same place.
#[derive(Clone)]
pub(crate) struct Saves {
    pools: Pools,
    desk: mpsc::Sender<Waiting>,
}

impl Saves {
    /// Ends when the last clone is dropped.
    pub(crate) fn on(pools: Pools) -> Self {
        let (desk, waiting) = Gathering::open();
        pools.spawn(write(pools.clone(), waiting));
        Self { pools, desk }
    }

    /// Writes a change, all of it or nothing.
    pub(crate) async fn save(&self, write: Write) -> Result<(), StoreError> {
        if write.token.is_none() {
            // A person's, who has no lane for themselves: another one may change the same delivery.
            return attempt(&self.pools, &[write]).await;
        }
        let (done, saved) = oneshot::channel();
        let closed = || StoreError::Database("the database is closed".to_owned());
        self.desk.send((write, done)).await.map_err(|_| closed())?;
        saved.await.map_err(|_| closed())?
    }
}

async fn write(pools: Pools, mut waiting: Gathering<Waiting>) {
    let mut is_burst = false;
    while waiting.some().await {
        if is_burst {
            waiting.company(COMPANY_OF, Duration::from_millis(COMPANY_WITHIN_MS)).await;
        }
        let (writes, who): (Vec<_>, Vec<_>) = waiting.together(|(write, _)| write.lane()).into_iter().unzip();
        is_burst = writes.len() >= BURST_FROM;
        match attempt(&pools, &writes).await {
            // One that cannot be written must not take the others with it.
            Err(error) if writes.len() > 1 && is_undone(&error) => one_by_one(&pools, writes, who).await,
            result => tell_all(who, &result),
        }
    }
}

/// Whether this error proves that nothing of the transaction was kept. After any other one, such as a connection that broke, all of it
/// may have been.
fn is_undone(error: &StoreError) -> bool {
    matches!(error, StoreError::Lost | StoreError::Invalid(_) | StoreError::Locked)
}

fn tell_all(who: Vec<Answer>, result: &Result<(), StoreError>) {
    for who in who {
        tell(who, result.as_ref().copied().map_err(StoreError::again));
    }
}

/// Whoever does not wait any more needs no answer.
fn tell(who: Answer, result: Result<(), StoreError>) {
    let _gone = who.send(result);
}

/// Each is told as soon as it is written. Where the database fails altogether, the rest is not tried.
async fn one_by_one(pools: &Pools, writes: Vec<Write>, who: Vec<Answer>) {
    let mut failed = None;
    for (write, who) in writes.into_iter().zip(who) {
        if let Some(error) = &failed {
            tell(who, Err(StoreError::again(error)));
            continue;
        }
        match attempt(pools, &[write]).await {
            Err(error) if !is_undone(&error) => {
                tell(who, Err(error.again()));
                failed = Some(error);
            }
            result => tell(who, result),
        }
    }
}

/// One transaction; done again when it was undone because others stood in its way.
async fn attempt(pools: &Pools, writes: &[Write]) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let done = async {
            let mut tx = pools.write().await?;
            write_all(&mut tx, writes).await?;
            tx.commit().await
        };
        // A connection whose other end is gone without a word would keep every lane of this process waiting for ever.
        match tokio::time::timeout(Duration::from_millis(WITHIN_MS), done).await {
            Err(_) => return Err(no_answer()),
            Ok(Err(StoreError::Collided)) if attempt < ATTEMPTS_AT_MOST => attempt += 1,
            Ok(done) => return done,
        }
    }
}

/// A transaction took longer than [`WITHIN_MS`].
pub(crate) fn no_answer() -> StoreError {
    StoreError::Database(format!("it did not answer within {} s", WITHIN_MS / 1_000))
}

/// All of them, or none: `Lost` when one of them does not find what it expects.
async fn write_all(connection: &mut Connection, writes: &[Write]) -> Result<(), StoreError> {
    guard(connection, writes).await?;
    let replaced: Vec<deliveries::Replaced<'_>> = writes.iter().map(Write::replaced).collect();
    let done = deliveries::replace_many(connection, &replaced).await.map_err(|error| match writes {
        [write] => deliveries::name_row(error, write.delivery.id()),
        _ => error,
    })?;
    all(done, writes.len())?;
    let moves: Vec<_> = writes.iter().filter_map(|write| write.clock.map(|clock| (write.lane(), clock))).collect();
    all(lanes::move_clocks(connection, &moves).await?, moves.len())?;
    let allotted = writes.iter().filter_map(|write| {
        let records = write.lasting.as_ref()?.1.as_deref()?;
        Some(records::Allotment { lane: write.lane(), delivery: write.delivery.id(), records })
    });
    records::allot(connection, &allotted.collect::<Vec<_>>()).await?;
    let lines: Vec<_> = writes.iter().flat_map(|write| &write.lines).collect();
    story::append(connection, &lines).await?;
    let notices: Vec<_> = writes.iter().filter_map(|write| write.notice.as_ref()).collect();
    outbox::append(connection, &notices).await
}

/// Accounts before lanes, lanes before deliveries: everybody locks in this order.
async fn guard(connection: &mut Connection, writes: &[Write]) -> Result<(), StoreError> {
    let armed: BTreeSet<&str> =
        writes.iter().filter(|write| write.arms).map(|write| write.delivery.account()).collect();
    let armed: Vec<&str> = armed.into_iter().collect();
    if accounts::count_usable(connection, &armed).await? != armed.len() {
        return Err(StoreError::Lost);
    }
    let locked = |write: &&Write| write.token.is_some() || write.clock.is_some();
    let guarded: BTreeSet<&str> = writes.iter().filter(locked).map(Write::lane).collect();
    let tokens = lanes::lock(connection, &guarded.into_iter().collect::<Vec<_>>(), lanes::Lock::Waits).await?;
    for write in writes {
        match write.token {
            Some(token) if tokens.get(write.lane()) != Some(&token) => return Err(StoreError::Lost),
            Some(_) => {}
            // Whoever has a claim sees to its lane itself.
            None => connection.announce().await?,
        }
    }
    Ok(())
}

fn all(done: u64, wanted: usize) -> Result<(), StoreError> {
    if usize::try_from(done) == Ok(wanted) { Ok(()) } else { Err(StoreError::Lost) }
}
