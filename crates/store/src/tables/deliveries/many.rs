//! Many deliveries at once: what a hundred lanes write in the same moment costs one statement, and one flush to the disk.

use super::row::{Columns, names};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::{pieces, rows_of_values, sql_of_parts};

/// Values of a row.
const WIDTH: usize = 17;

/// A row as it shall be, and the version that it replaces.
pub(crate) type Replaced<'a> = (&'a Columns, i64);

/// The same as `replace` for each. Returns how many rows still were as they were thought to be.
pub(crate) async fn replace_many(connection: &mut Connection, replaced: &[Replaced<'_>]) -> Result<u64, StoreError> {
    let mut done = 0;
    for piece in pieces(replaced) {
        let mut statement = sql_of_parts(replace_sql(piece.len()));
        for (new, from_version) in piece {
            statement = new.bind(statement).bind(*from_version);
        }
        done += statement.execute(connection).await?;
    }
    Ok(done)
}

fn replace_sql(count: usize) -> String {
    format!(
        "WITH new ({}, from_version) AS (VALUES {})
         UPDATE deliveries SET version = new.version, due = new.due, grace_ms = new.grace_ms, content = new.content,
             prepared = new.prepared, state = new.state, state_json = new.state_json, wake_at = new.wake_at,
             armed_at = new.armed_at, settled_at = new.settled_at, attempts = new.attempts, lead_ms = new.lead_ms
         FROM new
         WHERE deliveries.id = new.id AND deliveries.version = new.from_version AND deliveries.post = new.post
           AND deliveries.account = new.account AND deliveries.lane = new.lane",
        names!(),
        rows_of_values(count, WIDTH)
    )
}
