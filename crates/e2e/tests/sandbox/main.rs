//! Every fault of the sandbox's list ends in the state that the design says.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails the test")]

mod beside;
mod bucket;
mod budget;
mod cards;
mod ceiling;
mod cured;
mod deleting;
mod expired;
mod faults;
mod feed;
mod films;
mod films_fixed;
mod films_stopped;
mod films_upload;
mod held;
mod notices;
mod pictures;
mod policies;
mod profile;
mod reserving;
mod upgrading;
mod watching;
mod workers;
mod writing;

use std::sync::Arc;

use serde_json::Value;
use skein_e2e::rig::{Ran, Rig};
use skein_sandbox::{Fault, FaultOrder, Sandbox, SandboxAccount, SandboxOptions};

const APPLY_WRITES: &str = "com.atproto.repo.applyWrites";

/// A sandbox, an account on it, and an installation that is logged in to it.
struct Scene {
    sandbox: Sandbox,
    alice: SandboxAccount,
    rig: Rig,
}

impl Scene {
    async fn set() -> Self {
        Self::set_with(options()).await
    }

    async fn set_with(options: SandboxOptions) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let alice = sandbox.create_account("alice.test").unwrap();
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), sandbox.url(), sandbox.url());
        rig.login("alice.test", sandbox.url(), &alice.app_password).await.exits(0);
        Self { sandbox, alice, rig }
    }

    /// The next write goes wrong like this.
    async fn with(fault: Fault) -> Self {
        let scene = Self::set().await;
        scene.order(FaultOrder::new(APPLY_WRITES, fault));
        scene
    }

    fn order(&self, order: FaultOrder) {
        self.sandbox.faults().order(order).unwrap();
    }

    /// Posts now, and says what became of it.
    async fn post(&self) -> Ran {
        self.rig.run(&["post", "Hello from the test", "--json"]).await
    }

    /// How many posts there are at the sandbox itself.
    fn records(&self) -> usize {
        self.sandbox.records(&self.alice.did, "app.bsky.feed.post").unwrap().len()
    }

    /// The words of the story of the last post.
    async fn story(&self) -> String {
        self.rig.run(&["queue", "show", "last"]).await.exits(0).stdout
    }
}

#[expect(clippy::disallowed_methods, reason = "the processes under test live in real time, and so does their sandbox")]
fn options() -> SandboxOptions {
    SandboxOptions { port: 0, clock: Arc::new(jiff::Timestamp::now), seed: 1 }
}

/// The one delivery of a post.
fn delivery(post: &Value) -> &Value {
    let deliveries = post["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 1, "{post:#}");
    &deliveries[0]
}
