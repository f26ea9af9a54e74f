//! App passwords: what they open, and what is left when one is revoked.

use serde_json::{Value, json};

use crate::host::{Host, post};

pub(crate) const LIMITS: bool = false;

pub(crate) async fn case(host: &Host) {
    let create = "com.atproto.server.createAppPassword";
    let made = host.procedure("make", create, Some(&host.token), &json!({"name": "one"})).await;
    assert_eq!(made.ok()["privileged"], false);
    let password = made.text("/password");
    assert_eq!(password.len(), 19);
    host.procedure("make twice", create, Some(&host.token), &json!({"name": "one"}))
        .await
        .is(500, "InternalServerError");
    host.procedure("no name", create, Some(&host.token), &json!({})).await.is(400, "InvalidRequest");
    let list = "com.atproto.server.listAppPasswords";
    assert_eq!(host.query("list", list, Some(&host.token)).await.ok()["passwords"].as_array().unwrap().len(), 2);

    let session = host.log_in("by app password", &password).await;
    let (access, refresh) = (session.text("/accessJwt"), session.text("/refreshJwt"));
    host.procedure("make by app password", create, Some(&access), &json!({"name": "two"})).await.says(
        400,
        "InvalidToken",
        "Bad token scope",
    );
    host.query("list by app password", list, Some(&access)).await.ok();
    let refresh = host.refresh("refresh", &refresh).await.text("/refreshJwt");

    let revoke = "com.atproto.server.revokeAppPassword";
    host.procedure("revoke", revoke, Some(&host.token), &json!({"name": "one"})).await.ok();
    host.procedure("revoke another", revoke, Some(&host.token), &json!({"name": "never was"})).await.ok();
    host.refresh("revoked", &refresh).await.says(400, "ExpiredToken", "Token has been revoked");
    host.log_in("log in", &password).await.is(401, "AuthenticationRequired");
    host.query("access lives on", "com.atproto.server.getSession", Some(&access)).await.ok();
    let body = json!({"repo": host.did, "collection": "app.bsky.feed.post", "record": post("still")});
    host.procedure("and posts", "com.atproto.repo.createRecord", Some(&access), &body).await.ok();
    let ended = host.procedure("no body", revoke, Some(&host.token), &Value::Null).await;
    ended.is(400, "InvalidRequest");
}
