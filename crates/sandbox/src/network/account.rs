use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skein_atproto::syntax::{Did, Handle};

use super::sessions::RefreshToken;
use super::{Blob, Repo};

/// What the network lets an account do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// Everything.
    Active,
    /// Log in, but not write; nobody can read it. Its owner can undo this.
    Deactivated,
    /// Nothing; every session is over. Only the host can undo this.
    Takendown,
}

/// An app password with its name.
#[derive(Debug, Clone)]
pub(crate) struct AppPassword {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) created_at: String,
    pub(crate) privileged: bool,
}

/// One identity with its repository.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) did: Did,
    pub(crate) handle: Handle,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) app_passwords: Vec<AppPassword>,
    pub(crate) state: AccountState,
    pub(crate) public_key: String,
    pub(crate) created_at: String,
    pub(crate) repo: Repo,
    pub(crate) blobs: BTreeMap<String, Blob>,
    pub(super) refresh_tokens: BTreeMap<String, RefreshToken>,
}

impl Account {
    /// Changes the state; a takedown ends every session for good.
    pub(crate) fn set_state(&mut self, state: AccountState) {
        self.state = state;
        if state == AccountState::Takendown {
            self.refresh_tokens.clear();
        }
    }

    /// Forgets an app password and the refresh tokens it opened; access tokens stay good until they expire.
    pub(crate) fn revoke_app_password(&mut self, name: &str) {
        self.app_passwords.retain(|one| one.name != name);
        self.refresh_tokens.retain(|_, token| token.app_password.as_deref() != Some(name));
    }
}
