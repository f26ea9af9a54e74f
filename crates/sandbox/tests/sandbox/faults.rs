//! What faults do to a client, seen from the wire.

use crate::wire::{APPLY_WRITES, Answer, START_S, Stage, everything};
use serde_json::json;
use skein_sandbox::{AccountState, Fault, FaultOrder};
use tokio::io::AsyncWriteExt;

const RKEY: &str = "3m5aaaaaaaa22";

fn arm(stage: &Stage, fault: Fault) {
    stage.sandbox.faults().order(FaultOrder::new(APPLY_WRITES, fault)).unwrap();
}

async fn send_write(stage: &Stage) -> tokio::net::TcpStream {
    let path = format!("/xrpc/{APPLY_WRITES}");
    stage.send("POST", &path, Some(&stage.token), Some(&stage.writes(RKEY, "hi"))).await
}

#[tokio::test]
async fn a_cut_connection_ends_without_one_byte_and_before_or_after_the_write() {
    for (fault, lands) in [(Fault::CutBefore, false), (Fault::CutAfter, true)] {
        let stage = Stage::set().await;
        arm(&stage, fault);
        assert_eq!(everything(send_write(&stage).await).await, b"");
        assert_eq!(stage.is_there(RKEY).await, lands);
        assert_eq!(stage.publish(RKEY, "hi").await.status, if lands { 500 } else { 200 });
    }
}

#[tokio::test]
async fn only_the_cut_request_of_a_kept_connection_is_lost() {
    use tokio::io::AsyncReadExt;
    let stage = Stage::set().await;
    stage
        .sandbox
        .faults()
        .order(FaultOrder::new("com.atproto.server.describeServer", Fault::CutBefore).skip(1))
        .unwrap();
    let mut stream = stage.connect().await;
    let request = b"GET /xrpc/com.atproto.server.describeServer HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream.write_all(request).await.unwrap();
    let rest = String::from_utf8(everything(stream).await).unwrap();
    assert!(rest.ends_with('}') && !rest.contains("HTTP/1.1"), "{rest}");
}

#[tokio::test]
async fn a_held_request_lands_late_even_if_its_client_has_gone() {
    let stage = Stage::set().await;
    arm(&stage, Fault::HoldRequest);
    drop(send_write(&stage).await);
    stage.sandbox.faults().wait_until_held(1).await;
    assert!(!stage.is_there(RKEY).await);
    assert_eq!(stage.sandbox.faults().release(usize::MAX).await, 1);
    assert!(stage.is_there(RKEY).await);
}

#[tokio::test]
async fn a_held_request_is_fenced_by_a_commit_that_came_before_its_release() {
    let stage = Stage::set().await;
    arm(&stage, Fault::HoldRequest);
    let mut fenced = stage.writes(RKEY, "hi");
    fenced["swapCommit"] = json!(stage.head().await);
    let late = stage.send("POST", &format!("/xrpc/{APPLY_WRITES}"), Some(&stage.token), Some(&fenced)).await;
    stage.sandbox.faults().wait_until_held(1).await;
    assert_eq!(stage.publish("3m5aaaaaaaa23", "in between").await.status, 200);
    stage.sandbox.faults().release(1).await;
    let answer = Answer::read(late).await;
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("InvalidSwap")));
    assert!(!stage.is_there(RKEY).await);
}

#[tokio::test]
async fn a_held_answer_comes_after_its_write_was_seen() {
    let stage = Stage::set().await;
    arm(&stage, Fault::HoldAnswer);
    let waiting = send_write(&stage).await;
    stage.sandbox.faults().wait_until_held(1).await;
    assert!(stage.is_there(RKEY).await);
    stage.sandbox.faults().release(1).await;
    assert_eq!(Answer::read(waiting).await.status, 200);
}

#[tokio::test]
async fn a_discarded_request_never_lands() {
    let stage = Stage::set().await;
    arm(&stage, Fault::HoldRequest);
    let waiting = send_write(&stage).await;
    stage.sandbox.faults().wait_until_held(1).await;
    assert_eq!(stage.sandbox.faults().discard_held(), 1);
    assert_eq!(everything(waiting).await, b"");
    assert!(!stage.is_there(RKEY).await);
}

#[tokio::test]
async fn answers_of_faults_say_what_the_network_would_say() {
    let cases = [
        (Fault::ServerErrorBefore, 500, "InternalServerError", false),
        (Fault::ServerErrorAfter, 500, "InternalServerError", true),
        (Fault::ExpiredToken, 400, "ExpiredToken", false),
        (Fault::RevokedPassword, 401, "AuthenticationRequired", false),
        (Fault::InvalidSwap, 400, "InvalidSwap", false),
        (Fault::BlobNotFound, 400, "BlobNotFound", false),
        (Fault::RateLimited { reset_after_s: 60 }, 429, "RateLimitExceeded", false),
    ];
    for (fault, status, error, lands) in cases {
        let stage = Stage::set().await;
        arm(&stage, fault.clone());
        let answer = stage.publish(RKEY, "hi").await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{fault:?}");
        assert_eq!(stage.is_there(RKEY).await, lands, "{fault:?}");
        if status == 429 {
            assert_eq!(answer.header("ratelimit-reset"), Some((START_S + 60).to_string().as_str()));
            assert_eq!(answer.header("retry-after"), Some("60"));
            assert_eq!(answer.header("ratelimit-policy"), Some("5000;w=3600"));
        }
    }
}

#[tokio::test]
async fn answers_that_cannot_be_read_may_hide_a_write() {
    let cases = [
        (Fault::Garbled, 200, true),
        (Fault::EmptyAnswer, 200, true),
        (Fault::BadGatewayBefore, 502, false),
        (Fault::BadGatewayAfter, 502, true),
    ];
    for (fault, status, lands) in cases {
        let stage = Stage::set().await;
        arm(&stage, fault.clone());
        let answer = stage.publish(RKEY, "hi").await;
        assert_eq!(answer.status, status, "{fault:?}");
        assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err(), "{fault:?}");
        assert_eq!(stage.is_there(RKEY).await, lands, "{fault:?}");
    }
}

#[tokio::test]
async fn a_host_that_ignores_the_swap_takes_a_stale_one() {
    let stage = Stage::set().await;
    let old_head = stage.head().await;
    stage.publish(RKEY, "hi").await;
    let mut writes = stage.writes("3m5aaaaaaaa23", "late");
    writes["swapCommit"] = json!(old_head);
    let path = format!("/xrpc/{APPLY_WRITES}");
    assert_eq!(stage.post(&path, Some(&stage.token), &writes).await.status, 400);
    arm(&stage, Fault::SwapIgnored);
    assert_eq!(stage.post(&path, Some(&stage.token), &writes).await.status, 200);
}

#[tokio::test]
async fn a_slow_call_is_answered_all_the_same() {
    let stage = Stage::set().await;
    arm(&stage, Fault::Slow { ms: 5 });
    assert_eq!(stage.publish(RKEY, "hi").await.status, 200);
    stage.sandbox.faults().wait_until_fired(1).await;
    assert_eq!(stage.sandbox.faults().report().fired[0].at, "2026-11-21T10:00:00.000Z");
}

#[tokio::test]
async fn other_processes_order_the_same_over_http() {
    let stage = Stage::set().await;
    let order = json!({"method": APPLY_WRITES, "fault": "hold_request"});
    assert_eq!(stage.post("/sandbox/faults", None, &order).await.json()["id"], 1);
    let report = stage.get("/sandbox/faults").await.json();
    let left = json!({"id": 1, "method": APPLY_WRITES, "skip": 0, "times": 1, "fault": "hold_request"});
    assert_eq!(report, json!({"armed": [left], "fired": [], "held": 0}));
    let waiting = send_write(&stage).await;
    let held = stage.get("/sandbox/held?count=1").await.json();
    assert_eq!(held, json!({"held": 1, "in_time": true}));
    let too_many = stage.get("/sandbox/held?count=2&timeout_ms=1").await.json();
    assert_eq!(too_many, json!({"held": 1, "in_time": false}));
    assert_eq!(stage.post("/sandbox/release", None, &json!({"count": 5})).await.json(), json!({"released": 1}));
    assert_eq!(Answer::read(waiting).await.status, 200);
    assert_eq!(stage.get("/sandbox/faults").await.json()["fired"][0]["fault"], "hold_request");
    let cleared = Answer::read(stage.send("DELETE", "/sandbox/faults", None, None).await).await.json();
    assert_eq!(cleared["fired"], json!([]));
    let refused = stage.post("/sandbox/faults", None, &json!({"method": "*", "fault": "nonsense"})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["message"].as_str().unwrap().contains("cut_before"), "{refused:?}");
}

#[tokio::test]
async fn accounts_and_records_change_by_order() {
    let stage = Stage::set().await;
    stage.publish(RKEY, "hi").await;
    let uri = format!("at://{}/{}/{RKEY}", stage.alice.did, crate::wire::POST);
    assert_eq!(stage.post("/sandbox/author-deletes", None, &json!({"uri": uri})).await.status, 200);
    assert!(!stage.is_there(RKEY).await);
    assert_eq!(stage.post("/sandbox/author-deletes", None, &json!({"uri": uri})).await.status, 404);
    // A deleted post comes back when it is sent again; one that was taken down stays away.
    assert_eq!(stage.publish(RKEY, "hi").await.status, 200);
    assert_eq!(stage.post("/sandbox/record-takedowns", None, &json!({"uri": uri})).await.status, 200);
    assert!(!stage.is_there(RKEY).await);
    assert_eq!(stage.publish(RKEY, "hi").await.status, 500);
    let takedown = json!({"account": "alice.test", "state": "takendown"});
    assert_eq!(stage.post("/sandbox/account-state", None, &takedown).await.status, 200);
    assert_eq!(stage.publish(RKEY, "hi").await.json()["error"], "AccountTakedown");
    stage.sandbox.set_account_state(&stage.alice.did, AccountState::Active).unwrap();
    let made = stage.post("/sandbox/accounts", None, &json!({"handle": "bob.test"})).await.json();
    assert!(made["app_password"].is_string());
    assert_eq!(stage.post("/sandbox/accounts", None, &json!({"handle": "bob.test"})).await.status, 400);
}
