//! Any bytes: a reader that neither panics nor takes what is not proven.

use ipld_core::ipld::Ipld;
use proptest::collection::vec;
use proptest::prelude::*;
use skein_atproto::proof::{Proof, PublicKey};

use crate::reference::Case;
use crate::repository::{Car, bytes, node, section, verify};

/// A value of the data model, such as a node or a commit could be.
fn value() -> impl Strategy<Value = Ipld> {
    let leaf = prop_oneof![
        Just(Ipld::Null),
        any::<i64>().prop_map(|integer| Ipld::Integer(integer.into())),
        vec(any::<u8>(), 0..40).prop_map(Ipld::Bytes),
        "[a-z/.]{0,30}".prop_map(Ipld::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Ipld::List),
            proptest::collection::btree_map("[lepkvt]", inner, 0..6).prop_map(Ipld::Map),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(Proof::read(&bytes).is_err());
        prop_assert!(Proof::read(&section(&bytes)).is_err());
    }

    #[test]
    fn no_tree_makes_the_walk_panic(value in value(), rkey in "[a-z0-9]{1,9}") {
        let mut car = Car::empty();
        let top = car.add(bytes(&value));
        let commit = car.commit(top, |_| ());
        prop_assert!(verify(&car.file(commit), &rkey).is_err());
    }

    #[test]
    fn no_splice_of_a_proof_holds(case in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                                  removed in 0_usize..80, put in vec(any::<u8>(), 0..80)) {
        let cases = Case::all();
        let case = case.get(&cases);
        let start = at.index(case.car.len());
        let end = (start + removed).min(case.car.len());
        prop_assume!(case.car[start..end] != put[..]);
        let spliced = [&case.car[..start], &put, &case.car[end..]].concat();
        let read = Proof::read(&spliced);
        prop_assert!(read.is_err() || read.unwrap().verify(&case.did, &case.key, &case.collection, &case.rkey).is_err());
    }

    #[test]
    fn no_text_makes_the_key_reader_panic(text in "(did:key:)?z?.{0,120}") {
        if let Ok(key) = PublicKey::parse(&text) {
            prop_assert_eq!(key.as_str(), text);
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_end_the_process() {
    let mut car = Car::empty();
    let top = car.add([vec![0x81; 500_000], vec![0x80]].concat());
    let commit = car.commit(top, |_| ());
    assert!(verify(&car.file(commit), "k").is_err());
}

#[test]
fn a_proof_of_a_large_node_is_read() {
    // More entries than any node has, and all of them at the wrong level: refused, within the bounds.
    let mut car = Car::empty();
    let record = car.record("Hello");
    let entries =
        (0..10_000).map(|number| crate::repository::entry(0, &format!("{number:05}"), record, None)).collect();
    let top = car.add(bytes(&node(None, entries)));
    let commit = car.commit(top, |_| ());
    assert!(verify(&car.file(commit), "k").is_err());
}
