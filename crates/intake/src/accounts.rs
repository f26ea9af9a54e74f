//! Accounts: connecting, finding, holding, releasing, removing.

use skein_domain::ports::{LedgerError, NewAccount, QueueFilter};
use skein_domain::{Account, AccountId, Delivery, Event, Fault, Platform, Standing, StateName, Stop};

use crate::{Intake, IntakeError};

/// An identity that a door has verified and logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// Where it lives.
    pub platform: Platform,
    /// What never changes about it.
    pub identity: String,
    /// What people call it.
    pub handle: String,
    /// The base URL of its server.
    pub host: String,
}

/// A bound on the deliveries that one call holds or releases in one pass; the pass is repeated until none is left.
const PASS_AT_MOST: usize = 500;
const PASSES_AT_MOST: usize = 10_000;

impl Intake {
    /// Connects an account, or connects it again: what waited for that is released.
    pub async fn connect(&self, connected: Connected) -> Result<Account, IntakeError> {
        let at = self.clock.now();
        let account = self
            .ledger
            .connect_account(NewAccount {
                id: AccountId::mint(at, self.entropy.as_ref()),
                workspace: self.workspace.clone(),
                platform: connected.platform,
                identity: connected.identity,
                handle: connected.handle,
                host: connected.host,
                at,
            })
            .await?;
        if !account.held {
            self.release_blocked(&account.id, |stop| matches!(stop, Stop::Account { .. })).await?;
        }
        Ok(account)
    }

    /// All accounts, by handle.
    pub async fn accounts(&self) -> Result<Vec<Account>, IntakeError> {
        Ok(self.ledger.accounts(&self.workspace).await?)
    }

    /// The account that an id, a handle (with or without `@`) or a DID names.
    pub async fn account_named(&self, name: &str) -> Result<Account, IntakeError> {
        match self.pick_accounts(&[name.to_owned()]).await? {
            Ok(picked) => picked.into_iter().next().ok_or_else(|| IntakeError::NotFound(no_account())),
            Err(faults) => Err(IntakeError::NotFound(faults.into_iter().next().unwrap_or_else(no_account))),
        }
    }

    /// The accounts that a submission means; the only one when it names none.
    pub(crate) async fn pick_accounts(
        &self,
        names: &[String],
    ) -> Result<Result<Vec<Account>, Vec<Fault>>, IntakeError> {
        if names.is_empty() {
            return Ok(match self.accounts().await?.as_slice() {
                [only] => Ok(vec![only.clone()]),
                [] => Err(vec![no_account()]),
                several => Err(vec![which_account(several)]),
            });
        }
        let bare: Vec<String> = names.iter().map(|name| name.strip_prefix('@').unwrap_or(name).to_owned()).collect();
        let called = self.ledger.accounts_called(&self.workspace, &bare).await?;
        let mut picked: Vec<Account> = Vec::new();
        let mut unknown = Vec::new();
        for (name, bare) in names.iter().zip(&bare) {
            match called.iter().find(|account| account.goes_by(bare)) {
                Some(account) if picked.iter().any(|other| other.id == account.id) => {}
                Some(account) => picked.push(account.clone()),
                None => unknown.push(name),
            }
        }
        if unknown.is_empty() {
            return Ok(Ok(picked));
        }
        let all = self.accounts().await?;
        Ok(Err(unknown.into_iter().map(|name| unknown_account(name, &all)).collect()))
    }

    /// Stops everything of an account, or of all accounts, that is not armed yet. Returns how many deliveries stopped.
    pub async fn hold(&self, account: Option<&AccountId>) -> Result<usize, IntakeError> {
        let mut stopped = 0;
        for account in self.meant(account).await? {
            self.ledger.set_held(&account.id, true).await?;
            stopped += self.hold_open(&account.id).await?;
        }
        Ok(stopped)
    }

    /// Lets an account, or all, go on; what is past its grace by now is missed, and told. Returns how many go on.
    pub async fn release(&self, account: Option<&AccountId>) -> Result<usize, IntakeError> {
        let mut released = 0;
        for account in self.meant(account).await? {
            self.ledger.set_held(&account.id, false).await?;
            // What was blocked for a lost account before the hold goes on too, if the account was connected since.
            let connected = account.standing == Standing::Active;
            let gone = |stop: &Stop| *stop == Stop::Held || connected;
            released += self.release_blocked(&account.id, gone).await?;
        }
        Ok(released)
    }

    /// Forgets an account that has nothing left to do.
    pub async fn remove_account(&self, id: &AccountId) -> Result<(), IntakeError> {
        self.ledger.remove_account(id).await.map_err(|error| match error {
            LedgerError::Invalid(_) => IntakeError::Conflict(
                Fault::content("account_in_use", "account", "The account still has posts that are not finished.")
                    .next("Cancel them, or wait until they are out; `skein queue list` shows them."),
            ),
            other => other.into(),
        })
    }

    async fn meant(&self, account: Option<&AccountId>) -> Result<Vec<Account>, IntakeError> {
        match account {
            Some(id) => Ok(vec![self.ledger.account(id).await?]),
            None => self.accounts().await,
        }
    }

    async fn hold_open(&self, account: &AccountId) -> Result<usize, IntakeError> {
        let states = vec![StateName::Scheduled, StateName::Preparing, StateName::Ready];
        self.each(account, states, |delivery| {
            let wake_at = delivery.grace_ends();
            Some(Event::Stopped { stop: Stop::Held, wake_at })
        })
        .await
    }

    async fn release_blocked(&self, account: &AccountId, gone: impl Fn(&Stop) -> bool) -> Result<usize, IntakeError> {
        self.each(account, vec![StateName::Blocked], |delivery| match &delivery.state {
            skein_domain::State::Blocked { stop, .. } if gone(stop) => {
                Some(Event::Released { wake_at: delivery.prepare_at() })
            }
            _ => None,
        })
        .await
    }

    /// Applies an event to each delivery of an account in the given states, until none is left that it applies to.
    async fn each(
        &self,
        account: &AccountId,
        states: Vec<StateName>,
        event: impl Fn(&Delivery) -> Option<Event>,
    ) -> Result<usize, IntakeError> {
        let filter =
            QueueFilter { states, account: Some(account.clone()), at_most: PASS_AT_MOST, ..QueueFilter::default() };
        let mut changed = 0;
        for _ in 0..PASSES_AT_MOST {
            let before = changed;
            for delivery in self.ledger.queue(&filter).await? {
                let Some(event) = event(&delivery) else { continue };
                if self.try_change(&delivery, event).await? {
                    changed += 1;
                }
            }
            let left = self.ledger.queue(&filter).await?;
            if changed == before && !left.iter().any(|delivery| event(delivery).is_some()) {
                return Ok(changed);
            }
        }
        Err(LedgerError::Lost.into())
    }
}

fn handles(all: &[Account]) -> String {
    all.iter().map(|account| account.handle.as_str()).collect::<Vec<_>>().join(", ")
}

fn unknown_account(name: &str, all: &[Account]) -> Fault {
    let fault = Fault::content("account_unknown", "accounts", format!("No connected account is called `{name}`."));
    let fault = fault.given(name);
    if all.is_empty() {
        fault.next("Connect one: `skein login HANDLE`.")
    } else {
        fault.next(format!("Connected are: {}.", handles(all)))
    }
}

fn no_account() -> Fault {
    Fault::content("account_missing", "accounts", "No account is connected.").next("Connect one: `skein login HANDLE`.")
}

fn which_account(several: &[Account]) -> Fault {
    Fault::content("account_ambiguous", "accounts", "Several accounts are connected; say which one is meant.")
        .next(format!("Add `--account HANDLE`, one of: {}.", handles(several)))
}
