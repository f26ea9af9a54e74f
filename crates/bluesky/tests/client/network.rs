//! A PLC directory, an account server and a handle resolver in one process, with answers to order.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use futures_util::stream;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_bluesky::Environment;
use skein_bluesky::journal::{Journal, MemoryJournal, Session, Stored};
use skein_bluesky::session::{LoginRequest, Sessions};
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use url::Url;

pub(crate) const DID: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
pub(crate) const HANDLE: &str = "alice.test";
pub(crate) const APP_PASSWORD: &str = "abcd-efgh-ijkl-mnop";
pub(crate) const MAIN_PASSWORD: &str = "correct horse battery";
/// What the clients' clock shows.
pub(crate) const NOW_S: i64 = 1_795_000_000;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) call: String,
    pub(crate) query: String,
    pub(crate) token: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
}

/// An answer to order.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Json(u16, Value),
    /// With these headers besides.
    With(u16, Vec<(&'static str, String)>, String),
    /// The request is acted upon as usual, but the answer breaks off.
    Lost,
    /// The request is heard, and nothing ever comes back.
    Never,
}

#[derive(Default)]
struct Facts {
    seen: Vec<Seen>,
    ordered: HashMap<String, VecDeque<Reply>>,
    issued: u32,
    valid_access: Vec<String>,
    /// The refresh token in use, and the answer it gets: the same each time, as long as it is in grace.
    refresh: HashMap<String, Option<Value>>,
    document: Option<Value>,
    handles: HashMap<String, String>,
    password: Option<String>,
}

/// The network. Everything answers on one port; the account server is called `localhost`, all else `127.0.0.1`.
#[derive(Clone)]
pub(crate) struct Network {
    facts: Arc<Mutex<Facts>>,
    port: u16,
}

impl Network {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let network = Self { facts: Arc::default(), port: listener.local_addr().unwrap().port() };
        network.facts().handles.insert(HANDLE.to_owned(), DID.to_owned());
        network.facts().password = Some(APP_PASSWORD.to_owned());
        network.names_itself(HANDLE, &network.pds());
        let router = Router::new().fallback(answer).with_state(network.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        network
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    pub(crate) fn pds(&self) -> Url {
        Url::parse(&format!("http://localhost:{}", self.port)).unwrap()
    }

    pub(crate) fn shared(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap()
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment { plc_url: self.shared(), appview_url: self.shared(), video_url: self.shared() }
    }

    /// Answers the next call of this name with that instead of as usual.
    pub(crate) fn order(&self, call: &str, reply: Reply) {
        self.facts().ordered.entry(call.to_owned()).or_default().push_back(reply);
    }

    pub(crate) fn names_itself(&self, handle: &str, pds: &Url) {
        let service = json!({"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": pds});
        self.document(json!({"id": DID, "alsoKnownAs": [format!("at://{handle}")], "service": [service]}));
    }

    pub(crate) fn document(&self, document: Value) {
        self.facts().document = Some(document);
    }

    pub(crate) fn handle_leads_to(&self, handle: &str, did: &str) {
        self.facts().handles.insert(handle.to_owned(), did.to_owned());
    }

    pub(crate) fn password_is(&self, password: Option<&str>) {
        self.facts().password = password.map(str::to_owned);
    }

    /// From now on no token that was given out before is good.
    pub(crate) fn end_all_sessions(&self) {
        let mut facts = self.facts();
        facts.valid_access.clear();
        facts.refresh.clear();
    }

    pub(crate) fn end_access_tokens(&self) {
        self.facts().valid_access.clear();
    }

    pub(crate) fn seen(&self, call: &str) -> Vec<Seen> {
        self.facts().seen.iter().filter(|seen| seen.call == call).cloned().collect()
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.seen(call).len()
    }

    pub(crate) fn total(&self) -> usize {
        self.facts().seen.len()
    }

    /// A session of this server, as if logged in before; its access token ends `ends_in_s` from now.
    pub(crate) fn session(&self, ends_in_s: i64, app_password: Option<&str>) -> Session {
        let tokens = issue(&mut self.facts(), "com.atproto.appPass", ends_in_s);
        let text = |key: &str| SecretString::from(tokens[key].as_str().unwrap());
        Session {
            did: did(),
            handle: None,
            pds: self.pds(),
            service: Some(self.pds()),
            access_jwt: text("accessJwt"),
            refresh_jwt: text("refreshJwt"),
            app_password: app_password.map(SecretString::from),
        }
    }

    pub(crate) fn sessions(&self, journal: &Arc<MemoryJournal>) -> Sessions {
        self.sessions_of(Arc::clone(journal) as Arc<dyn Journal>, "worker-1")
    }

    pub(crate) fn sessions_of(&self, journal: Arc<dyn Journal>, owner: &str) -> Sessions {
        Sessions::new(http(AllowPrivate::None), self.environment(), journal, Arc::new(now), owner.to_owned())
    }

    pub(crate) fn login(&self, password: &str) -> LoginRequest {
        LoginRequest { service: Some(self.pds()), ..LoginRequest::new(HANDLE, password.into()) }
    }
}

pub(crate) fn http(allow_private: AllowPrivate) -> Http {
    Http::new(NetConfig { allow_private, dns: Dns::Off, ..NetConfig::default() }).unwrap()
}

pub(crate) fn did() -> Did {
    Did::parse(DID).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

pub(crate) async fn remember(journal: &MemoryJournal, session: &Session) {
    assert!(journal.put_session(&session.did, session, None).await.unwrap());
}

pub(crate) async fn stored(journal: &MemoryJournal) -> Option<Stored> {
    journal.session(&did()).await.unwrap()
}

pub(crate) fn refusal(status: u16, error: &str, message: &str) -> Reply {
    Reply::Json(status, json!({"error": error, "message": message}))
}

pub(crate) fn token(scope: &str, ends_in_s: i64, id: u32) -> String {
    let payload = json!({"scope": scope, "exp": NOW_S + ends_in_s, "jti": id});
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.to_string().as_bytes()))
}

fn issue(facts: &mut Facts, scope: &str, ends_in_s: i64) -> Value {
    facts.issued += 1;
    let access = token(scope, ends_in_s, facts.issued);
    let refresh = format!("refresh-{}", facts.issued);
    facts.valid_access.push(access.clone());
    facts.refresh.insert(refresh.clone(), None);
    json!({"did": DID, "handle": HANDLE, "accessJwt": access, "refreshJwt": refresh, "active": true})
}

async fn answer(State(network): State<Network>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path();
    let call = path.strip_prefix("/xrpc/").or_else(|| path.strip_prefix("/did:").map(|_| "plc")).unwrap_or(path);
    let call = call.rsplit('.').next().unwrap().to_owned();
    let token = headers.get("authorization").map(|value| value.to_str().unwrap().replace("Bearer ", ""));
    let query = uri.query().unwrap_or_default().to_owned();
    let seen = Seen { call: call.clone(), query, token, body, headers };
    let ordered = {
        let mut facts = network.facts();
        facts.seen.push(seen.clone());
        facts.ordered.get_mut(&call).and_then(VecDeque::pop_front)
    };
    if let Some(Reply::Never) = ordered {
        return std::future::pending().await;
    }
    let mut facts = network.facts();
    match ordered {
        Some(Reply::Lost) => {
            usual(&mut facts, &method, &seen);
            let pieces = [Ok("{\"half\":"), Err(std::io::Error::other("the line broke"))];
            Response::new(Body::from_stream(stream::iter(pieces)))
        }
        Some(reply) => written(reply),
        None => written(usual(&mut facts, &method, &seen)),
    }
}

fn written(reply: Reply) -> Response {
    let (status, headers, body) = match reply {
        Reply::Json(status, value) => {
            (status, vec![("content-type", "application/json".to_owned())], value.to_string())
        }
        Reply::With(status, headers, body) => (status, headers, body),
        Reply::Lost | Reply::Never => unreachable!("handled before"),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// What a well-behaved server answers.
fn usual(facts: &mut Facts, method: &Method, seen: &Seen) -> Reply {
    let token = seen.token.clone().unwrap_or_default();
    match (method.as_str(), seen.call.as_str()) {
        ("GET", "plc") => match &facts.document {
            Some(document) => Reply::Json(200, document.clone()),
            None => Reply::Json(404, json!({"message": "DID not registered"})),
        },
        ("GET", "resolveHandle") => {
            let handle = seen.query.strip_prefix("handle=").unwrap_or_default();
            match facts.handles.get(handle) {
                Some(did) => Reply::Json(200, json!({ "did": did })),
                None => refusal(400, "InvalidRequest", "Unable to resolve handle"),
            }
        }
        ("POST", "createSession") => {
            let body: Value = serde_json::from_slice(&seen.body).unwrap();
            let given = body["password"].as_str().unwrap();
            if body["identifier"] != DID {
                refusal(401, "AuthenticationRequired", "Invalid identifier or password")
            } else if given == MAIN_PASSWORD {
                Reply::Json(200, issue(facts, "com.atproto.access", 7200))
            } else if Some(given) == facts.password.as_deref() {
                Reply::Json(200, issue(facts, "com.atproto.appPass", 7200))
            } else {
                refusal(401, "AuthenticationRequired", "Invalid identifier or password")
            }
        }
        ("POST", "refreshSession") => match facts.refresh.get(&token).cloned() {
            None => refusal(400, "ExpiredToken", "Token has been revoked"),
            Some(Some(again)) => Reply::Json(200, again),
            Some(None) => {
                let next = issue(facts, "com.atproto.appPass", 7200);
                facts.refresh.insert(token, Some(next.clone()));
                Reply::Json(200, next)
            }
        },
        ("POST", "deleteSession") => {
            facts.refresh.remove(&token);
            Reply::Json(200, json!({}))
        }
        _ if facts.valid_access.contains(&token) => Reply::Json(200, json!({"welcome": true})),
        _ => refusal(400, "ExpiredToken", "Token has expired"),
    }
}
