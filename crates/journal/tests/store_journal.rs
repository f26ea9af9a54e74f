//! The journal on a database file that two processes have open.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use skein_bluesky::Did;
use skein_bluesky::journal::{Journal, MemoryJournal, Session, Stored};
use skein_journal::StoreJournal;
use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;
use tempfile::TempDir;

const REFRESH: &str = "refresh-token-of-the-goose";

fn did() -> Did {
    Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap()
}

fn session(refresh_jwt: &str) -> Session {
    let json = format!(
        r#"{{"did":"{}","handle":"alice.dev","pds":"https://pds.alice.dev","access_jwt":"a","refresh_jwt":"{refresh_jwt}","app_password":"p"}}"#,
        did().as_str()
    );
    Session::from_secret_json(&json).unwrap()
}

async fn process(folder: &Path) -> StoreJournal {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    StoreJournal::new(&Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap())
}

/// The journals that must behave alike, and the folder that one of them is in.
async fn journals() -> (TempDir, Vec<Arc<dyn Journal>>) {
    let folder = tempfile::tempdir().unwrap();
    let on_store = process(folder.path()).await;
    (folder, vec![Arc::new(MemoryJournal::new()), Arc::new(on_store)])
}

#[tokio::test]
async fn a_session_reads_back_whole_in_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (process(folder.path()).await, process(folder.path()).await);
    assert!(one.session(&did()).await.unwrap().is_none());
    assert!(one.put_session(&did(), &session(REFRESH), None).await.unwrap());
    let read = two.session(&did()).await.unwrap().unwrap().session;
    let written = session(REFRESH).to_secret_json().unwrap();
    assert_eq!(read.to_secret_json().unwrap().expose_secret(), written.expose_secret());
}

#[tokio::test]
async fn a_session_is_only_replaced_by_who_saw_it() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        assert!(!journal.put_session(&did(), &session("1"), Some(1)).await.unwrap());
        assert!(journal.put_session(&did(), &session("1"), None).await.unwrap());
        assert!(!journal.put_session(&did(), &session("2"), None).await.unwrap());
        let first = journal.session(&did()).await.unwrap().unwrap().version;
        assert!(journal.put_session(&did(), &session("2"), Some(first)).await.unwrap());
        assert!(!journal.put_session(&did(), &session("3"), Some(first)).await.unwrap());
        let kept = journal.session(&did()).await.unwrap().unwrap();
        assert_eq!(kept.session.refresh_jwt.expose_secret(), "2");
    }
}

#[tokio::test]
async fn a_forgotten_version_never_comes_back() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        assert!(journal.put_session(&did(), &session("1"), None).await.unwrap());
        let first = journal.session(&did()).await.unwrap().unwrap().version;
        journal.forget_session(&did()).await.unwrap();
        journal.forget_session(&did()).await.unwrap();
        assert!(journal.session(&did()).await.unwrap().is_none());
        assert!(!journal.put_session(&did(), &session("2"), Some(first)).await.unwrap());
        assert!(journal.put_session(&did(), &session("2"), None).await.unwrap());
        assert_ne!(journal.session(&did()).await.unwrap().unwrap().version, first);
    }
}

#[tokio::test]
async fn two_processes_share_a_lease() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (process(folder.path()).await, process(folder.path()).await);
    assert!(one.lease_refresh(&did(), "a", at_ms(0), at_ms(10)).await.unwrap());
    assert!(!two.lease_refresh(&did(), "b", at_ms(9), at_ms(19)).await.unwrap());
    assert!(one.lease_refresh(&did(), "a", at_ms(9), at_ms(19)).await.unwrap());
    two.release_refresh(&did(), "b").await.unwrap();
    assert!(!two.lease_refresh(&did(), "b", at_ms(18), at_ms(28)).await.unwrap());
    assert!(two.lease_refresh(&did(), "b", at_ms(19), at_ms(29)).await.unwrap());
    two.release_refresh(&did(), "b").await.unwrap();
    assert!(one.lease_refresh(&did(), "a", at_ms(19), at_ms(29)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_processes_that_ask_at_once_one_refreshes() {
    let folder = tempfile::tempdir().unwrap();
    let mut askers = Vec::new();
    for number in 0..4 {
        let journal = process(folder.path()).await;
        askers.push(tokio::spawn(async move {
            journal.lease_refresh(&did(), &format!("owner-{number}"), at_ms(0), at_ms(10)).await.unwrap()
        }));
    }
    let mut granted = 0;
    for asker in askers {
        granted += usize::from(asker.await.unwrap());
    }
    assert_eq!(granted, 1);
}

#[tokio::test]
async fn a_session_at_hand_is_the_one_that_was_written_last_here_and_none_that_was_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (process(folder.path()).await, process(folder.path()).await);
    let token = |stored: Option<Stored>| stored.unwrap().session.refresh_jwt.expose_secret().to_owned();
    assert!(one.session_at_hand(&did()).await.unwrap().is_none());
    assert!(one.put_session(&did(), &session("1"), None).await.unwrap());
    assert_eq!(token(one.session_at_hand(&did()).await.unwrap()), "1");
    let seen = one.session(&did()).await.unwrap().unwrap().version;
    assert!(one.put_session(&did(), &session("2"), Some(seen)).await.unwrap());
    assert_eq!(token(one.session_at_hand(&did()).await.unwrap()), "2");
    // Another process replaces it: who reads sees it at once, and then it is at hand too.
    let seen = two.session(&did()).await.unwrap().unwrap().version;
    assert!(two.put_session(&did(), &session("3"), Some(seen)).await.unwrap());
    assert_eq!(token(one.session(&did()).await.unwrap()), "3");
    assert_eq!(token(one.session_at_hand(&did()).await.unwrap()), "3");
    one.forget_session(&did()).await.unwrap();
    assert!(one.session_at_hand(&did()).await.unwrap().is_none());
}
