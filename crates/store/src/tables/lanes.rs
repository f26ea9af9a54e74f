//! Lanes: the lease of an identity, its fencing token, and the clock that hands out createdAt.

use jiff::Timestamp;
use skein_domain::Lane;
use skein_domain::ports::{Claim, LaneClock};

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant_opt, micros, micros_opt};
use crate::statement::sql;

pub(crate) async fn ensure(connection: &mut Connection, lane: &str) -> Result<(), StoreError> {
    sql("INSERT INTO lanes (lane) VALUES ($1) ON CONFLICT (lane) DO NOTHING").bind(lane).execute(connection).await?;
    Ok(())
}

/// Leases the lane if nobody holds it; makes it if nobody used it yet.
pub(crate) async fn take(
    connection: &mut Connection,
    lane: Lane,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let row: Option<(i64, Option<i64>)> =
        sql("INSERT INTO lanes (lane, lease_owner, lease_token, lease_until) VALUES ($1, $2, 1, $3)
         ON CONFLICT (lane) DO UPDATE
         SET lease_owner = excluded.lease_owner, lease_token = lanes.lease_token + 1, lease_until = excluded.lease_until
         WHERE lanes.lease_until IS NULL OR lanes.lease_until <= $4
         RETURNING lease_token, last_created_at")
        .bind(lane.as_str())
        .bind(owner)
        .bind(micros(until))
        .bind(micros(now))
        .fetch_optional(connection)
        .await?;
    let Some((token, last_created_at)) = row else { return Ok(None) };
    Ok(Some(Claim { lane, token, until, last_created_at: instant_opt(last_created_at)? }))
}

pub(crate) async fn renew(connection: &mut Connection, claim: &Claim, until: Timestamp) -> Result<(), StoreError> {
    let done =
        sql("UPDATE lanes SET lease_until = $3 WHERE lane = $1 AND lease_token = $2 AND lease_until IS NOT NULL")
            .bind(claim.lane.as_str())
            .bind(claim.token)
            .bind(micros(until))
            .execute(connection)
            .await?;
    if done == 0 { Err(StoreError::Lost) } else { Ok(()) }
}

/// The token stays: it must keep rising.
pub(crate) async fn release(connection: &mut Connection, claim: &Claim) -> Result<(), StoreError> {
    sql("UPDATE lanes SET lease_owner = NULL, lease_until = NULL WHERE lane = $1 AND lease_token = $2")
        .bind(claim.lane.as_str())
        .bind(claim.token)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps others from claiming the lane, and from writing under a claim of it, until the transaction ends. Gives its token.
pub(crate) async fn lock(connection: &mut Connection, lane: &Lane) -> Result<Option<i64>, StoreError> {
    sql("SELECT lease_token FROM lanes WHERE lane = $1")
        .bind(lane.as_str())
        .locking("FOR NO KEY UPDATE")
        .fetch_value(connection)
        .await
}

/// `Lost` unless the token is the newest of the lane. Its answer holds until the transaction ends.
pub(crate) async fn check_token(connection: &mut Connection, lane: &Lane, token: i64) -> Result<(), StoreError> {
    let newest = lock(connection, lane).await?;
    if newest == Some(token) { Ok(()) } else { Err(StoreError::Lost) }
}

/// Moves the clock forward if it still is where the writer found it.
pub(crate) async fn move_clock(connection: &mut Connection, lane: &Lane, clock: LaneClock) -> Result<(), StoreError> {
    let (was, to) = clock;
    if was.is_some_and(|was| to <= was) {
        return Err(StoreError::Invalid(format!("the clock of lane {lane} only moves forward")));
    }
    let done = sql("UPDATE lanes SET last_created_at = $3
         WHERE lane = $1 AND ((last_created_at IS NULL AND $2 IS NULL) OR last_created_at = $2)")
    .bind(lane.as_str())
    .bind(micros_opt(was))
    .bind(micros(to))
    .execute(connection)
    .await?;
    if done == 0 { Err(StoreError::Lost) } else { Ok(()) }
}
