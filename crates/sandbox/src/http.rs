//! The HTTP server: XRPC with its faults, the PLC directory, handles, pages, and the orders to the sandbox itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;

use crate::connection::Scissors;
use crate::control;
use crate::faults::{Fault, Faults, HeldBy};
use crate::network::{BudgetStanding, Network};
use crate::pages;
use crate::xrpc::{Answer, BLOB_MAX_BYTES, Body, Incoming, Refusal, VIDEO_MAX_BYTES, Verb, serve};

/// A little more than the largest body that any method takes, so that "too large" can still be answered.
const BODY_MAX_BYTES: usize = BLOB_MAX_BYTES + 1_048_576;
const VIDEO_METHODS: &str = "app.bsky.video.";
const SLOW_MAX_MS: u32 = 60_000;
const HTML: &str = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";

/// The instant it is, as the sandbox sees it.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request can reach.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) network: Arc<Mutex<Network>>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) clock: Clock,
}

impl Shared {
    /// The network, at the present instant of its clock.
    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        let now = (self.clock)();
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        network.set_now(now);
        network
    }
}

/// All routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/xrpc/_health", get(async || Answer::json(serde_json::json!({"version": "skein-sandbox"}))))
        .route("/xrpc/{method}", get(xrpc).post(xrpc))
        .route("/.well-known/atproto-did", get(did_of_host))
        .merge(control::routes())
        .merge(pages::routes())
        .route("/{did}", get(plc_document))
        .with_state(shared)
}

async fn did_of_host(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let handle = host.split(':').next().unwrap_or("");
    let network = shared.network();
    let plain = |text: &str| Body::Bytes("text/plain; charset=utf-8".to_owned(), text.to_owned().into());
    match network.open_account(handle) {
        Some(account) => Answer::new(200, plain(account.did.as_str())),
        None => Answer::new(404, plain("User not found")),
    }
}

async fn plc_document(State(shared): State<Shared>, Path(did): Path<String>) -> Answer {
    let network = shared.network();
    match network.account(&did).filter(|account| account.did.as_str() == did) {
        Some(account) => {
            let document = network.did_document(account).to_string();
            Answer::new(200, Body::Bytes("application/did+ld+json; charset=utf-8".to_owned(), document.into()))
        }
        None => Answer::new(404, Body::Json(serde_json::json!({"message": format!("DID not registered: {did}")}))),
    }
}

/// What becomes of a request.
enum Fate {
    Answered(Answer),
    Cut,
}

async fn xrpc(
    State(shared): State<Shared>,
    Path(method): Path<String>,
    ConnectInfo(connection): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let incoming = match read(method, request).await {
        Ok(incoming) => incoming,
        Err(refusal) => return Answer::from(refusal).into_response(),
    };
    // On a task of its own, since a request must run to its end even if its client hangs up.
    let fate = tokio::spawn(async move { decide(&shared, incoming).await }).await;
    match fate {
        Ok(Fate::Answered(answer)) => answer.into_response(),
        Ok(Fate::Cut) => {
            connection.cut();
            Response::new(HttpBody::empty())
        }
        Err(error) => Answer::from(Refusal::broken(&error)).into_response(),
    }
}

async fn read(nsid: String, request: Request) -> Result<Incoming, Refusal> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let max_bytes = if nsid.starts_with(VIDEO_METHODS) { VIDEO_MAX_BYTES + 1_048_576 } else { BODY_MAX_BYTES };
    let body = axum::body::to_bytes(body, max_bytes)
        .await
        .map_err(|_| Refusal::new(413, "PayloadTooLargeError", "request entity too large"))?;
    let has_body =
        parts.headers.contains_key(header::CONTENT_LENGTH) || parts.headers.contains_key(header::TRANSFER_ENCODING);
    Ok(Incoming {
        verb: if parts.method == Method::POST { Verb::Post } else { Verb::Get },
        nsid,
        query: parts.uri.query().unwrap_or("").to_owned(),
        authorization: header(header::AUTHORIZATION),
        content_type: header(header::CONTENT_TYPE),
        has_body,
        body,
        ignores_swap: false,
        fault: None,
    })
}

async fn decide(shared: &Shared, mut incoming: Incoming) -> Fate {
    let fault = shared.faults.take(&incoming.nsid, &shared.network().now_text());
    let Some(fault) = fault else { return Fate::Answered(process(shared, &incoming)) };
    tracing::debug!(method = incoming.nsid, ?fault, "a fault fires");
    if let Some(fate) = answer_unprocessed(shared, &fault) {
        return fate;
    }
    match fault {
        Fault::HoldRequest => return hold_request(shared, &incoming).await,
        Fault::Slow { ms } => tokio::time::sleep(Duration::from_millis(u64::from(ms.min(SLOW_MAX_MS)))).await,
        Fault::SwapIgnored => incoming.ignores_swap = true,
        ref of_video => incoming.fault = Some(of_video.clone()),
    }
    let answer = process(shared, &incoming);
    match fault {
        Fault::ServerErrorAfter => Fate::Answered(Refusal::internal().into()),
        Fault::BadGatewayAfter => Fate::Answered(bad_gateway()),
        Fault::CutAfter => Fate::Cut,
        Fault::Garbled => Fate::Answered(Answer::new(200, Body::Bytes(JSON.to_owned(), "{\"uri\": \"at:".into()))),
        Fault::EmptyAnswer => Fate::Answered(Answer::empty()),
        Fault::HoldAnswer => hold_answer(shared, answer).await,
        _ => Fate::Answered(answer),
    }
}

const JSON: &str = "application/json; charset=utf-8";

fn process(shared: &Shared, incoming: &Incoming) -> Answer {
    serve(&mut shared.network(), incoming)
}

/// The answer of a fault that keeps the request from being processed at all.
fn answer_unprocessed(shared: &Shared, fault: &Fault) -> Option<Fate> {
    let answer: Answer = match fault {
        Fault::RateLimited { reset_after_s } => rate_limited(shared, i64::from(*reset_after_s)),
        Fault::ServerErrorBefore => Refusal::internal().into(),
        Fault::BadGatewayBefore => bad_gateway(),
        Fault::CutBefore => return Some(Fate::Cut),
        Fault::ExpiredToken => Refusal::token_expired().into(),
        Fault::RevokedPassword => Refusal::wrong_password().into(),
        Fault::InvalidSwap => {
            let elsewhere = skein_atproto::record::cid_of_cbor(b"a commit of somebody else");
            Refusal::commit_swap(elsewhere.as_str()).into()
        }
        Fault::NotImplemented => Refusal::not_implemented().into(),
        Fault::BlobNotFound => {
            let missing = skein_atproto::record::cid_of_blob(b"a blob that is gone");
            Refusal::blob_not_found(missing.as_str()).into()
        }
        _ => return None,
    };
    Some(Fate::Answered(answer))
}

fn rate_limited(shared: &Shared, reset_after_s: i64) -> Answer {
    let reset_at = (shared.clock)().as_second() + reset_after_s;
    let standing =
        BudgetStanding { limit: 5_000, seconds: 3_600, remaining: 0, reset_at, retry_after_s: reset_after_s };
    Answer::from(Refusal::new(429, "RateLimitExceeded", "Rate Limit Exceeded"))
        .with_standing(Some(standing))
        .with_header(("retry-after", reset_after_s.to_string()))
}

fn bad_gateway() -> Answer {
    Answer::new(502, Body::Bytes("text/html; charset=utf-8".to_owned(), HTML.into()))
}

async fn hold_request(shared: &Shared, incoming: &Incoming) -> Fate {
    let Some(gate) = shared.faults.hold(HeldBy::Request) else { return too_many_held() };
    let Some(processed) = gate.wait().await else { return Fate::Cut };
    let answer = process(shared, incoming);
    processed();
    Fate::Answered(answer)
}

async fn hold_answer(shared: &Shared, answer: Answer) -> Fate {
    let Some(gate) = shared.faults.hold(HeldBy::Answer) else { return too_many_held() };
    if gate.wait().await.is_some() { Fate::Answered(answer) } else { Fate::Cut }
}

fn too_many_held() -> Fate {
    Fate::Answered(Refusal::broken(&"too many requests are held back; release some").into())
}
