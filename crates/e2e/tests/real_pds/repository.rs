//! An account's repository, observed at the PDS itself, past the proxy and past Skein.

use serde_json::{Value, json};
use skein_testkit::real_pds::{Account, RealPds};

/// Somebody's repository.
pub(crate) struct Repository<'a> {
    pub(crate) pds: &'a RealPds,
    pub(crate) owner: &'a Account,
}

impl Repository<'_> {
    /// All posts, oldest first.
    pub(crate) async fn posts(&self) -> Vec<Value> {
        let params = [("repo", &*self.owner.did), ("collection", "app.bsky.feed.post"), ("limit", "100")];
        let (status, mut answer) = self.pds.xrpc_get("com.atproto.repo.listRecords", &params, None).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let mut records: Vec<Value> = serde_json::from_value(answer["records"].take()).unwrap();
        records.sort_by_key(|record| record["uri"].as_str().unwrap().to_owned());
        records
    }

    /// The CID of the latest commit.
    pub(crate) async fn head(&self) -> String {
        let params = [("did", &*self.owner.did)];
        let (status, answer) = self.pds.xrpc_get("com.atproto.sync.getLatestCommit", &params, None).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        answer["cid"].as_str().unwrap().to_owned()
    }

    /// The owner deletes every post.
    pub(crate) async fn delete_all(&self) {
        let token = self.pds.access_token(self.owner).await.unwrap();
        let deletes: Vec<Value> = self
            .posts()
            .await
            .iter()
            .map(|record| {
                let rkey = record["uri"].as_str().unwrap().rsplit('/').next().unwrap();
                json!({"$type": "com.atproto.repo.applyWrites#delete", "collection": "app.bsky.feed.post", "rkey": rkey})
            })
            .collect();
        assert!(!deletes.is_empty(), "there is nothing to delete");
        let body = json!({"repo": self.owner.did, "writes": deletes});
        let (status, answer) = self.pds.xrpc_post("com.atproto.repo.applyWrites", &body, Some(&token)).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
}
