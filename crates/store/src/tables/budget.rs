//! What is counted of limits.

use std::collections::HashMap;

use crate::StoreError;
use crate::budget::MeterRow;
use crate::dialect::Connection;
use crate::dialect::quick::Quick;
use crate::statement::{pieces, questions, rows_of_values, sql, sql_of_parts};

/// What is counted, and of whom.
pub(crate) type Row = (String, String);

const TALLY: &str = "SELECT tally FROM budget WHERE meter = $1 AND whose = $2";

pub(crate) async fn get(connection: &mut Connection, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
    sql(TALLY).bind(row.meter).bind(row.whose).fetch_value(connection).await
}

/// What these rows hold, of those where anything was ever counted.
pub(crate) async fn get_many(connection: &mut Connection, rows: &[Row]) -> Result<HashMap<Row, String>, StoreError> {
    read_many(connection, rows, "").await
}

/// The same; nobody else counts there until the transaction ends.
pub(crate) async fn get_many_locked(
    connection: &mut Connection,
    rows: &[Row],
) -> Result<HashMap<Row, String>, StoreError> {
    read_many(connection, rows, "FOR UPDATE").await
}

async fn read_many(
    connection: &mut Connection,
    rows: &[Row],
    clause: &'static str,
) -> Result<HashMap<Row, String>, StoreError> {
    let mut found = HashMap::new();
    for piece in questions(rows) {
        let mut query = sql_of_parts(format!(
            "SELECT meter, whose, tally FROM budget WHERE (meter, whose) IN (VALUES {}) ORDER BY meter, whose",
            rows_of_values(piece.len(), 2)
        ))
        .locking(clause);
        for (meter, whose) in piece {
            query = query.bind(meter).bind(whose);
        }
        let read: Vec<(String, String, String)> = query.fetch_all(connection).await?;
        found.extend(read.into_iter().map(|(meter, whose, tally)| ((meter, whose), tally)));
    }
    Ok(found)
}

/// Keeps the tallies of rows that are there.
pub(crate) async fn put_many(connection: &mut Connection, rows: &[(&Row, &str)]) -> Result<(), StoreError> {
    insert_many(connection, rows, "ON CONFLICT (meter, whose) DO UPDATE SET tally = excluded.tally").await.map(drop)
}

/// Keeps the first tallies of rows. Returns of how many: the others have one already.
pub(crate) async fn put_first_many(connection: &mut Connection, rows: &[(&Row, &str)]) -> Result<usize, StoreError> {
    insert_many(connection, rows, "ON CONFLICT (meter, whose) DO NOTHING").await
}

async fn insert_many(connection: &mut Connection, rows: &[(&Row, &str)], conflict: &str) -> Result<usize, StoreError> {
    let mut done = 0;
    for piece in pieces(rows) {
        let values = rows_of_values(piece.len(), 3);
        let mut insert = sql_of_parts(format!("INSERT INTO budget (meter, whose, tally) VALUES {values} {conflict}"));
        for ((meter, whose), tally) in piece {
            insert = insert.bind(meter).bind(whose).bind(*tally);
        }
        done += insert.execute(connection).await?;
    }
    Ok(usize::try_from(done).unwrap_or(0))
}

/// A row with what it holds and what it is to hold.
type Change<'a> = (MeterRow<'a>, &'a str, &'a str);

/// Whether the row held `before`; then it holds `after`. `None`, here and below: see [`Quick`].
pub(crate) fn replace_one(quick: &Quick, (row, before, after): Change<'_>) -> Option<bool> {
    let sql = "UPDATE budget SET tally = ?4 WHERE meter = ?1 AND whose = ?2 AND tally = ?3";
    quick.execute(sql, &[row.meter, row.whose, before, after]).map(|rows| rows == 1)
}

/// The same, if another row holds what it is thought to hold.
pub(crate) fn replace_beside(
    quick: &Quick,
    (row, before, after): Change<'_>,
    (other, same): (MeterRow<'_>, &str),
) -> Option<bool> {
    let sql = "UPDATE budget SET tally = ?4 WHERE meter = ?1 AND whose = ?2 AND tally = ?3
        AND EXISTS (SELECT 1 FROM budget WHERE meter = ?5 AND whose = ?6 AND tally = ?7)";
    let values = [row.meter, row.whose, before, after, other.meter, other.whose, same];
    quick.execute(sql, &values).map(|rows| rows == 1)
}

/// The same for two rows, both or none.
pub(crate) fn replace_two(
    quick: &Quick,
    (one, before, after): Change<'_>,
    (other, before_other, after_other): Change<'_>,
) -> Option<bool> {
    let sql = "UPDATE budget SET tally = CASE WHEN meter = ?1 AND whose = ?2 THEN ?4 ELSE ?8 END
        WHERE (meter, whose) IN (VALUES (?1, ?2), (?5, ?6))
        AND EXISTS (SELECT 1 FROM budget WHERE meter = ?1 AND whose = ?2 AND tally = ?3)
        AND EXISTS (SELECT 1 FROM budget WHERE meter = ?5 AND whose = ?6 AND tally = ?7)";
    let values = [one.meter, one.whose, before, after, other.meter, other.whose, before_other, after_other];
    quick.execute(sql, &values).map(|rows| rows == 2)
}

pub(crate) async fn list(connection: &mut Connection) -> Result<Vec<(String, String, String)>, StoreError> {
    sql("SELECT meter, whose, tally FROM budget ORDER BY meter, whose").fetch_all(connection).await
}
