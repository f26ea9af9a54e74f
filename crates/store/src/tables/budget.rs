//! What is counted of limits.

use crate::StoreError;
use crate::budget::MeterRow;
use crate::dialect::Connection;

pub(crate) async fn get(connection: &mut Connection, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT tally FROM budget WHERE meter = $1 AND whose = $2")
        .bind(row.meter)
        .bind(row.whose)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn put(connection: &mut Connection, row: MeterRow<'_>, tally: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO budget (meter, whose, tally) VALUES ($1, $2, $3)
         ON CONFLICT (meter, whose) DO UPDATE SET tally = excluded.tally",
    )
    .bind(row.meter)
    .bind(row.whose)
    .bind(tally)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn list(connection: &mut Connection) -> Result<Vec<(String, String, String)>, StoreError> {
    Ok(sqlx::query_as("SELECT meter, whose, tally FROM budget ORDER BY meter, whose").fetch_all(connection).await?)
}
