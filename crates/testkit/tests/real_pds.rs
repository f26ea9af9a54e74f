//! The reference PDS, as the harness starts it, behaves as the rest of the tests count on.

#![expect(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::path::Path;

use serde_json::{Value, json};
use skein_testkit::proxy::{Fault, Proxy};
use skein_testkit::real_pds::{Account, HarnessError, RealPds, RealPdsOptions};

async fn sign_in(pds: &RealPds, account: &Account, password: &str) -> (u16, Value) {
    let body = json!({"identifier": account.handle, "password": password});
    pds.xrpc_post("com.atproto.server.createSession", &body, None).await.unwrap()
}

fn post_by(account: &Account) -> Value {
    let record = json!({"$type": "app.bsky.feed.post", "text": "hello", "createdAt": "2026-01-01T00:00:00.000Z"});
    json!({"repo": account.did, "collection": "app.bsky.feed.post", "record": record})
}

#[tokio::test]
async fn real_pds_creates_accounts_that_can_post() {
    let pds = RealPds::start().await.unwrap();
    assert!(pds.pds_url().starts_with("http://localhost:"), "{}", pds.pds_url());
    let alice = pds.create_account("alice.test").await.unwrap();
    let (status, session) = sign_in(&pds, &alice, &alice.app_password).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["didDoc"]["service"][0]["serviceEndpoint"], pds.pds_url());

    let token = session["accessJwt"].as_str().unwrap();
    let (status, created) =
        pds.xrpc_post("com.atproto.repo.createRecord", &post_by(&alice), Some(token)).await.unwrap();
    assert_eq!(status, 200, "{created}");
    let params = [("repo", alice.did.as_str()), ("collection", "app.bsky.feed.post")];
    let (status, listed) = pds.xrpc_get("com.atproto.repo.listRecords", &params, None).await.unwrap();
    assert_eq!((status, &listed["records"][0]["uri"]), (200, &created["uri"]));

    let refused = pds.create_account("alice.test").await.unwrap_err();
    assert!(matches!(refused, HarnessError::Refused { status: 400, .. }), "{refused}");
}

#[tokio::test]
async fn real_pds_accounts_can_be_locked_out() {
    let pds = RealPds::start().await.unwrap();
    let alice = pds.create_account("alice.test").await.unwrap();
    let token = pds.access_token(&alice).await.unwrap();
    let create = async || pds.xrpc_post("com.atproto.repo.createRecord", &post_by(&alice), Some(&token)).await.unwrap();

    pds.deactivate(&alice).await.unwrap();
    let (status, body) = create().await;
    assert_eq!((status, &body["error"]), (401, &json!("AccountDeactivated")));
    pds.activate(&alice).await.unwrap();
    assert_eq!(create().await.0, 200);

    pds.take_down(&alice).await.unwrap();
    let (status, body) = create().await;
    assert_eq!((status, &body["error"]), (401, &json!("AccountTakedown")));
    pds.restore(&alice).await.unwrap();
    assert_eq!(create().await.0, 200);

    pds.revoke_app_password(&alice).await.unwrap();
    let (status, body) = sign_in(&pds, &alice, &alice.app_password).await;
    assert_eq!((status, &body["error"]), (401, &json!("AuthenticationRequired")));
}

#[tokio::test]
async fn real_pds_limits_rates_when_asked() {
    let pds = RealPds::start_with(RealPdsOptions { rate_limits: true }).await.unwrap();
    let alice = pds.create_account("alice.test").await.unwrap();
    let token = pds.access_token(&alice).await.unwrap();
    // Five an hour: the smallest of its limits, so the soonest reached.
    let ask =
        async || pds.xrpc_post("com.atproto.server.requestAccountDelete", &Value::Null, Some(&token)).await.unwrap();
    for _ in 0..5 {
        assert_eq!(ask().await.0, 200);
    }
    let (status, body) = ask().await;
    assert_eq!((status, &body["error"]), (429, &json!("RateLimitExceeded")));
}

#[tokio::test]
async fn real_pds_behind_a_proxy_names_the_proxy() {
    let (pds, proxy) = RealPds::start_behind_proxy(RealPdsOptions::default()).await.unwrap();
    assert_eq!(pds.pds_url(), proxy.url());
    let alice = pds.create_account("alice.test").await.unwrap();
    let (_, session) = sign_in(&pds, &alice, &alice.app_password).await;
    assert_eq!(session["didDoc"]["service"][0]["serviceEndpoint"], proxy.url());
    assert_eq!(proxy.log(), [], "the harness calls the server itself");
}

#[tokio::test]
async fn real_pds_gets_a_held_request_after_its_client_is_gone() {
    let (pds, proxy) = RealPds::start_behind_proxy(RealPdsOptions::default()).await.unwrap();
    let alice = pds.create_account("alice.test").await.unwrap();
    let token = pds.access_token(&alice).await.unwrap();
    let held = proxy.hold_request("createRecord");
    send_and_leave(&proxy, &post_by(&alice), &token, async || held.arrived().await.unwrap()).await;

    let params = [("repo", alice.did.as_str()), ("collection", "app.bsky.feed.post")];
    let (_, before) = pds.xrpc_get("com.atproto.repo.listRecords", &params, None).await.unwrap();
    assert_eq!(before["records"], json!([]));
    held.release();
    assert_eq!(held.done().await.unwrap(), Some(200));
    let (_, after) = pds.xrpc_get("com.atproto.repo.listRecords", &params, None).await.unwrap();
    assert_eq!(after["records"][0]["value"]["text"], "hello");
    assert_eq!(proxy.log()[0].fault, Some(Fault::HoldRequest));
}

async fn send_and_leave(proxy: &Proxy, body: &Value, token: &str, until: impl AsyncFnOnce()) {
    use tokio::io::AsyncWriteExt;
    let body = body.to_string();
    let mut client = tokio::net::TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
    let request = format!(
        "POST /xrpc/com.atproto.repo.createRecord HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    until().await;
}

#[tokio::test]
async fn real_pds_leaves_nothing_behind() {
    let pds = RealPds::start().await.unwrap();
    let process = format!("/proc/{}", pds.pid());
    assert!(Path::new(&process).exists());
    drop(pds);
    assert!(!Path::new(&process).exists());
}
