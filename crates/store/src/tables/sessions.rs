//! Sessions of identities on services: ciphertext, version, and the lease of whoever refreshes.

use jiff::Timestamp;

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::micros;
use crate::statement::sql;

/// The ciphertext and version of a session that was not forgotten.
pub(crate) async fn get(
    connection: &mut Connection,
    did: &str,
    service: &str,
) -> Result<Option<(Vec<u8>, i64)>, StoreError> {
    sql("SELECT ciphertext, version FROM sessions WHERE did = $1 AND service = $2 AND ciphertext IS NOT NULL")
        .bind(did)
        .bind(service)
        .fetch_optional(connection)
        .await
}

/// Keeps a session where there is none; returns its version, or `Lost` when there is one.
pub(crate) async fn put_first(
    connection: &mut Connection,
    did: &str,
    service: &str,
    ciphertext: &[u8],
) -> Result<i64, StoreError> {
    sql("INSERT INTO sessions (did, service, ciphertext, version) VALUES ($1, $2, $3, 1)
         ON CONFLICT (did, service) DO UPDATE SET ciphertext = excluded.ciphertext, version = sessions.version + 1
         WHERE sessions.ciphertext IS NULL
         RETURNING version")
    .bind(did)
    .bind(service)
    .bind(ciphertext)
    .fetch_value(connection)
    .await?
    .ok_or(StoreError::Lost)
}

/// Replaces the session of that version; returns the next version, or `Lost`.
pub(crate) async fn replace(
    connection: &mut Connection,
    did: &str,
    service: &str,
    ciphertext: &[u8],
    expected_version: i64,
) -> Result<i64, StoreError> {
    sql("UPDATE sessions SET ciphertext = $3, version = version + 1
         WHERE did = $1 AND service = $2 AND version = $4 AND ciphertext IS NOT NULL
         RETURNING version")
    .bind(did)
    .bind(service)
    .bind(ciphertext)
    .bind(expected_version)
    .fetch_value(connection)
    .await?
    .ok_or(StoreError::Lost)
}

/// A lease outlives what it was taken for: its holder still runs, and gives it back.
pub(crate) async fn forget(connection: &mut Connection, did: &str, service: &str) -> Result<(), StoreError> {
    sql("UPDATE sessions SET ciphertext = NULL, version = version + 1
         WHERE did = $1 AND service = $2 AND ciphertext IS NOT NULL")
    .bind(did)
    .bind(service)
    .execute(connection)
    .await?;
    Ok(())
}

/// Leases the refresh, or renews the owner's own lease; `false` while somebody else holds it.
pub(crate) async fn lease_refresh(
    connection: &mut Connection,
    did: &str,
    service: &str,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let done = sql("INSERT INTO sessions (did, service, version, lease_owner, lease_until) VALUES ($1, $2, 0, $3, $4)
         ON CONFLICT (did, service) DO UPDATE
         SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
         WHERE sessions.lease_until IS NULL OR sessions.lease_until <= $5
            OR sessions.lease_owner = excluded.lease_owner")
    .bind(did)
    .bind(service)
    .bind(owner)
    .bind(micros(until))
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(done > 0)
}

pub(crate) async fn release_refresh(
    connection: &mut Connection,
    did: &str,
    service: &str,
    owner: &str,
) -> Result<(), StoreError> {
    sql("UPDATE sessions SET lease_owner = NULL, lease_until = NULL
         WHERE did = $1 AND service = $2 AND lease_owner = $3")
    .bind(did)
    .bind(service)
    .bind(owner)
    .execute(connection)
    .await?;
    Ok(())
}
