//! Logging in as seldom as can be, and what is kept of the calls.

use std::sync::Arc;

use skein_bluesky::budget::Meter;
use skein_bluesky::client::{ClientError, Post};
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::SessionError;

use crate::house::{House, builder};
use crate::network::{APP_PASSWORD, DID, HANDLE, Network, Reply, did, remember, stored};

#[tokio::test]
async fn a_kept_session_is_used_by_handle_by_did_and_by_resuming() {
    let house = House::new().await;
    for name in [HANDLE, "@alice.test", DID] {
        let again = builder(&house.network, &house.journal).login(name, APP_PASSWORD).await.unwrap();
        assert_eq!(again.did(), Some(&did()));
    }
    let resumed = builder(&house.network, &house.journal).resume(&did()).await.unwrap();
    resumed.get("app.bsky.feed.getTimeline", &[]).await.unwrap();
    assert_eq!(house.network.count("createSession"), 1);
}

#[tokio::test]
async fn a_session_that_has_ended_for_good_is_made_anew_by_a_login_only() {
    let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
    remember(&journal, &network.session(5, None)).await;
    network.end_all_sessions();
    let error = builder(&network, &journal).resume(&did()).await.unwrap_err();
    assert!(matches!(error, ClientError::Session(SessionError::NeedsLogin { .. })), "{error:?}");
    let before = stored(&journal).await.map(|kept| kept.version);
    builder(&network, &journal).login(HANDLE, APP_PASSWORD).await.unwrap();
    assert_eq!(network.count("createSession"), 1);
    assert_ne!(stored(&journal).await.map(|kept| kept.version), before);
}

#[tokio::test]
async fn who_never_logged_in_cannot_resume() {
    let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
    let error = builder(&network, &journal).resume(&did()).await.unwrap_err();
    assert!(matches!(error, ClientError::Session(SessionError::NoSession { .. })), "{error:?}");
    assert_eq!(network.total(), 0);
}

#[tokio::test]
async fn nobody_writes_nothing() {
    let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
    let nobody = builder(&network, &journal).anonymous().unwrap();
    let error = nobody.call("app.bsky.notification.putPreferences", serde_json::json!({})).await.unwrap_err();
    assert!(error.to_string().contains("putPreferences needs an account"), "{error}");
    assert!(matches!(nobody.post(Post::new("hi")).await.unwrap_err(), ClientError::NotLoggedIn { .. }));
    assert_eq!(network.total(), 0);
}

#[test]
fn outside_of_a_runtime_it_says_so() {
    let error = skein_bluesky::Client::builder().anonymous().unwrap_err();
    assert!(matches!(error, ClientError::NoRuntime), "{error:?}");
}

#[tokio::test]
async fn calls_are_logged_and_settle_the_budget() {
    let house = House::new().await;
    house.client.post(Post::new("hello")).await.unwrap();
    house.client.flush().await;
    let rows = house.journal.calls();
    let write = rows.iter().find(|row| row.points == 3).unwrap();
    assert!(write.id.starts_with("call_"), "{}", write.id);
    let gauges = house.client.sessions().budget().gauges_of(&Meter::writes(&did())).await.unwrap();
    assert_eq!(gauges[0].used, 3);
}

#[tokio::test]
async fn reads_are_asked_again_and_writes_that_may_have_happened_are_not() {
    let house = House::new().await;
    let retrying = builder(&house.network, &house.journal).resume(&did()).await.unwrap();
    let nobody = builder(&house.network, &house.journal).anonymous().unwrap();
    let trouble = || Reply::With(502, vec![], "<html>".to_owned());
    for call in ["getTimeline", "applyWrites", "getProfile"] {
        house.network.order(call, trouble());
    }
    retrying.get("app.bsky.feed.getTimeline", &[]).await.unwrap();
    house.network.order("getProfile", Reply::Json(200, serde_json::json!({})));
    nobody.get("app.bsky.actor.getProfile", &[]).await.unwrap();
    retrying.post(Post::new("hello")).await.unwrap_err();
    let counts = ["getTimeline", "getProfile", "applyWrites"].map(|call| house.network.count(call));
    assert_eq!(counts, [2, 2, 1]);
    house.network.order("getTimeline", trouble());
    house.client.get("app.bsky.feed.getTimeline", &[]).await.unwrap_err();
    assert_eq!(house.network.count("getTimeline"), 3, "without retries it is asked once");
}
