//! Deliveries: the state machine at rest. The table is also the queue.

mod queue;
mod row;

pub(crate) use queue::list;
#[cfg(test)]
pub(crate) use queue::{DUE_RUN, UNSETTLED, list_sql};

use jiff::Timestamp;
use skein_domain::ports::{Claim, RunLimits};
use skein_domain::{AccountId, Delivery, DeliveryId, Lane};

use self::row::{Columns, Row};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::sql;

/// Every column that is read, in front of the rest of a query.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, post, account, lane, due, grace_ms, lead_ms, content, prepared, state, state_json, wake_at, ",
            "attempts, version, submitted_at FROM deliveries ",
            $rest
        )
    };
}
use select;

pub(crate) async fn insert(connection: &mut Connection, delivery: &Delivery) -> Result<(), StoreError> {
    let columns = Columns::of(delivery)?;
    sql("INSERT INTO deliveries (id, version, due, grace_ms, content, prepared, state, state_json, wake_at, armed_at,
             settled_at, attempts, lead_ms, post, account, lane, submitted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
    .bind(delivery.id.as_str())
    .bind(delivery.version)
    .bind(columns.due)
    .bind(delivery.grace_ms)
    .bind(columns.content)
    .bind(columns.prepared)
    .bind(columns.state)
    .bind(columns.state_json)
    .bind(columns.wake_at)
    .bind(columns.armed_at)
    .bind(columns.settled_at)
    .bind(i64::from(delivery.attempts))
    .bind(delivery.lead_ms)
    .bind(delivery.post.as_str())
    .bind(delivery.account.as_str())
    .bind(delivery.lane.as_str())
    .bind(columns.submitted_at)
    .execute(connection)
    .await
    .map_err(|error| name_row(error, delivery))?;
    Ok(())
}

/// Replaces the row if it still has the version. What never changes about a delivery is part of the condition.
pub(crate) async fn replace(
    connection: &mut Connection,
    from_version: i64,
    delivery: &Delivery,
) -> Result<(), StoreError> {
    let columns = Columns::of(delivery)?;
    let done =
        sql("UPDATE deliveries SET version = $2, due = $3, grace_ms = $4, content = $5, prepared = $6, state = $7,
             state_json = $8, wake_at = $9, armed_at = $10, settled_at = $11, attempts = $12, lead_ms = $13
         WHERE id = $1 AND version = $14 AND post = $15 AND account = $16 AND lane = $17")
        .bind(delivery.id.as_str())
        .bind(delivery.version)
        .bind(columns.due)
        .bind(delivery.grace_ms)
        .bind(columns.content)
        .bind(columns.prepared)
        .bind(columns.state)
        .bind(columns.state_json)
        .bind(columns.wake_at)
        .bind(columns.armed_at)
        .bind(columns.settled_at)
        .bind(i64::from(delivery.attempts))
        .bind(delivery.lead_ms)
        .bind(from_version)
        .bind(delivery.post.as_str())
        .bind(delivery.account.as_str())
        .bind(delivery.lane.as_str())
        .execute(connection)
        .await
        .map_err(|error| name_row(error, delivery))?;
    if done == 0 { Err(StoreError::Lost) } else { Ok(()) }
}

pub(crate) async fn get(connection: &mut Connection, id: &DeliveryId) -> Result<Delivery, StoreError> {
    find(connection, id.as_str()).await?.ok_or_else(|| StoreError::NotFound(format!("delivery {id}")))
}

/// Whether anything of the account is not over: not at rest, or waiting for a person's decision.
pub(crate) async fn any_awake(connection: &mut Connection, account: &AccountId) -> Result<bool, StoreError> {
    let found: Option<String> =
        sql("SELECT id FROM deliveries WHERE account = $1 AND (wake_at IS NOT NULL OR state = 'needs_review') LIMIT 1")
            .bind(account.as_str())
            .fetch_value(connection)
            .await?;
    Ok(found.is_some())
}

/// See `Ledger::due_run`. Picks from the indexes first, so that only the rows of the run are read in full.
pub(crate) async fn due_run(
    connection: &mut Connection,
    claim: &Claim,
    now: Timestamp,
    limits: &RunLimits,
) -> Result<Vec<Delivery>, StoreError> {
    let ids = queue::pick_run(connection, &claim.lane, now, limits).await?;
    let mut run = Vec::with_capacity(ids.len());
    for id in ids {
        run.extend(find(connection, &id).await?);
    }
    Ok(run)
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

fn name_row(error: StoreError, delivery: &Delivery) -> StoreError {
    match error {
        StoreError::Invalid(why) => StoreError::Invalid(format!("delivery {}: {why}", delivery.id)),
        other => other,
    }
}
