//! The tokens that the video service wants, and how long they are used.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use skein_atproto::syntax::Did;

use super::{VideoError, VideoService};
use crate::service_auth::{did_web, service_token};

/// With this the service puts the encoded video on the account's server, at the end of the upload.
const UPLOAD: &str = "com.atproto.repo.uploadBlob";
const UPLOAD_GOOD_FOR: SignedDuration = SignedDuration::from_mins(30);
/// A token that ends sooner is not used for anything that takes time.
const UPLOAD_LEFT: SignedDuration = SignedDuration::from_mins(5);
const LOOK_GOOD_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Accounts whose tokens are remembered.
const REMEMBERED_MAX: usize = 1_000;

/// Tokens for uploads, by account.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<Did, (SecretString, Timestamp)>>);

impl Tokens {
    fn good_at(&self, did: &Did, at: Timestamp) -> Option<SecretString> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(did).filter(|(_, ends)| *ends > at).map(|(token, _)| token.clone())
    }

    fn keep(&self, did: &Did, token: SecretString, ends: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= REMEMBERED_MAX {
            tokens.clear();
        }
        tokens.insert(did.clone(), (token, ends));
    }
}

impl VideoService {
    /// For calls at the service itself.
    pub(super) async fn token_for(&self, did: &Did, method: &str) -> Result<SecretString, VideoError> {
        let until = self.after(LOOK_GOOD_FOR);
        let audience = did_web(&self.base);
        let token = self.sessions.call(did, |me| {
            let audience = audience.clone();
            async move { service_token(&me, &audience, method, until).await }
        });
        Ok(token.await?)
    }

    /// For uploads; its audience is the account's own server. A `fresh` one is good for half an hour, any other for five minutes.
    pub(super) async fn upload_token(&self, did: &Did, fresh: bool) -> Result<SecretString, VideoError> {
        if let Some(token) = self.tokens.good_at(did, self.after(UPLOAD_LEFT)).filter(|_| !fresh) {
            return Ok(token);
        }
        let until = self.after(UPLOAD_GOOD_FOR);
        let asked =
            self.sessions.call(did, |me| async move { service_token(&me, &did_web(me.pds()), UPLOAD, until).await });
        let token = asked.await?;
        self.tokens.keep(did, token.clone(), until);
        Ok(token)
    }

    fn after(&self, time: SignedDuration) -> Timestamp {
        (self.now)().saturating_add(time).unwrap_or(Timestamp::MAX)
    }
}
