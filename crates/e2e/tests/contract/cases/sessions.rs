//! Logging in, refreshing, logging out.

use serde_json::{Value, json};

use crate::host::Host;

pub(crate) const LIMITS: bool = false;

pub(crate) async fn case(host: &Host) {
    let session = host.log_in("main password", &host.password).await;
    assert_eq!(session.text("/did"), host.did);
    assert_eq!(session.text("/didDoc/service/0/id"), "#atproto_pds");
    assert_eq!(session.ok()["active"], true);
    let by = |identifier: &str, password: &str| json!({"identifier": identifier, "password": password});
    let nsid = "com.atproto.server.createSession";
    for (label, identifier) in [("by DID", host.did.clone()), ("in capitals", host.handle.to_ascii_uppercase())] {
        host.procedure(label, nsid, None, &by(&identifier, &host.password)).await.ok();
    }
    for (label, identifier) in [("wrong", host.handle.as_str()), ("nobody", "nobody.test"), ("no identifier", "!!")] {
        host.procedure(label, nsid, None, &by(identifier, "wrong")).await.says(
            401,
            "AuthenticationRequired",
            "Invalid identifier or password",
        );
    }
    tokens(host).await;
    rotation(host, &session.text("/refreshJwt"), &session.text("/accessJwt")).await;
}

async fn tokens(host: &Host) {
    let nsid = "com.atproto.server.getSession";
    host.query("own", nsid, Some(&host.token)).await.ok();
    host.query("none", nsid, None).await.says(401, "AuthMissing", "Authentication Required");
    let forged = format!("{}AAAA", &host.token[..host.token.len() - 4]);
    for (label, token) in [("no token", "abc"), ("forged", forged.as_str())] {
        host.query(label, nsid, Some(token)).await.says(400, "InvalidToken", "Token could not be verified");
    }
    let session = host.log_in("another", &host.password).await;
    let refresh = session.text("/refreshJwt");
    host.query("refresh as access", nsid, Some(&refresh)).await.is(400, "InvalidToken");
    host.refresh("access as refresh", &host.token).await.is(400, "InvalidToken");
    host.procedure("no refresh", "com.atproto.server.refreshSession", None, &Value::Null).await.is(401, "AuthMissing");
}

async fn rotation(host: &Host, refresh: &str, access: &str) {
    let first = host.refresh("first", refresh).await;
    let again = host.refresh("again", refresh).await;
    assert_eq!(token_id(&first.text("/refreshJwt")), token_id(&again.text("/refreshJwt")), "the same next token");
    let next = first.text("/refreshJwt");
    assert_ne!(token_id(&next), token_id(refresh));
    host.query("old access", "com.atproto.server.getSession", Some(access)).await.ok();
    host.refresh("next", &next).await.ok();

    let end = "com.atproto.server.deleteSession";
    host.procedure("end", end, Some(&next), &Value::Null).await.ok();
    host.procedure("end twice", end, Some(&next), &Value::Null).await.ok();
    host.procedure("end by access", end, Some(access), &Value::Null).await.is(400, "InvalidToken");
    host.refresh("after the end", &next).await.says(400, "ExpiredToken", "Token has been revoked");
}

/// The `jti` of a token.
fn token_id(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    let json: Value = serde_json::from_slice(&base64url(payload)).unwrap();
    assert_eq!(json["scope"], "com.atproto.refresh");
    json["jti"].as_str().unwrap().to_owned()
}

fn base64url(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = digits.iter().position(|&digit| digit == letter).unwrap();
        bits = (bits << 6 | u32::try_from(value).unwrap()) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}
