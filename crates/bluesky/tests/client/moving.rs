//! Accounts that move to another server.

use std::sync::Arc;

use secrecy::ExposeSecret;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{Authorized, SessionError, Sessions};
use skein_bluesky::xrpc::{CallError, Response};
use skein_net::AllowPrivate;

use crate::network::{APP_PASSWORD, HANDLE, Network, did, http, now, refusal, remember, stored};

async fn timeline(me: Authorized) -> Result<Response, CallError> {
    me.get("app.bsky.feed.getTimeline", &[]).await
}

/// An old server that still holds the session, and a new one that the account's document names.
pub(crate) async fn moved(
    app_password: Option<&str>,
    ends_in_s: i64,
) -> (Network, Network, Arc<MemoryJournal>, Sessions) {
    let (old, new) = (Network::start().await, Network::start().await);
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &old.session(ends_in_s, app_password)).await;
    old.names_itself(HANDLE, &new.pds());
    let allow = AllowPrivate::parse(&format!("localhost:{}", new.pds().port().unwrap())).unwrap();
    let journal_of = Arc::clone(&journal);
    let sessions = Sessions::new(http(allow), old.environment(), journal_of, Arc::new(now), "worker-1".to_owned());
    (old, new, journal, sessions)
}

#[tokio::test]
async fn a_call_that_meets_a_moved_account_goes_to_the_new_server() {
    for name in ["AccountDeactivated", "AccountNotFound"] {
        let (old, new, journal, sessions) = moved(Some(APP_PASSWORD), 7200).await;
        old.order("getTimeline", refusal(401, name, "not here"));
        sessions.call(&did(), timeline).await.unwrap();
        assert_eq!((new.count("createSession"), new.count("getTimeline")), (1, 1));
        assert_eq!((old.count("createSession"), old.count("refreshSession")), (0, 0));
        let session = stored(&journal).await.unwrap().session;
        assert_eq!(session.pds, new.pds());
        assert_eq!(session.app_password.unwrap().expose_secret(), APP_PASSWORD);
    }
}

#[tokio::test]
async fn a_refresh_that_meets_a_moved_account_goes_to_the_new_server() {
    let (old, new, journal, sessions) = moved(Some(APP_PASSWORD), -5).await;
    old.order("refreshSession", refusal(401, "AccountDeactivated", "not here"));
    sessions.call(&did(), timeline).await.unwrap();
    assert_eq!(new.count("createSession"), 1);
    assert_eq!(stored(&journal).await.unwrap().session.pds, new.pds());
}

#[tokio::test]
async fn without_a_password_a_move_needs_a_person() {
    let (old, new, _, sessions) = moved(None, 7200).await;
    old.order("getTimeline", refusal(401, "AccountDeactivated", "not here"));
    let error = sessions.call(&did(), timeline).await.unwrap_err();
    assert!(matches!(error, SessionError::Moved { .. }) && error.to_string().contains("moved to localhost"), "{error}");
    assert_eq!(new.total(), 0);
}

#[tokio::test]
async fn a_deactivated_account_that_did_not_move_is_deactivated() {
    let network = Network::start().await;
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &network.session(7200, Some(APP_PASSWORD))).await;
    network.order("getTimeline", refusal(401, "AccountDeactivated", "asleep"));
    let error = network.sessions(&journal).call(&did(), timeline).await.unwrap_err();
    assert!(matches!(error, SessionError::Deactivated { .. }), "{error:?}");
    assert_eq!((network.count("plc"), network.count("createSession")), (1, 0));
}

#[tokio::test]
async fn a_document_that_points_inside_gets_no_password() {
    let (old, new) = (Network::start().await, Network::start().await);
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &old.session(7200, Some(APP_PASSWORD))).await;
    old.names_itself(HANDLE, &new.pds());
    old.order("getTimeline", refusal(401, "AccountDeactivated", "not here"));
    let error = old.sessions(&journal).call(&did(), timeline).await.unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("SKEIN_ALLOW_PRIVATE"), "{error}");
    assert_eq!(new.total(), 0);
}
