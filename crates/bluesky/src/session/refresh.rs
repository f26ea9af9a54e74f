//! Refreshing: once, under a lease that all processes share, stored before it is used.

use std::time::Duration;

use jiff::SignedDuration;
use skein_atproto::syntax::Did;
use url::Url;

use super::Sessions;
use super::error::{SessionError, Verdict};
use super::wire::{self, Tokens};
use crate::journal::{Session, Stored};
use crate::xrpc::CallError;

/// How long a refresh may take before others may try: two refresh calls, two looks at the DID document, a login, and room.
pub const REFRESH_LEASE_MS: i64 = 60_000;
/// A lost reply is asked for again: a server takes a used refresh token for two more hours and gives the same next one.
const MAX_REFRESH_ATTEMPTS: u32 = 2;
/// How long to wait between two looks at what the lease holder is doing.
const WAIT_MS: u64 = 100;
/// How often to look: longer than a lease lasts, so that the lease of a process that died is outlived.
const MAX_WAITS: u32 = 650;

impl Sessions {
    /// A newer session than the one seen: refreshed here, or by whoever was faster.
    pub(super) async fn refresh(&self, did: &Did, seen: &Stored) -> Result<Stored, SessionError> {
        self.refresh_after(did, seen.version).await
    }

    pub(super) async fn refresh_after(&self, did: &Did, seen_version: i64) -> Result<Stored, SessionError> {
        self.under_lease(did, seen_version, None).await
    }

    /// The account answered as if it lived elsewhere. If its document names another server by now, logs in there.
    pub(super) async fn moved(&self, did: &Did, old_pds: &Url) -> Result<Option<Stored>, SessionError> {
        let document = self.identities().document(did).await?;
        let new_pds = document.require_pds()?;
        if new_pds == *old_pds {
            return Ok(None);
        }
        let stored = self.stored(did).await?;
        if stored.session.pds == new_pds {
            return Ok(Some(stored));
        }
        self.under_lease(did, stored.version, Some(&new_pds)).await.map(Some)
    }

    /// Takes the lease, or waits, boundedly, for who has it. `moved_to`: the refresh token is of no use there.
    async fn under_lease(&self, did: &Did, seen: i64, moved_to: Option<&Url>) -> Result<Stored, SessionError> {
        let journal = &self.inner.journal;
        let holder = self.lease_holder();
        for _ in 0..MAX_WAITS {
            let now = (self.inner.now)();
            let until = now.saturating_add(SignedDuration::from_millis(REFRESH_LEASE_MS)).unwrap_or(now);
            if journal.lease_refresh(did, &holder, now, until).await? {
                return self.renew_and_release(did, seen, moved_to, holder).await;
            }
            tokio::time::sleep(Duration::from_millis(WAIT_MS)).await;
            let stored = self.stored(did).await?;
            if stored.version != seen {
                return Ok(stored);
            }
        }
        Err(SessionError::Busy { did: did.clone() })
    }

    /// In a task of its own: a caller that gives up must not leave the lease taken and the new tokens unread.
    async fn renew_and_release(
        &self,
        did: &Did,
        seen: i64,
        moved_to: Option<&Url>,
        holder: String,
    ) -> Result<Stored, SessionError> {
        let (sessions, did, moved_to) = (self.clone(), did.clone(), moved_to.cloned());
        let busy = SessionError::Busy { did: did.clone() };
        let task = tokio::spawn(async move {
            let renewed = sessions.renew(&did, seen, moved_to.as_ref()).await;
            if let Err(error) = sessions.inner.journal.release_refresh(&did, &holder).await {
                // The lease ends by itself; what was learned must not be lost over it.
                tracing::warn!(did = did.as_str(), error = %error, "the refresh lease could not be given back");
            }
            renewed
        });
        // The task only fails to join if the runtime is shutting down, or on a bug that panicked.
        task.await.unwrap_or(Err(busy))
    }

    async fn renew(&self, did: &Did, seen: i64, moved_to: Option<&Url>) -> Result<Stored, SessionError> {
        let stored = self.stored(did).await?;
        if stored.version != seen {
            return Ok(stored);
        }
        if let Some(pds) = moved_to {
            let reason = format!("the account moved to {}", pds.host_str().unwrap_or_default());
            return self.log_in_again(stored, reason, Some(pds)).await;
        }
        match self.refreshed(&stored.session).await {
            Ok(tokens) => self.store(stored, tokens, None).await,
            Err(error) => {
                let Some(answer) = error.answer() else {
                    return Err(SessionError::Unreachable { did: did.clone(), error });
                };
                match Verdict::of(answer) {
                    Verdict::Dead(reason) => self.log_in_again(stored, reason, None).await,
                    Verdict::Gone | Verdict::Deactivated => self.find_again(stored, error).await,
                    _ => Err(self.session_error(did, error)),
                }
            }
        }
    }

    async fn refreshed(&self, session: &Session) -> Result<Tokens, CallError> {
        let xrpc = self.client_for(session.service.as_ref());
        let mut attempt = 1;
        loop {
            let tokens = wire::refresh_session(&xrpc, &session.pds, &session.refresh_jwt).await;
            match tokens {
                // A rate limit is a clear answer: asking again at once would only cost more.
                Err(CallError::NotSent { .. } | CallError::Unknown { .. }) if attempt < MAX_REFRESH_ATTEMPTS => {
                    attempt += 1;
                }
                Err(CallError::Answer(answer))
                    if answer.response.status.is_server_error() && attempt < MAX_REFRESH_ATTEMPTS =>
                {
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// The server does not know the account any more: it may have moved.
    async fn find_again(&self, stored: Stored, error: CallError) -> Result<Stored, SessionError> {
        let did = stored.session.did.clone();
        let new_pds = self.identities().document(&did).await?.require_pds()?;
        if new_pds == stored.session.pds {
            return Err(self.session_error(&did, error));
        }
        let reason = format!("the account moved to {}", new_pds.host_str().unwrap_or_default());
        self.log_in_again(stored, reason, Some(&new_pds)).await
    }

    /// Uses the stored app password, at the server that the account's document names now.
    async fn log_in_again(&self, stored: Stored, reason: String, pds: Option<&Url>) -> Result<Stored, SessionError> {
        let did = stored.session.did.clone();
        let Some(password) = stored.session.app_password.clone() else {
            return Err(match pds.and_then(Url::host_str) {
                Some(server) => SessionError::Moved { did, server: server.to_owned() },
                None => SessionError::NeedsLogin { did, reason },
            });
        };
        let pds = match pds {
            Some(pds) => pds.clone(),
            None => self.identities().document(&did).await?.require_pds()?,
        };
        let xrpc = self.client_for(stored.session.service.as_ref());
        let created = wire::create_session(&xrpc, &pds, &did, &password, None).await;
        match created {
            Ok(tokens) => self.store(stored, tokens, Some(&pds)).await,
            Err(error) => match error.answer().map(Verdict::of) {
                Some(Verdict::Dead(said)) => {
                    self.drop_password(&stored).await?;
                    Err(SessionError::NeedsLogin { did, reason: format!("the app password is not accepted: {said}") })
                }
                _ => Err(self.session_error(&did, error)),
            },
        }
    }

    /// A password that was refused is not tried again: each try counts against the few logins that a server allows.
    async fn drop_password(&self, stored: &Stored) -> Result<(), SessionError> {
        let session = Session { app_password: None, ..stored.session.clone() };
        if !self.inner.journal.put_session(&session.did, &session, Some(stored.version)).await? {
            tracing::debug!(did = session.did.as_str(), "somebody logged in meanwhile");
        }
        Ok(())
    }

    /// Stores new tokens before anybody uses them. If somebody else stored a session meanwhile, theirs counts.
    async fn store(&self, stored: Stored, tokens: Tokens, pds: Option<&Url>) -> Result<Stored, SessionError> {
        let did = stored.session.did.clone();
        if tokens.did != did {
            let reason = format!("the server answered with the session of {}", tokens.did);
            return Err(SessionError::NeedsLogin { did, reason });
        }
        let session = Session {
            handle: tokens.handle.or(stored.session.handle),
            pds: pds.cloned().unwrap_or(stored.session.pds),
            access_jwt: tokens.access_jwt,
            refresh_jwt: tokens.refresh_jwt,
            ..stored.session
        };
        if !self.inner.journal.put_session(&did, &session, Some(stored.version)).await? {
            tracing::debug!(did = did.as_str(), "somebody else stored a session meanwhile");
        }
        self.stored(&did).await
    }

    fn session_error(&self, did: &Did, error: CallError) -> SessionError {
        let did = did.clone();
        let Some(answer) = error.answer() else { return SessionError::Unreachable { did, error } };
        match Verdict::of(answer) {
            Verdict::TakenDown => SessionError::TakenDown { did },
            Verdict::Deactivated => SessionError::Deactivated { did },
            Verdict::RateLimited => {
                SessionError::RateLimited { did, until: answer.response.headers.retry_at((self.inner.now)()) }
            }
            Verdict::Dead(reason) => SessionError::NeedsLogin { did, reason },
            Verdict::Gone | Verdict::FactorNeeded | Verdict::Unclear => SessionError::Unreachable { did, error },
        }
    }
}
