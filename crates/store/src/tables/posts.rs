//! Posts as their authors wrote them.

use skein_domain::ports::ContentHash;
use skein_domain::{Named, Post, PostId, PostName, WorkspaceId};

use super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, micros};
use crate::statement::sql;

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

/// `NameTaken` when the workspace has a post of its name; of two that come at once the later one waits and is told so.
pub(crate) async fn insert(connection: &mut Connection, post: &Post) -> Result<(), StoreError> {
    let inserted = sql("INSERT INTO posts (id, workspace, name, body_hash, draft, due, zone, submitted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (workspace, name) WHERE name IS NOT NULL DO NOTHING")
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
    if inserted == 0 { Err(StoreError::NameTaken) } else { Ok(()) }
}

pub(crate) async fn named(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    name: &PostName,
) -> Result<Option<Post>, StoreError> {
    sql("SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts
         WHERE workspace = $1 AND name = $2")
    .bind(workspace.as_str())
    .bind(name.as_str())
    .fetch_optional::<Row>(connection)
    .await?
    .map(Row::read)
    .transpose()
}

pub(crate) async fn get(connection: &mut Connection, id: &PostId) -> Result<Post, StoreError> {
    sql("SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional::<Row>(connection)
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
    sql("SELECT id, workspace, name, body_hash, draft, due, zone, submitted_at FROM posts
         WHERE workspace = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4")
    .bind(workspace.as_str())
    .bind(prefix)
    .bind(format!("{prefix}{AFTER_EVERY_ID}"))
    .bind(i64::try_from(at_most).unwrap_or(i64::MAX))
    .fetch_all::<Row>(connection)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}
