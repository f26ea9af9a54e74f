//! Answers without the name of an error: they come from something that stands between, which says nothing about the account.

use std::sync::Arc;

use skein_atproto::syntax::Handle;
use skein_bluesky::identity::IdentityError;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{Authorized, LoginError, SessionError};
use skein_bluesky::xrpc::{CallError, Response};

use crate::network::{APP_PASSWORD, HANDLE, Network, Reply, did, remember, stored};

const STATUSES: [u16; 17] = [400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 418, 451, 500, 502, 503, 504];

/// What proxies, portals and broken servers send as a body.
const BODIES: [&str; 9] = [
    "",
    "<!DOCTYPE html><title>403 Forbidden</title><h1>Forbidden</h1>",
    "upstream connect error or disconnect/reset before headers",
    "{}",
    r#"{"message":"no"}"#,
    r#"{"error":null,"message":"no"}"#,
    r#"{"error":"","message":"no"}"#,
    r#"{"error":{"code":16},"status":"UNAUTHENTICATED"}"#,
    r#"["AccountTakedown"]"#,
];

fn unnamed() -> impl Iterator<Item = (u16, &'static str)> {
    STATUSES.into_iter().flat_map(|status| BODIES.map(|body| (status, body)))
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::With(status, vec![], body.to_owned())
}

async fn start(ends_in_s: i64) -> (Network, Arc<MemoryJournal>) {
    let network = Network::start().await;
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &network.session(ends_in_s, Some(APP_PASSWORD))).await;
    (network, journal)
}

async fn timeline(me: Authorized) -> Result<Response, CallError> {
    me.get("app.bsky.feed.getTimeline", &[]).await
}

#[tokio::test]
async fn a_refresh_that_gets_one_is_tried_again_later_and_the_session_is_kept() {
    let (network, journal) = start(-5).await;
    let sessions = network.sessions(&journal);
    for (status, body) in unnamed() {
        // A server error is asked for a second time at once.
        for _ in 0..if status < 500 { 1 } else { 2 } {
            network.order("refreshSession", reply(status, body));
        }
        let error = sessions.authorized(&did()).await.unwrap_err();
        assert!(error.is_transient(), "{status} {body}: {error:?}");
        assert!(matches!(error, SessionError::Unreachable { .. }), "{status} {body}: {error:?}");
    }
    assert_eq!(network.count("createSession"), 0, "the password is for sessions that have ended");
    let kept = stored(&journal).await.unwrap();
    assert_eq!((kept.version, kept.session.app_password.is_some()), (1, true));
}

#[tokio::test]
async fn a_login_again_that_gets_one_keeps_the_password() {
    let (network, journal) = start(-5).await;
    network.end_all_sessions();
    let sessions = network.sessions(&journal);
    for (status, body) in unnamed() {
        network.order("createSession", reply(status, body));
        let error = sessions.authorized(&did()).await.unwrap_err();
        assert!(error.is_transient(), "{status} {body}: {error:?}");
    }
    assert!(stored(&journal).await.unwrap().session.app_password.is_some());
}

#[tokio::test]
async fn a_call_that_gets_one_says_nothing_about_the_account() {
    let (network, journal) = start(7200).await;
    let sessions = network.sessions(&journal);
    for (status, body) in unnamed() {
        network.order("getTimeline", reply(status, body));
        let error = sessions.call(&did(), timeline).await.unwrap_err();
        assert!(error.call().is_some() && error.is_transient(), "{status} {body}: {error:?}");
    }
    assert_eq!((network.count("refreshSession"), network.count("plc")), (0, 0));
}

#[tokio::test]
async fn a_login_that_gets_one_is_not_told_that_the_password_is_wrong() {
    let network = Network::start().await;
    let sessions = network.sessions(&Arc::new(MemoryJournal::new()));
    for (status, body) in unnamed() {
        network.order("createSession", reply(status, body));
        let error = sessions.login(network.login(APP_PASSWORD)).await.unwrap_err();
        let unreachable = matches!(error, LoginError::Unreachable { transient: true, .. });
        assert!(unreachable, "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_needs_no_name() {
    for body in BODIES {
        let (network, journal) = start(-5).await;
        network.order("refreshSession", reply(429, body));
        let error = network.sessions(&journal).authorized(&did()).await.unwrap_err();
        assert!(matches!(error, SessionError::RateLimited { .. }), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_resolver_that_gives_one_does_not_say_that_nobody_has_a_handle() {
    let network = Network::start().await;
    let sessions = network.sessions(&Arc::default());
    let handle = Handle::parse(HANDLE).unwrap();
    for (status, body) in unnamed() {
        network.order("resolveHandle", reply(status, body));
        let error = sessions.identities().resolve_handle(&handle, None).await.unwrap_err();
        assert!(matches!(error, IdentityError::CouldNotAsk { .. }), "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn a_directory_that_gives_one_does_not_say_that_an_account_is_gone() {
    let network = Network::start().await;
    let sessions = network.sessions(&Arc::default());
    for (status, body) in unnamed().chain(BODIES[..3].iter().map(|body| (200, *body))) {
        // The directory's own refusals are objects of JSON, and have no name either.
        if body.starts_with('{') && matches!(status, 404 | 410) {
            continue;
        }
        network.order("plc", reply(status, body));
        let error = sessions.identities().document(&did()).await.unwrap_err();
        assert!(error.is_transient(), "{status} {body}: {error:?}");
    }
}
