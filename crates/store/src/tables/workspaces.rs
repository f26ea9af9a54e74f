//! Workspaces. `personal` is made by the first migration; others when something is first kept in them.

use skein_domain::{Policy, WorkspaceId};

use super::{from_json, to_json};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::sql;

pub(crate) async fn ensure(connection: &mut Connection, workspace: &WorkspaceId) -> Result<(), StoreError> {
    sql("INSERT INTO workspaces (id) VALUES ($1) ON CONFLICT (id) DO NOTHING")
        .bind(workspace.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// See `Ledger::policy`.
pub(crate) async fn policy(connection: &mut Connection, workspace: &WorkspaceId) -> Result<Policy, StoreError> {
    let kept: Option<Option<String>> =
        sql("SELECT policy FROM workspaces WHERE id = $1").bind(workspace.as_str()).fetch_value(connection).await?;
    let row = || format!("workspace {}", workspace.as_str());
    kept.flatten().map_or_else(|| Ok(Policy::default()), |text| from_json(&text, &row(), "policy"))
}

/// See `Ledger::set_policy`.
pub(crate) async fn set_policy(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    policy: &Policy,
) -> Result<(), StoreError> {
    ensure(connection, workspace).await?;
    let kept = (!policy.is_unsaid()).then(|| to_json(policy, "the policy")).transpose()?;
    sql("UPDATE workspaces SET policy = $1 WHERE id = $2")
        .bind(&kept)
        .bind(workspace.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
