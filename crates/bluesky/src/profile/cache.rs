//! Profiles that are asked for once: remembered by DID and by handle, and asked for again when they are old.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use skein_atproto::syntax::{AtIdentifier, Did, Handle, SyntaxError};
use thiserror::Error;
use url::Url;

use crate::budget::{Budget, host_of};
use crate::journal::{Gone, Journal, JournalError, KeptProfile};
use crate::session::Now;
use crate::xrpc::{CallError, Response, XrpcClient};

/// How long a profile is taken from memory, unless said otherwise.
pub const PROFILE_AGE: Duration = Duration::from_hours(24);

/// How long it is remembered that there is none. Shorter, since accounts come back.
pub const GONE_AGE: Duration = Duration::from_hours(1);

/// The profiles of anybody, as an `AppView` shows them to nobody in particular.
#[derive(Clone)]
pub struct Profiles {
    xrpc: XrpcClient,
    appview: Url,
    journal: Arc<dyn Journal>,
    now: Now,
    age: Duration,
    budget: Option<Budget>,
}

/// A profile, and since when it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Whose it is.
    pub did: Did,
    /// The handle; `None` where the one that the account claims could not be verified.
    pub handle: Option<Handle>,
    /// All of it (`app.bsky.actor.defs#profileViewDetailed`).
    pub view: Value,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// It comes from memory, and nobody was asked.
    pub is_kept: bool,
    /// Who had this handle in memory until this answer, if that was another account. `None` where that one was seen since under
    /// another handle, or the handle led nowhere in between.
    pub handle_was_of: Option<Did>,
}

/// Why there is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// That names nobody.
    #[error("{0}")]
    Actor(SyntaxError),
    /// The account is gone. For [`GONE_AGE`] this is told from memory.
    #[error("{actor} {}; asked {asked_at}", words(*.gone))]
    Gone {
        /// Who was asked for.
        actor: AtIdentifier,
        /// Why.
        gone: Gone,
        /// When that was answered.
        asked_at: Timestamp,
        /// It comes from memory, and nobody was asked.
        is_kept: bool,
    },
    /// The `AppView` could not be asked, or answered with something else.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The memory failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl ProfileError {
    /// The row of the call log that tells more.
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::Call(error) => error.call(),
            _ => None,
        }
    }
}

fn words(gone: Gone) -> &'static str {
    match gone {
        Gone::TakenDown => "was taken down by moderators",
        Gone::Deactivated => "was deactivated by its owner",
        Gone::NotFound => "is no account that the AppView knows",
    }
}

impl Profiles {
    /// The profiles that this `AppView` shows, remembered in this journal.
    pub fn new(xrpc: XrpcClient, appview: Url, journal: Arc<dyn Journal>, now: Now) -> Self {
        Self { xrpc, appview, journal, now, age: PROFILE_AGE, budget: None }
    }

    /// The same, asking only while the host takes more calls.
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The same, taking from memory what is not older than this. That an account is gone is remembered for [`GONE_AGE`] at most.
    pub fn no_older_than(self, age: Duration) -> Self {
        Self { age, ..self }
    }

    /// The profile of a handle or a DID: from memory where it is fresh, otherwise asked for.
    ///
    /// # Errors
    /// [`ProfileError::Gone`] for accounts that were taken down, deactivated, or never were.
    pub async fn get(&self, actor: &str) -> Result<Profile, ProfileError> {
        let actor = parse(actor)?;
        let kept = self.journal.profile(&actor).await?;
        match kept.as_ref().filter(|kept| self.is_fresh(kept)).and_then(|kept| from_memory(&actor, kept)) {
            Some(known) => known,
            None => self.ask(&actor, kept).await,
        }
    }

    /// The profile, asked for now whatever is remembered; what is answered is remembered.
    ///
    /// # Errors
    /// As [`Profiles::get`].
    pub async fn refreshed(&self, actor: &str) -> Result<Profile, ProfileError> {
        let actor = parse(actor)?;
        let kept = self.journal.profile(&actor).await?;
        self.ask(&actor, kept).await
    }

    fn is_fresh(&self, kept: &KeptProfile) -> bool {
        let age = if kept.gone.is_some() { self.age.min(GONE_AGE) } else { self.age };
        let passed = (self.now)().duration_since(kept.asked_at);
        passed >= SignedDuration::ZERO && passed.unsigned_abs() < age
    }

    async fn ask(&self, actor: &AtIdentifier, kept: Option<KeptProfile>) -> Result<Profile, ProfileError> {
        if let Some(budget) = &self.budget {
            budget.check_calls(&host_of(&self.appview)).await.map_err(CallError::from)?;
        }
        // Before, not after: of two answers the one that was asked for later tells more.
        let asked_at = (self.now)();
        let asked = super::view(&self.xrpc, &self.appview, actor.as_str()).await;
        let error = match asked {
            Ok(response) => return self.keep(actor, &response, asked_at).await,
            Err(error) => error,
        };
        let Some(gone) = gone(&error) else { return Err(error.into()) };
        // Whom a handle leads to is not told: it may be another account than the one that had it, of which nothing is known now.
        let kept = kept.filter(|_| actor.did().is_some());
        let of = kept.unwrap_or_else(|| nobody(actor, asked_at));
        self.journal.keep_profile(&KeptProfile { gone: Some(gone), asked_at, ..of }).await?;
        Err(ProfileError::Gone { actor: actor.clone(), gone, asked_at, is_kept: false })
    }

    async fn keep(
        &self,
        actor: &AtIdentifier,
        response: &Response,
        asked_at: Timestamp,
    ) -> Result<Profile, ProfileError> {
        let view: Value = response.json()?;
        let Some(did) = view["did"].as_str().and_then(|did| Did::parse(did).ok()) else {
            return Err(response.malformed("it names no account").into());
        };
        if actor.did().is_some_and(|asked| *asked != did) {
            return Err(response.malformed("it is the profile of another account").into());
        }
        // `handle.invalid` is no handle that anybody has.
        let handle = view["handle"].as_str().and_then(|handle| Handle::parse(handle).ok());
        let handle = handle.filter(|handle| handle.as_str() != "handle.invalid");
        let kept = KeptProfile { actor: did.clone().into(), handle, view: Some(view), gone: None, asked_at };
        let lost = self.journal.keep_profile(&kept).await?;
        let handle_was_of = lost.filter(|lost| *lost != did && actor.handle() == kept.handle.as_ref());
        let KeptProfile { handle, view, .. } = kept;
        Ok(Profile { did, handle, view: view.unwrap_or_default(), asked_at, is_kept: false, handle_was_of })
    }
}

fn parse(actor: &str) -> Result<AtIdentifier, ProfileError> {
    let actor = actor.trim();
    AtIdentifier::parse(actor.strip_prefix('@').unwrap_or(actor)).map_err(ProfileError::Actor)
}

fn nobody(actor: &AtIdentifier, asked_at: Timestamp) -> KeptProfile {
    KeptProfile { actor: actor.clone(), handle: actor.handle().cloned(), view: None, gone: None, asked_at }
}

/// `None` where too little is remembered to answer.
fn from_memory(actor: &AtIdentifier, kept: &KeptProfile) -> Option<Result<Profile, ProfileError>> {
    let asked_at = kept.asked_at;
    if let Some(gone) = kept.gone {
        return Some(Err(ProfileError::Gone { actor: actor.clone(), gone, asked_at, is_kept: true }));
    }
    let (view, did) = (kept.view.clone()?, kept.actor.did()?.clone());
    Some(Ok(Profile { did, handle: kept.handle.clone(), view, asked_at, is_kept: true, handle_was_of: None }))
}

/// Whether the answer says that the account is gone, and not that something went wrong.
fn gone(error: &CallError) -> Option<Gone> {
    if error.is_named("AccountTakedown") {
        Some(Gone::TakenDown)
    } else if error.is_named("AccountDeactivated") {
        Some(Gone::Deactivated)
    } else {
        // It has no name of its own, so that the words of the reference AppView must do.
        let CallError::Answer(answer) = error else { return None };
        let is_it = error.is_named("InvalidRequest") && answer.message.as_deref() == Some("Profile not found");
        is_it.then_some(Gone::NotFound)
    }
}

impl std::fmt::Debug for Profiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profiles")
            .field("appview", &self.appview.as_str())
            .field("age", &self.age)
            .finish_non_exhaustive()
    }
}
