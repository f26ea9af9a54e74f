//! The budget over the wire: what does not fit does not leave, and what servers say is believed where it makes sense.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use skein_atproto::syntax::Did;
use skein_bluesky::budget::{Gauge, Meter, host_of};
use skein_bluesky::calls::{Recorder, UPLOAD_BLOB};
use skein_bluesky::journal::{BudgetJournal, MemoryJournal};
use skein_bluesky::repo::{self, APPLY_WRITES};
use skein_bluesky::session::{Authorized, Sessions};
use skein_bluesky::xrpc::{CallError, Response};
use skein_net::AllowPrivate;

use crate::network::{DID, NOW_S, Network, Reply, did, http, now, refusal, remember};

const LONG: Duration = Duration::from_secs(30);

/// A client that is watched, as every client is whose budget is kept.
struct Counted {
    network: Network,
    journal: Arc<MemoryJournal>,
    recorder: Arc<Recorder>,
    sessions: Sessions,
}

impl Counted {
    async fn set() -> Self {
        let network = Network::start().await;
        let journal = Arc::new(MemoryJournal::new());
        remember(&journal, &network.session(7200, None)).await;
        let (recorder, sessions) = watched(&network, &journal, "one");
        Self { network, journal, recorder, sessions }
    }

    /// The server shows what is left of its hour.
    async fn shows(limit: u64, remaining: u64) -> Self {
        let counted = Self::set().await;
        counted.network.order("applyWrites", limited(200, limit, remaining, NOW_S + 600));
        counted.write(1).await.unwrap();
        counted.recorder.flush().await;
        counted
    }

    async fn me(&self) -> Authorized {
        self.sessions.authorized(&did()).await.unwrap()
    }

    async fn write(&self, creates: usize) -> Result<Response, CallError> {
        repo::apply_writes(&self.me().await, creates_of(creates), LONG).await
    }

    async fn hour(&self) -> Gauge {
        self.recorder.flush().await;
        self.sessions.budget().gauges_of(&Meter::writes(&did())).await.unwrap().remove(0)
    }
}

fn watched(network: &Network, journal: &Arc<MemoryJournal>, owner: &str) -> (Arc<Recorder>, Sessions) {
    let recorder = Recorder::start(journal.clone(), Arc::new(now), [7; 6]);
    let http = http(AllowPrivate::None).watched_by(recorder.clone());
    let sessions = Sessions::new(http, network.environment(), journal.clone(), Arc::new(now), owner.to_owned());
    (recorder, sessions)
}

fn creates_of(count: usize) -> Bytes {
    let create = json!({"$type": "com.atproto.repo.applyWrites#create", "collection": "x.y.z", "value": {}});
    Bytes::from(json!({"repo": DID, "writes": vec![create; count]}).to_string())
}

fn limited(status: u16, limit: u64, remaining: u64, reset: i64) -> Reply {
    let headers = vec![
        ("ratelimit-limit", limit.to_string()),
        ("ratelimit-remaining", remaining.to_string()),
        ("ratelimit-reset", reset.to_string()),
        ("ratelimit-policy", format!("{limit};w=3600")),
    ];
    let body = if status == 429 { r#"{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}"# } else { "{}" };
    Reply::With(status, headers, body.to_owned())
}

#[tokio::test]
async fn what_does_not_fit_what_the_server_showed_never_leaves() {
    let counted = Counted::shows(5_000, 599).await;
    let error = counted.write(200).await.unwrap_err();
    let CallError::RateLimitExceeded(shortage) = &error else { panic!("{error:?}") };
    assert_eq!((shortage.used, shortage.limit, shortage.wanted), (4_401, 5_000, 600));
    assert_eq!(error.limited_until(now()).unwrap().as_second(), NOW_S + 601);
    assert!(error.provably_not_sent() && error.is_transient());
    assert!(error.to_string().starts_with("RateLimitExceeded: this takes 600 points"), "{error}");
    assert_eq!(counted.network.count("applyWrites"), 1, "only the first write left");
    counted.write(199).await.unwrap();
}

#[tokio::test]
async fn a_server_that_counts_nothing_is_not_waited_for() {
    let counted = Counted::set().await;
    for _ in 0..9 {
        counted.write(200).await.unwrap();
    }
    let hour = counted.hour().await;
    assert_eq!((hour.used, hour.left, hour.is_enforced), (5_400, 0, false));
}

#[tokio::test]
async fn reservations_are_settled_before_there_are_many() {
    let counted = Counted::set().await;
    for _ in 0..40 {
        counted.write(1).await.unwrap();
    }
    let tally = counted.journal.tally(&Meter::writes(&did())).await.unwrap().unwrap();
    let held = serde_json::to_value(&tally).unwrap()["holds"].as_array().unwrap().len();
    assert!(held <= 16, "{held} of 40 reservations wait");
    assert_eq!(counted.hour().await.used, 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_and_processes_together_never_spend_more_than_there_is() {
    let counted = Counted::shows(5_000, 100).await;
    let (_recorder, other) = watched(&counted.network, &counted.journal, "two");
    let mut writers = Vec::new();
    for number in 0..60 {
        let sessions = if number % 2 == 0 { counted.sessions.clone() } else { other.clone() };
        writers.push(tokio::spawn(async move {
            let me = sessions.authorized(&did()).await.unwrap();
            repo::apply_writes(&me, creates_of(1), LONG).await.is_ok()
        }));
    }
    let mut written = 0;
    for writer in writers {
        written += usize::from(writer.await.unwrap());
    }
    assert_eq!(written, 33, "33 writes of 3 points fit in 100");
    assert_eq!(counted.network.count("applyWrites"), 1 + 33);
}

#[tokio::test]
async fn a_refusal_by_the_server_closes_until_it_says() {
    let counted = Counted::set().await;
    counted.network.order("applyWrites", limited(429, 5_000, 0, NOW_S + 120));
    let error = counted.write(1).await.unwrap_err();
    assert_eq!(error.limited_until(now()).unwrap().as_second(), NOW_S + 120);
    counted.recorder.flush().await;
    let error = counted.write(1).await.unwrap_err();
    assert!(matches!(&error, CallError::RateLimitExceeded(short) if short.fits_at.is_some()), "{error:?}");
    assert_eq!(counted.network.count("applyWrites"), 1);
}

#[tokio::test]
async fn a_refusal_without_any_header_closes_for_a_minute() {
    let counted = Counted::set().await;
    counted.network.order("applyWrites", refusal(429, "RateLimitExceeded", "Rate Limit Exceeded"));
    counted.write(1).await.unwrap_err();
    counted.recorder.flush().await;
    let error = counted.write(1).await.unwrap_err();
    assert_eq!(error.limited_until(now()).unwrap().as_second(), NOW_S + 60, "{error}");
    assert_eq!(counted.network.count("applyWrites"), 1);
}

#[tokio::test]
async fn what_was_paid_ahead_is_spent_once_also_when_the_token_ended_meanwhile() {
    let counted = Counted::shows(5_000, 4_000).await;
    let body = creates_of(2);
    let paid = counted.me().await.paid(APPLY_WRITES, &body).await.unwrap();
    assert_eq!(counted.hour().await.used, 1_006);
    counted.network.end_access_tokens();
    let error = repo::apply_writes(&paid, body.clone(), LONG).await.unwrap_err();
    assert!(error.is_named("ExpiredToken"));
    let renewed = counted.sessions.renewed(&paid).await.unwrap();
    repo::apply_writes(&renewed, body, LONG).await.unwrap();
    assert_eq!(counted.hour().await.used, 1_006);
    let attempts: Vec<u32> = counted.journal.calls().iter().filter(|c| c.points == 6).map(|c| c.attempt).collect();
    assert_eq!(attempts, [1, 2]);
}

#[tokio::test]
async fn a_lost_answer_stays_spent_and_a_connection_that_is_refused_does_not() {
    let counted = Counted::set().await;
    counted.network.order("applyWrites", Reply::Lost);
    counted.write(1).await.unwrap_err();
    assert_eq!(counted.hour().await.used, 3);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut session = counted.network.session(7200, None);
    session.pds = format!("http://localhost:{closed}").parse().unwrap();
    session.service = Some(session.pds.clone());
    counted.sessions.log_out(&did()).await.unwrap();
    remember(&counted.journal, &session).await;
    assert!(matches!(counted.write(1).await.unwrap_err(), CallError::NotSent { .. }));
    assert_eq!(counted.hour().await.used, 3);
}

#[tokio::test]
async fn calls_and_uploads_count_for_the_host() {
    let counted = Counted::set().await;
    let host = host_of(&counted.network.pds());
    let headers = |remaining: u64| {
        let reset = (NOW_S + 200).to_string();
        vec![
            ("ratelimit-remaining", remaining.to_string()),
            ("ratelimit-reset", reset),
            ("ratelimit-policy", "3000;w=300".to_owned()),
        ]
    };
    counted.network.order("uploadBlob", Reply::With(200, headers(1), "{}".to_owned()));
    let me = counted.me().await;
    me.post(UPLOAD_BLOB, "image/png", Bytes::from_static(b"x"), LONG).await.unwrap();
    counted.recorder.flush().await;
    let budget = counted.sessions.budget();
    assert_eq!(budget.gauges_of(&Meter::uploads(&host)).await.unwrap()[0].used, 1);
    let calls = budget.gauges_of(&Meter::calls(&host)).await.unwrap().remove(0);
    assert_eq!((calls.used, calls.left, calls.is_enforced), (2_999, 1, true));
    counted.network.order("getTimeline", Reply::With(200, headers(0), "{}".to_owned()));
    me.get("app.bsky.feed.getTimeline", &[]).await.unwrap();
    counted.recorder.flush().await;
    let error = me.get("app.bsky.feed.getTimeline", &[]).await.unwrap_err();
    assert_eq!(error.limited_until(now()).unwrap().as_second(), NOW_S + 201, "{error}");
    assert!(counted.write(1).await.is_err(), "a write is a call as well");
    assert_eq!(counted.network.count("getTimeline"), 1);
    assert_eq!(counted.hour().await.used, 0, "and it was not paid for");
}

#[tokio::test]
async fn the_limit_of_logins_is_not_taken_for_that_of_all_calls() {
    let counted = Counted::set().await;
    let headers = vec![
        ("ratelimit-remaining", "0".to_owned()),
        ("ratelimit-reset", (NOW_S + 200).to_string()),
        ("ratelimit-policy", "30;w=300".to_owned()),
    ];
    let body = r#"{"error":"RateLimitExceeded"}"#.to_owned();
    counted.network.order("createSession", Reply::With(429, headers, body));
    counted.sessions.login(counted.network.login(crate::network::APP_PASSWORD)).await.unwrap_err();
    counted.recorder.flush().await;
    assert_eq!(counted.journal.tallies().await.unwrap().len(), 0);
    counted.write(1).await.unwrap();
}

#[tokio::test]
async fn accounts_do_not_share_their_points() {
    let counted = Counted::shows(5_000, 0).await;
    assert!(counted.write(1).await.is_err());
    let other = Did::parse("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    let gauges = counted.sessions.budget().gauges_of(&Meter::writes(&other)).await.unwrap();
    assert_eq!((gauges[0].used, gauges[0].left), (0, 5_000));
}
