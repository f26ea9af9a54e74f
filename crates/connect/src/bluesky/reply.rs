//! What a post answers, and the root of that thread.

use skein_atproto::record::{ReplyRef, StrongRef};

use super::BlueskyConnector;
use super::target::{Address, NoTarget, Role};

impl BlueskyConnector {
    /// Finds the post that is answered, and the root of its thread.
    pub(crate) async fn find_reply(&self, address: &Address) -> Result<ReplyRef, NoTarget> {
        let parent = self.find(address, Role::Answered).await?;
        let root = parent.post().and_then(|post| post.reply).map(|reply| reply.root);
        let parent = parent.reference;
        Ok(ReplyRef { root: root.unwrap_or_else(|| parent.clone()), parent })
    }

    /// Makes sure that what is answered is still there.
    pub(crate) async fn still_answerable(&self, parent: &StrongRef) -> Result<(), NoTarget> {
        self.find_again(parent, Role::Answered).await.map(drop)
    }
}
