//! Refreshing: once among many, stored before used, and never mistaking trouble for a dead session.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use skein_atproto::syntax::{AtIdentifier, Did};
use skein_bluesky::budget::{Meter, Tally};
use skein_bluesky::calls::CallRecord;
use skein_bluesky::cursor::CursorKey;
use skein_bluesky::journal::{
    BudgetJournal, Journal, JournalError, KeptProfile, MemoryJournal, ProfileJournal, Session, Stored, TallyChange,
};
use skein_bluesky::session::{Authorized, SessionError};
use skein_bluesky::xrpc::{CallError, Response};

use crate::network::{APP_PASSWORD, DID, NOW_S, Network, Reply, did, now, refusal, remember, stored};

const TIMELINE: &str = "app.bsky.feed.getTimeline";

async fn timeline(me: Authorized) -> Result<Response, CallError> {
    me.get(TIMELINE, &[]).await
}

/// A network and a journal with a session whose access token ends so many seconds from now.
async fn start(ends_in_s: i64, app_password: Option<&str>) -> (Network, Arc<MemoryJournal>) {
    let network = Network::start().await;
    let journal = Arc::new(MemoryJournal::new());
    remember(&journal, &network.session(ends_in_s, app_password)).await;
    (network, journal)
}

#[tokio::test]
async fn a_good_token_is_used_as_it_is() {
    let (network, journal) = start(31, None).await;
    network.sessions(&journal).call(&did(), timeline).await.unwrap();
    assert_eq!((network.total(), network.count("getTimeline")), (1, 1));
}

#[tokio::test]
async fn a_token_about_to_end_is_refreshed_before_it_is_used() {
    let (network, journal) = start(29, None).await;
    network.sessions(&journal).call(&did(), timeline).await.unwrap();
    assert_eq!((network.count("refreshSession"), network.count("getTimeline")), (1, 1));
    assert_eq!(network.seen("refreshSession")[0].token.as_deref(), Some("refresh-1"));
    assert_eq!(stored(&journal).await.unwrap().session.refresh_jwt.expose_secret(), "refresh-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_callers_in_two_processes_refresh_once() {
    for ends_in_s in [-5, 7200] {
        let (network, journal) = start(ends_in_s, None).await;
        network.end_access_tokens();
        let workers = ["worker-1", "worker-2"].map(|owner| network.sessions_of(Arc::clone(&journal) as _, owner));
        let calls: Vec<_> = (0..8)
            .map(|caller| {
                let sessions = workers[caller % 2].clone();
                tokio::spawn(async move { sessions.call(&did(), timeline).await.map(|response| response.status) })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().unwrap().is_success());
        }
        assert_eq!(network.count("refreshSession"), 1, "token ends in {ends_in_s} s");
    }
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again() {
    let (network, journal) = start(-5, None).await;
    network.order("refreshSession", Reply::Lost);
    network.sessions(&journal).call(&did(), timeline).await.unwrap();
    let asked = network.seen("refreshSession");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].token, asked[1].token, "the same refresh token gives the same next one");
    assert_eq!(stored(&journal).await.unwrap().session.refresh_jwt.expose_secret(), "refresh-2");
}

#[tokio::test]
async fn trouble_at_the_server_is_not_the_end_of_a_session() {
    let (network, journal) = start(-5, Some(APP_PASSWORD)).await;
    for _ in 0..2 {
        network.order("refreshSession", Reply::With(503, vec![], "<html>down</html>".to_owned()));
    }
    let sessions = network.sessions(&journal);
    let error = sessions.call(&did(), timeline).await.unwrap_err();
    assert!(matches!(error, SessionError::Unreachable { .. }) && error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("it is kept"), "{error}");
    assert_eq!((network.count("refreshSession"), network.count("createSession")), (2, 0));
    sessions.call(&did(), timeline).await.unwrap();
    assert_eq!(network.count("refreshSession"), 3, "the lease was given back, and the session still good");
}

#[tokio::test]
async fn a_rate_limit_is_not_the_end_of_a_session_either() {
    let (network, journal) = start(-5, None).await;
    let headers = vec![("retry-after", "90".to_owned())];
    network.order("refreshSession", Reply::With(429, headers, r#"{"error":"RateLimitExceeded"}"#.to_owned()));
    let error = network.sessions(&journal).authorized(&did()).await.unwrap_err();
    assert!(matches!(&error, SessionError::RateLimited { until, .. } if until.as_second() == NOW_S + 90), "{error:?}");
    assert_eq!(network.count("refreshSession"), 1, "asking again at once would only cost more");
}

#[tokio::test]
async fn a_dead_session_without_a_password_needs_a_person() {
    let (network, journal) = start(-5, None).await;
    network.end_all_sessions();
    let error = network.sessions(&journal).call(&did(), timeline).await.unwrap_err();
    let SessionError::NeedsLogin { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("revoked") && !error.is_transient(), "{error}");
    assert_eq!((network.count("refreshSession"), network.count("createSession")), (1, 0));
}

#[tokio::test]
async fn a_dead_session_with_a_password_logs_in_again() {
    let (network, journal) = start(7200, Some(APP_PASSWORD)).await;
    network.end_all_sessions();
    network.sessions(&journal).call(&did(), timeline).await.unwrap();
    assert_eq!((network.count("refreshSession"), network.count("createSession")), (1, 1));
    assert_eq!(network.count("getTimeline"), 2, "refused once, repeated once");
    let session = stored(&journal).await.unwrap().session;
    assert_eq!(session.app_password.unwrap().expose_secret(), APP_PASSWORD);
    assert_eq!(session.refresh_jwt.expose_secret(), "refresh-2");
}

#[tokio::test]
async fn every_name_for_a_dead_token_counts() {
    for reply in
        [refusal(400, "InvalidToken", "bad"), refusal(401, "AuthenticationRequired", "no"), refusal(401, "X", "")]
    {
        let (network, journal) = start(-5, Some(APP_PASSWORD)).await;
        network.order("refreshSession", reply);
        network.sessions(&journal).call(&did(), timeline).await.unwrap();
        assert_eq!(network.count("createSession"), 1);
    }
}

#[tokio::test]
async fn a_password_that_was_revoked_is_tried_once() {
    let (network, journal) = start(-5, Some(APP_PASSWORD)).await;
    network.end_all_sessions();
    network.password_is(None);
    let sessions = network.sessions(&journal);
    for _ in 0..2 {
        let error = sessions.call(&did(), timeline).await.unwrap_err();
        assert!(matches!(error, SessionError::NeedsLogin { .. }), "{error:?}");
        assert!(!error.to_string().contains(APP_PASSWORD));
    }
    assert_eq!(network.count("createSession"), 1);
    assert!(stored(&journal).await.unwrap().session.app_password.is_none());
}

#[tokio::test]
async fn a_login_that_cannot_be_asked_keeps_the_password() {
    let (network, journal) = start(-5, Some(APP_PASSWORD)).await;
    network.end_all_sessions();
    network.order("createSession", Reply::With(502, vec![], String::new()));
    let error = network.sessions(&journal).call(&did(), timeline).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(stored(&journal).await.unwrap().session.app_password.is_some());
}

#[tokio::test]
async fn takedown_and_deactivation_are_told_apart() {
    let (network, journal) = start(-5, Some(APP_PASSWORD)).await;
    let sessions = network.sessions(&journal);
    network.order("refreshSession", refusal(401, "AccountTakedown", "gone"));
    assert!(matches!(sessions.authorized(&did()).await, Err(SessionError::TakenDown { .. })));
    network.order("refreshSession", refusal(401, "AccountDeactivated", "asleep"));
    assert!(matches!(sessions.authorized(&did()).await, Err(SessionError::Deactivated { .. })));
    network.order("getTimeline", refusal(401, "AccountTakedown", "gone"));
    assert!(matches!(sessions.call(&did(), timeline).await, Err(SessionError::TakenDown { .. })));
    assert_eq!(network.count("createSession"), 0);
}

#[tokio::test]
async fn a_call_is_repeated_once_and_no_more() {
    let (network, journal) = start(7200, None).await;
    for _ in 0..2 {
        network.order("getTimeline", refusal(400, "ExpiredToken", "Token has expired"));
    }
    let error = network.sessions(&journal).call(&did(), timeline).await.unwrap_err();
    assert!(error.call().is_some_and(|call| call.is_named("ExpiredToken")), "{error:?}");
    assert_eq!((network.count("getTimeline"), network.count("refreshSession")), (2, 1));
}

#[tokio::test]
async fn other_failures_of_a_call_are_handed_on() {
    let (network, journal) = start(7200, None).await;
    let sessions = network.sessions(&journal);
    for reply in [refusal(400, "InvalidSwap", "head moved"), refusal(500, "InternalServerError", ""), Reply::Lost] {
        network.order("getTimeline", reply);
        let error = sessions.call(&did(), timeline).await.unwrap_err();
        assert!(error.call().is_some(), "{error:?}");
    }
    assert_eq!((network.count("getTimeline"), network.count("refreshSession")), (3, 0));
}

#[tokio::test]
async fn what_another_process_stored_meanwhile_is_used() {
    let (network, journal) = start(-5, None).await;
    let until = Timestamp::from_second(NOW_S + 60).unwrap();
    assert!(journal.lease_refresh(&did(), "somebody else", now(), until).await.unwrap());
    let sessions = network.sessions(&journal);
    let waiting = tokio::spawn(async move { sessions.authorized(&did()).await });
    let newer = network.session(7200, None);
    assert!(journal.put_session(&did(), &newer, Some(1)).await.unwrap());
    assert_eq!(waiting.await.unwrap().unwrap().version(), 2);
    assert_eq!(network.count("refreshSession"), 0);
}

#[tokio::test]
async fn the_lease_of_a_process_that_died_is_taken_over() {
    let (network, journal) = start(-5, None).await;
    let at = |second| Timestamp::from_second(NOW_S + second).unwrap();
    assert!(journal.lease_refresh(&did(), "the dead", at(-60), at(0)).await.unwrap());
    network.sessions(&journal).authorized(&did()).await.unwrap();
    assert_eq!(network.count("refreshSession"), 1);
}

#[tokio::test]
async fn a_login_meanwhile_wins_over_a_refresh() {
    let network = Network::start().await;
    let journal = Arc::new(Interfering { memory: MemoryJournal::new(), newer: Mutex::default() });
    remember(&journal.memory, &network.session(-5, None)).await;
    *journal.newer.lock().unwrap() = Some(network.session(7200, Some(APP_PASSWORD)));
    let sessions = network.sessions_of(Arc::clone(&journal) as _, "worker-1");
    sessions.call(&did(), timeline).await.unwrap();
    assert!(stored(&journal.memory).await.unwrap().session.app_password.is_some());
}

#[tokio::test]
async fn new_tokens_are_stored_before_they_are_used() {
    let network = Network::start().await;
    let journal = Arc::new(Failing { memory: MemoryJournal::new() });
    remember(&journal.memory, &network.session(-5, None)).await;
    let sessions = network.sessions_of(Arc::clone(&journal) as _, "worker-1");
    let error = sessions.call(&did(), timeline).await.unwrap_err();
    assert!(matches!(error, SessionError::Journal(_)), "{error:?}");
    assert_eq!(
        (network.count("refreshSession"), network.count("getTimeline")),
        (1, 0),
        "what is not stored is not used"
    );
}

#[tokio::test]
async fn without_a_session_nobody_is_asked() {
    let network = Network::start().await;
    let error = network.sessions(&Arc::default()).call(&did(), timeline).await.unwrap_err();
    assert!(matches!(error, SessionError::NoSession { .. }) && error.to_string().contains("log in"), "{error}");
    assert_eq!(network.total(), 0);
}

#[tokio::test]
async fn the_session_of_somebody_else_is_not_taken_for_ours() {
    let (network, journal) = start(-5, None).await;
    let theirs = json!({"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "accessJwt": "a", "refreshJwt": "r"});
    network.order("refreshSession", Reply::Json(200, theirs));
    let error = network.sessions(&journal).authorized(&did()).await.unwrap_err();
    assert!(matches!(&error, SessionError::NeedsLogin { did, .. } if did.as_str() == DID), "{error:?}");
    assert_eq!(stored(&journal).await.unwrap().version, 1);
}

/// A journal on which somebody logs in the moment before a session is stored.
struct Interfering {
    memory: MemoryJournal,
    newer: Mutex<Option<Session>>,
}

/// A journal that cannot store.
struct Failing {
    memory: MemoryJournal,
}

macro_rules! journal_over_memory {
    ($name:ty, $put:expr) => {
        #[async_trait]
        impl BudgetJournal for $name {
            async fn change_tallies(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
                self.memory.change_tallies(meters, change).await
            }
            async fn tally(&self, meter: &Meter) -> Result<Option<Tally>, JournalError> {
                self.memory.tally(meter).await
            }
            async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError> {
                self.memory.tallies().await
            }
        }

        #[async_trait]
        impl ProfileJournal for $name {
            async fn profile(&self, actor: &AtIdentifier) -> Result<Option<KeptProfile>, JournalError> {
                self.memory.profile(actor).await
            }
            async fn keep_profile(&self, kept: &KeptProfile) -> Result<Option<Did>, JournalError> {
                self.memory.keep_profile(kept).await
            }
        }

        #[async_trait]
        impl Journal for $name {
            async fn session(&self, did: &Did) -> Result<Option<Stored>, JournalError> {
                self.memory.session(did).await
            }
            async fn put_session(&self, did: &Did, new: &Session, seen: Option<i64>) -> Result<bool, JournalError> {
                let put: fn(&Self) -> Result<Option<Session>, JournalError> = $put;
                if let Some(newer) = put(self)? {
                    assert!(self.memory.put_session(did, &newer, seen).await?);
                }
                self.memory.put_session(did, new, seen).await
            }
            async fn forget_session(&self, did: &Did) -> Result<(), JournalError> {
                self.memory.forget_session(did).await
            }
            async fn lease_refresh(
                &self,
                d: &Did,
                o: &str,
                now: Timestamp,
                u: Timestamp,
            ) -> Result<bool, JournalError> {
                self.memory.lease_refresh(d, o, now, u).await
            }
            async fn log_calls(&self, calls: &[CallRecord]) -> Result<(), JournalError> {
                self.memory.log_calls(calls).await
            }
            async fn cursor(&self, of: &CursorKey) -> Result<Option<String>, JournalError> {
                self.memory.cursor(of).await
            }
            async fn put_cursor(&self, of: &CursorKey, to: Option<&str>, now: Timestamp) -> Result<(), JournalError> {
                self.memory.put_cursor(of, to, now).await
            }
            async fn release_refresh(&self, did: &Did, owner: &str) -> Result<(), JournalError> {
                self.memory.release_refresh(did, owner).await
            }
        }
    };
}

journal_over_memory!(Interfering, |journal| Ok(journal.newer.lock().unwrap().take()));
journal_over_memory!(Failing, |_| Err(JournalError::new("the disk is full")));
