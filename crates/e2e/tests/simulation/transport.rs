//! The network as one process sees it: the sandbox, called in this thread, with trouble on the way.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{Request, header};
use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::Value;
use skein_net::{Answer, Hop, NetError, NotSentCause, Transport, UnknownCause};
use skein_sandbox::FaultOrder;

use crate::house::House;
use crate::life::Life;
use crate::record::Sent;
use crate::trouble::Fate;

/// The write that publishes.
pub(crate) const APPLY_WRITES: &str = "com.atproto.repo.applyWrites";

/// What an answer says of limits is written down within this time.
const LEARNED_WITHIN: SignedDuration = SignedDuration::from_secs(1);

/// A process's way to the network.
pub(crate) struct ProcessTransport {
    pub(crate) house: Arc<House>,
    pub(crate) life: Arc<Life>,
}

#[async_trait]
impl Transport for ProcessTransport {
    async fn carry(&self, hop: Hop<'_>) -> Result<Answer, NetError> {
        let count = |kind: &'static str| self.house.record.count(&format!("fault: {kind}"));
        let nsid = hop.url().path().trim_start_matches("/xrpc/").to_owned();
        let body = hop.body().map(|body| self.house.as_sent(&nsid, body));
        self.life.point(count).await;
        let fate = self.house.fate_of(&nsid, body.as_ref());
        let from = format!("{} asks {nsid} ({})", self.life.name, fate.name());
        self.house.record.lock().line(self.house.wall.right(), &from);
        if let (Some(body), APPLY_WRITES) = (&body, nsid.as_str())
            && fate != Fate::Refused
        {
            self.note_sent(body);
        }
        let did = body.as_ref().filter(|_| nsid == APPLY_WRITES).map(did_of);
        let request = request_of(&hop, body);
        let fine = fate == Fate::Fine;
        let met = tokio::time::timeout(hop.timeout(), self.meet(request, nsid.clone(), fate)).await;
        self.life.point(count).await;
        match met {
            Ok(Met::Answered(status, headers, body)) => {
                let policy = headers.get("ratelimit-policy").and_then(|policy| policy.to_str().ok());
                let tells_limits = policy.is_some_and(|policy| policy.ends_with("w=3600"));
                self.note_answer(&nsid, did.as_deref(), (status, tells_limits), fine);
                Answer::of(hop.url().clone(), status, headers, body).ok_or_else(|| lost(&hop, UnknownCause::Broken))
            }
            Ok(Met::NeverLeft) => Err(NetError::NotSent {
                target: nsid,
                cause: NotSentCause::Connect,
                detail: "connection refused".to_owned(),
            }),
            Ok(Met::Broken) => Err(lost(&hop, UnknownCause::Broken)),
            Err(_) => Err(lost(&hop, UnknownCause::Timeout)),
        }
    }
}

enum Met {
    Answered(u16, header::HeaderMap, Bytes),
    NeverLeft,
    Broken,
}

impl ProcessTransport {
    async fn meet(&self, request: Request<Bytes>, nsid: String, fate: Fate) -> Met {
        match fate {
            Fate::Fine => self.forward(request).await,
            Fate::Refused => Met::NeverLeft,
            Fate::LostBefore => Met::Broken,
            Fate::LostAfter => {
                self.forward(request).await;
                Met::Broken
            }
            Fate::Late(ms) => {
                self.arrive_late(request, ms);
                Met::Broken
            }
            Fate::LateAwaited(ms) => {
                self.arrive_late(request, ms);
                pending().await
            }
            Fate::Slow(ms) => {
                let (done, answered) = tokio::sync::oneshot::channel();
                let (house, span) = (Arc::clone(&self.house), Duration::from_millis(ms));
                tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    forget_limits(&house, request.body());
                    drop(done.send(house.network.answer(request).await));
                });
                of_answer(answered.await.ok().flatten())
            }
            Fate::Unavailable => {
                Met::Answered(503, header::HeaderMap::new(), Bytes::from_static(b"<h1>503 Service Unavailable</h1>"))
            }
            Fate::Host(fault) => {
                if self.house.sandbox.faults().order(FaultOrder::new(nsid, fault)).is_err() {
                    return Met::Broken;
                }
                self.forward(request).await
            }
        }
    }

    async fn forward(&self, request: Request<Bytes>) -> Met {
        tokio::time::sleep(self.house.latency()).await;
        let answer = self.house.network.answer(request).await;
        tokio::time::sleep(self.house.latency()).await;
        of_answer(answer)
    }

    /// Nobody waits for its answer, and it arrives all the same.
    fn arrive_late(&self, request: Request<Bytes>, ms: u64) {
        let house = Arc::clone(&self.house);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            forget_limits(&house, request.body());
            let status = house.network.answer(request).await.map(|answer| answer.status().as_u16());
            house.record.lock().line(house.wall.right(), &format!("a late request arrives: {status:?}"));
        });
    }

    fn note_sent(&self, body: &Bytes) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |write: &Value| write["value"]["text"].as_str().map(str::to_owned);
        let texts: Vec<String> = body["writes"].as_array().into_iter().flatten().filter_map(text).collect();
        let did = body["repo"].as_str().unwrap_or_default().to_owned();
        let mut record = self.house.record.lock();
        let at = record.line(self.house.wall.right(), &format!("{} lets go {did} {texts:?}", self.life.name));
        record.sent.push(Sent { at, did, texts });
    }

    fn note_answer(&self, nsid: &str, did: Option<&str>, (status, tells_limits): (u16, bool), was_fine: bool) {
        let mut record = self.house.record.lock();
        record.line(self.house.wall.right(), &format!("{nsid} answers {status}"));
        let Some(did) = did.filter(|_| self.house.plan.keeps_budgets()) else { return };
        let right = self.house.wall.right();
        let knows = record.limits_known.get(did).is_some_and(|since| right > *since + LEARNED_WITHIN);
        if status == 429 && was_fine && knows {
            record.broken("never more than the budget", format!("{did} had no points for a write that left"));
        }
        if !was_fine {
            // An answer that was made up on the way says nothing of limits, or something else.
            record.limits_known.remove(did);
        } else if tells_limits {
            record.limits_known.entry(did.to_owned()).or_insert(right);
        }
    }
}

/// What lands after others were answered costs points that those answers did not tell of yet.
fn forget_limits(house: &House, body: &Bytes) {
    house.record.lock().limits_known.remove(&did_of(body));
}

fn did_of(body: &Bytes) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["repo"].as_str().unwrap_or_default().to_owned()
}

fn of_answer(answer: Option<axum::http::Response<Bytes>>) -> Met {
    let Some(answer) = answer else { return Met::Broken };
    let (head, body) = answer.into_parts();
    Met::Answered(head.status.as_u16(), head.headers, body)
}

fn request_of(hop: &Hop<'_>, body: Option<Bytes>) -> Request<Bytes> {
    let body = body.or_else(|| hop.body().cloned());
    let mut request = Request::new(body.clone().unwrap_or_default());
    *request.method_mut() = hop.method().clone();
    let path = hop.url().path().to_owned() + &hop.url().query().map(|query| format!("?{query}")).unwrap_or_default();
    *request.uri_mut() = path.parse().unwrap_or_default();
    *request.headers_mut() = hop.headers().clone();
    if let Some(body) = body {
        request.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    }
    request
}

fn lost(hop: &Hop<'_>, cause: UnknownCause) -> NetError {
    NetError::Unknown { target: hop.url().path().to_owned(), cause, detail: "in the simulation".to_owned() }
}
