//! Which deliveries come next, and lists of them.

use std::collections::HashSet;

use jiff::Timestamp;
use skein_domain::ports::{QueueFilter, RunLimits};
use skein_domain::{AccountId, Delivery, DeliveryId, Lane, StateName};

use super::super::unreadable;
use super::row::Row;
use super::select;
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::micros;
use crate::statement::{sql, sql_of_parts};

/// Id and state of what a lane has to do, in order: from the indexes on awake rows alone. The list of three states is
/// spelled as in the partial index, since only then the index is used.
pub(crate) const DUE_RUN: &str = "SELECT id, state FROM (
        SELECT id, state, due FROM deliveries WHERE lane = $1 AND wake_at IS NOT NULL AND wake_at <= $2
        UNION
        SELECT id, state, due FROM deliveries
        WHERE lane = $1 AND state IN ('preparing', 'publishing', 'settling') AND state <> 'settling') AS candidates
    ORDER BY CASE WHEN state IN ('publishing', 'settling') THEN 0 ELSE 1 END, due, id LIMIT $3";

/// What has not ended, spelled as in the partial index.
macro_rules! unfinished {
    () => {
        "is_over = 0"
    };
}

/// The same, but for what a process has ended that did not know how to mark it. Spelled as in its partial index.
macro_rules! left_unmarked {
    () => {
        concat!(unfinished!(), " AND state IN ('published', 'failed', 'missed', 'canceled', 'removed')")
    };
}

/// See `Ledger::unsettled`.
pub(crate) const UNSETTLED: &str = select!(
    "WHERE lane = $1 AND state IN ('preparing', 'publishing', 'settling') AND state <> 'preparing' AND id <> $2
     ORDER BY due, id LIMIT 1"
);

pub(crate) const ANY_UNFINISHED: &str = concat!(
    "SELECT id FROM deliveries WHERE account = $1 AND ",
    unfinished!(),
    " AND NOT (",
    left_unmarked!(),
    ") LIMIT 1"
);

/// Whether anything of the account is not over: not at rest, or waiting for a person's decision.
pub(crate) async fn any_unfinished(connection: &mut Connection, account: &AccountId) -> Result<bool, StoreError> {
    let found: Option<String> = sql(ANY_UNFINISHED).bind(account.as_str()).fetch_value(connection).await?;
    Ok(found.is_some())
}

/// From an index of these alone, which mostly is empty.
pub(crate) const MARK_ENDS: &str = concat!("UPDATE deliveries SET is_over = 1 WHERE ", left_unmarked!());

/// Marks what processes have ended that do not know the mark.
pub(crate) async fn mark_ends(connection: &mut Connection) -> Result<(), StoreError> {
    sql(MARK_ENDS).execute(connection).await?;
    Ok(())
}

/// The ids of the next run of a lane.
pub(super) async fn pick_run(
    connection: &mut Connection,
    lane: &Lane,
    now: Timestamp,
    limits: &RunLimits,
) -> Result<Vec<String>, StoreError> {
    let only: Option<HashSet<&str>> = limits.only.as_ref().map(|ids| ids.iter().map(DeliveryId::as_str).collect());
    // A filter is applied here and not in the query, so that it may be of any length.
    let in_query = if only.is_none() { bound(limits.at_most) } else { i64::MAX };
    let rows: Vec<(String, String)> =
        sql(DUE_RUN).bind(lane.as_str()).bind(micros(now)).bind(in_query).fetch_all(connection).await?;
    let mut run = Vec::new();
    for (id, state) in rows {
        if run.len() == limits.at_most {
            break;
        }
        let name = StateName::parse(&state)
            .ok_or_else(|| unreadable(&format!("delivery {id}"), "state", format_args!("`{state}` is unknown")))?;
        if !name.is_open() || only.as_ref().is_none_or(|only| only.contains(id.as_str())) {
            run.push(id);
        }
    }
    Ok(run)
}

/// See `Ledger::queue`.
pub(crate) async fn list(connection: &mut Connection, filter: &QueueFilter) -> Result<Vec<Delivery>, StoreError> {
    let mut query = sql_of_parts(list_sql(filter));
    for state in distinct(&filter.states) {
        query = query.bind(state.as_str());
    }
    if let Some(account) = &filter.account {
        query = query.bind(account.as_str());
    }
    if let Some(post) = &filter.post {
        query = query.bind(post.as_str());
    }
    for instant in [filter.due_from, filter.due_until].into_iter().flatten() {
        query = query.bind(micros(instant));
    }
    query.bind(bound(filter.at_most)).fetch_all::<Row>(connection).await?.into_iter().map(Row::read).collect()
}

/// See `Ledger::count_awake`.
pub(crate) async fn count_awake(connection: &mut Connection, at_most: usize) -> Result<usize, StoreError> {
    let (posts,): (i64,) = sql("SELECT COUNT(*) FROM
             (SELECT DISTINCT post FROM deliveries WHERE wake_at IS NOT NULL LIMIT $1) AS awake")
    .bind(bound(at_most))
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(posts).unwrap_or(0))
}

/// How many are awake in each state, from an index alone; and how many wait for a person of those that were due first, since nothing
/// waits for a person before it is due.
pub(crate) const COUNT_STATES: &str = concat!(
    "SELECT
        COUNT(CASE WHEN state = 'scheduled' THEN 1 END), COUNT(CASE WHEN state = 'preparing' THEN 1 END),
        COUNT(CASE WHEN state = 'ready' THEN 1 END), COUNT(CASE WHEN state = 'blocked' THEN 1 END),
        COUNT(CASE WHEN state = 'publishing' THEN 1 END), COUNT(CASE WHEN state = 'settling' THEN 1 END),
        (SELECT COUNT(CASE WHEN state = 'needs_review' THEN 1 END) FROM (
            SELECT state FROM deliveries WHERE ",
    unfinished!(),
    " ORDER BY due, id LIMIT $2) AS first)
    FROM (SELECT state FROM deliveries WHERE wake_at IS NOT NULL LIMIT $1) AS awake"
);

/// Rows that are looked at for those that wait for a person.
const LOOKED_AT: usize = 10_000;

/// See `Ledger::count_states`.
pub(crate) async fn count_states(
    connection: &mut Connection,
    at_most: usize,
) -> Result<Vec<(StateName, usize)>, StoreError> {
    let query = sql(COUNT_STATES).bind(bound(at_most)).bind(bound(at_most.min(LOOKED_AT)));
    let (scheduled, preparing, ready, blocked, publishing, settling, needs_review) =
        query.fetch_one::<(i64, i64, i64, i64, i64, i64, i64)>(connection).await?;
    let counts = [
        (StateName::Scheduled, scheduled),
        (StateName::Preparing, preparing),
        (StateName::Ready, ready),
        (StateName::Blocked, blocked),
        (StateName::Publishing, publishing),
        (StateName::Settling, settling),
        (StateName::NeedsReview, needs_review),
    ];
    let counts = counts.into_iter().filter_map(|(state, count)| Some((state, usize::try_from(count).ok()?)));
    Ok(counts.filter(|(_, count)| *count > 0).collect())
}

/// The query for a filter: fixed text and numbered placeholders, in the order in which `list` binds.
pub(crate) fn list_sql(filter: &QueueFilter) -> String {
    let mut number = 0;
    let mut place = || {
        number += 1;
        format!("${number}")
    };
    let mut conditions = Vec::new();
    if !filter.states.is_empty() {
        let places: Vec<String> = distinct(&filter.states).map(|_| place()).collect();
        conditions.push(format!("state IN ({})", places.join(", ")));
        if filter.states.iter().all(|state| !state.is_over()) {
            conditions.push(unfinished!().to_owned());
        }
    }
    if filter.account.is_some() {
        conditions.push(format!("account = {}", place()));
    }
    if filter.post.is_some() {
        conditions.push(format!("post = {}", place()));
    }
    if filter.due_from.is_some() {
        conditions.push(format!("due >= {}", place()));
    }
    if filter.due_until.is_some() {
        conditions.push(format!("due < {}", place()));
    }
    let order = if filter.newest_first { "due DESC, id DESC" } else { "due, id" };
    let which = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    format!(concat!(select!(""), "{} ORDER BY {} LIMIT {}"), which, order, place())
}

/// Each asked state once, so that the number of placeholders is bounded.
fn distinct(states: &[StateName]) -> impl Iterator<Item = StateName> {
    StateName::ALL.into_iter().filter(|state| states.contains(state))
}

fn bound(at_most: usize) -> i64 {
    i64::try_from(at_most).unwrap_or(i64::MAX)
}
