//! What the command line reads, and what the guides say, against the whole reference network.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod guides;
mod reads;

use serde_json::{Value, json};
use skein_e2e::rig::Rig;
use skein_testkit::real_network::RealNetwork;
use skein_testkit::real_pds::Account;

/// The network, two accounts on it, and an installation that knows it.
struct Scene {
    network: RealNetwork,
    alice: Account,
    bob: Account,
    rig: Rig,
}

impl Scene {
    async fn set() -> Self {
        let mut network = RealNetwork::start().await.unwrap();
        let alice = network.create_account("alice.test").await.unwrap();
        let bob = network.create_account("bob.test").await.unwrap();
        let listening = network.listening().unwrap();
        // The directory, the PDS, the AppView, Redis and PostgreSQL, and none of them for other machines.
        assert!(listening.len() >= 5, "{listening:?}");
        assert!(listening.iter().all(|address| address.ip().is_loopback()), "{listening:?}");
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), network.plc_url(), network.appview_url());
        Self { network, alice, bob, rig }
    }

    /// Bob writes a record.
    async fn bob_writes(&self, collection: &str, mut record: Value) -> String {
        let token = self.network.access_token(&self.bob).await.unwrap();
        record["$type"] = collection.into();
        record["createdAt"] = "2026-01-01T00:00:00.000Z".into();
        let input = json!({"repo": self.bob.did, "collection": collection, "record": record});
        let created = self.network.xrpc_post("com.atproto.repo.createRecord", &input, Some(&token)).await.unwrap();
        assert_eq!(created.0, 200, "{created:?}");
        created.1["uri"].as_str().unwrap().to_owned()
    }

    /// Runs a command and reads its JSON.
    async fn json(&self, arguments: &[&str]) -> Value {
        self.rig.run(&[arguments, &["--json"]].concat()).await.exits(0).json()
    }
}
