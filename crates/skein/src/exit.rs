//! How a command ends: exit codes, and failures in the one form in which people and programs get them.

use skein_domain::ports::LedgerError;
use skein_domain::{Category, Fault, StateName};
use skein_engine::EngineError;
use skein_intake::{DeliveryView, IntakeError, PostView};

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All that was asked for is done.
    Done = 0,
    /// It failed, in part or whole.
    Failed = 1,
    /// The command line cannot be read.
    Usage = 2,
    /// Refused before anything was stored.
    Refused = 3,
    /// The account cannot be used, or connected.
    Account = 4,
    /// It is not known what became of a request.
    Unknown = 5,
    /// Kept, and not out yet.
    Kept = 6,
}

/// A command that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What was wrong, all of it.
    pub(crate) faults: Vec<Fault>,
    /// What is left behind: `Nothing was stored.`
    pub(crate) aftermath: String,
}

/// Nothing was kept of what was asked for.
pub(crate) const NOTHING_STORED: &str = "Nothing was stored.";
/// Everything is as it was.
pub(crate) const NOTHING_CHANGED: &str = "Nothing was changed.";

impl Failure {
    /// A failure with one fault.
    pub(crate) fn new(exit: Exit, fault: Fault, aftermath: impl Into<String>) -> Self {
        Self { exit, faults: vec![fault], aftermath: aftermath.into() }
    }

    /// A failure of this machine: a file, the database, the network's set-up.
    pub(crate) fn system(code: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, Fault::new(code, Category::SystemError, message), NOTHING_CHANGED)
    }

    /// The same failure, with other words for what is left behind.
    pub(crate) fn leaving(self, aftermath: impl Into<String>) -> Self {
        Self { aftermath: aftermath.into(), ..self }
    }

    /// The same failure, with what to do next added to its first fault.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        if let Some(fault) = self.faults.first_mut() {
            fault.next_step = Some(step.into());
        }
        self
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        let (exit, aftermath) = match &error {
            IntakeError::Ledger(error) => return Self::system("ledger", sentence(&error.to_string())).leaving(""),
            // A full disk is no fault of what was written.
            IntakeError::Refused(faults) if faults.iter().any(|fault| fault.category == Category::SystemError) => {
                (Exit::Failed, NOTHING_STORED)
            }
            IntakeError::Refused(_) => (Exit::Refused, NOTHING_STORED),
            IntakeError::Conflict(_) | IntakeError::NotFound(_) => (Exit::Failed, ""),
        };
        Self { exit, faults: error.faults(), aftermath: aftermath.to_owned() }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::system("ledger", sentence(&error.to_string())).leaving("")
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::system("engine", sentence(&error.to_string())).leaving("")
    }
}

/// A technical message as a sentence: a capital at the start, a full stop at the end. A name or an address at the start
/// stays as it is written.
pub(crate) fn sentence(message: &str) -> String {
    let message = message.trim();
    let Some(first) = message.chars().next() else { return String::new() };
    let word = message.split_whitespace().next().unwrap_or_default();
    let mut text = if word.chars().all(|c| c.is_ascii_lowercase() || matches!(c, ',' | '\'' | '-')) {
        first.to_uppercase().chain(message.chars().skip(1)).collect()
    } else {
        message.to_owned()
    };
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    text
}

/// The exit code that tells where a post stands: the worst of its deliveries, and what nobody knows before all else.
pub(crate) fn exit_of(view: &PostView) -> Exit {
    const WORST_FIRST: [Exit; 4] = [Exit::Unknown, Exit::Account, Exit::Failed, Exit::Kept];
    let exits: Vec<Exit> = view.deliveries.iter().map(exit_of_delivery).collect();
    WORST_FIRST.into_iter().find(|worst| exits.contains(worst)).unwrap_or(Exit::Done)
}

fn exit_of_delivery(delivery: &DeliveryView) -> Exit {
    use StateName as S;
    let of_account = delivery
        .error
        .as_ref()
        .is_some_and(|fault| matches!(fault.category, Category::AuthExpired | Category::AccountIssue));
    match delivery.state {
        S::Published | S::Removed => Exit::Done,
        S::NeedsReview | S::Publishing | S::Settling => Exit::Unknown,
        S::Blocked if delivery.error.is_some() => Exit::Account,
        S::Failed if of_account => Exit::Account,
        S::Failed | S::Missed | S::Canceled => Exit::Failed,
        S::Blocked | S::Scheduled | S::Preparing | S::Ready => Exit::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn of(states: &[(StateName, Option<Category>)]) -> Exit {
        let mut view = samples::view();
        view.deliveries = states
            .iter()
            .map(|(state, category)| DeliveryView {
                state: *state,
                error: category.map(|category| Fault::new("x", category, "X.")),
                ..samples::delivery()
            })
            .collect();
        exit_of(&view)
    }

    #[test]
    fn each_state_has_its_exit_code() {
        use StateName as S;
        assert_eq!(of(&[(S::Published, None)]), Exit::Done);
        assert_eq!(of(&[(S::Failed, Some(Category::PlatformRejected))]), Exit::Failed);
        assert_eq!(of(&[(S::Failed, Some(Category::AccountIssue))]), Exit::Account);
        assert_eq!(of(&[(S::Missed, None)]), Exit::Failed);
        assert_eq!(of(&[(S::Blocked, Some(Category::AuthExpired))]), Exit::Account);
        assert_eq!(of(&[(S::Blocked, None)]), Exit::Kept);
        assert_eq!(of(&[(S::Ready, None)]), Exit::Kept);
        assert_eq!(of(&[(S::Settling, None)]), Exit::Unknown);
        assert_eq!(of(&[(S::NeedsReview, Some(Category::Unknown))]), Exit::Unknown);
    }

    #[test]
    fn the_worst_delivery_decides() {
        use StateName as S;
        assert_eq!(of(&[(S::Published, None), (S::Failed, None)]), Exit::Failed);
        assert_eq!(of(&[(S::Failed, None), (S::Settling, None)]), Exit::Unknown);
        assert_eq!(of(&[(S::Scheduled, None), (S::Failed, None)]), Exit::Failed);
        assert_eq!(of(&[(S::Published, None), (S::Scheduled, None)]), Exit::Kept);
    }

    #[test]
    fn a_refusal_stores_nothing_and_a_conflict_is_a_failure() {
        let fault = Fault::content("x", "parts", "X.");
        let refused = Failure::from(IntakeError::Refused(vec![fault.clone(), fault.clone()]));
        assert_eq!(
            (refused.exit, refused.faults.len(), refused.aftermath.as_str()),
            (Exit::Refused, 2, NOTHING_STORED)
        );
        assert_eq!(Failure::from(IntakeError::Conflict(fault.clone())).exit, Exit::Failed);
        assert_eq!(Failure::from(IntakeError::NotFound(fault)).exit, Exit::Failed);
    }

    #[test]
    fn technical_words_become_sentences() {
        assert_eq!(sentence("the disk is full"), "The disk is full.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence("alice.test is not known"), "alice.test is not known.");
        assert_eq!(sentence("http://localhost:9/x failed"), "http://localhost:9/x failed.");
        assert_eq!(sentence(""), "");
    }
}
