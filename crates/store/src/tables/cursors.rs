//! How far lists were read.

use jiff::Timestamp;

use crate::StoreError;
use crate::cursors::Place;
use crate::dialect::Connection;
use crate::instants::micros;
use crate::statement::sql;

pub(crate) async fn get(connection: &mut Connection, place: &Place<'_>) -> Result<Option<String>, StoreError> {
    sql("SELECT cursor FROM cursors WHERE account = $1 AND method = $2 AND name = $3")
        .bind(place.account)
        .bind(place.method)
        .bind(place.name)
        .fetch_value(connection)
        .await
}

pub(crate) async fn put(
    connection: &mut Connection,
    place: &Place<'_>,
    cursor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql("INSERT INTO cursors (account, method, name, cursor, saved_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account, method, name) DO UPDATE SET cursor = excluded.cursor, saved_at = excluded.saved_at")
    .bind(place.account)
    .bind(place.method)
    .bind(place.name)
    .bind(cursor)
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn forget(connection: &mut Connection, place: &Place<'_>) -> Result<(), StoreError> {
    sql("DELETE FROM cursors WHERE account = $1 AND method = $2 AND name = $3")
        .bind(place.account)
        .bind(place.method)
        .bind(place.name)
        .execute(connection)
        .await?;
    Ok(())
}
