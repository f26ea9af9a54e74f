//! What is counted of limits.

use crate::StoreError;
use crate::budget::MeterRow;
use crate::dialect::Connection;
use crate::dialect::quick::Quick;
use crate::statement::sql;

const TALLY: &str = "SELECT tally FROM budget WHERE meter = $1 AND whose = $2";

pub(crate) async fn get(connection: &mut Connection, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
    sql(TALLY).bind(row.meter).bind(row.whose).fetch_value(connection).await
}

/// Keeps others from counting there until the transaction ends, if anything was ever counted.
pub(crate) async fn get_locked(connection: &mut Connection, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
    sql(TALLY).bind(row.meter).bind(row.whose).locking("FOR UPDATE").fetch_value(connection).await
}

/// Keeps the first tally of a row; false when there is one already.
pub(crate) async fn put_first(connection: &mut Connection, row: MeterRow<'_>, tally: &str) -> Result<bool, StoreError> {
    let text = "INSERT INTO budget (meter, whose, tally) VALUES ($1, $2, $3) ON CONFLICT (meter, whose) DO NOTHING";
    Ok(sql(text).bind(row.meter).bind(row.whose).bind(tally).execute(connection).await? == 1)
}

pub(crate) async fn put(connection: &mut Connection, row: MeterRow<'_>, tally: &str) -> Result<(), StoreError> {
    let text = "UPDATE budget SET tally = $3 WHERE meter = $1 AND whose = $2";
    sql(text).bind(row.meter).bind(row.whose).bind(tally).execute(connection).await?;
    Ok(())
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
