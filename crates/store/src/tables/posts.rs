//! Posts as their authors wrote them.

use skein_domain::ports::ContentHash;
use skein_domain::{Named, Post, PostId, PostName, WorkspaceId};

use super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, micros};

/// Sorts after every character of an id.
const AFTER_EVERY_ID: &str = "~";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    workspace: String,
    name: Option<String>,
    body_hash: Option<String>,
    draft: String,
    due: i64,
    zone: String,
    submitted_at: i64,
}

impl Row {
    fn read(self) -> Result<Post, StoreError> {
        let row = format!("post {}", self.id);
        let named = match (&self.name, &self.body_hash) {
            (Some(name), Some(hash)) => Some(Named {
                name: PostName::parse(name).map_err(|error| unreadable(&row, "name", error))?,
                body: ContentHash::parse(hash).map_err(|error| unreadable(&row, "body_hash", error))?,
            }),
            _ => None,
        };
        Ok(Post {
            id: PostId::parse(&self.id).map_err(|error| unreadable(&row, "id", error))?,
            workspace: WorkspaceId::parse(&self.workspace).map_err(|error| unreadable(&row, "workspace", error))?,
            named,
            draft: from_json(&self.draft, &row, "draft")?,
            due: instant(self.due).map_err(|error| unreadable(&row, "due", error))?,
            zone: self.zone,
            submitted_at: instant(self.submitted_at).map_err(|error| unreadable(&row, "submitted_at", error))?,
        })
    }
}

pub(crate) async fn insert(connection: &mut Connection, post: &Post) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO posts (id, workspace, name, body_hash, draft, due, zone, submitted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(post.id.as_str())
    .bind(post.workspace.as_str())
    .bind(post.named.as_ref().map(|named| named.name.as_str()))
    .bind(post.named.as_ref().map(|named| named.body.as_str()))
    .bind(to_json(&post.draft, "the draft")?)
    .bind(micros(post.due))
    .bind(&post.zone)
    .bind(micros(post.submitted_at))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn named(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    name: &PostName,
) -> Result<Option<Post>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts
         WHERE workspace = $1 AND name = $2",
    )
    .bind(workspace.as_str())
    .bind(name.as_str())
    .fetch_optional(connection)
    .await?
    .map(Row::read)
    .transpose()
}

pub(crate) async fn get(connection: &mut Connection, id: &PostId) -> Result<Post, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts WHERE id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| StoreError::NotFound(format!("post {id}")))?
    .read()
}

/// Ids begin with the instant at which they were made, so their order is that of the posts.
pub(crate) async fn list(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    prefix: &str,
    at_most: usize,
) -> Result<Vec<Post>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts
         WHERE workspace = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4",
    )
    .bind(workspace.as_str())
    .bind(prefix)
    .bind(format!("{prefix}{AFTER_EVERY_ID}"))
    .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}
