//! `skein delete`: what was published is taken back, once or however often it is asked for.

use serde_json::json;
use skein_sandbox::{AccountState, Fault, FaultOrder};

use crate::{APPLY_WRITES, Scene, delivery};

const COLLECTIONS: [&str; 3] = ["app.bsky.feed.post", "app.bsky.feed.threadgate", "app.bsky.feed.postgate"];

/// A thread of two parts with all its gates is public.
async fn published() -> Scene {
    let scene = Scene::set().await;
    let file = scene.rig.file("thread.txt", "One\n---\nTwo");
    scene.rig.run(&["thread", &file, "--reply-gate", "nobody", "--no-quotes"]).await.exits(0);
    assert_eq!(scene.left(), 5);
    scene
}

impl Scene {
    fn left(&self) -> usize {
        COLLECTIONS.iter().map(|of| self.sandbox.records(&self.alice.did, of).unwrap().len()).sum()
    }
}

#[tokio::test]
async fn a_thread_is_deleted_with_its_gates_and_keeps_its_receipt() {
    let scene = published().await;
    let deleted = scene.rig.run(&["delete", "last", "--yes", "--json"]).await.exits(0).json();
    assert_eq!((&deleted["status"], &delivery(&deleted)["state"]), (&json!("removed"), &json!("removed")));
    assert_eq!(scene.left(), 0);
    let story = scene.story().await;
    for words in ["Taken back", "it was public and was taken back", "removed"] {
        assert!(story.contains(words), "{story}");
    }
    let receipt = scene.rig.run(&["receipt", "last"]).await.exits(0).stdout;
    for words in ["Published as @alice.test", "Taken back since", "part 2"] {
        assert!(receipt.contains(words), "{receipt}");
    }
    let again = scene.rig.run(&["delete", "last", "--yes"]).await.exits(0).stdout;
    assert!(again.contains("deleted before"), "{again}");
}

#[tokio::test]
async fn whatever_becomes_of_the_request_it_ends_deleted() {
    for fault in [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::ServerErrorBefore,
        Fault::ServerErrorAfter,
        Fault::BadGatewayAfter,
        Fault::Garbled,
    ] {
        let scene = published().await;
        scene.order(FaultOrder::new(APPLY_WRITES, fault.clone()));
        let told = scene.rig.run(&["delete", "last", "--yes"]).await.exits(0).stdout;
        assert!(told.contains("5 records are gone"), "{fault:?}: {told}");
        assert_eq!((scene.left(), scene.sandbox.faults().report().fired.len()), (0, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_its_author_deleted_elsewhere_is_no_obstacle() {
    let scene = published().await;
    for collection in ["app.bsky.feed.post", "app.bsky.feed.threadgate"] {
        let uri = scene.sandbox.records(&scene.alice.did, collection).unwrap().remove(0);
        scene.sandbox.delete_as_author(&uri).unwrap();
    }
    scene.rig.run(&["delete", "last", "--yes"]).await.exits(0);
    assert_eq!(scene.left(), 0);
}

#[tokio::test]
async fn nothing_is_deleted_without_a_yes_and_nothing_that_is_not_public() {
    let scene = published().await;
    let asked = scene.rig.run(&["delete", "last", "--json"]).await.exits(2).json();
    assert_eq!(asked["errors"][0]["code"], "not_confirmed", "{asked:#}");
    assert_eq!(scene.left(), 5);
    scene.rig.run(&["post", "Later", "--at", "in 1h"]).await.exits(6);
    let refused = scene.rig.run(&["delete", "last", "--yes", "--json"]).await.exits(1).json();
    assert_eq!(refused["errors"][0]["code"], "not_published", "{refused:#}");
}

#[tokio::test]
async fn an_account_that_cannot_write_keeps_its_post_and_says_why() {
    let scene = published().await;
    scene.sandbox.set_account_state("alice.test", AccountState::Deactivated).unwrap();
    let refused = scene.rig.run(&["delete", "last", "--yes", "--json"]).await.exits(4).json();
    assert_eq!((&refused["status"], &delivery(&refused)["state"]), (&json!("published"), &json!("published")));
    assert_eq!(refused["errors"][0]["category"], "account_issue", "{refused:#}");
    scene.sandbox.set_account_state("alice.test", AccountState::Active).unwrap();
    scene.rig.run(&["delete", "last", "--yes"]).await.exits(0);
    assert_eq!(scene.left(), 0);
}
