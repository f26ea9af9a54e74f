//! Handle to DID: DNS and HTTPS at the same time, then a server that resolves for us.

use std::pin::pin;

use serde::Deserialize;
use skein_atproto::syntax::{Did, Handle};
use skein_net::{Http, NetError, StatusCode};
use url::Url;

use super::{DidDocument, IdentityError, Lookup, dns, fetch, well_known};
use crate::environment::Environment;
use crate::xrpc::{Auth, CallError, XrpcClient};

/// Finds accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identities {
    pub(super) http: Http,
    pub(super) environment: Environment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Dns,
    Https,
    Resolver,
}

/// What was learned so far, without a DID.
#[derive(Default)]
struct Answers {
    no: Vec<String>,
    failed: Vec<(By, String)>,
    refused: Option<NetError>,
}

impl Answers {
    fn take(&mut self, handle: &Handle, (by, lookup): (By, Lookup)) -> Result<Option<Did>, IdentityError> {
        match lookup {
            Lookup::Found(did) => return Ok(Some(did)),
            Lookup::Conflict(dids) => {
                return Err(IdentityError::Conflict { handle: handle.clone(), count: dids.len() });
            }
            Lookup::Nothing(why) => self.no.push(why),
            Lookup::Failed(why) => self.failed.push((by, why)),
            Lookup::Refused(error) => self.refused = self.refused.take().or(Some(error)),
        }
        Ok(None)
    }

    fn into_error(self, name: String) -> IdentityError {
        match self.refused {
            Some(error) => IdentityError::Refused { name, error },
            None if self.failed.is_empty() => IdentityError::NotFound { name, detail: self.no.join("; ") },
            None => {
                let reasons: Vec<String> = self.failed.into_iter().map(|(_, why)| why).collect();
                IdentityError::CouldNotAsk { name, detail: reasons.join("; ") }
            }
        }
    }
}

impl Identities {
    /// Asks this network through this client and its guard.
    pub fn new(http: Http, environment: Environment) -> Self {
        Self { http, environment }
    }

    /// The DID that a handle leads to. It proves nothing until the DID's document names the handle: see [`Self::verify`].
    ///
    /// DNS and `/.well-known/atproto-did` are asked at the same time and DNS counts if they disagree; if neither knows, the
    /// resolver is asked: the server that a person named (trusted like anything typed in), or the network's `AppView`.
    /// Handles under reserved domains (`.test`, `.localhost` …) are only ever looked up there.
    pub async fn resolve_handle(&self, handle: &Handle, resolver: Option<&Url>) -> Result<Did, IdentityError> {
        let name = handle.to_string();
        let mut answers = Answers::default();
        if handle.is_resolvable() {
            let (by_dns, by_https) = self.ask_the_domain(handle).await;
            for lookup in [by_dns, by_https].into_iter().flatten() {
                if let Some(did) = answers.take(handle, lookup)? {
                    return Ok(did);
                }
            }
        }
        let base = resolver.unwrap_or(&self.environment.appview_url);
        let lookup = self.ask_resolver(handle, base).await;
        if matches!(lookup, Lookup::Nothing(_)) {
            // The resolver looked for itself: that the domain has no website here does not matter any more.
            answers.failed.retain(|(by, _)| *by == By::Dns);
        } else if matches!(lookup, Lookup::Failed(_)) && answers.failed.is_empty() && !answers.no.is_empty() {
            // The domain itself said no, which settles it without the resolver.
            return Err(IdentityError::NotFound { name, detail: answers.no.join("; ") });
        }
        match answers.take(handle, (By::Resolver, lookup))? {
            Some(did) => Ok(did),
            None => Err(answers.into_error(name)),
        }
    }

    /// The document of a DID, bounded in size. Its contents are claims: nothing in it is verified.
    pub async fn document(&self, did: &Did) -> Result<DidDocument, IdentityError> {
        let plc_url = &self.environment.plc_url;
        let url = fetch::document_url(did, plc_url)?;
        // Only the directory was configured by a person; the host of a did:web came from data.
        let http = if did.method() == "plc" { self.http.allowing(plc_url) } else { self.http.clone() };
        fetch::fetch(&http, did, url).await
    }

    /// The answers of DNS and of the well-known file. A DID in DNS settles it without waiting for the other.
    async fn ask_the_domain(&self, handle: &Handle) -> (Option<(By, Lookup)>, Option<(By, Lookup)>) {
        let mut by_dns = pin!(dns::look_up(&self.http, handle));
        let mut by_https = pin!(well_known::look_up(&self.http, handle));
        let mut https_answer = None;
        let dns_answer = loop {
            tokio::select! {
                biased;
                answer = &mut by_dns => break answer,
                answer = &mut by_https, if https_answer.is_none() => https_answer = Some(answer),
            }
        };
        if matches!(dns_answer, Lookup::Found(_) | Lookup::Conflict(_)) {
            return (Some((By::Dns, dns_answer)), None);
        }
        let https_answer = match https_answer {
            Some(answer) => answer,
            None => by_https.await,
        };
        (Some((By::Dns, dns_answer)), Some((By::Https, https_answer)))
    }

    async fn ask_resolver(&self, handle: &Handle, base: &Url) -> Lookup {
        #[derive(Deserialize)]
        struct Resolved {
            did: Did,
        }
        let xrpc = XrpcClient::new(self.http.allowing(base));
        let params = [("handle", handle.as_str())];
        let answer = xrpc.get(base, "com.atproto.identity.resolveHandle", &params, Auth::None).await;
        match answer.and_then(|response| response.json::<Resolved>()) {
            Ok(resolved) => Lookup::Found(resolved.did),
            // Without a name it is not the resolver that says so, but something in between.
            Err(CallError::Answer(answer))
                if matches!(answer.response.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND)
                    && answer.error.is_some() =>
            {
                Lookup::Nothing(format!("{} does not know it", base.host_str().unwrap_or_default()))
            }
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}
