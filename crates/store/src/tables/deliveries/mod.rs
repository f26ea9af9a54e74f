//! Deliveries: the state machine at rest. The table is also the queue.

mod many;
mod queue;
mod row;

pub(crate) use many::{Replaced, replace_many};
#[cfg(test)]
pub(crate) use queue::{ANY_UNFINISHED, COUNT_STATES, DUE_RUN, MARK_ENDS, UNSETTLED, list_sql};
pub(crate) use queue::{any_unfinished, count_awake, count_states, list, mark_ends};

use std::collections::HashMap;

use jiff::Timestamp;
use skein_domain::ports::{Claim, RunLimits};
use skein_domain::{Delivery, DeliveryId, Lane};

pub(crate) use self::row::{Columns, Lasting};
use self::row::{Row, lasting_names, names};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::{places, questions, sql, sql_of_parts};

/// Every column that is read, in front of the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, post, account, lane, due, grace_ms, lead_ms, content, prepared, state, state_json, wake_at, ",
            "attempts, version, submitted_at, policy, is_over FROM deliveries ",
            $rest
        )
    };
}
use select;

pub(crate) async fn insert(connection: &mut Connection, delivery: &Delivery) -> Result<(), StoreError> {
    let (columns, lasting) = (Columns::of(delivery)?, Lasting::of(delivery)?);
    let statement = sql(concat!(
        "INSERT INTO deliveries (",
        names!(),
        ", ",
        lasting_names!(),
        ", is_over, submitted_at, policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
    ));
    let statement = lasting
        .bind(columns.bind(statement))
        .bind(i16::from(columns.is_over))
        .bind(columns.submitted_at)
        .bind(&columns.policy);
    statement.execute(connection).await.map_err(|error| name_row(error, columns.id()))?;
    Ok(())
}

pub(crate) async fn get(connection: &mut Connection, id: &DeliveryId) -> Result<Delivery, StoreError> {
    find(connection, id.as_str()).await?.ok_or_else(|| StoreError::NotFound(format!("delivery {id}")))
}

/// See `Ledger::due_run`. Picks from the indexes first, so that only the rows of the run are read in full.
pub(crate) async fn due_run(
    connection: &mut Connection,
    claim: &Claim,
    now: Timestamp,
    limits: &RunLimits,
) -> Result<Vec<Delivery>, StoreError> {
    let ids = queue::pick_run(connection, &claim.lane, now, limits).await?;
    let mut found = HashMap::with_capacity(ids.len());
    for piece in questions(&ids) {
        let mut query = sql_of_parts(format!(concat!(select!(""), "WHERE id IN ({})"), places(1, piece.len())));
        for id in piece {
            query = query.bind(id);
        }
        for row in query.fetch_all::<Row>(connection).await? {
            let delivery = row.read()?;
            found.insert(delivery.id.as_str().to_owned(), delivery);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// See `Ledger::unsettled`.
pub(crate) async fn unsettled(
    connection: &mut Connection,
    lane: &Lane,
    but: &DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    sql(queue::UNSETTLED)
        .bind(lane.as_str())
        .bind(but.as_str())
        .fetch_optional::<Row>(connection)
        .await?
        .map(Row::read)
        .transpose()
}

async fn find(connection: &mut Connection, id: &str) -> Result<Option<Delivery>, StoreError> {
    sql(select!("WHERE id = $1")).bind(id).fetch_optional::<Row>(connection).await?.map(Row::read).transpose()
}

/// Says which delivery it is that the database refuses.
pub(crate) fn name_row(error: StoreError, id: &str) -> StoreError {
    match error {
        StoreError::Invalid(why) => StoreError::Invalid(format!("delivery {id}: {why}")),
        other => other,
    }
}
