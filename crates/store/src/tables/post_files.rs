//! Which posts need a media file.

use skein_domain::PostId;
use skein_domain::ports::ContentHash;

use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::sql;

/// Notes that a post needs these files; naming one twice is naming it once.
pub(crate) async fn insert(
    connection: &mut Connection,
    post: &PostId,
    files: &[ContentHash],
) -> Result<(), StoreError> {
    for file in files {
        sql("INSERT INTO post_files (file, post) VALUES ($1, $2) ON CONFLICT (file, post) DO NOTHING")
            .bind(file.as_str())
            .bind(post.as_str())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// See `Ledger::needs_file`.
pub(crate) async fn is_needed(connection: &mut Connection, file: &ContentHash) -> Result<bool, StoreError> {
    let found: Option<String> =
        sql("SELECT deliveries.id FROM post_files JOIN deliveries ON deliveries.post = post_files.post
         WHERE post_files.file = $1 AND deliveries.state NOT IN ('published', 'canceled', 'removed') LIMIT 1")
        .bind(file.as_str())
        .fetch_value(connection)
        .await?;
    Ok(found.is_some())
}
