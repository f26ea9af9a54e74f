//! Whether a key is an account's own: the word of its DID document now, and of the directory's log for the time before.

use jiff::{SignedDuration, Timestamp};
use skein_atproto::proof::PublicKey;
use skein_atproto::syntax::{Did, Handle};
use skein_bluesky::identity::{DidDocument, Identities, IdentityError, KeyPeriod};
use skein_domain::{Category, Fault};

use super::check::{CheckedAccount, refused};
use crate::exit::{Exit, Failure, sentence};

/// Two clocks are compared, the server's and the directory's, and a server may sign a little after its key was replaced.
const LEEWAY_MS: i64 = 5 * 60 * 1000;

/// What is known of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyStanding {
    /// Nobody was asked: `--offline`.
    NotAsked,
    /// The account's document names it.
    Current,
    /// The document named it until then, and the commit is from before.
    Former {
        /// When another key took its place.
        until: Timestamp,
    },
}

/// Who stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// What is known of the key.
    pub(crate) standing: KeyStanding,
    /// The account's handle now, if it leads back to the account.
    pub(crate) handle: Option<Handle>,
}

impl Vouched {
    /// Nobody was asked.
    pub(crate) const fn by_nobody() -> Self {
        Self { standing: KeyStanding::NotAsked, handle: None }
    }
}

/// Asks whether the key is the account's own.
///
/// # Errors
/// A fault if it is not, or if that can never be told; a failure of its own if it could not be asked now.
pub(crate) async fn vouch(
    identities: &Identities,
    account: &CheckedAccount,
) -> Result<Result<Vouched, Fault>, Failure> {
    let document = match identities.document(&account.did).await {
        Ok(document) => Some(document),
        // A deleted account has no document any more, but the directory keeps its log.
        Err(IdentityError::NotFound { .. }) => None,
        Err(error) => return Err(unasked(&account.did, &error)),
    };
    let named_now = document.as_ref().and_then(|document| document.signing_key.as_ref().ok());
    let history = if named_now == Some(&account.key) {
        None
    } else {
        match identities.key_history(&account.did).await {
            Ok(history) => history,
            Err(IdentityError::NotFound { .. }) => Some(Vec::new()),
            Err(error) => return Err(unasked(&account.did, &error)),
        }
    };
    let standing = match judge(account, named_now, history.as_deref()) {
        Ok(standing) => standing,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(Ok(Vouched { standing, handle: own_handle(identities, document.as_ref()).await }))
}

async fn own_handle(identities: &Identities, document: Option<&DidDocument>) -> Option<Handle> {
    let (document, handle) = document.and_then(|document| Some((document, document.handle.clone()?)))?;
    let back = identities.resolve_handle(&handle, None).await;
    back.is_ok_and(|did| did == document.did).then_some(handle)
}

/// A key that was never the account's proves nothing: anybody can sign with a key of their own.
fn judge(
    account: &CheckedAccount,
    named_now: Option<&PublicKey>,
    history: Option<&[KeyPeriod]>,
) -> Result<KeyStanding, Fault> {
    let CheckedAccount { did, key, .. } = account;
    if named_now == Some(key) {
        return Ok(KeyStanding::Current);
    }
    let no = |message: String| Err(refused(message).of_account(did.as_str()));
    let Some(history) = history else {
        return no(format!(
            "It is signed with the key {key}, which the document of {did} does not name now. Such a document keeps no history, \
             so whether it ever named that key cannot be told."
        ));
    };
    let Some(period) = history.iter().rfind(|period| period.key == *key) else {
        return no(format!("It is signed with the key {key}, which was never a key of {did}."));
    };
    let Some(until) = period.until else { return Ok(KeyStanding::Current) };
    let latest = account.latest().unwrap_or(Timestamp::MAX);
    if latest.duration_since(until) > SignedDuration::from_millis(LEEWAY_MS) {
        return no(format!(
            "It is signed with the key {key}, which {did} gave up at {until}; the commit says that it is of {latest}, after that."
        ));
    }
    Ok(KeyStanding::Former { until })
}

fn unasked(did: &Did, error: &IdentityError) -> Failure {
    let message = format!("Whose key it is could not be asked. {}", sentence(&error.to_string()));
    let fault = Fault::new("proof_unasked", Category::PlatformError, message)
        .of_account(did.as_str())
        .next("Try again later; `--offline` checks all but whose key it is.");
    Failure::new(Exit::Failed, fault, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::check;
    use crate::proof::samples::{OTHER_KEY, file};

    fn account() -> CheckedAccount {
        check(&file()).unwrap().remove(0)
    }

    fn period(key: &PublicKey, until: Option<Timestamp>) -> KeyPeriod {
        KeyPeriod { key: key.clone(), from: Timestamp::UNIX_EPOCH, until }
    }

    #[test]
    fn a_key_is_vouched_for_by_the_document_or_by_its_history() {
        let account = account();
        let other = PublicKey::parse(OTHER_KEY).unwrap();
        let signed_at = account.latest().unwrap();
        let later = signed_at + SignedDuration::from_hours(1);
        assert_eq!(judge(&account, Some(&account.key), None), Ok(KeyStanding::Current));
        let history = [period(&account.key, Some(later)), period(&other, None)];
        assert_eq!(judge(&account, Some(&other), Some(&history)), Ok(KeyStanding::Former { until: later }));
        assert_eq!(
            judge(&account, None, Some(&history)),
            Ok(KeyStanding::Former { until: later }),
            "a deleted account"
        );
        let soon = signed_at - SignedDuration::from_mins(4);
        let history = [period(&account.key, Some(soon)), period(&other, None)];
        assert_eq!(judge(&account, Some(&other), Some(&history)), Ok(KeyStanding::Former { until: soon }));
    }

    #[test]
    fn a_key_that_nobody_vouches_for_proves_nothing() {
        let account = account();
        let other = PublicKey::parse(OTHER_KEY).unwrap();
        let told = |named: Option<&PublicKey>, history: Option<&[KeyPeriod]>| {
            judge(&account, named, history).unwrap_err().message
        };
        assert!(told(Some(&other), Some(&[period(&other, None)])).contains("never a key of"));
        assert!(told(None, Some(&[])).contains("never a key of"));
        assert!(told(Some(&other), None).contains("keeps no history"));
        let before = account.latest().unwrap() - SignedDuration::from_mins(6);
        assert!(told(Some(&other), Some(&[period(&account.key, Some(before))])).contains("gave up at"));
    }
}
