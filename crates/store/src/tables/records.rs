//! Addresses that were allotted to deliveries: no two deliveries of a lane ever share one.

use skein_domain::{DeliveryId, Lane, RecordRef};

use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::sql;

/// Makes the given addresses those of the delivery, in place of what it had before.
pub(crate) async fn allot(
    connection: &mut Connection,
    lane: &Lane,
    delivery: &DeliveryId,
    records: &[RecordRef],
) -> Result<(), StoreError> {
    if of_delivery(connection, delivery).await? == records {
        return Ok(());
    }
    sql("DELETE FROM records WHERE delivery = $1").bind(delivery.as_str()).execute(connection).await?;
    for (part, record) in records.iter().enumerate() {
        let done = sql(
            "INSERT INTO records (lane, uri, cid, delivery, part) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (lane, uri) DO NOTHING",
        )
        .bind(lane.as_str())
        .bind(&record.uri)
        .bind(&record.cid)
        .bind(delivery.as_str())
        .bind(i64::try_from(part).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
        if done == 0 {
            return Err(StoreError::Invalid(format!("the address {} is already allotted in lane {lane}", record.uri)));
        }
    }
    Ok(())
}

/// The addresses of a delivery, in the order of its parts.
pub(crate) async fn of_delivery(
    connection: &mut Connection,
    delivery: &DeliveryId,
) -> Result<Vec<RecordRef>, StoreError> {
    let rows: Vec<(String, String)> = sql("SELECT uri, cid FROM records WHERE delivery = $1 ORDER BY part")
        .bind(delivery.as_str())
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(uri, cid)| RecordRef { uri, cid }).collect())
}
