//! Calls that are wrong before they say what they want.

use serde_json::{Value, json};

use crate::host::{Host, POST, post};
use crate::wire::Call;

pub(crate) const LIMITS: bool = false;
const CREATE_SESSION: &str = "/xrpc/com.atproto.server.createSession";

pub(crate) async fn case(host: &Host) {
    let session = "com.atproto.server.createSession";
    host.query("GET", session, None).await.says(400, "InvalidRequest", "Incorrect HTTP method (GET) expected POST");
    host.procedure("POST", "com.atproto.server.getSession", Some(&host.token), &json!({})).await.says(
        400,
        "InvalidRequest",
        "Incorrect HTTP method (POST) expected GET",
    );
    host.procedure("missing field", session, None, &json!({"identifier": "x"})).await.says(
        400,
        "InvalidRequest",
        "Missing required key \"password\" at $",
    );
    host.procedure("wrong type", session, None, &json!({"identifier": 1, "password": "x"})).await.says(
        400,
        "InvalidRequest",
        "Expected string value type (got 1) at $.identifier",
    );
    for (label, content_type) in [("another media type", Some("text/plain")), ("no media type", None)] {
        let body = Some(b"{}".to_vec());
        let call = Call { verb: "POST", path: CREATE_SESSION, content_type, body, ..Call::default() };
        host.send(label, None, call).await.is(400, "InvalidRequest");
    }
    // The words of the parser differ, so this call is not compared.
    let (content_type, body) = (Some("application/json"), Some(b"{nope".to_vec()));
    let call = Call { verb: "POST", path: CREATE_SESSION, content_type, body, ..Call::default() };
    crate::wire::send(host.url(), call).await.is(400, "SyntaxError");
    let refresh = host.log_in("session", &host.password).await.text("/refreshJwt");
    host.procedure("a body too many", "com.atproto.server.refreshSession", Some(&refresh), &json!({})).await.says(
        400,
        "InvalidRequest",
        "A request body was provided when none was expected",
    );
    authorization(host).await;
    accounts(host).await;
    let body = json!({"repo": host.did, "collection": POST, "record": post("hi")});
    host.procedure("nobody writes", "com.atproto.repo.createRecord", None, &body).await.is(401, "AuthMissing");
    for missing in ["repo", "collection", "record"] {
        let mut body = body.clone();
        body.as_object_mut().unwrap().shift_remove(missing);
        let message = format!("Missing required key \"{missing}\" at $");
        host.procedure(missing, "com.atproto.repo.createRecord", Some(&host.token), &body).await.says(
            400,
            "InvalidRequest",
            &message,
        );
    }
}

async fn authorization(host: &Host) {
    for (label, header, message) in [
        ("Basic", "Basic abc", "Unexpected authorization type"),
        ("unknown", "Weird abc", "Unsupported authorization type: Weird"),
        ("no token", "Bearer", "Malformed authorization header"),
        ("two tokens", "Bearer a b", "Malformed authorization header"),
    ] {
        let path = "/xrpc/com.atproto.server.getSession";
        let call = Call { verb: "GET", path, authorization: Some(header.to_owned()), ..Call::default() };
        host.send(label, None, call).await.says(400, "InvalidToken", message);
    }
}

async fn accounts(host: &Host) {
    let nsid = "com.atproto.server.createAccount";
    let new = |handle: &str, email: &str| json!({"handle": handle, "email": email, "password": "hunter22"});
    let made = host.procedure("an account", nsid, None, &new("bob.test", "bob@example.com")).await;
    assert_eq!(made.text("/handle"), "bob.test");
    let cases: [(&str, Value, &str); 6] = [
        ("handle in use", new("bob.test", "carol@example.com"), "InvalidRequest"),
        ("email in use", new("carol.test", "bob@example.com"), "InvalidRequest"),
        ("no domain", new("carol", "carol@example.com"), "InvalidRequest"),
        ("another domain", new("carol.example.com", "carol@example.com"), "UnsupportedDomain"),
        ("too short", new("c.test", "carol@example.com"), "InvalidHandle"),
        ("too long", new(&format!("{}.test", "c".repeat(19)), "carol@example.com"), "InvalidHandle"),
    ];
    for (label, body, error) in cases {
        host.procedure(label, nsid, None, &body).await.is(400, error);
    }
    host.procedure("no email", nsid, None, &json!({"handle": "carol.test", "password": "x"})).await.says(
        400,
        "InvalidRequest",
        "Email is required",
    );
    // Somebody else's repository.
    let body = json!({"repo": made.text("/did"), "collection": POST, "record": post("hi")});
    host.procedure("another's repository", "com.atproto.repo.createRecord", Some(&host.token), &body)
        .await
        .is(401, "AuthenticationRequired");
}
