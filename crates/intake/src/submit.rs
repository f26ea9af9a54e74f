//! Submitting: everything is checked and looked up, all faults at once; then the post, its deliveries and the first
//! lines of their stories are kept in one transaction, or nothing is.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skein_domain::delivery::lead_before;
use skein_domain::ports::{ContentHash, LedgerError, Originals};
use skein_domain::when::{When, WhenFault, parse_when};
use skein_domain::{
    Account, CardChoice, Category, Delivery, DeliveryId, Draft, Fault, GivenCard, GivenPolicy, Media, Named, Platform,
    Policy, Post, PostId, Resolved, State, Warning,
};

use crate::pictures::Purpose;
use crate::{Intake, IntakeError, once};

/// The longest time from the first picture of a submission to its transaction, in milliseconds: less than the age at which
/// files that nobody needs are swept.
const SUBMISSION_MOST_MS: i128 = 480_000;

/// What a door hands in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What was written.
    pub draft: Draft,
    /// What whoever submits it calls it, so that it is kept once.
    pub name: Option<String>,
    /// Which accounts, by id, handle or DID; when empty, the only one there is.
    pub accounts: Vec<String>,
    /// The time in words; now when absent.
    pub at: Option<String>,
    /// The zone that was named for it.
    pub zone: Option<String>,
    /// The zone of the person or machine that asks.
    pub default_zone: TimeZone,
    /// What holds when it is late or fails; what it leaves unsaid the workspace says.
    pub policy: GivenPolicy,
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

/// A submission that was found good, and of which no post is kept yet.
pub struct Admitted(Admission);

enum Admission {
    /// It was submitted before, under the same name.
    Before(Box<Submitted>),
    New(Box<Newcomer>),
}

struct Newcomer {
    draft: Draft,
    named: Option<Named>,
    when: When,
    examined: Examined,
    now: Timestamp,
}

/// All that is found out about a submission before it is kept or shown.
pub(crate) struct Examined {
    pub(crate) when: Option<When>,
    /// What the submission itself says.
    pub(crate) policy: Policy,
    pub(crate) accounts: Vec<Account>,
    /// The draft with the addresses of the own posts that it answers and quotes.
    pub(crate) draft: Draft,
    /// One for each account, when there are no faults.
    pub(crate) resolved: Vec<Resolved>,
    /// The media files that the post needs.
    pub(crate) files: Vec<ContentHash>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) faults: Vec<Fault>,
}

impl Intake {
    /// Checks, looks up and keeps a post. Refused with every fault at once; then no post is stored. Pictures that were
    /// stored before a fault was found are needed by nobody, and are swept.
    ///
    /// A submission whose name a post has already is that post, if it asks for the same.
    pub async fn submit(&self, submission: Submission, originals: &dyn Originals) -> Result<Submitted, IntakeError> {
        let admitted = self.admit(&submission, originals, self.clock.now()).await?;
        self.keep(admitted).await
    }

    /// What can be checked without opening pictures and videos and without asking any network: name, time, accounts, own posts that
    /// it refers to, and the draft. For doors that do what takes long before they submit. True when a post has its name already
    /// and asks for the same: then nothing needs to be done.
    ///
    /// # Errors
    /// Those of `submit`.
    pub async fn check(&self, submission: &Submission, asked_at: Timestamp) -> Result<bool, IntakeError> {
        let named = once::named(submission);
        if let Ok(Some(named)) = &named
            && self.first_of(named).await?.is_some()
        {
            return Ok(true);
        }
        let mut examined = self.look_over(submission, asked_at).await?;
        for platform in self.platforms_of(&examined.accounts) {
            let connector = self.connectors.get(&platform);
            examined.faults.extend(connector.map(|connector| connector.check(&examined.draft)).unwrap_or_default());
        }
        examined.faults.extend(named.err());
        if examined.faults.is_empty() { Ok(false) } else { Err(IntakeError::Refused(examined.faults)) }
    }

    /// All of `submit` up to where a post is kept. Words such as `in 10 days` count from `asked_at`. What is admitted is to be
    /// kept at once: its files are not needed by anybody until then.
    ///
    /// # Errors
    /// Those of `submit`.
    pub async fn admit(
        &self,
        submission: &Submission,
        originals: &dyn Originals,
        asked_at: Timestamp,
    ) -> Result<Admitted, IntakeError> {
        let named = once::named(submission);
        if let Ok(Some(named)) = &named
            && let Some(first) = self.first_of(named).await?
        {
            return Ok(Admitted(Admission::Before(Box::new(first))));
        }
        let began = self.clock.now();
        // A post that is refused for its name is not stored, and neither are its pictures.
        let purpose = if named.is_ok() { Purpose::Keep } else { Purpose::Show };
        let mut examined = self.examine(submission, originals, purpose, asked_at).await?;
        let ended = self.clock.now();
        let named = named.unwrap_or_else(|fault| {
            examined.faults.push(fault);
            None
        });
        if ended.duration_since(began).as_millis() > SUBMISSION_MOST_MS {
            examined.faults.push(took_too_long());
        }
        // Looking up and fitting takes time, and makes nothing late. Words such as `in 10 days` count from their beginning.
        let now = if submission.at.is_none() { ended } else { asked_at };
        examined.when = examined.when.and_then(|_| read_when(submission, now).ok());
        match (examined.when.clone(), examined.faults.is_empty()) {
            (Some(when), true) => {
                let manners = self.manners(submission, &examined.accounts, when.instant()).await?;
                examined.warnings.extend(manners);
                let draft = submission.draft.clone();
                Ok(Admitted(Admission::New(Box::new(Newcomer { draft, named, when, examined, now }))))
            }
            _ => Err(IntakeError::Refused(examined.faults)),
        }
    }

    /// Checks time, accounts and content, fits the pictures, and looks up all that the content refers to. Keeps no post.
    pub(crate) async fn examine(
        &self,
        submission: &Submission,
        originals: &dyn Originals,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Examined, IntakeError> {
        let mut examined = self.look_over(submission, now).await?;
        let purpose = if examined.faults.is_empty() { purpose } else { Purpose::Show };
        self.resolve_all(&mut examined, originals, purpose).await;
        Ok(examined)
    }

    /// Time, accounts, and the own posts that are referred to.
    async fn look_over(&self, submission: &Submission, now: Timestamp) -> Result<Examined, IntakeError> {
        let mut faults = Vec::new();
        let when = read_when(submission, now).map_err(|fault| faults.push(fault)).ok();
        let policy = submission.policy.read().unwrap_or_else(|wrong| {
            faults.extend(wrong);
            Policy::default()
        });
        let accounts = match self.pick_accounts(&submission.accounts).await? {
            Ok(accounts) => accounts,
            Err(wrong) => {
                faults.extend(wrong);
                Vec::new()
            }
        };
        let (draft, not_found) = self.with_own_posts(&submission.draft).await?;
        faults.extend(not_found);
        let (resolved, files, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Examined { when, policy, accounts, draft, resolved, files, warnings, faults })
    }

    /// The platforms of the accounts, each once; all where there are no accounts.
    fn platforms_of(&self, accounts: &[Account]) -> Vec<Platform> {
        let mut platforms: Vec<Platform> = accounts.iter().map(|account| account.platform).collect();
        platforms.sort_unstable();
        platforms.dedup();
        if platforms.is_empty() {
            platforms.extend(self.connectors.keys());
        }
        platforms
    }

    async fn resolve_all(&self, examined: &mut Examined, originals: &dyn Originals, purpose: Purpose) {
        let Examined { accounts, draft, resolved, files, warnings, faults, .. } = examined;
        // One platform after the other, so that its pictures are fitted once for all its accounts.
        accounts.sort_by_key(|account| account.platform);
        for platform in self.platforms_of(accounts) {
            let Some(connector) = self.connectors.get(&platform) else { continue };
            let wrong = connector.check(draft);
            let told: Vec<String> = wrong.iter().map(|fault| fault.code.clone()).collect();
            let purpose = if wrong.is_empty() { purpose } else { Purpose::Show };
            faults.extend(wrong);
            let is_refused = !faults.is_empty();
            let found = self.attach(connector.as_ref(), draft, originals, purpose, is_refused).await;
            files.extend(found.attached.hashes().cloned());
            warnings.extend(found.warnings);
            faults.extend(found.faults);
            for account in accounts.iter().filter(|account| account.platform == platform) {
                match connector.resolve(account, draft, &found.attached).await {
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
        warnings.extend(resolved.iter().flat_map(|found| found.warnings.clone()));
        warnings.dedup();
    }

    /// Keeps what was admitted: in one transaction, or not at all.
    ///
    /// # Errors
    /// Those of the ledger; `Conflict` when somebody else gave its name to another post meanwhile.
    pub async fn keep(&self, admitted: Admitted) -> Result<Submitted, IntakeError> {
        let Newcomer { draft, named, when, examined, now } = match admitted.0 {
            Admission::Before(first) => return Ok(*first),
            Admission::New(newcomer) => *newcomer,
        };
        let Examined { policy, accounts, resolved, files, warnings, .. } = examined;
        // What the post says itself whole needs no look at what the workspace says.
        let is_whole = policy.late.is_some() && policy.on_failure.is_some();
        let policy = if is_whole { policy } else { policy.or(self.ledger.policy(&self.workspace).await?) };
        let post = Post {
            id: PostId::mint(now, self.entropy.as_ref()),
            workspace: self.workspace.clone(),
            named,
            draft: without_secrets(&draft),
            due: when.instant(),
            zone: when.zone().to_owned(),
            submitted_at: now,
        };
        let mut deliveries = Vec::new();
        for (account, found) in accounts.iter().zip(resolved) {
            let wake_at = lead_before(post.due, found.lead_ms);
            deliveries.push(Delivery {
                id: DeliveryId::mint(now, self.entropy.as_ref()),
                post: post.id.clone(),
                account: account.id.clone(),
                lane: account.lane(),
                due: post.due,
                grace_ms: policy.grace_ms(),
                policy,
                lead_ms: found.lead_ms,
                content: found.content,
                prepared: None,
                state: State::Scheduled { wake_at, waiting: None },
                attempts: 0,
                version: 1,
                submitted_at: now,
            });
        }
        match (self.ledger.submit(&post, &deliveries, &[], &files).await, &post.named) {
            // Somebody else submitted it meanwhile.
            (Err(LedgerError::NameTaken), Some(named)) if let Some(first) = self.first_of(named).await? => Ok(first),
            (kept, _) => {
                kept?;
                Ok(Submitted { post, deliveries, warnings })
            }
        }
    }
}

fn took_too_long() -> Fault {
    let message = "Reading and fitting its pictures took longer than a submission may take.";
    Fault::new("submission_took_too_long", Category::SystemError, message)
        .over(format!("{} min", SUBMISSION_MOST_MS / 60_000), "more")
        .next("Submit it in smaller pieces, or with smaller pictures.")
}

/// What is kept of a draft: addresses of pictures may hold what opens a door, and are read by now.
pub(crate) fn without_secrets(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    for media in draft.parts.iter_mut().flat_map(|part| &mut part.media) {
        media.source = media.name();
        for caption in &mut media.captions {
            caption.source = caption.name();
        }
    }
    if let CardChoice::Given(GivenCard { image: Some(image), .. }) = &mut draft.card {
        *image = Media::new(std::mem::take(image), "").name();
    }
    draft
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
