//! A database that the first slice of Skein made (commit 2a61d3b, before anything was ever migrated) opens and goes on.
//!
//! It was made there by its own command line, in a sandbox of seed 1: alice.test published a post, has a post and a thread due in
//! November 2031, canceled one, and was killed right after it had armed another; bob.test has a post and is held. The key in
//! `key` opens nothing else.

use skein_e2e::rig::Rig;
use skein_sandbox::{Sandbox, SandboxAccount};

use crate::options;

const DATABASE: &[u8] = include_bytes!("first_slice/database");
const KEY: &[u8] = include_bytes!("first_slice/key");

const POST: &str = "app.bsky.feed.post";
const PUBLISHED: &str = "post_06h02v68zyse";
const SINGLE: &str = "post_06h02v69sbrp";
const THREAD: &str = "post_06h02v6ac29s";
const CANCELED: &str = "post_06h02v6aytdk";
const HELD: &str = "post_06h02v6c17q5";
const ARMED: &str = "post_06h02v6d9fth";

struct Upgraded {
    sandbox: Sandbox,
    alice: SandboxAccount,
    rig: Rig,
}

impl Upgraded {
    /// The same two people, in a sandbox of today: it gives them the same DIDs, since its seed is the same.
    async fn set() -> Self {
        let sandbox = Sandbox::start(options()).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url())
            .with_data(&[("skein.db", DATABASE), ("master.key", KEY)]);
        Self { sandbox, alice, rig }
    }

    async fn log_in(&self) {
        self.rig.login("alice.test", self.sandbox.url(), &self.alice.app_password).await.exits(0);
        // As it was there: her login drew from the seed, too.
        let bob = self.sandbox.create_account("bob.test").unwrap();
        self.rig.login("bob.test", self.sandbox.url(), &bob.app_password).await.exits(0);
        let accounts = self.rig.run(&["accounts"]).await.exits(0).stdout;
        assert_eq!(accounts.matches("bob.test").count(), 1, "he has another DID: {accounts}");
    }

    /// What is public, in the order of its addresses.
    fn texts(&self, handle: &str) -> Vec<String> {
        let values = self.sandbox.values(handle, POST).unwrap();
        values.into_iter().map(|value| value["text"].as_str().unwrap().to_owned()).collect()
    }

    async fn status(&self, post: &str) -> String {
        let shown = self.rig.run(&["queue", "show", post, "--json"]).await.json();
        shown["deliveries"][0]["state"].as_str().unwrap_or_else(|| panic!("{shown:#}")).to_owned()
    }
}

#[tokio::test]
async fn all_that_the_first_slice_kept_is_there() {
    let upgraded = Upgraded::set().await;
    let states = [
        (PUBLISHED, "published"),
        (SINGLE, "scheduled"),
        (THREAD, "scheduled"),
        (CANCELED, "canceled"),
        (HELD, "blocked"),
        (ARMED, "publishing"),
    ];
    for (post, state) in states {
        assert_eq!(upgraded.status(post).await, state, "{post}");
    }
    let receipt = upgraded.rig.run(&["receipt", PUBLISHED, "--json"]).await.exits(0).json();
    assert_eq!(receipt["settled"], "answered", "{receipt:#}");
    let accounts = upgraded.rig.run(&["accounts"]).await.exits(0).stdout;
    assert!(accounts.contains("alice.test") && accounts.contains("bob.test"), "{accounts}");
    // A second time there is nothing to migrate.
    upgraded.rig.run(&["queue", "list", "--all"]).await.exits(0);
}

#[tokio::test]
async fn what_waited_goes_out_and_what_is_in_doubt_is_asked() {
    let upgraded = Upgraded::set().await;
    upgraded.log_in().await;
    let rig = &upgraded.rig;

    let mut serve = rig.serve(&[]);
    // Its repository has another head than when it was armed, so nobody can know.
    serve.reaches("needs_review").await;
    let told = rig.run(&["queue", "show", ARMED]).await.stdout;
    assert!(told.contains("may have been published and deleted"), "{told}");

    rig.run(&["queue", "move", SINGLE, "in 1s"]).await.exits(0);
    serve.reaches("published").await;
    rig.run(&["queue", "move", THREAD, "in 1s"]).await.exits(0);
    serve.reaches("published").await;
    rig.run(&["release", "bob.test"]).await.exits(0);
    rig.run(&["queue", "move", HELD, "in 1s"]).await.exits(0);
    serve.reaches("published").await;
    rig.run(&["queue", "review", ARMED, "--resend"]).await.exits(6);
    serve.reaches("published").await;
    serve.end().await;

    // What a person resends keeps the address that it had in the first slice, which sorts before the others.
    assert_eq!(upgraded.texts("alice.test"), ["Was being sent", "Due in 2031", "One", "Two", "Three"]);
    assert_eq!(upgraded.texts("bob.test"), ["Held"]);
    assert_eq!(upgraded.status(CANCELED).await, "canceled");
}
