//! How far the uploads of videos are, and who is at work on them.

use jiff::Timestamp;

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant_opt, micros, micros_opt};
use crate::statement::sql;
use crate::videos::{KeptUpload, UploadLease, VideoFile};

pub(crate) async fn get(connection: &mut Connection, of: VideoFile<'_>) -> Result<Option<KeptUpload>, StoreError> {
    let row: Option<(String, Option<i64>)> =
        sql("SELECT state, done_at FROM video_uploads WHERE did = $1 AND file = $2 AND state IS NOT NULL")
            .bind(of.did)
            .bind(of.file)
            .fetch_optional(connection)
            .await?;
    let Some((state, done_at)) = row else { return Ok(None) };
    Ok(Some(KeptUpload { state, done_at: instant_opt(done_at)? }))
}

pub(crate) async fn lease(
    connection: &mut Connection,
    of: VideoFile<'_>,
    lease: UploadLease<'_>,
) -> Result<bool, StoreError> {
    let done =
        sql("INSERT INTO video_uploads (did, file, changed_at, lease_owner, lease_until) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (did, file) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
         WHERE video_uploads.lease_owner IS NULL OR video_uploads.lease_owner = excluded.lease_owner
            OR video_uploads.lease_until <= $3")
        .bind(of.did)
        .bind(of.file)
        .bind(micros(lease.now))
        .bind(lease.owner)
        .bind(micros(lease.until))
        .execute(connection)
        .await?;
    Ok(done > 0)
}

pub(crate) async fn keep(
    connection: &mut Connection,
    of: VideoFile<'_>,
    kept: &KeptUpload,
    lease: UploadLease<'_>,
) -> Result<bool, StoreError> {
    let done = sql("UPDATE video_uploads SET state = $3, done_at = $4, changed_at = $5, lease_until = $6
         WHERE did = $1 AND file = $2 AND lease_owner = $7")
    .bind(of.did)
    .bind(of.file)
    .bind(&kept.state)
    .bind(micros_opt(kept.done_at))
    .bind(micros(lease.now))
    .bind(micros(lease.until))
    .bind(lease.owner)
    .execute(connection)
    .await?;
    Ok(done > 0)
}

pub(crate) async fn release(connection: &mut Connection, of: VideoFile<'_>, owner: &str) -> Result<(), StoreError> {
    sql("UPDATE video_uploads SET lease_owner = NULL, lease_until = NULL
         WHERE did = $1 AND file = $2 AND lease_owner = $3")
    .bind(of.did)
    .bind(of.file)
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn forget_done(connection: &mut Connection, did: &str) -> Result<(), StoreError> {
    sql("DELETE FROM video_uploads WHERE did = $1 AND done_at IS NOT NULL").bind(did).execute(connection).await?;
    Ok(())
}

pub(crate) async fn forget_old(
    connection: &mut Connection,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql("DELETE FROM video_uploads WHERE changed_at < $1 AND (lease_until IS NULL OR lease_until <= $2)")
        .bind(micros(before))
        .bind(micros(now))
        .execute(connection)
        .await?;
    Ok(())
}
