//! Logging in: identity first, then the password, to the account's own server only.

use secrecy::SecretString;
use skein_atproto::syntax::{AtIdentifier, Did, Handle};
use url::Url;

use super::Sessions;
use super::error::{LoginError, Verdict};
use super::token::{Claims, looks_like_app_password};
use super::wire::{self, Tokens};
use crate::identity::VerifiedIdentity;
use crate::journal::Session;
use crate::xrpc::{CallError, XrpcClient};

/// How often a login tries to store its session while others change it.
const MAX_STORE_ATTEMPTS: u8 = 3;

/// What a person types to log in.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// A handle (with or without `@`) or a DID.
    pub identifier: String,
    /// An app password.
    pub password: SecretString,
    /// The server that the person named: it resolves handles that the public network does not know, and its origin is trusted
    /// even if it is private. Never fill it from data.
    pub service: Option<Url>,
    /// Take a main password too. It is never stored.
    pub allow_main_password: bool,
    /// Keep the app password, so that the session can be renewed when its refresh token has died.
    pub remember_password: bool,
    /// The code that a server sent by email, for a main password.
    pub auth_factor_token: Option<SecretString>,
}

/// A login that succeeded; its session is stored.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The account.
    pub did: Did,
    /// Its handle, if it has a valid one.
    pub handle: Option<Handle>,
    /// Its server.
    pub pds: Url,
    /// False if the account exists but cannot publish now.
    pub active: bool,
    /// Why it is not active, in the server's word: `deactivated`, `suspended` …
    pub status: Option<String>,
    /// Whether the main password was used, so that the session can do everything.
    pub with_main_password: bool,
    /// Whether the app password was stored.
    pub password_remembered: bool,
}

impl LoginRequest {
    /// A login with an app password that is not remembered.
    pub fn new(identifier: impl Into<String>, password: SecretString) -> Self {
        Self {
            identifier: identifier.into(),
            password,
            service: None,
            allow_main_password: false,
            remember_password: false,
            auth_factor_token: None,
        }
    }
}

impl Sessions {
    /// Logs in and stores the session, in place of any earlier one of the same account.
    ///
    /// The identity is verified both ways before the password is sent, and it is sent only to the server that the account's
    /// DID document names. Every login costs one of the few that a server allows (30 in 5 minutes): everything else reuses
    /// the stored session.
    pub async fn login(&self, request: LoginRequest) -> Result<LoggedIn, LoginError> {
        let typed = request.identifier.trim();
        let identifier =
            AtIdentifier::parse(typed.strip_prefix('@').unwrap_or(typed)).map_err(LoginError::Identifier)?;
        let app_password = looks_like_app_password(&request.password);
        if !app_password && !request.allow_main_password {
            return Err(LoginError::MainPassword { sent: false });
        }
        let identity =
            self.identities().verify(&identifier, request.service.as_ref()).await.map_err(LoginError::Identity)?;
        let xrpc = self.client_for(request.service.as_ref());
        let VerifiedIdentity { did, handle, pds } = identity;
        let factor = request.auth_factor_token.as_ref();
        let tokens = wire::create_session(&xrpc, &pds, &did, &request.password, factor)
            .await
            .map_err(|error| self.login_error(error, &did, &pds, factor.is_some()))?;
        if tokens.did != did {
            end_session(&xrpc, &pds, &tokens).await;
            return Err(LoginError::Other(format!("{pds} logged in {} instead of {did}", tokens.did)));
        }
        let with_main_password = Claims::read(&tokens.access_jwt).is_of_main_password();
        if with_main_password && !request.allow_main_password {
            end_session(&xrpc, &pds, &tokens).await;
            return Err(LoginError::MainPassword { sent: true });
        }
        let password_remembered = request.remember_password && app_password && !with_main_password;
        let session = Session {
            did: did.clone(),
            handle: handle.clone(),
            pds: pds.clone(),
            service: request.service,
            access_jwt: tokens.access_jwt,
            refresh_jwt: tokens.refresh_jwt,
            app_password: password_remembered.then_some(request.password),
        };
        self.store_login(&session).await?;
        let (active, status) = (tokens.active, tokens.status);
        Ok(LoggedIn { did, handle, pds, active, status, with_main_password, password_remembered })
    }

    async fn store_login(&self, session: &Session) -> Result<(), LoginError> {
        let journal = &self.inner.journal;
        for _ in 0..MAX_STORE_ATTEMPTS {
            let version = journal.session(&session.did).await?.map(|stored| stored.version);
            if journal.put_session(&session.did, session, version).await? {
                return Ok(());
            }
        }
        Err(LoginError::Other("others keep changing the stored session of this account; try again".to_owned()))
    }

    fn login_error(&self, error: CallError, did: &Did, pds: &Url, with_code: bool) -> LoginError {
        let (did, server) = (did.clone(), pds.host_str().unwrap_or_default().to_owned());
        let Some(answer) = error.answer() else {
            return match error {
                CallError::Malformed { .. } => LoginError::Other(error.to_string()),
                _ => LoginError::Unreachable { transient: error.is_transient(), error },
            };
        };
        // There is no token yet that could have ended: these are about the code.
        if with_code && (error.is_named("InvalidToken") || error.is_named("ExpiredToken")) {
            return LoginError::WrongCode { server };
        }
        match Verdict::of(answer) {
            Verdict::TakenDown => LoginError::TakenDown { did },
            Verdict::Deactivated => LoginError::Deactivated { did },
            Verdict::RateLimited => {
                LoginError::RateLimited { server, until: answer.response.headers.retry_at((self.inner.now)()) }
            }
            Verdict::FactorNeeded => LoginError::AuthFactorTokenRequired { server },
            Verdict::Dead(_) => LoginError::WrongPassword { did, server },
            Verdict::Gone | Verdict::Unclear if error.is_transient() => {
                LoginError::Unreachable { transient: true, error }
            }
            Verdict::Gone | Verdict::Unclear => LoginError::Other(error.to_string()),
        }
    }
}

/// Ends a session that was refused. If that fails the tokens are dropped all the same, so that nobody can use them.
async fn end_session(xrpc: &XrpcClient, pds: &Url, tokens: &Tokens) {
    if let Err(error) = wire::delete_session(xrpc, pds, &tokens.refresh_jwt).await {
        tracing::warn!(host = pds.host_str(), error = %error, "a refused session could not be deleted at the server");
    }
}
