//! A directory and an account server on one port, with answers to order, and a connector that knows them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_bluesky::Environment;
use skein_bluesky::budget::Ceiling;
use skein_bluesky::journal::{Journal, MemoryJournal, Session};
use skein_bluesky::session::Sessions;
use skein_bluesky::xrpc::XrpcClient;
use skein_connect::bluesky::BlueskyConnector;
use skein_domain::ports::{Clock, Connector, Stamp};
use skein_domain::{Account, Attached, Draft, Fault, Prepared};
use skein_net::{AllowPrivate, Dns, Http, NetConfig};
use skein_testkit::{MemoryMedia, Samples, SimClock, samples};
use url::Url;

pub(crate) const ALICE: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
/// Whose post is answered.
pub(crate) const BOB: &str = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb";
pub(crate) const HEAD: &str = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
const REV: &str = "3jui7kd54zh2y";

/// An answer to order.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status and a body.
    Answer(u16, String),
    /// The request is heard, and nothing ever comes back.
    Never,
}

/// The host. Every server has the same address.
#[derive(Clone)]
pub(crate) struct Host {
    orders: Arc<Mutex<HashMap<String, VecDeque<Reply>>>>,
    port: u16,
}

/// A host, an account there that is logged in, and the connector.
pub(crate) struct Scene {
    pub(crate) host: Host,
    pub(crate) connector: BlueskyConnector,
    pub(crate) account: Account,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) now: Timestamp,
}

impl Host {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Self { orders: Arc::default(), port: listener.local_addr().unwrap().port() };
        let router = Router::new().fallback(answer).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        host
    }

    fn orders(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Reply>>> {
        self.orders.lock().unwrap()
    }

    fn url(&self) -> Url {
        Url::parse(&format!("http://localhost:{}", self.port)).unwrap()
    }

    /// Answers the next call of this name, or the next question for this DID, with that instead of as usual.
    pub(crate) fn order(&self, call: &str, reply: Reply) {
        self.orders().entry(call.to_owned()).or_default().push_back(reply);
    }

    /// What a well-behaved host answers.
    fn usual(&self, call: &str) -> (u16, Value) {
        match call {
            did if did.starts_with("did:") => {
                let endpoint = format!("http://localhost:{}", self.port);
                let service =
                    json!({"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": endpoint});
                (200, json!({"id": did, "alsoKnownAs": [], "service": [service]}))
            }
            "getLatestCommit" => (200, json!({"cid": HEAD, "rev": REV})),
            "getRecord" => (200, found_post(HEAD)),
            _ => (500, json!({"error": "InternalServerError", "message": call})),
        }
    }
}

impl Scene {
    /// The token ends so many seconds from now.
    pub(crate) async fn set(token_ends_in_s: i64) -> Self {
        Self::under(Ceiling::default(), token_ends_in_s).await
    }

    /// The same under an operator's ceiling.
    pub(crate) async fn under(ceiling: Ceiling, token_ends_in_s: i64) -> Self {
        let host = Host::start().await;
        let now: Timestamp = "2026-12-01T08:00:00Z".parse().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(now));
        let http = Http::new(NetConfig { allow_private: AllowPrivate::All, dns: Dns::Off, ..NetConfig::default() });
        let http = http.unwrap();
        let journal = Arc::new(MemoryJournal::new());
        let did = Did::parse(ALICE).unwrap();
        let session = session(&did, &host, now.as_second() + token_ends_in_s);
        assert!(journal.put_session(&did, &session, None).await.unwrap());
        let environment = Environment { plc_url: host.url(), appview_url: host.url(), video_url: host.url() };
        let sessions =
            Sessions::new(http.clone(), environment, journal.clone(), Arc::new(move || now), "a test".to_owned());
        let sessions = sessions.under(ceiling);
        let identities = sessions.identities().clone();
        let media = Arc::new(MemoryMedia::new(Arc::clone(&clock)));
        let connector = BlueskyConnector::new(sessions, identities, XrpcClient::new(http), clock, media, None);
        let account = Account { identity: ALICE.to_owned(), ..Samples::new(1).account("alice.test") };
        Self { host, connector, account, journal, now }
    }

    /// What a draft becomes at submission.
    pub(crate) async fn content(&self, reply_to: Option<String>) -> Value {
        let draft = Draft { reply_to, ..samples::draft(&["hello"]) };
        self.connector.resolve(&self.account, &draft, &Attached::default()).await.unwrap().content
    }

    /// What a draft that quotes Bob's post becomes at submission.
    pub(crate) async fn quoting(&self) -> Result<Value, Vec<Fault>> {
        let draft = Draft { quote: Some(post_of_bob()), ..samples::draft(&["hello"]) };
        self.connector.resolve(&self.account, &draft, &Attached::default()).await.map(|resolved| resolved.content)
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { first_created_at: self.now, clock_id: 1, frozen_at: self.now }
    }

    pub(crate) async fn prepared(&self) -> Prepared {
        let content = self.content(None).await;
        self.connector.prepare(&self.account, &content, self.stamp()).await.unwrap()
    }
}

pub(crate) fn post_of_bob() -> String {
    format!("at://{BOB}/app.bsky.feed.post/3ke6kg3wk2222")
}

/// Bob's post with some hash, as a server gives it.
pub(crate) fn found_post(cid: &str) -> Value {
    let post = json!({"$type": "app.bsky.feed.post", "text": "hi", "createdAt": "2026-12-01T07:00:00Z"});
    json!({"uri": post_of_bob(), "cid": cid, "value": post})
}

fn session(did: &Did, host: &Host, ends_at_s: i64) -> Session {
    let payload = json!({"scope": "com.atproto.appPass", "exp": ends_at_s});
    let token = format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.to_string().as_bytes()));
    Session {
        did: did.clone(),
        handle: None,
        pds: host.url(),
        service: None,
        access_jwt: SecretString::from(token),
        refresh_jwt: SecretString::from("refresh"),
        app_password: None,
    }
}

async fn answer(State(host): State<Host>, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let call = if path.starts_with("did:") { path } else { path.rsplit('.').next().unwrap_or_default() };
    let ordered = host.orders().get_mut(call).and_then(VecDeque::pop_front);
    let (status, body) = match ordered {
        Some(Reply::Never) => return std::future::pending().await,
        Some(Reply::Answer(status, body)) => (status, body),
        None => {
            let (status, body) = host.usual(call);
            (status, body.to_string())
        }
    };
    Response::builder().status(status).body(Body::from(body)).unwrap()
}
