use jiff::{SignedDuration, Timestamp};
use skein_atproto::syntax::Did;

use super::tokens::REFRESH_LIFETIME_S;
use super::{Account, AccountState, Network, Scope};
use crate::xrpc::Refusal;

/// A used refresh token works this much longer, so that a lost answer can be asked for again.
const REFRESH_GRACE: SignedDuration = SignedDuration::from_hours(2);

/// What the server remembers of a refresh token.
#[derive(Debug, Clone)]
pub(super) struct RefreshToken {
    expires_at: Timestamp,
    /// The token that this one was exchanged for: the same one every time.
    next_id: Option<String>,
    pub(super) app_password: Option<String>,
}

/// A pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) access_jwt: String,
    pub(crate) refresh_jwt: String,
}

/// How somebody logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) did: Did,
    scope: Scope,
    app_password: Option<String>,
}

impl Network {
    /// Checks an identifier (handle, DID or address) and a password or app password.
    ///
    /// # Errors
    /// 401 for an unknown identifier and for a wrong password alike; 401 `AccountTakedown`.
    pub(crate) fn log_in(&self, identifier: &str, password: &str, allow_takendown: bool) -> Result<Login, Refusal> {
        let found = if identifier.contains('@') { self.account_by_email(identifier) } else { self.account(identifier) };
        let account = found.ok_or_else(Refusal::wrong_password)?;
        let taken_down = account.state == AccountState::Takendown;
        let did = account.did.clone();
        if account.password == password {
            if taken_down && !allow_takendown {
                return Err(Refusal::takedown());
            }
            let scope = if taken_down { Scope::Takendown } else { Scope::Access };
            return Ok(Login { did, scope, app_password: None });
        }
        let app_password = account.app_passwords.iter().find(|one| one.password == password && !taken_down);
        let app_password = app_password.ok_or_else(Refusal::wrong_password)?;
        let scope = scope_of(Some(app_password.privileged));
        Ok(Login { did, scope, app_password: Some(app_password.name.clone()) })
    }

    /// Opens a session. That of an account that was taken down cannot be refreshed.
    pub(crate) fn open_session(&mut self, login: &Login) -> Session {
        let id = self.new_token_id();
        let refresh_jwt = self.mint(Scope::Refresh, login.did.as_str(), Some(&id));
        let expires_at = self.refresh_expiry();
        let stored = RefreshToken { expires_at, next_id: None, app_password: login.app_password.clone() };
        if login.scope != Scope::Takendown
            && let Some(account) = self.accounts.get_mut(&login.did)
        {
            account.refresh_tokens.insert(id, stored);
        }
        Session { access_jwt: self.mint(login.scope, login.did.as_str(), None), refresh_jwt }
    }

    /// Exchanges a refresh token. A used one gives the same next token until its grace ends.
    ///
    /// # Errors
    /// 400 `ExpiredToken` once it was revoked, or its grace is over.
    pub(crate) fn refresh(&mut self, did: &Did, id: &str) -> Result<Session, Refusal> {
        let now = self.now();
        let fresh_id = self.new_token_id();
        let fresh_expiry = self.refresh_expiry();
        let account = self.accounts.get_mut(did).ok_or_else(Refusal::token_revoked)?;
        account.refresh_tokens.retain(|_, token| token.expires_at > now);
        let used = account.refresh_tokens.get_mut(id).ok_or_else(Refusal::token_revoked)?;
        used.expires_at = used.expires_at.min(now.saturating_add(REFRESH_GRACE).unwrap_or(Timestamp::MAX));
        let next_id = used.next_id.get_or_insert(fresh_id).clone();
        let app_password = used.app_password.clone();
        let next = RefreshToken { expires_at: fresh_expiry, next_id: None, app_password: app_password.clone() };
        account.refresh_tokens.entry(next_id.clone()).or_insert(next);
        let scope = scope_of(app_password.map(|name| is_privileged(account, &name)));
        Ok(Session {
            access_jwt: self.mint(scope, did.as_str(), None),
            refresh_jwt: self.mint(Scope::Refresh, did.as_str(), Some(&next_id)),
        })
    }

    /// Ends a session; ending it again is fine.
    pub(crate) fn end_session(&mut self, did: &str, id: &str) {
        if let Some(account) = self.account_mut(did) {
            account.refresh_tokens.remove(id);
        }
    }

    fn new_token_id(&mut self) -> String {
        data_encoding::BASE64_NOPAD.encode(&self.seeded.bytes())
    }

    fn refresh_expiry(&self) -> Timestamp {
        self.now().saturating_add(SignedDuration::from_secs(REFRESH_LIFETIME_S)).unwrap_or(Timestamp::MAX)
    }
}

fn is_privileged(account: &Account, name: &str) -> bool {
    account.app_passwords.iter().any(|one| one.name == name && one.privileged)
}

const fn scope_of(privileged_app_password: Option<bool>) -> Scope {
    match privileged_app_password {
        None => Scope::Access,
        Some(false) => Scope::AppPass,
        Some(true) => Scope::AppPassPrivileged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> (Network, Did) {
        let mut network = Network::new("http://localhost:1".to_owned(), 1);
        network.set_now(Timestamp::from_second(1_000_000).unwrap());
        let did = network.create_account("alice.test", "alice@example.com", "secret").unwrap();
        (network, did)
    }

    fn jti(network: &Network, session: &Session) -> String {
        network.verify(&session.refresh_jwt, true).unwrap().jti.unwrap()
    }

    fn pass(network: &mut Network, seconds: i64) {
        network.set_now(network.now() + SignedDuration::from_secs(seconds));
    }

    #[test]
    fn a_used_token_gives_the_same_next_one_for_two_hours() {
        let (mut network, did) = network();
        let login = network.log_in("ALICE.test", "secret", false).unwrap();
        let first = network.open_session(&login);
        let first_id = jti(&network, &first);
        let next_id = network.refresh(&did, &first_id).map(|session| jti(&network, &session)).unwrap();
        pass(&mut network, 7_199);
        assert_eq!(network.refresh(&did, &first_id).map(|session| jti(&network, &session)).unwrap(), next_id);
        // Using it again starts no new grace: that runs from the first use.
        pass(&mut network, 1);
        assert_eq!(network.refresh(&did, &first_id).unwrap_err(), Refusal::token_revoked());
        assert!(network.refresh(&did, &next_id).is_ok());
    }

    #[test]
    fn a_revoked_app_password_ends_its_sessions_only() {
        let (mut network, did) = network();
        let app = network.create_app_password(&did, "one", false).unwrap();
        let by_app = network.log_in(did.as_str(), &app.password, false).unwrap();
        let by_app = network.open_session(&by_app);
        let by_main = network.log_in("alice@example.com", "secret", false).unwrap();
        let by_main = network.open_session(&by_main);
        network.account_mut("alice.test").unwrap().revoke_app_password("one");
        let (app_id, main_id) = (jti(&network, &by_app), jti(&network, &by_main));
        assert!(network.refresh(&did, &app_id).is_err());
        assert!(network.refresh(&did, &main_id).is_ok());
        assert!(network.log_in("alice.test", &app.password, false).is_err());
        assert_eq!(network.verify(&by_app.access_jwt, false).unwrap().scope, Scope::AppPass);
    }

    #[test]
    fn a_takedown_ends_every_session_and_nothing_brings_it_back() {
        let (mut network, did) = network();
        let login = network.log_in("alice.test", "secret", false).unwrap();
        let session = network.open_session(&login);
        let id = jti(&network, &session);
        network.account_mut("alice.test").unwrap().set_state(AccountState::Takendown);
        assert_eq!(network.log_in("alice.test", "secret", false).unwrap_err(), Refusal::takedown());
        assert!(network.log_in("alice.test", "secret", true).is_ok());
        network.account_mut("alice.test").unwrap().set_state(AccountState::Active);
        assert_eq!(network.refresh(&did, &id).unwrap_err(), Refusal::token_revoked());
    }
}
