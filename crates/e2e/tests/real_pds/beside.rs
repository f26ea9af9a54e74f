//! What stands beside a text, against the reference PDS: previewed, kept, settled, and deleted again.

use serde_json::{Value, json};
use skein_atproto::record::record_cid;
use skein_testkit::pictures::jpeg;

use crate::Scene;
use crate::preview::fixed;

const POST: &str = "app.bsky.feed.post";
const COLLECTIONS: [&str; 3] = [POST, "app.bsky.feed.threadgate", "app.bsky.feed.postgate"];

impl Scene {
    /// What an account has in a collection.
    async fn listed(&self, did: &str, collection: &str) -> Vec<Value> {
        let params = [("repo", did), ("collection", collection), ("limit", "100")];
        let (status, mut answer) = self.pds.xrpc_get("com.atproto.repo.listRecords", &params, None).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        serde_json::from_value(answer["records"].take()).unwrap()
    }

    /// Bob posts; the address of it.
    async fn bob_posts(&self, options: &[&str]) -> String {
        let command = [&["post", "Bob's words", "--account", "bob.test", "--json"][..], options].concat();
        let posted = self.rig.run(&command).await.exits(0).json();
        posted["deliveries"][0]["uri"].as_str().unwrap().to_owned()
    }

    async fn left(&self) -> usize {
        let mut left = 0;
        for collection in COLLECTIONS {
            left += self.listed(&self.alice.did, collection).await.len();
        }
        left
    }

    /// The owner deletes one record in another app.
    async fn alice_deletes(&self, uri: &str) {
        let [.., collection, rkey] = uri.split('/').collect::<Vec<_>>()[..] else { panic!("{uri}") };
        let token = self.pds.access_token(&self.alice).await.unwrap();
        let body = json!({"repo": self.alice.did, "collection": collection, "rkey": rkey});
        let (status, answer) = self.pds.xrpc_post("com.atproto.repo.deleteRecord", &body, Some(&token)).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
}

#[tokio::test]
async fn real_pds_keeps_a_quote_with_a_picture_labels_tags_and_gates_and_deletes_them() {
    let scene = Scene::set().await;
    let bob = scene.pds.create_account("bob.test").await.unwrap();
    scene.rig.login("bob.test", scene.pds.pds_url(), &bob.app_password).await.exits(0);
    let quoted = scene.bob_posts(&[]).await;
    let closed = scene.bob_posts(&["--no-quotes"]).await;
    let as_alice = ["--account", "alice.test", "--json"];
    let refused = [&["post", "Look", "--quote", &closed][..], &as_alice].concat();
    let refused = scene.rig.run(&refused).await.exits(3).json();
    assert_eq!(refused["errors"][0]["code"], "quote_disabled", "{refused:#}");

    let picture = scene.rig.bytes("picture.jpg", &jpeg(64, 48, 1, None));
    let text = format!(
        "Look at this quote, which says what everybody here has been waiting for\n![A test](<{picture}>)\n---\nTwo"
    );
    let file = scene.rig.file("thread.txt", &text);
    let web = quoted.replace("at://", "https://bsky.app/profile/").replace(POST, "post");
    let beside = ["--quote", &web, "--label", "nudity", "--tag", "rust", "--tag", "two words", "--lang", "auto"];
    let gates = ["--reply-gate", "mentioned,followers", "--no-quotes"];
    let shown = scene.rig.run(&[&["preview", "--thread", &file][..], &beside, &gates, &as_alice].concat()).await;
    let shown = shown.exits(0).json();
    let posted = scene.rig.run(&[&["thread", &file][..], &beside, &gates, &as_alice].concat()).await.exits(0).json();
    let shown = shown["records"].as_array().unwrap();
    let made = posted["deliveries"][0]["records"].as_array().unwrap();
    assert_eq!((shown.len(), made.len()), (5, 5), "{posted:#}");
    for (shown, made) in shown.iter().zip(made) {
        let found = scene.record(made["uri"].as_str().unwrap()).await;
        assert_eq!(fixed(shown, &found["value"]), found["value"]);
        assert_eq!(record_cid(&found["value"]).unwrap().as_str(), found["cid"].as_str().unwrap());
        assert_eq!((&found["uri"], &found["cid"]), (&made["uri"], &made["cid"]));
    }
    let first = scene.record(made[0]["uri"].as_str().unwrap()).await["value"].take();
    assert_eq!(first["embed"]["$type"], "app.bsky.embed.recordWithMedia");
    assert_eq!(first["embed"]["record"]["record"]["uri"], quoted);
    assert_eq!((&first["langs"], &first["tags"]), (&json!(["en"]), &json!(["rust", "two words"])));

    // One part is gone already when the rest is deleted: the server refuses the whole call, and what is left is deleted.
    scene.alice_deletes(made[1]["uri"].as_str().unwrap()).await;
    let deleted = scene.rig.run(&["delete", "last", "--yes", "--json"]).await.exits(0).json();
    assert_eq!(deleted["deliveries"][0]["state"], "removed", "{deleted:#}");
    assert_eq!(scene.left().await, 0);
    scene.rig.run(&["delete", "last", "--yes"]).await.exits(0);
    scene.rig.run(&["receipt", "last"]).await.exits(0);
}
