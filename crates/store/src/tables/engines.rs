//! Signs of life of engines.

use jiff::Timestamp;

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant_opt, micros};
use crate::statement::sql;

/// Whether it is the first one of this engine.
pub(crate) async fn beat(connection: &mut Connection, owner: &str, now: Timestamp) -> Result<bool, StoreError> {
    let again = sql("UPDATE engines SET seen_at = $2 WHERE owner = $1").bind(owner).bind(micros(now));
    if again.execute(connection).await? > 0 {
        return Ok(false);
    }
    sql(
        "INSERT INTO engines (owner, seen_at) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at",
    )
    .bind(owner)
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(true)
}

pub(crate) async fn last_beat(connection: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    instant_opt(sql("SELECT MAX(seen_at) FROM engines").fetch_value(connection).await?.flatten())
}

pub(crate) async fn end(connection: &mut Connection, owner: &str) -> Result<(), StoreError> {
    sql("DELETE FROM engines WHERE owner = $1").bind(owner).execute(connection).await?;
    Ok(())
}
