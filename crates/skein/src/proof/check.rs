//! What a file proves by itself, without asking anybody.

use data_encoding::BASE64;
use jiff::Timestamp;
use skein_atproto::proof::{Proof, PublicKey, Verified};
use skein_atproto::syntax::{AtIdentifier, AtUri, Did};
use skein_domain::{Category, Fault};

use super::file::{ProofFile, ProvenAccount, ProvenRecord};
use crate::exit::sentence;

/// For each account others are asked, so a file must not be able to name any number of them.
const ACCOUNTS_AT_MOST: usize = 64;

/// An account whose records are proven, if the key is its own: see [`super::vouch`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CheckedAccount {
    /// The handle that the file gives, unchecked.
    pub(crate) said_handle: String,
    /// The account.
    pub(crate) did: Did,
    /// The key that the signatures hold with.
    pub(crate) key: PublicKey,
    /// What is proven, in order.
    pub(crate) records: Vec<CheckedRecord>,
}

/// A proven record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CheckedRecord {
    /// Where it is.
    pub(crate) uri: AtUri,
    /// What the proof proves.
    pub(crate) proven: Verified,
    /// When the commit was made, by the clock of the account's server.
    pub(crate) revised_at: Timestamp,
}

impl CheckedAccount {
    /// The time of the latest commit.
    pub(crate) fn latest(&self) -> Option<Timestamp> {
        self.records.iter().map(|record| record.revised_at).max()
    }
}

/// Checks every proof of a file.
///
/// # Errors
/// All that does not hold.
pub(crate) fn check(file: &ProofFile) -> Result<Vec<CheckedAccount>, Vec<Fault>> {
    if file.accounts.is_empty() {
        return Err(vec![refused("It proves nothing: no account is in it.".to_owned())]);
    }
    if file.accounts.len() > ACCOUNTS_AT_MOST {
        let fault = refused("It names more accounts than a post can have.".to_owned());
        return Err(vec![fault.over(format!("{ACCOUNTS_AT_MOST} accounts"), file.accounts.len())]);
    }
    let mut faults = Vec::new();
    let mut checked = Vec::new();
    for account in &file.accounts {
        match check_account(account) {
            Ok(account) => checked.push(account),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// A fault of a proof that does not hold.
pub(super) fn refused(message: String) -> Fault {
    Fault::new("proof_refused", Category::UserContent, message)
}

fn check_account(account: &ProvenAccount) -> Result<CheckedAccount, Vec<Fault>> {
    let one = |message: String| vec![refused(message).of_account(&account.did)];
    let did = Did::parse(&account.did).map_err(|error| one(sentence(&error.to_string())))?;
    let key = PublicKey::parse(&account.key).map_err(|error| one(sentence(&error.to_string())))?;
    if account.proofs.is_empty() || account.proofs.len() != account.receipt.records.len() {
        let (proofs, records) = (account.proofs.len(), account.receipt.records.len());
        return Err(one(format!("The receipt names {records} records, and there are {proofs} proofs.")));
    }
    let mut faults = Vec::new();
    let mut records = Vec::new();
    for (index, (proof, named)) in account.proofs.iter().zip(&account.receipt.records).enumerate() {
        let checked = if (&proof.uri, &proof.cid) == (&named.uri, &named.cid) {
            check_record(proof, &did, &key)
        } else {
            Err(format!("the receipt names another record: {} ({})", named.uri, named.cid))
        };
        match checked {
            Ok(record) => records.push(record),
            Err(why) => {
                let of = if account.proofs.len() > 1 { format!("Part {}: ", index + 1) } else { String::new() };
                faults.push(refused(format!("{of}{}", sentence(&why))).of_account(&account.did));
            }
        }
    }
    if faults.is_empty() {
        Ok(CheckedAccount { said_handle: account.handle.clone(), did, key, records })
    } else {
        Err(faults)
    }
}

fn check_record(record: &ProvenRecord, did: &Did, key: &PublicKey) -> Result<CheckedRecord, String> {
    let uri = AtUri::parse(&record.uri).map_err(|error| error.to_string())?;
    let (AtIdentifier::Did(owner), Some(collection), Some(rkey)) = (uri.authority(), uri.collection(), uri.rkey())
    else {
        return Err(format!("{} is not the address of a record by its account's DID", record.uri));
    };
    if owner != *did {
        return Err(format!("{} is not in the repository of {did}", record.uri));
    }
    let car = BASE64.decode(record.car.as_bytes()).map_err(|error| format!("the proof is no base64: {error}"))?;
    let proof = Proof::read(&car).map_err(|error| error.to_string())?;
    let proven = proof.verify(did, key, &collection, &rkey).map_err(|error| error.to_string())?;
    if proven.record.as_str() != record.cid {
        return Err(format!("at {} the signed repository has {}, not {}", record.uri, proven.record, record.cid));
    }
    if proven.value != record.record {
        return Err(format!("the record that the file shows is not the one that is proven ({})", record.cid));
    }
    let micros = i64::try_from(proven.rev.micros()).ok();
    let revised_at = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let revised_at = revised_at.ok_or_else(|| format!("the revision {} has no time", proven.rev))?;
    Ok(CheckedRecord { uri, proven, revised_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::samples::{DID, OTHER_KEY, file};

    fn told(change: impl FnOnce(&mut ProvenAccount)) -> String {
        let mut file = file();
        change(&mut file.accounts[0]);
        let faults = check(&file).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].code, "proof_refused");
        faults[0].message.clone()
    }

    #[test]
    fn a_right_file_proves_its_record() {
        let checked = check(&file()).unwrap();
        assert_eq!((checked.len(), checked[0].did.as_str()), (1, DID));
        assert_eq!(checked[0].records[0].proven.value["text"], "Post 0, a goose 🪿");
        assert_eq!(checked[0].latest(), Some(checked[0].records[0].revised_at));
    }

    #[test]
    fn every_claim_of_a_file_is_held_against_the_proof() {
        let says = |told: String, words: &str| assert!(told.contains(words), "{told}");
        says(told(|account| account.proofs[0].record["text"] = "Another".into()), "not the one that is proven");
        says(told(|account| account.key = OTHER_KEY.to_owned()), "was made with another key");
        says(told(|account| account.key = "did:key:z".to_owned()), "is not a public key");
        says(
            told(|account| account.did = "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz".to_owned()),
            "is not in the repository of",
        );
        says(told(|account| account.did = "alice.test".to_owned()), "is not a DID");
        says(told(|account| account.proofs.clear()), "names 1 records, and there are 0 proofs");
        says(told(|account| account.receipt.records[0].cid.push('x')), "receipt names another record");
        says(
            told(|account| {
                account.proofs[0].cid.push('x');
                account.receipt.records[0].cid.push('x');
            }),
            "the signed repository has",
        );
        says(
            told(|account| {
                let uri = account.proofs[0].uri.replace("app.bsky.feed.post", "app.bsky.feed.like");
                account.proofs[0].uri.clone_from(&uri);
                account.receipt.records[0].uri = uri;
            }),
            "is not in the repository at the signed revision",
        );
        says(told(|account| account.proofs[0].car.replace_range(100..101, "_")), "is no base64");
        says(told(|account| account.proofs[0].car.clear()), "is not a CAR file");
    }

    #[test]
    fn an_address_names_its_account_by_the_did() {
        let by_handle = told(|account| {
            let uri = account.proofs[0].uri.replace(DID, "alice.test");
            account.proofs[0].uri.clone_from(&uri);
            account.receipt.records[0].uri = uri;
        });
        assert!(by_handle.contains("by its account's DID"), "{by_handle}");
    }

    #[test]
    fn a_file_names_at_least_one_account_and_not_any_number() {
        let empty = ProofFile { accounts: Vec::new(), ..file() };
        assert!(check(&empty).unwrap_err()[0].message.contains("proves nothing"));
        let crowd = ProofFile { accounts: vec![file().accounts.remove(0); 65], ..file() };
        let fault = check(&crowd).unwrap_err().remove(0);
        assert_eq!((fault.limit.as_deref(), fault.given.as_deref()), (Some("64 accounts"), Some("65")));
    }
}
