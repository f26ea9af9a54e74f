//! The file: one JSON object with everything that a stranger needs, but for the word of the identity directory.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skein_domain::{Category, Fault, Receipt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use crate::exit::{Exit, Failure, NOTHING_CHANGED, NOTHING_STORED};

/// The one format there is.
pub(crate) const FORMAT: &str = "skein-proof/1";
/// A post of the most parts, each with a proof of the usual size, is far smaller.
const FILE_MAX_BYTES: u64 = 32 * 1024 * 1024;

/// A post's receipts with their proofs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofFile {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// The post's id, where it was made.
    pub(crate) post: String,
    /// When the proofs were fetched.
    pub(crate) made_at: Timestamp,
    /// One for each account on which the post is published.
    pub(crate) accounts: Vec<ProvenAccount>,
}

/// What one account published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvenAccount {
    /// The name that it had. A claim: handles change hands.
    pub(crate) handle: String,
    /// The account.
    pub(crate) did: String,
    /// The key that the account's document named when the proofs were fetched, as a `did:key`.
    pub(crate) key: String,
    /// The receipt, as `skein receipt` shows it. Beyond the records it is the word of whoever made the file.
    pub(crate) receipt: Receipt,
    /// The proofs, in the order of the receipt's records.
    pub(crate) proofs: Vec<ProvenRecord>,
}

/// One record with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvenRecord {
    /// Where it is.
    pub(crate) uri: String,
    /// The hash of its content.
    pub(crate) cid: String,
    /// The record, for people; the proof holds it too, and both must be the same.
    pub(crate) record: Value,
    /// The CAR file of `com.atproto.sync.getRecord`, in base64.
    pub(crate) car: String,
}

/// Reads a file, or standard input when it is `-`.
pub(crate) fn read(name: &str) -> Result<ProofFile, Failure> {
    let unreadable = |error: &std::io::Error| {
        let fault = Fault::new("proof_unreadable", Category::UserContent, format!("{name} cannot be read: {error}."))
            .next("Give the path of a file that `skein receipt POST --proof` wrote, or the id of a post.");
        Failure::new(Exit::Usage, fault, "")
    };
    let mut bytes = Vec::new();
    let read = if name == "-" {
        std::io::stdin().lock().take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(name).and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(&error))?;
    parse(name, &bytes).map_err(|fault| Failure::new(Exit::Failed, fault, ""))
}

fn parse(name: &str, bytes: &[u8]) -> Result<ProofFile, Fault> {
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_MAX_BYTES {
        let fault = Fault::new("proof_too_large", Category::UserContent, format!("{name} is too large for a proof."));
        return Err(fault.over(format!("{FILE_MAX_BYTES} bytes"), "more"));
    }
    let no_proof = |why: String| {
        Fault::new("proof_malformed", Category::UserContent, format!("{name} is no proof of Skein: {why}."))
            .next("`skein receipt POST --proof` writes one.")
    };
    let file: ProofFile = serde_json::from_slice(bytes).map_err(|error| no_proof(error.to_string()))?;
    if file.format == FORMAT {
        Ok(file)
    } else {
        Err(no_proof(format!("its format is {:?}, and only {FORMAT} is known", file.format)))
    }
}

/// Writes a file that is not there yet: an older proof proves an earlier time, so none is overwritten.
pub(crate) fn write(path: &Path, file: &ProofFile) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let shown = path.display();
        let (message, next) = if error.kind() == std::io::ErrorKind::AlreadyExists {
            let message = format!("{shown} is there already, and an older proof is not overwritten.");
            (message, "Give another name with `--output`, or - for standard output.")
        } else {
            (format!("{shown} cannot be written: {error}."), "Give a name elsewhere with `--output`.")
        };
        let fault = Fault::new("proof_not_written", Category::SystemError, message).next(next);
        Failure::new(Exit::Failed, fault, NOTHING_CHANGED)
    };
    let mut text = serde_json::to_string_pretty(file).map_err(|error| {
        Failure::system("proof_not_written", format!("The proof cannot be written as JSON: {error}."))
    })?;
    text.push('\n');
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_MAX_BYTES {
        let fault =
            Fault::new("proof_too_large", Category::SystemError, "The proof of this post is too large for one file.")
                .over(format!("{FILE_MAX_BYTES} bytes"), format!("{} bytes", text.len()));
        return Err(Failure::new(Exit::Failed, fault, NOTHING_STORED));
    }
    let mut to = File::create_new(path).map_err(failed)?;
    to.write_all(text.as_bytes()).and_then(|()| to.sync_all()).map_err(|error| {
        // Half a file would be taken for a proof that does not hold. That it cannot be removed either changes nothing.
        drop(std::fs::remove_file(path));
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::Value;

    use super::*;
    use crate::proof::samples;

    proptest! {
        #[test]
        fn any_bytes_are_a_proof_that_can_be_written_again_or_refused(
            at in any::<Index>(), removed in 0_usize..40, put in vec(any::<u8>(), 0..20), member in any::<Index>(),
            other in prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), ".{0,20}".prop_map(Value::from), Just(Value::Array(vec![]))],
        ) {
            let good = serde_json::to_vec(&samples::file()).unwrap();
            let start = at.index(good.len());
            let end = (start + removed).min(good.len());
            let mut value = serde_json::to_value(samples::file()).unwrap();
            let members: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            value[member.get(&members).as_str()] = other;
            for bytes in [put.clone(), [&good[..start], &put, &good[end..]].concat(), serde_json::to_vec(&value).unwrap()] {
                if let Ok(file) = parse("a.json", &bytes) {
                    prop_assert_eq!(parse("a.json", &serde_json::to_vec(&file).unwrap()).unwrap(), file);
                }
            }
        }
    }

    #[test]
    fn a_file_comes_back_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receipt-3k1.json");
        let file = samples::file();
        write(&path, &file).unwrap();
        assert_eq!(read(path.to_str().unwrap()).unwrap(), file);
        let again = write(&path, &file).unwrap_err();
        assert!(again.faults[0].message.contains("there already"), "{again:?}");
        let nowhere = write(&folder.path().join("no/folder.json"), &file).unwrap_err();
        assert!(nowhere.faults[0].message.contains("cannot be written"), "{nowhere:?}");
    }

    #[test]
    fn what_is_no_proof_is_refused_with_words() {
        let refused = |bytes: &[u8]| parse("a.json", bytes).unwrap_err().message;
        assert!(refused(b"{").starts_with("a.json is no proof of Skein: "));
        assert!(refused(br#"{"format":"skein-proof/1","more":1}"#).contains("more"));
        let later = ProofFile { format: "skein-proof/2".to_owned(), ..samples::file() };
        assert!(refused(&serde_json::to_vec(&later).unwrap()).contains("only skein-proof/1 is known"));
        assert!(refused(&vec![b' '; 33 * 1024 * 1024]).contains("too large"));
        assert_eq!(read("/nowhere/at/all").unwrap_err().exit, Exit::Usage);
    }
}
