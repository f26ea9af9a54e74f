//! Many deliveries at once: what a hundred lanes write in the same moment costs one statement, and one flush to the disk.

use super::row::{Bytes, Columns, byte_names, names};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::{pieces, rows_of_values, sql_of_parts};

/// Values of a row without its bytes.
const WIDTH: usize = 15;
/// Values of a row with them.
const WHOLE_WIDTH: usize = WIDTH + 2;

/// A row as it shall be, with its bytes if they change, and the version that it replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replaced<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) bytes: Option<&'a Bytes>,
    pub(crate) from_version: i64,
}

/// Replaces each. Returns how many rows still were as they were thought to be.
pub(crate) async fn replace_many(connection: &mut Connection, replaced: &[Replaced<'_>]) -> Result<u64, StoreError> {
    let (whole, kept): (Vec<_>, Vec<_>) = replaced.iter().copied().partition(|replaced| replaced.bytes.is_some());
    let mut done = 0;
    for (replaced, sql) in [(whole, replace_whole_sql as fn(usize) -> String), (kept, replace_sql)] {
        for piece in pieces(&replaced) {
            let mut statement = sql_of_parts(sql(piece.len()));
            for new in piece {
                statement = new.columns.bind(statement).bind(new.from_version);
                statement = new.bytes.into_iter().fold(statement, |statement, bytes| bytes.bind(statement));
            }
            done += statement.execute(connection).await?;
        }
    }
    Ok(done)
}

fn replace_sql(count: usize) -> String {
    sql_with(concat!(names!(), ", from_version"), "", &rows_of_values(count, WIDTH))
}

fn replace_whole_sql(count: usize) -> String {
    let columns = concat!(names!(), ", from_version, ", byte_names!());
    let bytes = "content = new.content, prepared = new.prepared,";
    sql_with(columns, bytes, &rows_of_values(count, WHOLE_WIDTH))
}

fn sql_with(columns: &str, bytes: &str, values: &str) -> String {
    format!(
        "WITH new ({columns}) AS (VALUES {values})
         UPDATE deliveries SET {bytes} version = new.version, due = new.due, grace_ms = new.grace_ms, state = new.state,
             state_json = new.state_json, wake_at = new.wake_at, armed_at = new.armed_at, settled_at = new.settled_at,
             attempts = new.attempts, lead_ms = new.lead_ms
         FROM new
         WHERE deliveries.id = new.id AND deliveries.version = new.from_version AND deliveries.post = new.post
           AND deliveries.account = new.account AND deliveries.lane = new.lane"
    )
}
