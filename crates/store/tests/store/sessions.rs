//! Sessions: compare-and-set, leases across processes, and encryption at rest.

use crate::scene::Scene;
use skein_store::StoreError;
use skein_testkit::samples::at_ms;

const DID: &str = "did:plc:goose";
const SERVICE: &str = "atproto";
const SECRET: &[u8] = b"refresh-token-of-the-goose";

pub(crate) async fn a_session_is_replaced_only_by_who_saw_it(file: &Scene) {
    let sessions = file.store().await.sessions();
    assert!(sessions.get(DID, SERVICE).await.unwrap().is_none());
    assert!(matches!(sessions.put(DID, SERVICE, SECRET, Some(1)).await, Err(StoreError::Lost)));
    let first = sessions.put(DID, SERVICE, SECRET, None).await.unwrap();
    assert!(matches!(sessions.put(DID, SERVICE, b"other", None).await, Err(StoreError::Lost)));
    let second = sessions.put(DID, SERVICE, b"second", Some(first)).await.unwrap();
    assert!(matches!(sessions.put(DID, SERVICE, b"third", Some(first)).await, Err(StoreError::Lost)));
    let stored = sessions.get(DID, SERVICE).await.unwrap().unwrap();
    assert_eq!((stored.secret.as_slice(), stored.version), (b"second".as_slice(), second));
    assert!(sessions.get(DID, "another service").await.unwrap().is_none());
}

pub(crate) async fn a_version_never_comes_back_after_forgetting(file: &Scene) {
    let sessions = file.store().await.sessions();
    let first = sessions.put(DID, SERVICE, SECRET, None).await.unwrap();
    sessions.forget(DID, SERVICE).await.unwrap();
    sessions.forget(DID, SERVICE).await.unwrap();
    assert!(sessions.get(DID, SERVICE).await.unwrap().is_none());
    assert!(matches!(sessions.put(DID, SERVICE, SECRET, Some(first)).await, Err(StoreError::Lost)));
    assert!(sessions.put(DID, SERVICE, SECRET, None).await.unwrap() > first);
}

pub(crate) async fn a_lease_has_one_holder_over_all_processes_until_it_ends(file: &Scene) {
    let (one, two) = (file.store().await.sessions(), file.store().await.sessions());
    assert!(one.lease_refresh(DID, SERVICE, "a", at_ms(0), at_ms(10)).await.unwrap());
    assert!(!two.lease_refresh(DID, SERVICE, "b", at_ms(9), at_ms(19)).await.unwrap());
    assert!(one.lease_refresh(DID, SERVICE, "a", at_ms(9), at_ms(19)).await.unwrap());
    two.release_refresh(DID, SERVICE, "b").await.unwrap();
    assert!(!two.lease_refresh(DID, SERVICE, "b", at_ms(18), at_ms(28)).await.unwrap());
    assert!(two.lease_refresh(DID, SERVICE, "b", at_ms(19), at_ms(29)).await.unwrap());
    two.release_refresh(DID, SERVICE, "b").await.unwrap();
    assert!(one.lease_refresh(DID, SERVICE, "a", at_ms(19), at_ms(29)).await.unwrap());
    assert!(one.get(DID, SERVICE).await.unwrap().is_none(), "a lease is no session");
    assert!(one.put(DID, SERVICE, SECRET, None).await.is_ok());
}

#[tokio::test]
async fn secrets_are_nowhere_in_the_files_in_the_clear() {
    let file = Scene::file();
    let store = file.store().await;
    store.sessions().put(DID, SERVICE, SECRET, None).await.unwrap();
    let mut read = 0;
    for entry in std::fs::read_dir(file.path().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET));
        read += usize::from(bytes.windows(DID.len()).any(|window| window == DID.as_bytes()));
    }
    assert!(read > 0, "the row was looked for where it is");
}

pub(crate) async fn a_secret_that_was_moved_or_changed_in_the_database_does_not_open(file: &Scene) {
    let store = file.store().await;
    let sessions = store.sessions();
    sessions.put(DID, SERVICE, SECRET, None).await.unwrap();
    sessions.put("did:plc:swan", SERVICE, b"the swan's", None).await.unwrap();
    let raw = file.raw().await;
    let sealed: Vec<(String, Vec<u8>)> = raw.rows("SELECT did, ciphertext FROM sessions ORDER BY did").await;
    for (row, other) in [(0, 1), (1, 0)] {
        let (did, moved) = (&sealed[row].0, raw.bytes(&sealed[other].1));
        raw.execute(&format!("UPDATE sessions SET ciphertext = {moved} WHERE did = '{did}'")).await.unwrap();
    }
    for did in [DID, "did:plc:swan"] {
        let told = sessions.get(did, SERVICE).await.unwrap_err().to_string();
        assert!(told.contains("belongs to another row"), "{told}");
    }
    raw.execute(&format!("UPDATE sessions SET ciphertext = {}", raw.bytes(&[1, 2]))).await.unwrap();
    assert!(matches!(sessions.get(DID, SERVICE).await, Err(StoreError::Secret(_))));
}
