//! Asking again: only what is safe, after the right pause, and not for ever.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use skein_bluesky::calls::Recorder;
use skein_bluesky::journal::MemoryJournal;
use skein_bluesky::xrpc::{Auth, CallError, Response, Retry, RetryBounds, XrpcClient};
use skein_net::AllowPrivate;
use url::Url;

use crate::network::{NOW_S, Network, Reply, http};

const READ: &str = "app.bsky.actor.getProfile";
const WRITE: &str = "com.atproto.repo.createRecord";

/// A client that asks again, on a clock that only its own pauses move.
struct Patient {
    network: Network,
    xrpc: XrpcClient,
    base: Url,
    journal: Arc<MemoryJournal>,
    recorder: Arc<Recorder>,
    pauses: Arc<Mutex<Vec<u64>>>,
}

impl Patient {
    /// `random` is all the randomness that there is.
    async fn set(random: u64) -> Self {
        let network = Network::start().await;
        let ms = Arc::new(AtomicI64::new(NOW_S * 1_000));
        let clock = Arc::clone(&ms);
        let now = Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::SeqCst)).unwrap());
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&pauses);
        let retry = Retry::new(now.clone(), Arc::new(move || random)).pausing_with(Arc::new(move |span: Duration| {
            let span_ms = u64::try_from(span.as_millis()).unwrap();
            noted.lock().unwrap().push(span_ms);
            ms.fetch_add(i64::try_from(span_ms).unwrap(), Ordering::SeqCst);
            Box::pin(std::future::ready(()))
        }));
        let journal = Arc::new(MemoryJournal::new());
        let recorder = Recorder::start(journal.clone(), now, [7; 6]);
        let base = network.pds();
        let http = http(AllowPrivate::None).watched_by(recorder.clone());
        let xrpc = XrpcClient::new(http).allowing(&base).retrying(&retry);
        Self { network, xrpc, base, journal, recorder, pauses }
    }

    async fn read(&self) -> Result<Response, CallError> {
        self.xrpc.get(&self.base, READ, &[], Auth::None).await
    }

    async fn write(&self) -> Result<Response, CallError> {
        self.xrpc.post_json(&self.base, WRITE, Bytes::from_static(b"{}"), Auth::None).await
    }

    fn answers(&self, method: &str, replies: impl IntoIterator<Item = Reply>) {
        let call = method.rsplit('.').next().unwrap();
        replies.into_iter().for_each(|reply| self.network.order(call, reply));
    }

    fn pauses(&self) -> Vec<u64> {
        self.pauses.lock().unwrap().clone()
    }
}

fn page(status: u16) -> Reply {
    Reply::With(status, vec![], "<html>".to_owned())
}

fn ok() -> Reply {
    Reply::Json(200, json!({}))
}

fn limited(headers: &[(&'static str, String)]) -> Reply {
    Reply::With(429, headers.to_vec(), r#"{"error":"RateLimitExceeded"}"#.to_owned())
}

#[tokio::test]
async fn a_read_is_asked_again_after_trouble_on_the_way_and_each_time_is_logged() {
    let patient = Patient::set(u64::MAX).await;
    patient.answers(READ, [page(502), Reply::Lost, page(503), ok()]);
    patient.read().await.unwrap();
    assert_eq!(patient.network.count("getProfile"), 4);
    let pauses = patient.pauses();
    assert!(pauses.iter().zip([500, 1_000, 2_000]).all(|(pause, most)| *pause <= most), "{pauses:?}");
    patient.recorder.flush().await;
    let attempts: Vec<u32> = patient.journal.calls().iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
}

#[tokio::test]
async fn pauses_are_wholly_random_below_their_bound() {
    for (random, expected) in [(0, [0, 0, 0]), (400, [400, 400, 400]), (501, [0, 501, 501])] {
        let patient = Patient::set(random).await;
        patient.answers(READ, [page(502), page(502), page(504), ok()]);
        patient.read().await.unwrap();
        assert_eq!(patient.pauses(), expected);
    }
}

#[tokio::test]
async fn trouble_that_stays_is_told_after_four_times() {
    let patient = Patient::set(0).await;
    patient.answers(READ, [page(502), page(502), page(502), page(504), ok()]);
    let error = patient.read().await.unwrap_err();
    assert_eq!(error.answer().unwrap().response.status.as_u16(), 504);
    assert_eq!(patient.network.count("getProfile"), 4);
}

#[tokio::test]
async fn what_asking_again_cannot_mend_is_asked_once() {
    for status in [400, 401, 404, 500, 501] {
        let patient = Patient::set(0).await;
        patient.answers(READ, [page(status), ok()]);
        assert!(patient.read().await.is_err(), "{status}");
        assert_eq!(patient.pauses(), [0_u64; 0]);
    }
}

#[tokio::test]
async fn a_write_that_may_have_arrived_is_never_sent_again() {
    for reply in [Reply::Lost, page(500), page(502), page(503), page(504)] {
        let patient = Patient::set(0).await;
        patient.answers(WRITE, [reply.clone(), ok()]);
        assert!(patient.write().await.is_err(), "{reply:?}");
        assert_eq!(patient.network.count("createRecord"), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_write_that_was_refused_for_the_limit_waits_as_long_as_it_was_told() {
    let date = |headers: &[(&'static str, &str)]| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        limited(&headers)
    };
    // NOW_S is Wed, 18 Nov 2026 11:06:40 GMT.
    let at_nine = "Wed, 18 Nov 2026 11:06:49 GMT";
    let cases = [
        (date(&[("retry-after", "7")]), 7_000),
        (date(&[("retry-after", at_nine), ("date", "Wed, 18 Nov 2026 11:06:40 GMT")]), 9_000),
        (date(&[("retry-after", at_nine), ("date", "Wed, 18 Nov 2026 11:06:44 GMT")]), 5_000),
        (limited(&[("ratelimit-reset", (NOW_S + 11).to_string())]), 11_000),
        (limited(&[("ratelimit-reset", (NOW_S + 11).to_string()), ("retry-after", "2".to_owned())]), 11_000),
        (limited(&[("ratelimit-reset", (NOW_S - 11).to_string()), ("retry-after", "2".to_owned())]), 2_000),
        (limited(&[("ratelimit-reset", (NOW_S - 11).to_string())]), 0),
        (limited(&[]), 0),
    ];
    for (reply, expected) in cases {
        let patient = Patient::set(0).await;
        patient.answers(WRITE, [reply.clone(), ok()]);
        patient.write().await.unwrap();
        assert_eq!(patient.pauses(), [expected], "{reply:?}");
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_half_a_minute() {
    let patient = Patient::set(0).await;
    patient.answers(READ, [limited(&[("retry-after", "31".to_owned())]), ok()]);
    assert!(patient.read().await.is_err());
    assert_eq!(patient.pauses(), [0_u64; 0], "it is told at once");

    let patient = Patient::set(0).await;
    let twenty = || limited(&[("retry-after", "20".to_owned())]);
    patient.answers(READ, [twenty(), twenty(), ok()]);
    assert!(patient.read().await.is_err());
    assert_eq!(patient.pauses(), [20_000]);
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again_also_for_a_write() {
    let mut patient = Patient::set(0).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    patient.base = Url::parse(&format!("http://localhost:{closed}")).unwrap();
    patient.xrpc = patient.xrpc.allowing(&patient.base);
    assert!(matches!(patient.write().await.unwrap_err(), CallError::NotSent { .. }));
    assert_eq!(patient.pauses().len(), 3);
}

#[tokio::test]
async fn a_name_that_is_none_is_not_tried_again() {
    let patient = Patient::set(0).await;
    assert!(patient.xrpc.get(&patient.base, "../admin", &[], Auth::None).await.is_err());
    assert_eq!(patient.pauses(), [0_u64; 0]);
}

#[test]
fn bounds_are_what_they_are_said_to_be() {
    let bounds = RetryBounds::default();
    assert_eq!((bounds.attempts, bounds.total), (4, Duration::from_secs(30)));
}
