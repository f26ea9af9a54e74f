//! A server under test, be it the sandbox or the reference PDS, with one account on it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skein_sandbox::{AccountState, RateLimits, Sandbox, SandboxOptions};
use skein_testkit::real_pds::{Account, RealPds, RealPdsOptions};

use crate::shape::{Entry, shape_of};
use crate::wire::{Answer, Call, send};

pub(crate) const POST: &str = "app.bsky.feed.post";
pub(crate) const CREATED_AT: &str = "2026-11-21T10:00:00.000Z";
const APPLY_WRITES: &str = "com.atproto.repo.applyWrites";
/// Headers whose values must be the same on both.
const LIMIT_HEADERS: [&str; 3] = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-policy"];

enum Server {
    Sandbox(Sandbox),
    RealPds(RealPds),
}

pub(crate) struct Host {
    server: Server,
    url: String,
    pub(crate) plc_url: String,
    pub(crate) did: String,
    pub(crate) handle: String,
    pub(crate) password: String,
    pub(crate) app_password: String,
    /// An access token by the main password.
    pub(crate) token: String,
    transcript: Mutex<Vec<Entry>>,
}

impl Host {
    pub(crate) async fn sandbox(limits: bool) -> Self {
        let start = jiff::Timestamp::from_second(1_795_255_200).unwrap();
        let options = SandboxOptions { port: 0, clock: Arc::new(move || start), seed: 1 };
        let sandbox = Sandbox::start(options).await.unwrap();
        let made = sandbox.create_account("alice.test").unwrap();
        let account =
            Account { did: made.did, handle: made.handle, password: made.password, app_password: made.app_password };
        sandbox.set_rate_limits(limits.then_some(RateLimits::BLUESKY));
        let url = sandbox.url().to_owned();
        Self::with(Server::Sandbox(sandbox), url.clone(), url, account).await
    }

    pub(crate) async fn real_pds(limits: bool) -> Self {
        let pds = RealPds::start_with(RealPdsOptions { rate_limits: limits }).await.unwrap();
        let account = pds.create_account("alice.test").await.unwrap();
        let (url, plc_url) = (pds.pds_url().to_owned(), pds.plc_url().to_owned());
        Self::with(Server::RealPds(pds), url, plc_url, account).await
    }

    async fn with(server: Server, url: String, plc_url: String, account: Account) -> Self {
        let Account { did, handle, password, app_password } = account;
        let (token, transcript) = (String::new(), Mutex::default());
        let mut host = Self { server, url, plc_url, did, handle, password, app_password, token, transcript };
        host.token = host.log_in("the session of the test", &host.password).await.text("/accessJwt");
        host.transcript = Mutex::default();
        host
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn transcript(&self) -> Vec<Entry> {
        self.transcript.lock().unwrap().clone()
    }

    pub(crate) async fn take_down(&self) {
        match &self.server {
            Server::Sandbox(sandbox) => sandbox.set_account_state(&self.did, AccountState::Takendown).unwrap(),
            Server::RealPds(pds) => pds.take_down(&self.account()).await.unwrap(),
        }
    }

    pub(crate) async fn restore(&self) {
        match &self.server {
            Server::Sandbox(sandbox) => sandbox.set_account_state(&self.did, AccountState::Active).unwrap(),
            Server::RealPds(pds) => pds.restore(&self.account()).await.unwrap(),
        }
    }

    fn account(&self) -> Account {
        Account {
            did: self.did.clone(),
            handle: self.handle.clone(),
            password: self.password.clone(),
            app_password: self.app_password.clone(),
        }
    }

    /// Sends a call and notes its answer for the comparison.
    pub(crate) async fn send(&self, label: &str, base_url: Option<&str>, call: Call<'_>) -> Answer {
        let answer = send(base_url.unwrap_or(&self.url), call).await;
        let entry = Entry {
            label: label.to_owned(),
            status: answer.status,
            media_type: answer.header("content-type").unwrap_or("").to_owned(),
            error: answer.error().to_owned(),
            message: self.anonymous(answer.message()),
            limits: limits_of(&answer),
            shape: shape_of(&answer.json),
        };
        self.transcript.lock().unwrap().push(entry);
        answer
    }

    /// Without what is another on every server: the identifiers, and the words of a JSON parser.
    fn anonymous(&self, message: &str) -> String {
        let message = message.replace(&self.did, "DID");
        let words: Vec<String> = message
            .split(' ')
            .map(|word| if word.starts_with("bafyrei") { "CID".to_owned() } else { word.to_owned() })
            .collect();
        words.join(" ")
    }

    pub(crate) async fn query(&self, label: &str, nsid_and_query: &str, token: Option<&str>) -> Answer {
        let path = format!("/xrpc/{nsid_and_query}");
        let authorization = token.map(bearer);
        self.send(label, None, Call { verb: "GET", path: &path, authorization, ..Call::default() }).await
    }

    /// A procedure; null is no body at all.
    pub(crate) async fn procedure(&self, label: &str, nsid: &str, token: Option<&str>, body: &Value) -> Answer {
        let path = format!("/xrpc/{nsid}");
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let content_type = body.as_ref().map(|_| "application/json");
        let authorization = token.map(bearer);
        self.send(label, None, Call { verb: "POST", path: &path, authorization, content_type, body, ..Call::default() })
            .await
    }

    pub(crate) async fn log_in(&self, label: &str, password: &str) -> Answer {
        let body = json!({"identifier": self.handle, "password": password});
        self.procedure(label, "com.atproto.server.createSession", None, &body).await
    }

    pub(crate) async fn refresh(&self, label: &str, refresh_jwt: &str) -> Answer {
        self.procedure(label, "com.atproto.server.refreshSession", Some(refresh_jwt), &Value::Null).await
    }

    /// `createRecord` of a post, with the other fields of the call.
    pub(crate) async fn create(&self, label: &str, record: &Value, more: &Value) -> Answer {
        let mut body = json!({"repo": self.did, "collection": POST, "record": record});
        merge(&mut body, more);
        self.procedure(label, "com.atproto.repo.createRecord", Some(&self.token), &body).await
    }

    pub(crate) async fn apply(&self, label: &str, writes: &[Value], more: &Value) -> Answer {
        let mut body = json!({"repo": self.did, "writes": writes});
        merge(&mut body, more);
        self.procedure(label, APPLY_WRITES, Some(&self.token), &body).await
    }

    pub(crate) async fn upload(&self, label: &str, content_type: Option<&str>, bytes: &[u8]) -> Answer {
        let authorization = Some(bearer(&self.token));
        let (path, body) = ("/xrpc/com.atproto.repo.uploadBlob", Some(bytes.to_vec()));
        self.send(label, None, Call { verb: "POST", path, authorization, content_type, body, ..Call::default() }).await
    }

    pub(crate) async fn record(&self, label: &str, rkey: &str) -> Answer {
        let query = format!("com.atproto.repo.getRecord?repo={}&collection={POST}&rkey={rkey}", self.did);
        self.query(label, &query, None).await
    }

    pub(crate) async fn head(&self) -> String {
        let query = format!("com.atproto.sync.getLatestCommit?did={}", self.did);
        self.query("head", &query, None).await.text("/cid")
    }

    pub(crate) fn uri(&self, collection: &str, rkey: &str) -> String {
        format!("at://{}/{collection}/{rkey}", self.did)
    }
}

fn limits_of(answer: &Answer) -> Vec<(String, String)> {
    // Every call counts here, also those that made the account, and they are not the same on both.
    let all_calls = answer.header("ratelimit-policy") == Some("3000;w=300");
    let compared = LIMIT_HEADERS.iter().filter(|name| !(all_calls && **name == "ratelimit-remaining"));
    compared.filter_map(|name| Some(((*name).to_owned(), answer.header(name)?.to_owned()))).collect()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Puts the members of `more` into an object.
pub(crate) fn merge(body: &mut Value, more: &Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
}

pub(crate) fn post(text: &str) -> Value {
    json!({"$type": POST, "text": text, "createdAt": CREATED_AT})
}

pub(crate) fn post_with(more: &Value) -> Value {
    let mut record = post("hi");
    merge(&mut record, more);
    record
}

pub(crate) fn create_of(collection: &str, rkey: &str, value: &Value) -> Value {
    json!({"$type": format!("{APPLY_WRITES}#create"), "collection": collection, "rkey": rkey, "value": value})
}

pub(crate) fn update_of(rkey: &str, value: &Value) -> Value {
    json!({"$type": format!("{APPLY_WRITES}#update"), "collection": POST, "rkey": rkey, "value": value})
}

pub(crate) fn delete_of(rkey: &str) -> Value {
    json!({"$type": format!("{APPLY_WRITES}#delete"), "collection": POST, "rkey": rkey})
}
