//! Lanes: the lease of an identity, its fencing token, and the clock that hands out createdAt.

use std::collections::HashMap;

use jiff::Timestamp;
use skein_domain::Lane;
use skein_domain::ports::{Claim, LaneClock};

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant_opt, micros, micros_opt};
use crate::statement::{pieces, places, questions, rows_of_values, sql, sql_of_parts};

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

/// Keeps others from claiming these lanes, and from writing under a claim of them, until the transaction ends. Gives their tokens.
pub(crate) async fn lock(connection: &mut Connection, lanes: &[&str]) -> Result<HashMap<String, i64>, StoreError> {
    let mut tokens = HashMap::with_capacity(lanes.len());
    for piece in questions(lanes) {
        let text =
            format!("SELECT lane, lease_token FROM lanes WHERE lane IN ({}) ORDER BY lane", places(1, piece.len()));
        let mut query = sql_of_parts(text).locking("FOR NO KEY UPDATE");
        for lane in piece {
            query = query.bind(*lane);
        }
        tokens.extend(query.fetch_all::<(String, i64)>(connection).await?);
    }
    Ok(tokens)
}

/// Moves the clocks forward that still are where the writers found them. Returns how many.
pub(crate) async fn move_clocks(connection: &mut Connection, moves: &[(&str, LaneClock)]) -> Result<u64, StoreError> {
    let mut done = 0;
    for piece in pieces(moves) {
        let mut statement = sql_of_parts(format!(
            "WITH moves (lane, was, moved) AS (VALUES {})
             UPDATE lanes SET last_created_at = moves.moved FROM moves
             WHERE lanes.lane = moves.lane
               AND (lanes.last_created_at = moves.was OR (lanes.last_created_at IS NULL AND moves.was IS NULL))",
            rows_of_values(piece.len(), 3)
        ));
        for (lane, (was, moved)) in piece {
            statement = statement.bind(*lane).bind(micros_opt(*was)).bind(micros(*moved));
        }
        done += statement.execute(connection).await?;
    }
    Ok(done)
}
