//! Accounts that were asked for.

use jiff::Timestamp;

use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, micros};
use crate::profiles::KnownProfile;
use crate::statement::sql;

pub(crate) const BY_ACTOR: &str = "SELECT actor, handle, view, gone, asked_at FROM profiles WHERE actor = $1";
pub(crate) const BY_HANDLE: &str = "SELECT actor, handle, view, gone, asked_at FROM profiles WHERE handle = $1";

type Row = (String, Option<String>, Option<String>, Option<String>, i64);

pub(crate) async fn by_actor(connection: &mut Connection, actor: &str) -> Result<Option<KnownProfile>, StoreError> {
    read(sql(BY_ACTOR).bind(actor).fetch_optional(connection).await?)
}

pub(crate) async fn by_handle(connection: &mut Connection, handle: &str) -> Result<Option<KnownProfile>, StoreError> {
    read(sql(BY_HANDLE).bind(handle).fetch_optional(connection).await?)
}

fn read(row: Option<Row>) -> Result<Option<KnownProfile>, StoreError> {
    let Some((actor, handle, view, gone, asked_at)) = row else { return Ok(None) };
    let asked_at = instant(asked_at)?;
    Ok(Some(KnownProfile { actor, handle, view, gone, asked_at }))
}

/// Takes the handle from whoever else has it. A row that was known by it alone goes away.
pub(crate) async fn release_handle(
    connection: &mut Connection,
    known: &KnownProfile,
) -> Result<Option<String>, StoreError> {
    sql("DELETE FROM profiles WHERE actor = $1 AND actor <> $2")
        .bind(&known.handle)
        .bind(&known.actor)
        .execute(connection)
        .await?;
    let lost = sql("UPDATE profiles SET handle = NULL WHERE handle = $1 AND actor <> $2 RETURNING actor")
        .bind(&known.handle)
        .bind(&known.actor)
        .fetch_value(connection)
        .await?;
    Ok(lost)
}

pub(crate) async fn put(connection: &mut Connection, known: &KnownProfile) -> Result<(), StoreError> {
    sql("INSERT INTO profiles (actor, handle, view, gone, asked_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (actor) DO UPDATE SET handle = excluded.handle, view = excluded.view, gone = excluded.gone,
             asked_at = excluded.asked_at")
    .bind(&known.actor)
    .bind(&known.handle)
    .bind(&known.view)
    .bind(&known.gone)
    .bind(micros(known.asked_at))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn forget_before(connection: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    sql("DELETE FROM profiles WHERE asked_at < $1").bind(micros(before)).execute(connection).await
}
