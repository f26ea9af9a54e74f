//! Lanes: the lease of an identity, its fencing token, and the clock that hands out createdAt.

use std::collections::{BTreeSet, HashMap};

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

/// Moves the ends of leases; without an end a lease is given back. The token stays: it must keep rising. Returns the lanes whose lease
/// holds: one that was given back is not renewed.
pub(crate) async fn set_ends(
    connection: &mut Connection,
    ends: &[(&str, Option<Timestamp>)],
) -> Result<BTreeSet<String>, StoreError> {
    let mut held = BTreeSet::new();
    for piece in pieces(ends) {
        let mut statement = sql_of_parts(format!(
            "WITH ends (lane, ends_at) AS (VALUES {})
             UPDATE lanes SET lease_until = ends.ends_at, lease_owner = CASE WHEN ends.ends_at IS NOT NULL THEN lanes.lease_owner END
             FROM ends WHERE lanes.lane = ends.lane AND lanes.lease_until IS NOT NULL
             RETURNING lanes.lane",
            rows_of_values(piece.len(), 2)
        ));
        for (lane, until) in piece {
            statement = statement.bind(*lane).bind(micros_opt(*until));
        }
        held.extend(statement.fetch_all::<(String,)>(connection).await?.into_iter().map(|(lane,)| lane));
    }
    Ok(held)
}

/// What becomes of a lane that somebody else has locked. On SQLite nobody has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock {
    Waits,
    PassesOver,
}

/// Keeps others from claiming these lanes, and from writing under a claim of them, until the transaction ends. Gives their tokens.
pub(crate) async fn lock(
    connection: &mut Connection,
    lanes: &[&str],
    lock: Lock,
) -> Result<HashMap<String, i64>, StoreError> {
    let clause = match lock {
        Lock::Waits => "FOR NO KEY UPDATE",
        Lock::PassesOver => "FOR NO KEY UPDATE SKIP LOCKED",
    };
    let mut tokens = HashMap::with_capacity(lanes.len());
    for piece in questions(lanes) {
        let text =
            format!("SELECT lane, lease_token FROM lanes WHERE lane IN ({}) ORDER BY lane", places(1, piece.len()));
        let mut query = sql_of_parts(text).locking(clause);
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
