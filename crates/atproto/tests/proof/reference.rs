//! Proofs that the reference implementation made: all hold, and none of them survives a change.

use data_encoding::BASE64;
use serde_json::Value;
use skein_atproto::proof::{Proof, ProofError, PublicKey};
use skein_atproto::record::record_cid;
use skein_atproto::syntax::{Did, Nsid, RecordKey};

/// One proof of the file.
pub(crate) struct Case {
    pub(crate) did: Did,
    pub(crate) key: PublicKey,
    pub(crate) collection: Nsid,
    pub(crate) rkey: RecordKey,
    pub(crate) car: Vec<u8>,
    vector: Value,
}

impl Case {
    /// All proofs of the file.
    pub(crate) fn all() -> Vec<Self> {
        let vectors: Value = serde_json::from_str(include_str!("../vectors/proof.json")).unwrap();
        vectors["cases"].as_array().unwrap().iter().map(Self::of).collect()
    }

    fn of(vector: &Value) -> Self {
        let text = |name: &str| vector[name].as_str().unwrap();
        Self {
            did: Did::parse(text("did")).unwrap(),
            key: PublicKey::parse(text("key")).unwrap(),
            collection: Nsid::parse(text("collection")).unwrap(),
            rkey: RecordKey::parse(text("rkey")).unwrap(),
            car: BASE64.decode(text("car").as_bytes()).unwrap(),
            vector: vector.clone(),
        }
    }

    fn proves_absence(&self) -> bool {
        self.vector["record"].is_null()
    }

    /// Whether these bytes prove what the file says of this case.
    fn holds(&self, car: &[u8]) -> Result<(), ProofError> {
        let proof = Proof::read(car)?;
        if self.proves_absence() {
            proof.verify_absence(&self.did, &self.key, &self.collection, &self.rkey).map(drop)
        } else {
            proof.verify(&self.did, &self.key, &self.collection, &self.rkey).map(drop)
        }
    }
}

#[test]
fn proofs_of_the_reference_hold() {
    let cases = Case::all();
    assert_eq!(cases.len(), 19);
    for case in &cases {
        let proof = Proof::read(&case.car).unwrap();
        let text = |name: &str| case.vector[name].as_str().unwrap();
        assert_eq!((proof.did(), proof.rev().as_str()), (&case.did, text("rev")));
        if case.proves_absence() {
            let absence = proof.verify_absence(&case.did, &case.key, &case.collection, &case.rkey).unwrap();
            assert_eq!((absence.commit.as_str(), absence.rev.as_str()), (text("commit"), text("rev")));
            let refused = proof.verify(&case.did, &case.key, &case.collection, &case.rkey).unwrap_err();
            assert!(matches!(refused, ProofError::NotInCommit { .. }), "{refused}");
        } else {
            let verified = proof.verify(&case.did, &case.key, &case.collection, &case.rkey).unwrap();
            assert_eq!(verified.did, case.did);
            assert_eq!((verified.commit.as_str(), verified.rev.as_str()), (text("commit"), text("rev")));
            assert_eq!(verified.record.as_str(), text("record"));
            assert_eq!(record_cid(&verified.value).unwrap(), verified.record);
            if case.collection.as_str() == "app.bsky.feed.post" {
                assert_eq!(verified.value["text"], case.vector["text"]);
            }
            let refused = proof.verify_absence(&case.did, &case.key, &case.collection, &case.rkey).unwrap_err();
            assert!(matches!(refused, ProofError::InCommit { .. }), "{refused}");
        }
    }
}

#[test]
fn no_byte_of_a_proof_can_be_changed() {
    let cases = Case::all();
    let smallest = cases.iter().map(|case| case.car.len()).min();
    for case in &cases {
        assert_eq!(case.holds(&case.car), Ok(()));
        for at in 0..case.car.len() {
            // Every byte of every proof, and every bit of the smallest one.
            let bits = if Some(case.car.len()) == smallest { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                let mut changed = case.car.clone();
                changed[at] ^= 1 << bit;
                assert!(case.holds(&changed).is_err(), "bit {bit} of byte {at} of {} may be changed", case.rkey);
            }
        }
    }
}

#[test]
fn no_proof_holds_when_it_is_cut_short_or_goes_on() {
    for case in Case::all() {
        for length in (0..case.car.len()).step_by(3).chain([case.car.len() - 1]) {
            assert!(case.holds(&case.car[..length]).is_err(), "{length} bytes of {}", case.rkey);
        }
        assert!(case.holds(&[&case.car[..], &[0]].concat()).is_err());
    }
}

#[test]
fn a_proof_is_of_one_account_one_key_and_one_record() {
    let cases = Case::all();
    let mut refused = [0; 3];
    for case in cases.iter().filter(|case| !case.proves_absence()) {
        let proof = Proof::read(&case.car).unwrap();
        for other in &cases {
            if other.did != case.did {
                let error = proof.verify(&other.did, &other.key, &case.collection, &case.rkey).unwrap_err();
                assert!(matches!(error, ProofError::OtherAccount { .. }), "{error}");
                refused[0] += 1;
            }
            if other.key != case.key {
                let error = proof.verify(&case.did, &other.key, &case.collection, &case.rkey).unwrap_err();
                assert!(matches!(error, ProofError::Signature { .. }), "{error}");
                refused[1] += 1;
            }
            if (&other.collection, &other.rkey) != (&case.collection, &case.rkey) {
                let error = proof.verify(&case.did, &case.key, &other.collection, &other.rkey);
                // Records that lie on the way to this one are not in the file, so at best it is told that they are missing.
                assert!(error.is_err(), "{error:?}");
                refused[2] += 1;
            }
        }
    }
    assert!(refused.iter().all(|count| *count > 0), "{refused:?}");
}
