//! Making ready for a call that leaves soon: a token that lasts beyond the instant, at the server that the account has now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::session::{SessionError, Sessions};

use crate::moving::moved;
use crate::network::{APP_PASSWORD, DID, HANDLE, Network, Reply, did, http, now, refusal, remember, stored};

/// A token that ends this long after the instant is not good enough: the margin of every token.
const MARGIN_S: i64 = 30;

const PAGE: &str = "<html><body>Sign in to the network</body></html>";

fn in_s(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

async fn start(ends_in_s: i64) -> (Network, Arc<MemoryJournal>, Sessions) {
    let network = Network::start().await;
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &network.session(ends_in_s, None)).await;
    let sessions = network.sessions(&journal);
    (network, journal, sessions)
}

/// A page as proxies and portals send it.
fn page(status: u16) -> Reply {
    Reply::With(status, vec![("content-type", "text/html".to_owned())], PAGE.to_owned())
}

#[tokio::test]
async fn a_token_that_would_end_before_the_instant_is_renewed_ahead() {
    for leaves_in_s in [45, 600, 7100] {
        let (network, journal, sessions) = start(leaves_in_s + MARGIN_S - 1).await;
        let ready = sessions.make_ready(&did(), in_s(leaves_in_s)).await.unwrap();
        assert_eq!(network.count("refreshSession"), 1, "{leaves_in_s} s");
        assert_eq!(ready.version(), 2, "what is handed out is the new token");
        assert_eq!(stored(&journal).await.unwrap().session.refresh_jwt.expose_secret(), "refresh-2");
    }
}

#[tokio::test]
async fn a_token_that_outlasts_the_instant_is_left_alone() {
    for leaves_in_s in [0, 45, 7100] {
        let (network, _, sessions) = start(leaves_in_s + MARGIN_S).await;
        assert_eq!(sessions.make_ready(&did(), in_s(leaves_in_s)).await.unwrap().version(), 1);
        assert_eq!(network.count("refreshSession"), 0, "{leaves_in_s} s");
    }
}

#[tokio::test]
async fn an_instant_that_has_passed_asks_no_less_of_a_token() {
    let (network, _, sessions) = start(MARGIN_S - 1).await;
    sessions.make_ready(&did(), in_s(-3_600)).await.unwrap();
    assert_eq!(network.count("refreshSession"), 1);
}

#[tokio::test]
async fn an_account_that_moved_is_followed_before_its_old_server_is_asked() {
    let (old, new, journal, sessions) = moved(Some(APP_PASSWORD), 7200).await;
    let ready = sessions.make_ready(&did(), in_s(30)).await.unwrap();
    assert_eq!(ready.pds(), &new.pds());
    assert_eq!(stored(&journal).await.unwrap().session.pds, new.pds());
    assert_eq!((old.count("plc"), old.total()), (1, 1), "of the old network only the directory was asked");
    assert_eq!((new.count("createSession"), new.count("refreshSession")), (1, 0));
    // What was stored may be somebody else's, and of before the move: its server was not looked up.
    for asked in [2, 2] {
        assert_eq!(sessions.make_ready(&did(), in_s(30)).await.unwrap().pds(), &new.pds());
        assert_eq!(old.count("plc"), asked, "the directory is asked again, and then not for a while");
    }
    assert_eq!(new.count("createSession"), 1);
}

#[tokio::test]
async fn a_move_without_a_password_needs_a_person_before_the_instant() {
    let (_old, new, journal, sessions) = moved(None, 7200).await;
    let error = sessions.make_ready(&did(), in_s(30)).await.unwrap_err();
    assert!(matches!(error, SessionError::Moved { .. }) && error.to_string().contains("moved to localhost"), "{error}");
    assert_eq!((new.total(), stored(&journal).await.unwrap().version), (0, 1));
}

#[tokio::test]
async fn a_new_server_that_is_down_is_tried_again_later() {
    let (_old, new, _, sessions) = moved(Some(APP_PASSWORD), 7200).await;
    new.order("createSession", page(502));
    let error = sessions.make_ready(&did(), in_s(30)).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(sessions.make_ready(&did(), in_s(30)).await.unwrap().pds(), &new.pds());
}

#[tokio::test]
async fn a_directory_that_has_trouble_is_no_hindrance() {
    for reply in [refusal(503, "", "down"), page(502), refusal(429, "RateLimitExceeded", ""), Reply::Lost] {
        let (network, _, sessions) = start(7200).await;
        network.order("plc", reply);
        assert_eq!(sessions.make_ready(&did(), in_s(30)).await.unwrap().pds(), &network.pds());
        assert_eq!(network.count("plc"), 1);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_reached_is_no_hindrance() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (network, journal, _) = start(7200).await;
    let mut environment = network.environment();
    environment.plc_url.set_port(Some(port)).unwrap();
    let http = http(skein_net::AllowPrivate::None);
    let sessions = Sessions::new(http, environment, journal, Arc::new(now), "worker-1".to_owned());
    assert_eq!(sessions.make_ready(&did(), in_s(30)).await.unwrap().pds(), &network.pds());
}

#[tokio::test]
async fn what_stands_before_the_directory_is_not_taken_for_its_answer() {
    for reply in [page(200), page(403), page(404), page(410), Reply::With(404, vec![], String::new())] {
        let (network, _, sessions) = start(7200).await;
        network.order("plc", reply.clone());
        let ready = sessions.make_ready(&did(), in_s(30)).await;
        assert_eq!(ready.unwrap_or_else(|error| panic!("{reply:?}: {error}")).pds(), &network.pds());
    }
}

#[tokio::test]
async fn whatever_the_directory_says_the_stored_server_decides() {
    let elsewhere: Value = json!({"id": DID, "alsoKnownAs": [format!("at://{HANDLE}")], "service": []});
    for reply in [
        Reply::Json(404, json!({"message": format!("DID not registered: {DID}")})),
        Reply::Json(410, json!({"message": format!("DID not available: {DID}")})),
        Reply::Json(200, elsewhere),
        Reply::Json(200, json!({"id": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"})),
    ] {
        let (network, _, sessions) = start(7200).await;
        network.order("plc", reply.clone());
        let ready = sessions.make_ready(&did(), in_s(30)).await;
        assert_eq!(ready.unwrap_or_else(|error| panic!("{reply:?}: {error}")).pds(), &network.pds());
    }
}

#[tokio::test]
async fn a_directory_that_never_answers_is_given_up_before_its_time_out() {
    let (network, _, sessions) = start(7200).await;
    network.order("plc", Reply::Never);
    network.order("plc", Reply::Never);
    let (someone, did) = (did(), did());
    tokio::select! {
        biased;
        // Whoever has time waits for the whole time-out, which began here no later.
        _ = sessions.identities().document(&someone) => panic!("the directory was waited for to the end"),
        ready = sessions.make_ready(&did, in_s(30)) => assert_eq!(ready.unwrap().pds(), &network.pds()),
    }
}

#[tokio::test]
async fn a_run_of_posts_asks_the_directory_once_and_later_ones_ask_again() {
    let (network, journal, _) = start(7200).await;
    let passed_s = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&passed_s);
    let http = http(skein_net::AllowPrivate::All);
    let then = Arc::new(move || in_s(clock.load(Ordering::Relaxed)));
    let sessions = Sessions::new(http, network.environment(), journal, then, "worker-1".to_owned());
    for (second, asked) in [(0, 1), (0, 1), (9, 1), (10, 2), (11, 2), (0, 3), (1, 3)] {
        passed_s.store(second, Ordering::Relaxed);
        sessions.make_ready(&did(), in_s(second)).await.unwrap();
        assert_eq!(network.count("plc"), asked, "{second} s");
    }
    network.order("plc", page(502));
    passed_s.store(20, Ordering::Relaxed);
    sessions.make_ready(&did(), in_s(20)).await.unwrap();
    sessions.make_ready(&did(), in_s(20)).await.unwrap();
    assert_eq!(network.count("plc"), 5, "what could not be read is not known");
}
