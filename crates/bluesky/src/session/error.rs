//! Why logging in or a call as an account failed, what was kept, and what to do.

use jiff::Timestamp;
use skein_atproto::syntax::{Did, SyntaxError};
use thiserror::Error;

use crate::identity::IdentityError;
use crate::journal::JournalError;
use crate::xrpc::{CallError, ErrorAnswer};

/// A login that did not happen. Nothing was stored, and a session from before is unchanged.
#[derive(Debug, Error)]
pub enum LoginError {
    /// What was typed is no handle and no DID.
    #[error("{0}; log in with a whole handle such as alice.bsky.social, or with a DID")]
    Identifier(SyntaxError),
    /// Who this is could not be established. The password was not sent.
    #[error("{0}. The password was not sent anywhere")]
    Identity(IdentityError),
    /// A main password, where only app passwords are taken.
    #[error(
        "this {} the account's main password, which can do everything; {}; create an app password in the app under Settings, \
         Privacy and security, App passwords (or allow the main password explicitly: it is then never stored)",
        if *.sent { "is" } else { "looks like" },
        if *.sent { "the session made with it was deleted and nothing was stored" } else { "it was not sent anywhere" }
    )]
    MainPassword {
        /// False if the password's form gave it away; true if the server's answer did.
        sent: bool,
    },
    /// The server does not accept the password.
    #[error(
        "{server} does not accept this password for {did}; nothing was stored; check it, or create a new app password in the app"
    )]
    WrongPassword {
        /// The account.
        did: Did,
        /// The server that was asked.
        server: String,
    },
    /// The main password needs the code that was sent by email.
    #[error(
        "{server} sent a sign-in code by email; log in again with that code, or use an app password, which needs none"
    )]
    AuthFactorTokenRequired {
        /// The server that was asked.
        server: String,
    },
    /// The code that was given is not the one that was sent, or is too old.
    #[error("{server} does not accept this sign-in code; nothing was stored; log in without a code to be sent another")]
    WrongCode {
        /// The server that was asked.
        server: String,
    },
    /// The account was taken down by its server.
    #[error(
        "{did} was taken down by its server, so it cannot log in; nothing was stored; the server's operator can say why"
    )]
    TakenDown {
        /// The account.
        did: Did,
    },
    /// The account is deactivated, and its server refuses to log in.
    #[error(
        "{did} is deactivated, and its server refuses the login; nothing was stored; reactivate it in the app first"
    )]
    Deactivated {
        /// The account.
        did: Did,
    },
    /// Too many logins.
    #[error(
        "{server} takes no more logins until {until}; nothing was stored; wait, since each further try counts as well"
    )]
    RateLimited {
        /// The server that was asked.
        server: String,
        /// When to try again.
        until: Timestamp,
    },
    /// The server could not be asked, or had trouble. The password may be right.
    #[error("the account's server could not be asked: {error}; nothing was stored; try again later")]
    Unreachable {
        /// Whether trying again later may go better; false if the guard refused the server's address.
        transient: bool,
        /// What happened.
        error: CallError,
    },
    /// The session could not be stored.
    #[error("{0}; the login was accepted, but nothing was stored; try again")]
    Journal(JournalError),
    /// An answer that was not expected.
    #[error("the login failed: {0}; nothing was stored")]
    Other(String),
}

/// A call as an account that could not be made or did not succeed.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Nobody ever logged in as this account here.
    #[error("there is no session for {did}; log in first")]
    NoSession {
        /// The account.
        did: Did,
    },
    /// The session has ended for good.
    #[error("the session of {did} has ended ({reason}); posts are kept; log in again with an app password")]
    NeedsLogin {
        /// The account.
        did: Did,
        /// What the server said.
        reason: String,
    },
    /// The account was taken down by its server.
    #[error("{did} was taken down by its server; posts are kept; the server's operator can say why")]
    TakenDown {
        /// The account.
        did: Did,
    },
    /// The account is deactivated.
    #[error("{did} is deactivated; posts are kept; reactivate it in the app")]
    Deactivated {
        /// The account.
        did: Did,
    },
    /// The account lives on another server now, where this session is of no use, and no password is kept.
    #[error(
        "{did} moved to {server}, where its session is not good; posts are kept; log in again with an app password made there"
    )]
    Moved {
        /// The account.
        did: Did,
        /// Where it lives now.
        server: String,
    },
    /// No more refreshes or logins for a while.
    #[error("the server of {did} takes no more sign-ins until {until}; the session is kept")]
    RateLimited {
        /// The account.
        did: Did,
        /// When to try again.
        until: Timestamp,
    },
    /// Refreshing did not get through. The session is kept and may be good.
    #[error("the session of {did} could not be refreshed: {error}; it is kept; try again later")]
    Unreachable {
        /// The account.
        did: Did,
        /// What happened.
        error: CallError,
    },
    /// Another process has been refreshing the session for too long.
    #[error("another process is still refreshing the session of {did}; it is kept; try again in a moment")]
    Busy {
        /// The account.
        did: Did,
    },
    /// Where the account lives could not be established.
    #[error("{0}; the session is kept")]
    Identity(IdentityError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The call itself failed, for a reason that has nothing to do with the session.
    #[error(transparent)]
    Call(CallError),
}

// By hand: `#[from]` would make them sources as well, and a report of the whole chain would say everything twice.
impl From<JournalError> for LoginError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<IdentityError> for SessionError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl SessionError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Busy { .. } | Self::Journal(_) => true,
            Self::Unreachable { error, .. } | Self::Call(error) => error.is_transient(),
            Self::Identity(error) => error.is_transient(),
            Self::NoSession { .. }
            | Self::NeedsLogin { .. }
            | Self::TakenDown { .. }
            | Self::Deactivated { .. }
            | Self::Moved { .. } => false,
        }
    }

    /// The failure of the call itself, if that is what this is.
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }

    /// A takedown and a deactivation are told apart from what has to do with the call only.
    pub(super) fn of_call(did: &Did, error: CallError) -> Self {
        // Not `RepoTakendown` and its like, which may be said of somebody else's repository.
        match error.answer().and_then(|answer| answer.error.as_deref()) {
            Some("AccountTakedown" | "AccountSuspended") => Self::TakenDown { did: did.clone() },
            Some("AccountDeactivated") => Self::Deactivated { did: did.clone() },
            _ => Self::Call(error),
        }
    }
}

/// What an error answer says about the account itself.
pub(super) enum Verdict {
    TakenDown,
    Deactivated,
    Gone,
    RateLimited,
    Dead(String),
    FactorNeeded,
    Unclear,
}

impl Verdict {
    /// Names first, since servers use the statuses 400, 401 and 403 for the same names.
    pub(super) fn of(answer: &ErrorAnswer) -> Self {
        let message =
            || answer.message.clone().or_else(|| answer.error.clone()).unwrap_or_else(|| "refused".to_owned());
        match answer.error.as_deref() {
            Some("AccountTakedown" | "AccountSuspended" | "RepoTakendown" | "RepoSuspended") => Self::TakenDown,
            Some("AccountDeactivated" | "RepoDeactivated") => Self::Deactivated,
            Some("AccountNotFound" | "RepoNotFound") => Self::Gone,
            Some("AuthFactorTokenRequired") => Self::FactorNeeded,
            Some("RateLimitExceeded") => Self::RateLimited,
            Some("ExpiredToken" | "InvalidToken" | "AuthenticationRequired" | "AuthMissing") => Self::Dead(message()),
            _ => match answer.response.status.as_u16() {
                429 => Self::RateLimited,
                401 if answer.error.is_some() => Self::Dead(message()),
                _ => Self::Unclear,
            },
        }
    }
}
