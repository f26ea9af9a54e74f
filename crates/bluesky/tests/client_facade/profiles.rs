//! Profiles: asked for once, remembered by DID and by handle, and asked for again when they are old.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use skein_bluesky::Client;
use skein_bluesky::journal::{Gone, MemoryJournal};
use skein_bluesky::profile::{GONE_AGE, PROFILE_AGE, ProfileError, Profiles};

use crate::house::builder;
use crate::network::{DID, HANDLE, NOW_S, Network, Reply, refusal};

const OTHER: &str = "did:plc:other2222222222222222222";

struct Scene {
    network: Network,
    journal: Arc<MemoryJournal>,
    client: Client,
    clock_s: Arc<AtomicI64>,
}

impl Scene {
    async fn set() -> Self {
        let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
        let clock_s = Arc::new(AtomicI64::new(NOW_S));
        let clock = clock_s.clone();
        let now = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
        let client = builder(&network, &journal).clock(Arc::new(now)).without_retries().anonymous().unwrap();
        Self { network, journal, client, clock_s }
    }

    fn profiles(&self) -> Profiles {
        self.client.profiles()
    }

    fn pass(&self, time: Duration) {
        self.clock_s.fetch_add(i64::try_from(time.as_secs()).unwrap(), Ordering::Relaxed);
    }

    fn shows(&self, did: &str, handle: &str, name: &str) {
        self.network.order("getProfile", Reply::Json(200, view(did, handle, name)));
    }

    fn asked(&self) -> usize {
        self.network.count("getProfile")
    }
}

fn view(did: &str, handle: &str, name: &str) -> Value {
    json!({"did": did, "handle": handle, "displayName": name, "followersCount": 3})
}

fn gone(error: &ProfileError) -> (Gone, bool) {
    match error {
        ProfileError::Gone { gone, is_kept, .. } => (*gone, *is_kept),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_question_answers_for_handle_and_did_until_it_is_old() {
    let scene = Scene::set().await;
    scene.shows(DID, HANDLE, "Alice");
    let first = scene.profiles().get("@Alice.test").await.unwrap();
    assert_eq!((first.did.as_str(), first.handle.as_ref().unwrap().as_str(), first.is_kept), (DID, HANDLE, false));
    for actor in [HANDLE, DID, "@ALICE.test"] {
        let kept = scene.profiles().get(actor).await.unwrap();
        assert_eq!((kept.is_kept, &kept.view, kept.asked_at), (true, &first.view, first.asked_at));
    }
    // Another client on the same journal.
    let other = builder(&scene.network, &scene.journal).anonymous().unwrap();
    assert!(other.profiles().get(DID).await.unwrap().is_kept);
    scene.pass(PROFILE_AGE.checked_sub(Duration::from_secs(1)).unwrap());
    assert!(scene.profiles().get(DID).await.unwrap().is_kept);
    assert_eq!(scene.asked(), 1);
    scene.shows(DID, HANDLE, "Alicia");
    scene.pass(Duration::from_secs(1));
    let again = scene.profiles().get(DID).await.unwrap();
    assert_eq!((again.is_kept, &again.view["displayName"]), (false, &json!("Alicia")));
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn it_is_asked_anew_on_demand_under_a_shorter_age_and_when_the_clock_went_back() {
    let scene = Scene::set().await;
    for name in ["1", "2", "3", "4"] {
        scene.shows(DID, HANDLE, name);
    }
    scene.profiles().get(DID).await.unwrap();
    assert_eq!(scene.profiles().refreshed(HANDLE).await.unwrap().view["displayName"], "2");
    assert_eq!(scene.profiles().get(DID).await.unwrap().view["displayName"], "2");
    scene.pass(Duration::from_mins(1));
    let young = scene.profiles().no_older_than(Duration::from_mins(1));
    assert_eq!(young.get(DID).await.unwrap().view["displayName"], "3");
    scene.clock_s.fetch_sub(1, Ordering::Relaxed);
    assert_eq!(scene.profiles().get(DID).await.unwrap().view["displayName"], "4");
}

#[tokio::test]
async fn that_an_account_is_gone_is_remembered_for_a_while() {
    for (reply, expected) in [
        (refusal(400, "AccountTakedown", "Account has been suspended"), Gone::TakenDown),
        (refusal(400, "AccountDeactivated", "Account is deactivated"), Gone::Deactivated),
        (refusal(400, "InvalidRequest", "Profile not found"), Gone::NotFound),
    ] {
        let scene = Scene::set().await;
        scene.network.order("getProfile", reply);
        assert_eq!(gone(&scene.profiles().get(HANDLE).await.unwrap_err()), (expected, false));
        let told = scene.profiles().get(HANDLE).await.unwrap_err();
        assert_eq!(gone(&told), (expected, true));
        assert!(told.to_string().starts_with("alice.test "), "{told}");
        assert_eq!(scene.asked(), 1);
        scene.shows(DID, HANDLE, "Back");
        scene.pass(GONE_AGE);
        assert_eq!(scene.profiles().get(HANDLE).await.unwrap().view["displayName"], "Back");
        assert!(scene.profiles().get(DID).await.unwrap().is_kept);
    }
}

#[tokio::test]
async fn a_known_account_that_is_taken_down_is_gone_by_the_name_that_was_asked_for() {
    let scene = Scene::set().await;
    scene.shows(DID, HANDLE, "Alice");
    scene.profiles().get(DID).await.unwrap();
    scene.network.order("getProfile", refusal(400, "AccountTakedown", "Account has been suspended"));
    assert_eq!(gone(&scene.profiles().refreshed(DID).await.unwrap_err()), (Gone::TakenDown, false));
    for actor in [HANDLE, DID] {
        assert_eq!(gone(&scene.profiles().get(actor).await.unwrap_err()), (Gone::TakenDown, true));
    }
}

#[tokio::test]
async fn a_handle_that_moved_to_an_account_that_is_gone_tells_nothing_of_its_last_owner() {
    let scene = Scene::set().await;
    scene.shows(DID, HANDLE, "Alice");
    scene.profiles().get(HANDLE).await.unwrap();
    // By now the handle is another account's, and that one is suspended.
    scene.network.order("getProfile", refusal(400, "AccountTakedown", "Account has been suspended"));
    assert_eq!(gone(&scene.profiles().refreshed(HANDLE).await.unwrap_err()), (Gone::TakenDown, false));
    assert_eq!(gone(&scene.profiles().get(HANDLE).await.unwrap_err()), (Gone::TakenDown, true));
    let alice = scene.profiles().get(DID).await.unwrap();
    assert_eq!((alice.is_kept, &alice.view["displayName"], alice.handle), (true, &json!("Alice"), None));
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn the_profile_of_another_account_is_no_answer() {
    let scene = Scene::set().await;
    scene.shows(OTHER, "bob.test", "Bob");
    let error = scene.profiles().get(DID).await.unwrap_err();
    assert!(matches!(&error, ProfileError::Call(error) if error.to_string().contains("another account")), "{error:?}");
    scene.shows(DID, HANDLE, "Alice");
    assert!(!scene.profiles().get(DID).await.unwrap().is_kept);
    scene.shows(OTHER, "bob.test", "Bob");
    assert!(!scene.profiles().get(OTHER).await.unwrap().is_kept, "nor is it remembered");
}

#[tokio::test]
async fn a_handle_that_moved_is_found_out_and_leads_to_one_account() {
    let scene = Scene::set().await;
    scene.shows(DID, HANDLE, "Old");
    assert_eq!(scene.profiles().get(HANDLE).await.unwrap().handle_was_of, None);
    scene.shows(OTHER, HANDLE, "New");
    let moved = scene.profiles().refreshed(HANDLE).await.unwrap();
    assert_eq!((moved.did.as_str(), moved.handle_was_of.unwrap().as_str()), (OTHER, DID));
    let kept = scene.profiles().get(HANDLE).await.unwrap();
    assert_eq!((kept.did.as_str(), kept.is_kept, kept.handle_was_of), (OTHER, true, None));
    let before = scene.profiles().get(DID).await.unwrap();
    assert_eq!((before.is_kept, before.handle), (true, None), "what is known of it stays, but for the handle");
}

#[tokio::test]
async fn a_handle_that_leads_nowhere_is_nobody_s_any_more() {
    let scene = Scene::set().await;
    scene.shows(DID, HANDLE, "Alice");
    scene.profiles().get(DID).await.unwrap();
    scene.network.order("getProfile", refusal(400, "InvalidRequest", "Profile not found"));
    scene.profiles().refreshed(HANDLE).await.unwrap_err();
    assert_eq!(gone(&scene.profiles().get(HANDLE).await.unwrap_err()), (Gone::NotFound, true));
    assert!(scene.profiles().get(DID).await.unwrap().is_kept);
}

#[tokio::test]
async fn a_broken_handle_is_none_and_trouble_is_not_remembered() {
    let scene = Scene::set().await;
    scene.shows(DID, "handle.invalid", "Alice");
    assert_eq!(scene.profiles().get(DID).await.unwrap().handle, None);
    for reply in [
        refusal(502, "UpstreamFailure", "x"),
        refusal(400, "InvalidRequest", "x"),
        Reply::Json(200, json!({"handle": HANDLE})),
    ] {
        scene.network.order("getProfile", reply);
        let error = scene.profiles().refreshed(DID).await.unwrap_err();
        assert!(matches!(error, ProfileError::Call(_)), "{error:?}");
        assert!(error.call().unwrap().starts_with("call_"));
        assert!(scene.profiles().get(DID).await.unwrap().is_kept);
    }
    let before = scene.asked();
    assert!(matches!(scene.profiles().get("no one").await.unwrap_err(), ProfileError::Actor(_)));
    assert_eq!(scene.asked(), before);
}
