//! How a request to `/xrpc/…` becomes an answer: method, parameters, authorization, input, budget, handler; in the
//! order of the reference PDS, since the order decides which of several faults is answered and whether points are spent.

mod answer;
mod authorization;
mod input;
mod refusal;

use bytes::Bytes;
use serde_json::Value;

pub(crate) use answer::{Answer, Body};
pub(crate) use authorization::Auth;
pub(crate) use input::Input;
pub(crate) use refusal::Refusal;

use crate::endpoints;
use crate::faults::Fault;
use crate::network::{BudgetStanding, Charge, Claims, Network, Window};

/// Anything a client may ask for in five minutes, by address.
const ALL_CALLS: Window = Window { name: "global-ip", points: 3_000, seconds: 300 };
/// Largest JSON body of a write.
pub(crate) const WRITE_MAX_BYTES: usize = 1_000_000;
/// Largest JSON body of anything else.
pub(crate) const JSON_MAX_BYTES: usize = 153_600;
/// Largest blob.
pub(crate) const BLOB_MAX_BYTES: usize = 5_242_880;
/// Largest video.
pub(crate) const VIDEO_MAX_BYTES: usize = 300_000_000;

/// How a method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

impl Verb {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) verb: Verb,
    pub(crate) nsid: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) has_body: bool,
    /// Cut off where no endpoint reads further.
    pub(crate) body: Bytes,
    /// A host that does not know `swapCommit`: the field is dropped before anything reads it.
    pub(crate) ignores_swap: bool,
    /// What goes wrong within the method.
    pub(crate) fault: Option<Fault>,
}

/// A request that was found well-formed and allowed.
pub(crate) struct Request {
    /// Whose token came with it.
    pub(crate) claims: Option<Claims>,
    /// The parameters of a query or the JSON of a procedure.
    pub(crate) input: Value,
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    /// What stands in the URL, for a procedure that has both a body and parameters.
    query: String,
    /// What goes wrong within the method.
    pub(crate) fault: Option<Fault>,
}

impl Request {
    /// A parameter in the URL, empty if there is none.
    pub(crate) fn parameter(&self, key: &str) -> String {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// A text of the input, empty if there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.input[key].as_str().unwrap_or("")
    }

    /// The DID that the token is for, empty without one.
    pub(crate) fn did(&self) -> &str {
        self.claims.as_ref().map_or("", |claims| claims.sub.as_str())
    }
}

type Handler = fn(&mut Network, &Request) -> Result<Answer, Refusal>;

/// What a call costs besides the general limit, if limits are on.
type Costs = fn(&Network, &Request) -> Vec<Charge>;

/// One method.
pub(crate) struct Endpoint {
    pub(crate) nsid: &'static str,
    pub(crate) verb: Verb,
    pub(crate) auth: Auth,
    pub(crate) input: Input,
    pub(crate) costs: Costs,
    pub(crate) handler: Handler,
}

/// The cost of calls that are only counted by the general limit.
pub(crate) fn no_extra_cost(_: &Network, _: &Request) -> Vec<Charge> {
    Vec::new()
}

/// Answers one request; the caller holds the lock, so that all of it happens at once.
pub(crate) fn serve(network: &mut Network, incoming: &Incoming) -> Answer {
    let Some(endpoint) = endpoints::ALL.iter().find(|endpoint| endpoint.nsid == incoming.nsid) else {
        return Refusal::not_implemented().into();
    };
    let request = match admit(network, endpoint, incoming) {
        Ok(request) => request,
        Err(refusal) => return refusal.into(),
    };
    match charge(network, endpoint, &request) {
        Err(exceeded) => {
            let refusal = Refusal::new(429, "RateLimitExceeded", "Rate Limit Exceeded");
            let retry_after = ("retry-after", exceeded.retry_after_s.to_string());
            Answer::from(refusal).with_standing(Some(exceeded)).with_header(retry_after)
        }
        Ok(standing) => (endpoint.handler)(network, &request).unwrap_or_else(Answer::from).with_standing(standing),
    }
}

fn admit(network: &Network, endpoint: &Endpoint, incoming: &Incoming) -> Result<Request, Refusal> {
    if incoming.verb != endpoint.verb {
        let (got, expected) = (incoming.verb.as_str(), endpoint.verb.as_str());
        return Err(Refusal::invalid(format!("Incorrect HTTP method ({got}) expected {expected}")));
    }
    let parameters = endpoint.input.read_parameters(endpoint.nsid, &incoming.query)?;
    let claims = endpoint.auth.check(network, incoming.authorization.as_deref())?;
    let (input, content_type) = endpoint.input.read_body(endpoint.nsid, incoming)?;
    let input = parameters.unwrap_or(input);
    let (bytes, query, fault) = (incoming.body.clone(), incoming.query.clone(), incoming.fault.clone());
    Ok(Request { claims, input, bytes, content_type, query, fault })
}

fn charge(
    network: &mut Network,
    endpoint: &Endpoint,
    request: &Request,
) -> Result<Option<BudgetStanding>, BudgetStanding> {
    if !network.budget.is_on() {
        return Ok(None);
    }
    let mut charges = vec![Charge { window: ALL_CALLS, key: String::new(), points: 1 }];
    charges.extend((endpoint.costs)(network, request));
    let now = network.now();
    network.budget.charge(&charges, now)
}
