//! Submitting: everything is checked and looked up, all faults at once; then the post, its deliveries and the first
//! lines of their stories are kept in one transaction, or nothing is.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skein_domain::delivery::DEFAULT_GRACE_MS;
use skein_domain::when::{When, WhenFault, parse_when};
use skein_domain::{Account, Delivery, DeliveryId, Draft, Fault, Platform, Post, PostId, Resolved, State, Warning};

use crate::{Intake, IntakeError};

/// What a door hands in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What was written.
    pub draft: Draft,
    /// Which accounts, by id, handle or DID; when empty, the only one there is.
    pub accounts: Vec<String>,
    /// The time in words; now when absent.
    pub at: Option<String>,
    /// The zone that was named for it.
    pub zone: Option<String>,
    /// The zone of the person or machine that asks.
    pub default_zone: TimeZone,
}

/// What was kept.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// The post.
    pub post: Post,
    /// Its deliveries, in the order of the accounts.
    pub deliveries: Vec<Delivery>,
    /// What its author should know.
    pub warnings: Vec<Warning>,
}

/// All that is found out about a submission before it is kept or shown.
pub(crate) struct Examined {
    pub(crate) when: Option<When>,
    pub(crate) accounts: Vec<Account>,
    /// The draft with the address of the own post that it answers.
    pub(crate) draft: Draft,
    /// One for each account, when there are no faults.
    pub(crate) resolved: Vec<Resolved>,
    pub(crate) faults: Vec<Fault>,
}

impl Intake {
    /// Checks, looks up and keeps a post. Refused with every fault at once; then nothing is stored.
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, IntakeError> {
        let now = self.clock.now();
        let Examined { when, accounts, resolved, faults, .. } = self.examine(&submission, now).await?;
        let (Some(when), true) = (when, faults.is_empty()) else {
            return Err(IntakeError::Refused(faults));
        };
        self.keep(&submission.draft, &when, &accounts, resolved, now).await
    }

    /// Checks time, accounts and content, and looks up all that the content refers to. Stores nothing.
    pub(crate) async fn examine(&self, submission: &Submission, now: Timestamp) -> Result<Examined, IntakeError> {
        let mut faults = Vec::new();
        let when = read_when(submission, now).map_err(|fault| faults.push(fault)).ok();
        let accounts = match self.pick_accounts(&submission.accounts).await? {
            Ok(accounts) => accounts,
            Err(wrong) => {
                faults.extend(wrong);
                Vec::new()
            }
        };
        let draft = self.with_own_reply(&submission.draft).await?.unwrap_or_else(|fault| {
            faults.push(fault);
            Draft { reply_to: None, ..submission.draft.clone() }
        });
        let resolved = self.resolve_all(&draft, &accounts, &mut faults).await;
        Ok(Examined { when, accounts, draft, resolved, faults })
    }

    async fn resolve_all(&self, draft: &Draft, accounts: &[Account], faults: &mut Vec<Fault>) -> Vec<Resolved> {
        let mut resolved = Vec::new();
        let platforms: Vec<Platform> = if accounts.is_empty() {
            self.connectors.keys().copied().collect()
        } else {
            let mut named: Vec<_> = accounts.iter().map(|account| account.platform).collect();
            named.dedup();
            named
        };
        for platform in platforms {
            let Some(connector) = self.connectors.get(&platform) else { continue };
            let wrong = connector.check(draft);
            let told: Vec<String> = wrong.iter().map(|fault| fault.code.clone()).collect();
            faults.extend(wrong);
            for account in accounts.iter().filter(|account| account.platform == platform) {
                match connector.resolve(account, draft).await {
                    Ok(found) => resolved.push(found),
                    // What the check has told already is not told again for each account.
                    Err(wrong) => faults.extend(
                        wrong
                            .into_iter()
                            .filter(|fault| !told.contains(&fault.code))
                            .map(|fault| fault.of_account(&account.handle)),
                    ),
                }
            }
        }
        resolved
    }

    async fn keep(
        &self,
        draft: &Draft,
        when: &When,
        accounts: &[Account],
        resolved: Vec<Resolved>,
        now: Timestamp,
    ) -> Result<Submitted, IntakeError> {
        let post = Post {
            id: PostId::mint(now, self.entropy.as_ref()),
            workspace: self.workspace.clone(),
            draft: draft.clone(),
            due: when.instant(),
            zone: when.zone().to_owned(),
            submitted_at: now,
        };
        let mut warnings = Vec::new();
        let mut deliveries = Vec::new();
        for (account, found) in accounts.iter().zip(resolved) {
            warnings.extend(found.warnings);
            deliveries.push(Delivery {
                id: DeliveryId::mint(now, self.entropy.as_ref()),
                post: post.id.clone(),
                account: account.id.clone(),
                lane: account.lane(),
                due: post.due,
                grace_ms: DEFAULT_GRACE_MS,
                content: found.content,
                prepared: None,
                state: State::Scheduled { wake_at: Delivery::prepare_at(post.due), waiting: None },
                attempts: 0,
                version: 1,
                submitted_at: now,
            });
        }
        self.ledger.submit(&post, &deliveries, &[]).await?;
        warnings.dedup();
        Ok(Submitted { post, deliveries, warnings })
    }
}

/// The instant of a submission, cut to whole milliseconds: createdAt has no finer part.
pub(crate) fn read_when(submission: &Submission, now: Timestamp) -> Result<When, Fault> {
    let words = submission.at.as_deref().unwrap_or("now");
    let zone = submission.zone.as_deref();
    parse_when(words, zone, &submission.default_zone, now).map_err(|fault| time_fault(&fault, words, zone))
}

/// A time that cannot be taken; its message says what to write instead.
pub(crate) fn time_fault(fault: &WhenFault, words: &str, zone: Option<&str>) -> Fault {
    let given = if fault.field() == "timezone" { zone.unwrap_or(words) } else { words };
    Fault::content(fault.code(), fault.field(), fault.to_string()).given(given)
}
