//! Deactivated and taken down.

use serde_json::{Value, json};

use crate::host::{Host, POST, create_of, post};

pub(crate) const LIMITS: bool = false;
const RKEY: &str = "3m5aaaaaaaa22";

pub(crate) async fn case(host: &Host) {
    host.create("before", &post("hi"), &json!({"rkey": RKEY})).await.ok();
    let session = host.log_in("session", &host.password).await;
    deactivated(host).await;
    let activate = "com.atproto.server.activateAccount";
    host.procedure("activate", activate, Some(&host.token), &Value::Null).await.ok();
    host.record("readable again", RKEY).await.ok();
    let refresh = session.text("/refreshJwt");
    taken_down(host, &refresh).await;
    host.restore().await;
    host.refresh("restored, but the session is over", &refresh).await.is(400, "ExpiredToken");
    host.create("restored", &post("hi"), &json!({})).await.ok();
}

async fn deactivated(host: &Host) {
    host.procedure("deactivate", "com.atproto.server.deactivateAccount", Some(&host.token), &json!({})).await.ok();
    writes_are_refused(host, "AccountDeactivated").await;
    let login = host.log_in("log in", &host.password).await;
    assert_eq!((&login.ok()["active"], &login.ok()["status"]), (&json!(false), &json!("deactivated")));
    host.refresh("refresh", &login.text("/refreshJwt")).await.ok();
    host.query("own session", "com.atproto.server.getSession", Some(&host.token)).await.ok();
    host.upload("upload", Some("text/plain"), b"x").await.ok();
    reads_are_refused(host, "RepoDeactivated").await;
}

async fn taken_down(host: &Host, refresh: &str) {
    host.take_down().await;
    writes_are_refused(host, "AccountTakedown").await;
    host.log_in("log in", &host.password).await.is(401, "AccountTakedown");
    host.log_in("log in by app password", &host.app_password).await.is(401, "AuthenticationRequired");
    let allowed = json!({"identifier": host.handle, "password": host.password, "allowTakendown": true});
    let login = host.procedure("all the same", "com.atproto.server.createSession", None, &allowed).await;
    assert_eq!(login.text("/status"), "takendown");
    host.refresh("refresh", refresh).await.is(401, "AccountTakedown");
    host.query("own session", "com.atproto.server.getSession", Some(&host.token)).await.is(400, "InvalidRequest");
    host.upload("upload", Some("text/plain"), b"x").await.is(401, "AccountTakedown");
    reads_are_refused(host, "RepoTakendown").await;
}

async fn writes_are_refused(host: &Host, error: &str) {
    host.create("create", &post("hi"), &json!({})).await.is(401, error);
    host.apply("apply", &[create_of(POST, "3m5aaaaaaaa23", &post("hi"))], &json!({})).await.is(401, error);
    host.apply("apply nothing", &[], &json!({})).await.is(401, error);
    let target = json!({"repo": host.did, "collection": POST, "rkey": RKEY});
    host.procedure("delete", "com.atproto.repo.deleteRecord", Some(&host.token), &target).await.is(401, error);
}

async fn reads_are_refused(host: &Host, error: &str) {
    host.record("record", RKEY).await.is(502, "UpstreamFailure");
    let head = format!("com.atproto.sync.getLatestCommit?did={}", host.did);
    host.query("head", &head, None).await.is(400, error);
    host.query("own head", &head, Some(&host.token)).await.ok();
    host.query("describe", &format!("com.atproto.repo.describeRepo?repo={}", host.did), None).await.is(400, error);
    let list = format!("com.atproto.repo.listRecords?repo={}&collection={POST}", host.did);
    host.query("list", &list, None).await.is(400, "InvalidRequest");
    let handle = format!("com.atproto.identity.resolveHandle?handle={}", host.handle);
    host.query("handle", &handle, None).await.is(400, "HandleNotFound");
}
