//! Saving: changes of deliveries, gathered. What many lanes write while one transaction is on its way to the disk goes into the next
//! one together, so that a burst costs a flush for each hundred changes instead of one for each. A change that is alone leaves at once;
//! in a burst, where the next ones are never far, a transaction waits a moment for company.

use std::collections::BTreeSet;

use skein_domain::ports::{Change, Guard, LaneClock};
use skein_domain::{Delivery, Notice, RecordRef, StateName};

use crate::StoreError;
use crate::dialect::{Connection, Pools};
use crate::gathering::{Answer, BURST_FROM, Desk, Gathering, WITHIN, attempt, tell_all};
use crate::tables::{accounts, deliveries, lanes, outbox, records, story};

/// Of a burst so many are company enough.
const COMPANY_OF: usize = 64;

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

/// Where changes are handed in. Clones hand in at the same place.
#[derive(Clone)]
pub(crate) struct Saves {
    pools: Pools,
    desk: Desk<Write, ()>,
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
            return write_together(&self.pools, &[write]).await;
        }
        self.desk.hand_in(write).await
    }
}

async fn write(pools: Pools, mut waiting: Gathering<Write, ()>) {
    let mut is_burst = false;
    while waiting.some().await {
        if is_burst {
            waiting.company(COMPANY_OF).await;
        }
        let (writes, who) = waiting.together(Write::lane);
        is_burst = writes.len() >= BURST_FROM;
        match write_together(&pools, &writes).await {
            // One that cannot be written must not take the others with it.
            Err(error) if writes.len() > 1 && is_undone(&error) => one_by_one(&pools, writes, who).await,
            done => tell_all(who, done.map(|()| vec![(); writes.len()])),
        }
    }
}

/// Whether this error proves that nothing of the transaction was kept. After any other one, such as a connection that broke, all of it
/// may have been.
fn is_undone(error: &StoreError) -> bool {
    matches!(error, StoreError::Lost | StoreError::Invalid(_) | StoreError::Locked)
}

/// Each is told as soon as it is written. Where the database fails altogether, the rest is not tried.
async fn one_by_one(pools: &Pools, writes: Vec<Write>, who: Vec<Answer<()>>) {
    let mut failed: Option<StoreError> = None;
    for (write, who) in writes.into_iter().zip(who) {
        if let Some(error) = &failed {
            who.tell(Err(error.again()));
            continue;
        }
        match write_together(pools, &[write]).await {
            Err(error) if !is_undone(&error) => {
                who.tell(Err(error.again()));
                failed = Some(error);
            }
            done => who.tell(done),
        }
    }
}

/// In one transaction.
async fn write_together(pools: &Pools, writes: &[Write]) -> Result<(), StoreError> {
    let transaction = || async {
        let mut tx = pools.write().await?;
        write_all(&mut tx, writes).await?;
        tx.commit().await
    };
    attempt(WITHIN, transaction).await
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
