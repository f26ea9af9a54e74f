//! The name of the master key that the secrets of this database were made with.

use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::sql;

/// The name and the check value of the key, if one was ever used.
pub(crate) async fn get(connection: &mut Connection) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    sql("SELECT key_id, check_value FROM vault_keys").fetch_optional(connection).await
}

pub(crate) async fn insert(connection: &mut Connection, key_id: &str, check_value: &[u8]) -> Result<(), StoreError> {
    sql("INSERT INTO vault_keys (key_id, check_value) VALUES ($1, $2)")
        .bind(key_id)
        .bind(check_value)
        .execute(connection)
        .await?;
    Ok(())
}
