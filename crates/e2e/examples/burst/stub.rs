//! A server that takes posts as quickly as one thread can, and notes when each arrived. It answers as a PDS does: hashes are right,
//! `swapCommit` is compared, and an address is taken once.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use skein_atproto::record::record_cid;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::{Done, now_us, people};

/// Tokens live for so long, in seconds.
const TOKEN_LIFE_S: i64 = 86_400;

#[derive(Default)]
struct Repository {
    /// Commits so far.
    commits: u64,
    records: HashSet<String>,
}

#[derive(Default)]
struct Seen {
    repositories: HashMap<String, Repository>,
    arrived: Arrived,
    refused: u64,
    calls: u64,
}

#[derive(Default)]
struct Arrived {
    /// When each post arrived, and when it was due, in microseconds since the epoch.
    posts: Vec<(i64, i64)>,
    /// The texts: each names its post, so that one that comes twice is seen.
    texts: HashSet<String>,
}

struct Stub {
    address: String,
    delay: Duration,
    seen: Mutex<Seen>,
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(delay_ms: u64) -> Done {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    println!("{}", json!({ "url": address }));
    let stub = Arc::new(Stub { address, delay: Duration::from_millis(delay_ms), seen: Mutex::default() });
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        // Whoever started it keeps its standard input open for as long as it is needed.
        std::io::stdin().read_to_end(&mut rest).ok();
        drop(ended);
    });
    let router = Router::new().fallback(answer).with_state(stub);
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        _ = end => {}
    }
    Ok(())
}

async fn answer(State(stub): State<Arc<Stub>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let arrived_us = now_us();
    let path = uri.path();
    let writes = method == Method::POST && path.starts_with("/xrpc/com.atproto.repo.");
    if writes && !stub.delay.is_zero() {
        tokio::time::sleep(stub.delay).await;
    }
    let answer = stub.answer(path.trim_start_matches("/xrpc/"), uri.query().unwrap_or_default(), &body, arrived_us);
    let (status, value) = match answer {
        Ok(value) => (StatusCode::OK, value),
        Err(error) => (StatusCode::BAD_REQUEST, json!({ "error": error, "message": error })),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

impl Stub {
    fn answer(&self, method: &str, query: &str, body: &Bytes, arrived_us: i64) -> Result<Value, &'static str> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.calls += 1;
        let parameter = |name: &str| {
            let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        match method {
            "com.atproto.repo.applyWrites" => {
                let result = apply_writes(&mut seen, &read(body)?, arrived_us);
                seen.refused += u64::from(result.is_err());
                result
            }
            "com.atproto.repo.createRecord" => create_record(&mut seen, &read(body)?, arrived_us),
            "com.atproto.sync.getLatestCommit" => {
                let commits = seen.repositories.entry(parameter("did")).or_default().commits;
                Ok(commit(commits))
            }
            "com.atproto.server.createSession" => {
                let read = read(body)?;
                let identifier = read["identifier"].as_str().unwrap_or_default();
                let number = people::number(identifier).ok_or("AuthenticationRequired")?;
                Ok(session(number))
            }
            "com.atproto.identity.resolveHandle" => {
                let number = people::number(&parameter("handle")).ok_or("HandleNotFound")?;
                Ok(json!({ "did": people::did(number) }))
            }
            "com.atproto.server.describeServer" => {
                Ok(json!({ "did": "did:web:localhost", "availableUserDomains": [".test"] }))
            }
            "/report" => Ok(report(&seen)),
            "/reset" => {
                *seen = Seen::default();
                Ok(json!({}))
            }
            path => people::number(path.trim_start_matches('/'))
                .map(|number| self.document(number))
                .ok_or("MethodNotImplemented"),
        }
    }

    fn document(&self, number: u32) -> Value {
        json!({
            "id": people::did(number),
            "alsoKnownAs": [format!("at://{}", people::handle(number))],
            "verificationMethod": [],
            "service": [{ "id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.address }],
        })
    }
}

fn read(body: &Bytes) -> Result<Value, &'static str> {
    serde_json::from_slice(body).map_err(|_| "InvalidRequest")
}

fn apply_writes(seen: &mut Seen, body: &Value, arrived_us: i64) -> Result<Value, &'static str> {
    let repo = body["repo"].as_str().ok_or("InvalidRequest")?;
    let repository = seen.repositories.entry(repo.to_owned()).or_default();
    let head = commit(repository.commits);
    if body["swapCommit"].as_str().is_some_and(|swap| Some(swap) != head["cid"].as_str()) {
        return Err("InvalidSwap");
    }
    let mut results = Vec::new();
    for write in body["writes"].as_array().ok_or("InvalidRequest")? {
        let (collection, rkey) = (&write["collection"], &write["rkey"]);
        let uri =
            format!("at://{repo}/{}/{}", collection.as_str().unwrap_or_default(), rkey.as_str().unwrap_or_default());
        if !repository.records.insert(uri.clone()) {
            return Err("RecordExists");
        }
        let cid = record_cid(&write["value"]).map_err(|_| "InvalidRequest")?.to_string();
        seen.arrived.note(&write["value"], arrived_us);
        results.push(json!({
            "$type": "com.atproto.repo.applyWrites#createResult", "uri": uri, "cid": cid, "validationStatus": "valid",
        }));
    }
    repository.commits += 1;
    Ok(json!({ "commit": commit(repository.commits), "results": results }))
}

/// What the peers call. They name no address and compare nothing, so there is less to do.
fn create_record(seen: &mut Seen, body: &Value, arrived_us: i64) -> Result<Value, &'static str> {
    let repo = body["repo"].as_str().ok_or("InvalidRequest")?;
    let repository = seen.repositories.entry(repo.to_owned()).or_default();
    repository.commits += 1;
    let uri = format!("at://{repo}/app.bsky.feed.post/{}", rkey(repository.commits));
    let cid = record_cid(&body["record"]).map_err(|_| "InvalidRequest")?.to_string();
    seen.arrived.note(&body["record"], arrived_us);
    Ok(json!({ "uri": uri, "cid": cid, "commit": commit(repository.commits), "validationStatus": "valid" }))
}

impl Arrived {
    fn note(&mut self, record: &Value, arrived_us: i64) {
        let text = record["text"].as_str().unwrap_or_default();
        self.posts.push((arrived_us, people::due_us(text).unwrap_or(0)));
        self.texts.insert(text.to_owned());
    }
}

fn commit(commits: u64) -> Value {
    let cid = record_cid(&json!({ "commits": commits })).map(|cid| cid.to_string()).unwrap_or_default();
    json!({ "cid": cid, "rev": rkey(commits) })
}

/// A TID that rises with the number.
fn rkey(number: u64) -> String {
    let mut letters = *b"3222222222222";
    let mut rest = number;
    for letter in letters.iter_mut().rev().take(11) {
        *letter = b"234567abcdefghijklmnopqrstuvwxyz"[usize::try_from(rest % 32).unwrap_or(0)];
        rest /= 32;
    }
    String::from_utf8_lossy(&letters).into_owned()
}

fn session(number: u32) -> Value {
    let token = |scope: &str| {
        let now = now_us() / 1_000_000;
        let claims = json!({ "scope": scope, "sub": people::did(number), "iat": now, "exp": now + TOKEN_LIFE_S });
        format!(
            "{}.{}.c2ln",
            BASE64URL_NOPAD.encode(br#"{"alg":"HS256"}"#),
            BASE64URL_NOPAD.encode(claims.to_string().as_bytes())
        )
    };
    json!({
        "did": people::did(number), "handle": people::handle(number), "active": true,
        "accessJwt": token("com.atproto.appPass"), "refreshJwt": token("com.atproto.refresh"),
    })
}

/// Lateness in microseconds: arrival minus due.
fn report(seen: &Seen) -> Value {
    let mut late: Vec<i64> = seen.arrived.posts.iter().map(|(arrived, due)| arrived - due).collect();
    late.sort_unstable();
    let at = |part: usize| late.get((late.len() * part / 1_000).min(late.len().saturating_sub(1)));
    let commits: u64 = seen.repositories.values().map(|repository| repository.commits).sum();
    json!({
        "posts": seen.arrived.posts.len(), "different": seen.arrived.texts.len(), "commits": commits, "repositories": seen.repositories.len(),
        "refused": seen.refused, "calls": seen.calls,
        "late_us": { "min": late.first(), "p50": at(500), "p90": at(900), "p99": at(990), "max": late.last() },
    })
}
