//! Previewing: what `submit` would do, up to the point where it would store something.

use jiff::Timestamp;
use skein_domain::ports::{Clock, Originals};
use skein_domain::{Account, Draft, Fault, Preview, RecordPreview, Resolved};

use crate::find::names_own_post;
use crate::pictures::Purpose;
use crate::submit::{Examined, read_when};
use crate::{Intake, IntakeError, Submission};

impl Intake {
    /// What a submission would become: its parts, the records of every account, every fault at once. Stores nothing.
    ///
    /// # Errors
    /// Those of the ledger; what is wrong with the submission is part of the preview.
    pub async fn preview(&self, submission: &Submission, originals: &dyn Originals) -> Result<Preview, IntakeError> {
        let now = self.clock.now();
        let Examined { when, accounts, draft, resolved, mut warnings, mut faults, .. } =
            self.examine(submission, originals, Purpose::Show, now).await?;
        if let Some(when) = &when {
            warnings.extend(self.manners(submission, &accounts, when.instant()).await?);
        }
        let mut records = Vec::new();
        if let (Some(when), true) = (&when, faults.is_empty()) {
            for (account, found) in accounts.iter().zip(&resolved) {
                match self.records(account, found, when.instant()) {
                    Ok(made) => records.extend(made),
                    Err(fault) => faults.push(fault.of_account(&account.handle)),
                }
            }
        }
        let found = accounts.first().zip(resolved.first());
        let known =
            found.and_then(|(account, found)| self.connectors.get(&account.platform)?.parts(&found.content).ok());
        let parts = known.unwrap_or_else(|| {
            let mut words = draft.clone();
            // What became of the pictures is told already.
            words.parts.iter_mut().for_each(|part| part.media.clear());
            let plain = self.preview_alone(&words, accounts.first());
            warnings.extend(plain.warnings);
            plain.parts
        });
        let records = faults.is_empty().then_some(records);
        Ok(Preview { parts, records, faults: faults.into_iter().map(Into::into).collect(), warnings })
    }

    fn records(&self, account: &Account, found: &Resolved, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
        match self.connectors.get(&account.platform) {
            Some(connector) => connector.records(account, &found.content, due),
            None => Ok(Vec::new()),
        }
    }

    /// The parts as the account's platform shows them without being asked; any platform where there is no account.
    fn preview_alone(&self, draft: &Draft, account: Option<&Account>) -> Preview {
        let connector = match account {
            Some(account) => self.connectors.get(&account.platform),
            None => self.connectors.values().next(),
        };
        connector.map(|connector| connector.preview(draft)).unwrap_or_default()
    }
}

/// What can be shown of a submission without ledger and network: `of_draft` is the platform's own preview. Accounts and own
/// posts are not looked up, so nothing is said about them.
pub fn preview_offline(submission: Submission, clock: &dyn Clock, of_draft: impl Fn(&Draft) -> Preview) -> Preview {
    // Where none is named it is now, which is never wrong.
    let names_time = submission.at.is_some() || submission.zone.is_some();
    let wrong_time = if names_time { read_when(&submission, clock.now()).err() } else { None };
    let wrong_policy = submission.policy.read().err().unwrap_or_default();
    let mut draft = submission.draft;
    draft.reply_to.take_if(|target| names_own_post(target));
    let own_quote = draft.quote.take_if(|target| names_own_post(target));
    let mut preview = of_draft(&draft);
    // A quote says enough without a text, also one that is not looked up.
    preview.faults.retain(|fault| own_quote.is_none() || fault.part != Some(0) || fault.fault.code != "empty_text");
    preview.faults.splice(0..0, wrong_time.into_iter().chain(wrong_policy).map(Into::into));
    preview
}
