//! A post is proven to somebody who has neither the account nor this installation.

use serde_json::{Value, json};
use skein_e2e::rig::Rig;

use crate::Scene;

impl Scene {
    /// Somebody else's installation, without any account.
    fn stranger(&self) -> Rig {
        Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), self.pds.plc_url(), self.pds.pds_url())
    }

    /// The proof of the last post, as a stranger gets it.
    async fn proof(&self) -> Value {
        self.rig.run(&["receipt", "last", "--proof", "-o", "-"]).await.exits(0).json()
    }
}

#[tokio::test]
async fn real_pds_proves_a_thread_to_a_stranger() {
    let scene = Scene::set().await;
    for number in 0..20 {
        scene.rig.run(&["post", &format!("Post {number}")]).await.exits(0);
    }
    let thread = scene.rig.file("thread.txt", "First part, a goose 🪿\n---\nSecond part");
    scene.rig.run(&["thread", &thread]).await.exits(0);
    let receipt = scene.rig.run(&["receipt", "last", "--json"]).await.exits(0).json();
    let file = scene.rig.file("place-holder", "") + "-proof.json";
    let written = scene.rig.run(&["receipt", "last", "--proof", "-o", &file, "--json"]).await.exits(0).json();
    assert_eq!((&written["file"], &written["records"]), (&json!(file), &json!(2)));
    let again = scene.rig.run(&["receipt", "last", "--proof", "-o", &file]).await.exits(1);
    assert!(again.stderr.contains("there already"), "{again:?}");

    let stranger = scene.stranger();
    let told = stranger.run(&["verify", &file]).await.exits(0).stdout;
    for words in ["Proven: 2 records of @alice.test", &scene.alice.did, "a goose 🪿", "Second part", "names it now"] {
        assert!(told.contains(words), "`verify` does not say {words}:\n{told}");
    }
    let proven = stranger.run(&["verify", &file, "--json"]).await.exits(0).json();
    let records = proven["accounts"][0]["records"].as_array().unwrap();
    for (proven, named) in records.iter().zip(receipt["records"].as_array().unwrap()) {
        assert_eq!((&proven["uri"], &proven["cid"]), (&named["uri"], &named["cid"]));
        assert_eq!(proven["commit"], receipt["commit"], "nothing was written since");
        assert_eq!(proven["rev"], receipt["rev"]);
    }
    assert_eq!(records.len(), 2);
    let asked = scene.rig.run(&["verify", "last"]).await.exits(0).stdout;
    assert!(asked.contains("Proven: 2 records of @alice.test"), "{asked}");
}

#[tokio::test]
async fn real_pds_proof_holds_after_the_post_is_gone_and_no_change_to_it_does() {
    let scene = Scene::set().await;
    let mallory = scene.pds.create_account("mallory.test").await.unwrap();
    scene.rig.run(&["post", "I said this"]).await.exits(0);
    let proof = scene.proof().await;
    scene.repository().delete_all().await;
    let gone = scene.rig.run(&["receipt", "last", "--proof"]).await.exits(1);
    assert!(gone.stderr.contains("no longer there"), "{gone:?}");

    let stranger = scene.stranger();
    let whole = stranger.file("whole.json", &proof.to_string());
    stranger.run(&["verify", &whole]).await.exits(0);
    let car = proof["accounts"][0]["proofs"][0]["car"].as_str().unwrap();
    let changed_car = if car.contains("aQ") { car.replacen("aQ", "aR", 1) } else { car.replacen('b', "c", 1) };
    for (pointer, value) in [
        ("/accounts/0/proofs/0/record/text", json!("I never said this")),
        ("/accounts/0/proofs/0/car", json!(changed_car)),
        ("/accounts/0/key", json!("did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme")),
        ("/accounts/0/did", json!(mallory.did)),
    ] {
        let mut changed = proof.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let file = stranger.file("changed.json", &changed.to_string());
        let refused = stranger.run(&["verify", &file]).await.exits(1);
        assert!(refused.stderr.contains("This is not proven."), "{pointer}: {refused:?}");
    }
}
