use serde::{Deserialize, Serialize};

use crate::syntax::{AtUri, Cid};

/// One version of one record (`com.atproto.repo.strongRef`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StrongRef {
    /// Where the record is.
    pub uri: AtUri,
    /// Its exact content.
    pub cid: Cid,
}

/// What a post answers (`app.bsky.feed.post#replyRef`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyRef {
    /// The first post of the thread: the parent's own root, or the parent itself where it has none.
    pub root: StrongRef,
    /// The post that is answered.
    pub parent: StrongRef,
}
