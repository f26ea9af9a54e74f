//! Profiles on a database file that two processes have open, and in memory alike.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use skein_bluesky::journal::{Gone, KeptProfile, MemoryJournal, ProfileJournal};
use skein_bluesky::{AtIdentifier, Did, Handle};
use skein_journal::StoreJournal;
use skein_store::{DatabaseUrl, KnownProfile, MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;
use tempfile::TempDir;

const ALICE: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
const BOB: &str = "did:plc:bob222222222222222222222";

async fn store(folder: &Path) -> Store {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

/// The journals that must behave alike, and the folder that one of them is in.
async fn journals() -> (TempDir, Vec<Arc<dyn ProfileJournal>>) {
    let folder = tempfile::tempdir().unwrap();
    let on_store = StoreJournal::new(&store(folder.path()).await);
    (folder, vec![Arc::new(MemoryJournal::new()), Arc::new(on_store)])
}

fn actor(text: &str) -> AtIdentifier {
    AtIdentifier::parse(text).unwrap()
}

fn kept(of: &str, handle: Option<&str>, ms: i64) -> KeptProfile {
    KeptProfile {
        actor: actor(of),
        handle: handle.map(|handle| Handle::parse(handle).unwrap()),
        view: Some(json!({"did": of, "displayName": format!("At {ms}")})),
        gone: None,
        asked_at: at_ms(ms),
    }
}

#[tokio::test]
async fn what_was_kept_is_found_by_did_and_by_handle() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        assert_eq!(journal.profile(&actor(ALICE)).await.unwrap(), None);
        let first = kept(ALICE, Some("alice.test"), 1);
        assert_eq!(journal.keep_profile(&first).await.unwrap(), None);
        for name in [ALICE, "alice.test", "Alice.TEST"] {
            assert_eq!(journal.profile(&actor(name)).await.unwrap(), Some(first.clone()));
        }
        for gone in Gone::ALL {
            let without = KeptProfile { gone: Some(gone), ..first.clone() };
            journal.keep_profile(&without).await.unwrap();
            assert_eq!(journal.profile(&actor("alice.test")).await.unwrap(), Some(without));
        }
        let never = KeptProfile { view: None, gone: Some(Gone::NotFound), ..kept(BOB, None, 2) };
        journal.keep_profile(&never).await.unwrap();
        assert_eq!(journal.profile(&actor(BOB)).await.unwrap(), Some(never));
    }
}

#[tokio::test]
async fn a_handle_is_one_account_s_at_a_time() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        let nobody =
            KeptProfile { view: None, gone: Some(Gone::NotFound), ..kept("alice.test", Some("alice.test"), 1) };
        journal.keep_profile(&nobody).await.unwrap();
        assert_eq!(journal.keep_profile(&kept(ALICE, Some("alice.test"), 2)).await.unwrap(), None);
        let lost = journal.keep_profile(&kept(BOB, Some("alice.test"), 3)).await.unwrap();
        assert_eq!(lost.as_ref().map(Did::as_str), Some(ALICE));
        assert_eq!(journal.profile(&actor("alice.test")).await.unwrap().unwrap().actor, actor(BOB));
        assert_eq!(journal.profile(&actor(ALICE)).await.unwrap(), Some(kept(ALICE, None, 2)));
        let nobody = KeptProfile { asked_at: at_ms(4), ..nobody };
        journal.keep_profile(&nobody).await.unwrap();
        assert_eq!(journal.profile(&actor("alice.test")).await.unwrap(), Some(nobody));
        assert_eq!(journal.profile(&actor(BOB)).await.unwrap(), Some(kept(BOB, None, 3)));
        // Accounts without a handle take it from nobody.
        assert_eq!(journal.keep_profile(&kept(ALICE, None, 4)).await.unwrap(), None);
        assert!(journal.profile(&actor(BOB)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_replaces_none_that_was_asked_for_later() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        let new = kept(BOB, Some("alice.test"), 1_000_000);
        journal.keep_profile(&new).await.unwrap();
        // Of the same account, and of the one that had the handle before.
        for late in [kept(BOB, None, 999_999), kept(ALICE, Some("alice.test"), 400_000)] {
            assert_eq!(journal.keep_profile(&late).await.unwrap(), None);
            for name in [BOB, "alice.test"] {
                assert_eq!(journal.profile(&actor(name)).await.unwrap(), Some(new.clone()));
            }
        }
        assert_eq!(journal.profile(&actor(ALICE)).await.unwrap(), None);
        // No answer takes that long: the clock was set back.
        let set_back = kept(BOB, None, 399_999);
        journal.keep_profile(&set_back).await.unwrap();
        assert_eq!(journal.profile(&actor(BOB)).await.unwrap(), Some(set_back));
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_as_if_nobody_had_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let damaged = KnownProfile {
        actor: ALICE.to_owned(),
        handle: None,
        view: Some("{".to_owned()),
        gone: None,
        asked_at: at_ms(1),
    };
    store.profiles().keep(&damaged).await.unwrap();
    let journal = StoreJournal::new(&store);
    assert_eq!(journal.profile(&actor(ALICE)).await.unwrap(), None);
    journal.keep_profile(&kept(ALICE, None, 2)).await.unwrap();
    assert!(journal.profile(&actor(ALICE)).await.unwrap().is_some());
}
