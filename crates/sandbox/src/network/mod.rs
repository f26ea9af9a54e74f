//! The state of the network: accounts, their repositories and sessions. Everything in memory, behind one lock that the
//! callers hold for one request at a time, which is what makes every write atomic.

mod account;
mod blobs;
mod budget;
mod log;
mod repo;
mod sessions;
mod tokens;
mod videos;
mod writes;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};
use skein_atproto::syntax::{Datetime, Did, Handle, Tid};

pub use account::AccountState;
pub(crate) use account::{Account, AppPassword};
pub(crate) use blobs::Blob;
pub(crate) use budget::{Budget, BudgetStanding, Charge, Window};
pub use log::{LoggedCommit, MadeRecord};
pub(crate) use repo::{Commit, Record, RecordPath, Repo, RepoFault, Write};
pub(crate) use sessions::Session;
pub(crate) use tokens::{Claims, Scope, TokenFault};
pub(crate) use videos::{PART_BYTES, Received, Upload, Videos};
pub(crate) use writes::Draft;

use crate::seeded::Seeded;
use crate::xrpc::Refusal;

/// Handles end with this; the sandbox serves no other domain.
pub(crate) const HANDLE_DOMAIN: &str = ".test";
/// The server's own DID, the audience of every token.
pub(crate) const SERVICE_DID: &str = "did:web:localhost";
const HANDLE_NAME_MIN_CHARS: usize = 3;
const HANDLE_NAME_MAX_CHARS: usize = 18;
const ACCOUNTS_MAX: usize = 10_000;
/// The clock id in the TIDs that the server makes.
const CLOCK_ID: u16 = 7;

/// Everything that the sandbox knows.
pub(crate) struct Network {
    url: String,
    seeded: Seeded,
    token_secret: [u8; 32],
    now: Timestamp,
    last_tid_micros: u64,
    accounts: BTreeMap<Did, Account>,
    pub(crate) log: VecDeque<LoggedCommit>,
    pub(crate) budget: Budget,
    pub(crate) videos: Videos,
}

impl Network {
    pub(crate) fn new(url: String, seed: u64) -> Self {
        let mut seeded = Seeded::new(seed);
        let token_secret = seeded.bytes();
        Self {
            url,
            seeded,
            token_secret,
            now: Timestamp::UNIX_EPOCH,
            last_tid_micros: 0,
            accounts: BTreeMap::new(),
            log: VecDeque::new(),
            budget: Budget::default(),
            videos: Videos::default(),
        }
    }

    /// Sets the instant at which the next call happens.
    pub(crate) const fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// The instant of the call being served.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The instant of the call being served as a record would write it.
    pub(crate) fn now_text(&self) -> String {
        Datetime::from_timestamp(self.now).as_str().to_owned()
    }

    /// A TID later than every one before, whatever the clock does.
    pub(crate) fn next_tid(&mut self) -> String {
        let now_micros = u64::try_from(self.now.as_microsecond()).unwrap_or(0);
        self.last_tid_micros = now_micros.max(self.last_tid_micros + 1);
        // Only an instant after the year 2255 has no TID.
        Tid::from_micros(self.last_tid_micros, CLOCK_ID).map_or_else(|_| "j".repeat(13), |tid| tid.as_str().to_owned())
    }

    /// Accounts in the order of their DIDs.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// An account by handle or DID, whatever its state.
    pub(crate) fn account(&self, actor: &str) -> Option<&Account> {
        match Did::parse(actor) {
            Ok(did) => self.accounts.get(&did),
            Err(_) => self.accounts.values().find(|account| account.handle.as_str() == actor.to_ascii_lowercase()),
        }
    }

    /// The same, to change it.
    pub(crate) fn account_mut(&mut self, actor: &str) -> Option<&mut Account> {
        let did = self.account(actor)?.did.clone();
        self.accounts.get_mut(&did)
    }

    /// An account that is neither deactivated nor taken down.
    pub(crate) fn open_account(&self, actor: &str) -> Option<&Account> {
        self.account(actor).filter(|account| account.state == AccountState::Active)
    }

    fn account_by_email(&self, email: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.email == email.to_ascii_lowercase())
    }

    /// Makes an account with an empty repository.
    ///
    /// # Errors
    /// The answers of the reference PDS for a handle that is malformed, foreign, too short, too long or taken, and for
    /// an address that is missing or taken.
    pub(crate) fn create_account(&mut self, handle: &str, email: &str, password: &str) -> Result<Did, Refusal> {
        let handle = self.check_new_handle(handle)?;
        if self.account_by_email(email).is_some() {
            return Err(Refusal::invalid(format!("Email already taken: {email}")));
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            return Err(Refusal::invalid(format!("The sandbox holds at most {ACCOUNTS_MAX} accounts")));
        }
        let did = Did::parse(&self.seeded.did()).map_err(|error| Refusal::broken(&error))?;
        let public_key = self.seeded.public_key();
        let first_rev = self.next_tid();
        let account = Account {
            repo: Repo::new(&did, first_rev)?,
            did: did.clone(),
            handle,
            email: email.to_ascii_lowercase(),
            password: password.to_owned(),
            app_passwords: Vec::new(),
            state: AccountState::Active,
            public_key,
            created_at: self.now_text(),
            blobs: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
        };
        self.accounts.insert(did.clone(), account);
        Ok(did)
    }

    fn check_new_handle(&self, handle: &str) -> Result<Handle, Refusal> {
        let handle = Handle::parse(handle).map_err(|error| Refusal::new(400, "InvalidHandle", error.to_string()))?;
        let Some(name) = handle.as_str().strip_suffix(HANDLE_DOMAIN) else {
            return Err(Refusal::new(400, "UnsupportedDomain", "Not a supported handle domain"));
        };
        if name.contains('.') {
            return Err(Refusal::new(400, "InvalidHandle", "Invalid characters in handle"));
        }
        if name.len() < HANDLE_NAME_MIN_CHARS {
            return Err(Refusal::new(400, "InvalidHandle", "Handle too short"));
        }
        if name.len() > HANDLE_NAME_MAX_CHARS {
            return Err(Refusal::new(400, "InvalidHandle", "Handle too long"));
        }
        if self.account(handle.as_str()).is_some() {
            return Err(Refusal::invalid(format!("Handle already taken: {handle}")));
        }
        Ok(handle)
    }

    /// A password for an account made without one.
    pub(crate) fn new_password(&mut self) -> String {
        self.seeded.app_password()
    }

    /// Adds an app password to an account.
    ///
    /// # Errors
    /// A plain 500 if one of that name exists, as the reference PDS answers.
    pub(crate) fn create_app_password(
        &mut self,
        did: &Did,
        name: &str,
        privileged: bool,
    ) -> Result<AppPassword, Refusal> {
        let (password, created_at) = (self.seeded.app_password(), self.now_text());
        let account = self.accounts.get_mut(did).ok_or_else(Refusal::account_not_found)?;
        if account.app_passwords.iter().any(|one| one.name == name) {
            return Err(Refusal::internal());
        }
        let made = AppPassword { name: name.to_owned(), password, created_at, privileged };
        account.app_passwords.push(made.clone());
        Ok(made)
    }

    /// The DID document, as the PLC directory and the sessions hand it out.
    pub(crate) fn did_document(&self, account: &Account) -> Value {
        let did = account.did.as_str();
        json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/secp256k1-2019/v1"],
            "id": did,
            "alsoKnownAs": [format!("at://{}", account.handle)],
            "verificationMethod": [{
                "id": "#atproto",
                "type": "EcdsaSecp256k1VerificationKey2019",
                "controller": did,
                "publicKeyMultibase": account.public_key,
            }],
            "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.url}],
        })
    }
}
