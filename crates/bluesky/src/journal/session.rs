//! A session: the tokens of one account, and how they are written for an encrypted store.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use skein_atproto::syntax::{Did, Handle};
use thiserror::Error;
use url::Url;

/// The tokens of one account. Its Debug form shows none of them.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account.
    pub did: Did,
    /// Its handle when it logged in, if it had a valid one. For showing only.
    pub handle: Option<Handle>,
    /// The server that issued the tokens, and that takes them.
    pub pds: Url,
    /// The server that a person named at login. Its origin stays trusted, even if it is private.
    pub service: Option<Url>,
    /// Good for about two hours.
    pub access_jwt: SecretString,
    /// Good for about ninety days; replaced at every refresh.
    pub refresh_jwt: SecretString,
    /// The app password, if it was to be remembered. Never a main password.
    pub app_password: Option<SecretString>,
}

/// Stored text that is no session.
#[derive(Debug, Error)]
#[error("the stored session cannot be read ({0}); log in again")]
pub struct SessionFormatError(String);

#[derive(Serialize, Deserialize)]
struct Wire {
    did: Did,
    handle: Option<Handle>,
    pds: Url,
    #[serde(default)]
    service: Option<Url>,
    access_jwt: String,
    refresh_jwt: String,
    app_password: Option<String>,
}

impl Session {
    /// Writes everything, tokens in the clear: for a store that encrypts, and for nothing else.
    pub fn to_secret_json(&self) -> Result<SecretString, SessionFormatError> {
        let wire = Wire {
            did: self.did.clone(),
            handle: self.handle.clone(),
            pds: self.pds.clone(),
            service: self.service.clone(),
            access_jwt: self.access_jwt.expose_secret().to_owned(),
            refresh_jwt: self.refresh_jwt.expose_secret().to_owned(),
            app_password: self.app_password.as_ref().map(|password| password.expose_secret().to_owned()),
        };
        serde_json::to_string(&wire).map(SecretString::from).map_err(|error| SessionFormatError::of(&error))
    }

    /// Reads what [`Session::to_secret_json`] wrote.
    pub fn from_secret_json(json: &str) -> Result<Self, SessionFormatError> {
        let wire: Wire = serde_json::from_str(json).map_err(|error| SessionFormatError::of(&error))?;
        Ok(Self {
            did: wire.did,
            handle: wire.handle,
            pds: wire.pds,
            service: wire.service,
            access_jwt: wire.access_jwt.into(),
            refresh_jwt: wire.refresh_jwt.into(),
            app_password: wire.app_password.map(SecretString::from),
        })
    }
}

impl SessionFormatError {
    /// Only the kind and the place: serde's own message may quote the value, which may be a token.
    fn of(error: &serde_json::Error) -> Self {
        Self(format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            did: Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap(),
            handle: Some(Handle::parse("alice.dev").unwrap()),
            pds: Url::parse("https://pds.alice.dev").unwrap(),
            service: None,
            access_jwt: "secret-access".into(),
            refresh_jwt: "secret-refresh".into(),
            app_password: Some("abcd-efgh-ijkl-mnop".into()),
        }
    }

    #[test]
    fn a_session_survives_its_store() {
        let json = session().to_secret_json().unwrap();
        let back = Session::from_secret_json(json.expose_secret()).unwrap();
        assert_eq!(back.did, session().did);
        assert_eq!(back.handle, session().handle);
        assert_eq!(back.pds, session().pds);
        assert_eq!(back.access_jwt.expose_secret(), "secret-access");
        assert_eq!(back.refresh_jwt.expose_secret(), "secret-refresh");
        assert_eq!(back.app_password.unwrap().expose_secret(), "abcd-efgh-ijkl-mnop");
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", session());
        assert!(!shown.contains("secret-") && !shown.contains("abcd"), "{shown}");
        let error = Session::from_secret_json(r#"{"did":"secret-access"}"#).unwrap_err().to_string();
        assert!(!error.contains("secret") && error.contains("log in again"), "{error}");
    }
}
