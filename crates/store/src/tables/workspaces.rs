//! Workspaces. `personal` is made by the first migration; others when something is first kept in them.

use skein_domain::WorkspaceId;

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
