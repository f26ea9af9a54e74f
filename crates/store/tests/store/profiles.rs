//! Profiles: one row for each account, and each handle at one of them.

use skein_store::KnownProfile;
use skein_testkit::samples::at_ms;

use crate::scene::Scene;

pub(crate) fn seen(did: &str, handle: &str, ms: i64) -> KnownProfile {
    let view = Some(format!("{{\"did\":\"{did}\"}}"));
    KnownProfile { actor: did.to_owned(), handle: Some(handle.to_owned()), view, gone: None, asked_at: at_ms(ms) }
}

pub(crate) fn gone(actor: &str, ms: i64) -> KnownProfile {
    let gone = Some("not_found".to_owned());
    KnownProfile { actor: actor.to_owned(), handle: None, view: None, gone, asked_at: at_ms(ms) }
}

pub(crate) async fn an_answer_is_kept_whole_and_replaced(file: &Scene) {
    let profiles = file.store().await.profiles();
    let alice = seen("did:plc:alice", "alice.test", 1);
    assert_eq!(profiles.keep(&alice).await.unwrap(), None);
    let other = file.store().await.profiles();
    assert_eq!(other.by_did("did:plc:alice").await.unwrap(), Some(alice.clone()));
    assert_eq!(other.by_handle("alice.test").await.unwrap(), Some(alice.clone()));
    assert_eq!(other.by_handle("bob.test").await.unwrap(), None);
    let taken_down = KnownProfile { gone: Some("taken_down".to_owned()), asked_at: at_ms(2), ..alice };
    assert_eq!(profiles.keep(&taken_down).await.unwrap(), None);
    assert_eq!(other.by_handle("alice.test").await.unwrap(), Some(taken_down));
}

pub(crate) async fn a_handle_is_taken_from_whoever_had_it(file: &Scene) {
    let profiles = file.store().await.profiles();
    let alone = KnownProfile { handle: Some("alice.test".to_owned()), ..gone("alice.test", 1) };
    profiles.keep(&alone).await.unwrap();
    assert_eq!(profiles.keep(&seen("did:plc:old", "alice.test", 2)).await.unwrap(), None);
    assert_eq!(profiles.by_did("alice.test").await.unwrap(), None, "it leads to somebody now");
    let lost = profiles.keep(&seen("did:plc:new", "alice.test", 3)).await.unwrap();
    assert_eq!(lost.as_deref(), Some("did:plc:old"));
    assert_eq!(profiles.by_handle("alice.test").await.unwrap().unwrap().actor, "did:plc:new");
    assert_eq!(profiles.by_did("did:plc:old").await.unwrap().unwrap().handle, None);
    let later = KnownProfile { asked_at: at_ms(4), ..alone };
    assert_eq!(profiles.keep(&later).await.unwrap().as_deref(), Some("did:plc:new"));
}

pub(crate) async fn who_was_asked_for_long_ago_is_forgotten_on_demand(file: &Scene) {
    let profiles = file.store().await.profiles();
    for ms in 1..4 {
        profiles.keep(&seen(&format!("did:plc:a{ms}"), &format!("a{ms}.test"), ms)).await.unwrap();
    }
    assert_eq!(profiles.prune(at_ms(3)).await.unwrap(), 2);
    assert_eq!(profiles.by_did("did:plc:a2").await.unwrap(), None);
    assert!(profiles.by_did("did:plc:a3").await.unwrap().is_some());
}
