//! Proofs for strangers: no account, no database; a directory of identities, or nobody, to ask.

use crate::installation::{Installation, Scene};
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A proof that the reference implementation made of an invented repository of one post.
struct Proven {
    did: String,
    key: String,
    file: Value,
}

fn proven() -> Proven {
    let vectors: Value = serde_json::from_str(include_str!("../../../atproto/tests/vectors/proof.json")).unwrap();
    let case = &vectors["cases"][0];
    let [did, key, cid, text] = ["did", "key", "record", "text"].map(|name| case[name].as_str().unwrap().to_owned());
    let uri = format!("at://{did}/app.bsky.feed.post/{}", case["rkey"].as_str().unwrap());
    let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": "2025-12-01T00:00:00.000Z"});
    let at = "2026-12-01T08:00:00Z";
    let receipt = json!({
        "records": [{"uri": uri, "cid": cid}], "due": at, "settled_at": at, "lateness_ms": 0, "attempts": 1,
        "settled": "answered"
    });
    let proofs = json!([{"uri": uri, "cid": cid, "record": record, "car": case["car"]}]);
    let account = json!({"handle": "alice.test", "did": did, "key": key, "receipt": receipt, "proofs": proofs});
    let file = json!({"format": "skein-proof/1", "post": "post_x", "made_at": at, "accounts": [account]});
    Proven { did, key, file }
}

/// A directory that answers what it was told, and 404 to everything else.
async fn directory(answers: Vec<(String, Value)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let answers: HashMap<String, Value> = answers.into_iter().collect();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap();
            let (status, body) = match answers.get(path) {
                Some(body) => ("200 OK", body.to_string()),
                None => ("404 Not Found", json!({"message": "DID not registered"}).to_string()),
            };
            let head = "content-type: application/json\r\nconnection: close";
            let answer = format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

const OTHER_KEY: &str = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme";

fn document(did: &str, key: &str) -> (String, Value) {
    let multibase = key.strip_prefix("did:key:").unwrap();
    let method =
        json!({"id": format!("{did}#atproto"), "type": "Multikey", "controller": did, "publicKeyMultibase": multibase});
    (format!("/{did}"), json!({"id": did, "alsoKnownAs": ["at://alice.test"], "verificationMethod": [method]}))
}

fn log(did: &str, changes: &[(&str, &str)]) -> (String, Value) {
    let change = |(at, key): &(&str, &str)| {
        let operation = json!({"type": "plc_operation", "verificationMethods": {"atproto": key}});
        json!({"did": did, "operation": operation, "cid": "bafyrei", "nullified": false, "createdAt": at})
    };
    (format!("/{did}/log/audit"), changes.iter().map(change).collect())
}

fn handle_of(did: &str) -> (String, Value) {
    ("/xrpc/com.atproto.identity.resolveHandle".to_owned(), json!({"did": did}))
}

fn save(skein: &Installation, file: &Value) -> String {
    let path = skein.data.path().join("a.json");
    std::fs::write(&path, file.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_proven_by_the_key_that_the_document_names() {
    let Proven { did, key, file } = proven();
    let skein = Installation::on(&directory(vec![document(&did, &key), handle_of(&did)]).await);
    let path = save(&skein, &file);
    let told = skein.run(&["verify", &path]).await.exits(0);
    let told = told.says("Proven: 1 record of @alice.test").says("Post 0, a goose").says(&key).says("names it now");
    told.says("unproven").says("when it was first written");
    let json = skein.run(&["verify", &path, "--json"]).await.exits(0).json();
    assert_eq!((&json["valid"], &json["errors"]), (&json!(true), &json!([])));
    let account = &json["accounts"][0];
    assert_eq!((&account["did"], &account["handle"]), (&json!(did), &json!("alice.test")));
    assert_eq!((&account["key_standing"], &account["key_until"]), (&json!("current"), &Value::Null));
    assert_eq!(account["records"][0]["record"]["text"], "Post 0, a goose 🪿");
    assert!(account["records"][0]["rev_at"].as_str().unwrap().starts_with("2026-11-21T"), "{account}");
    let piped = skein.run_with(&["verify", "-"], &[], &file.to_string()).await.exits(0);
    piped.says("Proven: 1 record");
    assert!(!skein.data.path().join("skein.db").exists(), "a stranger needs no database");
}

#[tokio::test]
async fn a_key_that_was_replaced_is_told_and_one_that_never_was_the_account_s_is_refused() {
    let Proven { did, key, file } = proven();
    let (before, after) = ("2026-01-01T00:00:00Z", "2026-11-30T00:00:00Z");
    let own = handle_of(&did);
    for (answers, code, words) in [
        (
            vec![document(&did, OTHER_KEY), log(&did, &[(before, &key), (after, OTHER_KEY)]), own.clone()],
            0,
            "no longer names",
        ),
        (vec![log(&did, &[(before, &key), (after, OTHER_KEY)])], 0, "no longer names"),
        (vec![document(&did, OTHER_KEY), log(&did, &[(before, OTHER_KEY)]), own.clone()], 1, "never a key of"),
        (
            vec![document(&did, OTHER_KEY), log(&did, &[(before, &key), ("2026-11-01T00:00:00Z", OTHER_KEY)]), own],
            1,
            "gave up at",
        ),
        (vec![], 1, "never a key of"),
    ] {
        let skein = Installation::on(&directory(answers).await);
        let path = save(&skein, &file);
        skein.run(&["verify", &path]).await.exits(code).says(words);
    }
}

#[tokio::test]
async fn a_name_in_a_file_is_only_a_claim() {
    let Proven { did, key, mut file } = proven();
    file["accounts"][0]["handle"] = json!("president.test");
    let skein = Installation::on(&directory(vec![document(&did, &key), handle_of(&did)]).await);
    let ran = skein.run(&["verify", &save(&skein, &file)]).await.exits(0).says("of @alice.test");
    ran.says("it was @president.test when the proof was made, as whoever made it says");
    let skein = Installation::on(&directory(vec![document(&did, &key)]).await);
    let ran = skein.run(&["verify", &save(&skein, &file)]).await.exits(0);
    ran.says(&format!("1 record of {did}")).says("the name @president.test does not lead to it now");
}

#[tokio::test]
async fn offline_nobody_is_asked_and_that_is_said() {
    let Proven { file, .. } = proven();
    let skein = Installation::alone();
    let path = save(&skein, &file);
    skein.run(&["verify", &path]).await.exits(1).says("could not be asked").says("--offline");
    let told = skein.run(&["verify", &path, "--offline"]).await.exits(0);
    assert!(!told.stdout.contains("Proven"), "{told:#?}");
    told.says("Holds by itself").says("Whose key it is was not asked");
    let json = skein.run(&["verify", &path, "--offline", "--json"]).await.exits(0).json();
    assert_eq!(
        (&json["accounts"][0]["key_standing"], &json["accounts"][0]["handle"]),
        (&json!("not_asked"), &Value::Null)
    );
    skein.run(&["verify", "last", "--offline"]).await.exits(2).says("is no file");
}

#[tokio::test]
async fn what_was_changed_is_refused_also_offline() {
    let Proven { file, .. } = proven();
    let skein = Installation::alone();
    let car = file["accounts"][0]["proofs"][0]["car"].as_str().unwrap().to_owned();
    let swapped = if &car[200..201] == "A" { "B" } else { "A" };
    for (pointer, value, words) in [
        ("/accounts/0/proofs/0/record/text", json!("Another text"), "not the one that is proven"),
        ("/accounts/0/proofs/0/car", json!(format!("{}{swapped}{}", &car[..200], &car[201..])), "another hash"),
        ("/accounts/0/key", json!(OTHER_KEY), "made with another key"),
        ("/accounts/0/did", json!("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"), "is not in the repository of"),
        ("/format", json!("skein-proof/9"), "only skein-proof/1 is known"),
    ] {
        let mut changed = file.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let path = save(&skein, &changed);
        skein.run(&["verify", &path, "--offline"]).await.exits(1).says(words);
        let json = skein.run(&["verify", &path, "--offline", "--json"]).await.exits(1).json();
        assert!(json["errors"][0]["message"].as_str().unwrap().contains(words), "{json}");
        assert_eq!(json["valid"], if pointer == "/format" { Value::Null } else { json!(false) });
    }
    skein.run(&["verify", "nowhere.json"]).await.exits(2).says("cannot be read");
}

#[tokio::test]
async fn the_sandbox_gives_no_proof_and_says_so() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "hello"]).await.exits(0);
    let file = scene.skein.data.path().join("proof.json");
    let path = file.to_str().unwrap();
    scene.run(&["receipt", "last", "--proof", "-o", path]).await.exits(1).says("This server gives no proof");
    assert!(!file.exists());
    scene.run(&["verify", "last"]).await.exits(1).says("This server gives no proof");
    scene.run(&["post", "later", "--at", "in 1h"]).await.exits(6);
    scene.run(&["receipt", "last", "--proof"]).await.exits(1).says("Not out yet");
    let json = scene.run(&["verify", "last", "--json"]).await.exits(1).json();
    assert_eq!(json["errors"][0]["code"], "not_published");
}
