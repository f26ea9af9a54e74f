//! Signs of life of engines.

use jiff::Timestamp;

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant_opt, micros};

pub(crate) async fn beat(connection: &mut Connection, owner: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO engines (owner, seen_at) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at",
    )
    .bind(owner)
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn last_beat(connection: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    instant_opt(sqlx::query_scalar("SELECT MAX(seen_at) FROM engines").fetch_one(connection).await?)
}

pub(crate) async fn end(connection: &mut Connection, owner: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM engines WHERE owner = $1").bind(owner).execute(connection).await?;
    Ok(())
}
