//! One rule broken at a time, everything else right and signed: each refusal names what does not hold.

use ipld_core::cid::Cid as Link;
use ipld_core::ipld::Ipld;
use skein_atproto::proof::{Piece, Proof, ProofError};

use crate::repository::{COLLECTION, Car, bytes, entry, map, node, section, verify};

/// `k009` and `k021` stand one level up; `k010` and `k011` at the bottom, between them.
fn upper() -> String {
    format!("{COLLECTION}/k009")
}

fn lower(rkey: &str) -> String {
    format!("{COLLECTION}/{rkey}")
}

/// How much of a key the next one shares: all but the last two characters.
const SHARED: usize = COLLECTION.len() + 1 + 2;

/// A repository with this top, and with `k010` and `k011` under it at the bottom.
fn with_top(top: impl FnOnce(Link, Link) -> Ipld) -> Vec<u8> {
    let mut car = Car::empty();
    let record = car.record("Hello");
    let below =
        car.add(bytes(&node(None, vec![entry(0, &lower("k010"), record, None), entry(SHARED + 1, "1", record, None)])));
    let top = car.add(bytes(&top(record, below)));
    let commit = car.commit(top, |_| ());
    car.file(commit)
}

/// A repository with this one node below a right top.
fn with_node_below(below: impl FnOnce(Link) -> Ipld) -> Vec<u8> {
    let mut car = Car::empty();
    let record = car.record("Hello");
    let below = car.add(bytes(&below(record)));
    let top = node(None, vec![entry(0, &upper(), record, Some(below)), entry(SHARED, "21", record, None)]);
    let top = car.add(bytes(&top));
    let commit = car.commit(top, |_| ());
    car.file(commit)
}

fn right_top(record: Link, below: Link) -> Ipld {
    node(None, vec![entry(0, &upper(), record, Some(below)), entry(SHARED, "21", record, None)])
}

#[track_caller]
fn tree_refused(car: &[u8], rkey: &str, words: &str) {
    match verify(car, rkey) {
        Err(ProofError::Tree { rule, .. }) => assert!(rule.contains(words), "{rule}"),
        other => panic!("not refused for its tree: {other:?}"),
    }
}

#[test]
fn a_right_tree_leads_to_its_records_and_to_nothing_else() {
    let car = with_top(right_top);
    for rkey in ["k009", "k010", "k011", "k021"] {
        assert_eq!(verify(&car, rkey).unwrap().value["text"], "Hello", "{rkey}");
    }
    for rkey in ["k000", "k0105", "k015", "k030", "zzz"] {
        assert!(matches!(verify(&car, rkey), Err(ProofError::NotInCommit { .. })), "{rkey}");
    }
}

#[test]
fn an_empty_repository_has_no_record() {
    let mut car = Car::empty();
    let top = car.add(bytes(&node(None, Vec::new())));
    let commit = car.commit(top, |_| ());
    let error = verify(&car.file(commit), "k010").unwrap_err();
    assert_eq!(
        error.to_string(),
        "com.example.record/k010 is not in the repository at the signed revision 3jzfcijpj2z2a"
    );
}

#[test]
fn keys_stand_in_order_and_at_their_level() {
    let swapped = |record, below| {
        node(None, vec![entry(0, &lower("k021"), record, Some(below)), entry(SHARED, "09", record, None)])
    };
    tree_refused(&with_top(swapped), "k009", "not in order");
    let twice = |record, _| node(None, vec![entry(0, &upper(), record, None), entry(SHARED + 2, "", record, None)]);
    tree_refused(&with_top(twice), "k009", "not in order");
    let no_key = |record, _| node(None, vec![entry(0, "", record, None)]);
    tree_refused(&with_top(no_key), "k009", "not in order");
    let mixed = |record, _| node(None, vec![entry(0, &upper(), record, None), entry(SHARED, "10", record, None)]);
    tree_refused(&with_top(mixed), "k009", "another level");
    let below =
        |rkey: &'static str| with_node_below(move |record| node(None, vec![entry(0, &lower(rkey), record, None)]));
    assert!(verify(&below("k015"), "k015").is_ok(), "k015 stands at the bottom");
    tree_refused(&below("k011a"), "k011a", "another level");
}

#[test]
fn keys_stand_between_those_around_them() {
    let before = with_node_below(|record| node(None, vec![entry(0, &lower("k001"), record, None)]));
    tree_refused(&before, "k010", "outside the keys around it");
    let after = with_node_below(|record| node(None, vec![entry(0, &lower("k022"), record, None)]));
    tree_refused(&after, "k010", "outside the keys around it");
    let to_the_left = |record, below| node(Some(below), vec![entry(0, &upper(), record, None)]);
    tree_refused(&with_top(to_the_left), "k001", "outside the keys around it");
}

#[test]
fn keys_are_written_in_one_way() {
    let too_much = |record, _| node(None, vec![entry(1, &upper(), record, None)]);
    tree_refused(&with_top(too_much), "k009", "more with the key before it than that has");
    let too_little =
        |record, _| node(None, vec![entry(0, &upper(), record, None), entry(SHARED - 1, "021", record, None)]);
    tree_refused(&with_top(too_little), "k009", "than it says");
    let negative = |record, _| {
        node(
            None,
            vec![map([
                ("p", Ipld::Integer(-1)),
                ("k", Ipld::Bytes(vec![1])),
                ("v", Ipld::Link(record)),
                ("t", Ipld::Null),
            ])],
        )
    };
    tree_refused(&with_top(negative), "k009", "negative");
    let long = |record, _| node(None, vec![entry(0, &"k".repeat(1025), record, None)]);
    tree_refused(&with_top(long), "k009", "longer than any");
}

#[test]
fn nodes_have_the_fields_of_nodes() {
    tree_refused(&with_top(|_, _| Ipld::List(Vec::new())), "k009", "no map");
    tree_refused(&with_top(|_, _| map([("l", Ipld::Null)])), "k009", "no list of entries");
    tree_refused(&with_top(|_, _| map([("e", Ipld::List(Vec::new()))])), "k009", "missing");
    let more = |_, _| map([("l", Ipld::Null), ("e", Ipld::List(Vec::new())), ("x", Ipld::Null)]);
    tree_refused(&with_top(more), "k009", "fields that no node has");
    let listed = |item: Ipld| with_top(|_, _| node(None, vec![item]));
    tree_refused(&listed(Ipld::Null), "k009", "no map");
    tree_refused(&listed(map([("p", Ipld::Integer(0))])), "k009", "no key");
    let key = || (("p", Ipld::Integer(0)), ("k", Ipld::Bytes(upper().into_bytes())));
    let (p, k) = key();
    tree_refused(&listed(map([p, k, ("v", Ipld::Null), ("t", Ipld::Null)])), "k009", "links to no record");
    let with_more = |record, _| {
        let (p, k) = key();
        node(None, vec![map([p, k, ("v", Ipld::Link(record)), ("t", Ipld::Null), ("x", Ipld::Null)])])
    };
    tree_refused(&with_top(with_more), "k009", "fields that no entry has");
}

#[test]
fn a_tree_has_no_empty_nodes_and_ends_at_the_bottom() {
    tree_refused(&with_top(|_, below| node(Some(below), Vec::new())), "k010", "top is an empty node");
    tree_refused(&with_node_below(|_| node(None, Vec::new())), "k010", "below the top is empty");
    let deeper = with_node_below(|record| node(None, vec![entry(0, &lower("k010"), record, Some(record))]));
    tree_refused(&deeper, "k011", "lowest level has others below it");
}

#[test]
fn every_block_on_the_way_must_be_there() {
    let mut car = Car::empty();
    let record = car.record("Hello");
    let top = car.add(bytes(&node(None, vec![entry(0, &upper(), record, None)])));
    let commit = car.commit(top, |_| ());
    assert!(verify(&car.file(commit), "k009").is_ok());
    for (link, piece) in [(record, Piece::Record), (top, Piece::Tree), (commit, Piece::Commit)] {
        let blocks = car.blocks.iter().filter(|(other, _)| *other != link).cloned().collect();
        let error = verify(&Car { blocks }.file(commit), "k009").unwrap_err();
        assert!(matches!(&error, ProofError::Missing { piece: missing, .. } if *missing == piece), "{error}");
        assert!(error.to_string().contains(&link.to_string()), "{error}");
    }
    let extra = car.record("Nobody asked for this one");
    assert!(verify(&car.file(commit), "k009").is_ok(), "a server may send more");
    assert!(matches!(verify(&car.file(extra), "k009"), Err(ProofError::Commit { .. })));
}

#[test]
fn a_record_that_is_none_is_refused() {
    let mut car = Car::empty();
    let record = car.add(bytes(&Ipld::List(Vec::new())));
    let top = car.add(bytes(&node(None, vec![entry(0, &upper(), record, None)])));
    let commit = car.commit(top, |_| ());
    assert!(matches!(verify(&car.file(commit), "k009"), Err(ProofError::Record { .. })));
}

#[test]
fn a_commit_says_who_and_which_revision_and_is_signed() {
    let refused = |name: &str, value: Option<Ipld>| {
        let mut car = Car::empty();
        let top = car.add(bytes(&node(None, Vec::new())));
        let commit = car.commit(top, |fields| {
            fields.remove(name);
            fields.extend(value.map(|value| (name.to_owned(), value)));
        });
        Proof::read(&car.file(commit)).map(drop).map_err(|error| error.to_string())
    };
    let text = |text: &str| Some(Ipld::String(text.to_owned()));
    assert_eq!(refused("prev", Some(Ipld::Null)), Ok(()));
    assert_eq!(refused("later", text("than version 3")), Ok(()), "what is signed may say more");
    for (name, value, words) in [
        ("version", Some(Ipld::Integer(2)), "version 3"),
        ("did", text("alice.test"), "no DID"),
        ("did", None, "no DID"),
        ("rev", text("1"), "no TID"),
        ("data", Some(Ipld::Null), "no tree"),
        ("prev", None, "which commit came before"),
    ] {
        let told = refused(name, value).unwrap_err();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_commit_that_was_changed_after_it_was_signed_is_refused() {
    let mut car = Car::empty();
    let record = car.record("Hello");
    let top = car.add(bytes(&node(None, vec![entry(0, &upper(), record, None)])));
    let commit = car.commit(top, |_| ());
    let Ipld::Map(signed) = serde_ipld_dagcbor::from_slice(&car.blocks[2].1).unwrap() else { panic!("no map") };

    // The forger writes another text and makes every hash right again; the signature stays behind.
    let mut forged = Car::empty();
    let record = forged.record("Goodbye");
    let top = forged.add(bytes(&node(None, vec![entry(0, &upper(), record, None)])));
    let mut fields = signed.clone();
    fields.insert("data".to_owned(), Ipld::Link(top));
    let root = forged.add(bytes(&Ipld::Map(fields)));
    let error = verify(&forged.file(root), "k009").unwrap_err();
    assert!(error.to_string().contains("the signature of the commit does not hold"), "{error}");

    for (signature, words) in [(None, "no signature"), (Some(Ipld::Bytes(vec![1; 65])), "64 bytes")] {
        let mut fields = signed.clone();
        fields.remove("sig");
        fields.extend(signature.map(|signature| ("sig".to_owned(), signature)));
        let root = car.add(bytes(&Ipld::Map(fields)));
        let error = verify(&car.file(root), "k009").unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(verify(&car.file(commit), "k009").is_ok());
}

#[test]
fn a_file_has_one_root_and_blocks_under_their_right_names() {
    let mut car = Car::empty();
    let top = car.add(bytes(&node(None, Vec::new())));
    let commit = car.commit(top, |_| ());
    let told = |file: &[u8]| Proof::read(file).map(drop).map_err(|error| error.to_string());
    let header = |roots: Vec<Link>, version: i128| {
        let roots = roots.into_iter().map(Ipld::Link).collect();
        map([("roots", Ipld::List(roots)), ("version", Ipld::Integer(version))])
    };
    assert_eq!(told(&car.with_header(&header(vec![commit], 1))), Ok(()));
    for (file, words) in [
        (car.with_header(&header(vec![], 1)), "exactly one root"),
        (car.with_header(&header(vec![commit, top], 1)), "exactly one root"),
        (car.with_header(&header(vec![commit], 2)), "version 1"),
        (car.with_header(&Ipld::Null), "no map"),
        (Vec::new(), "at byte 0, the file ends too early"),
        (vec![0x80, 0x00], "shortest form"),
        (vec![0xff; 9], "longer than any"),
        ([car.file(commit), vec![0xff, 0xff, 0xff, 0x7f]].concat(), "longer than any"),
        ([car.file(commit), section(b"no name")].concat(), "must be named by a CID"),
        ([car.file(commit), section(&[top.to_bytes(), vec![0]].concat())].concat(), "another hash"),
        (vec![0; 5_000_001], "at most 5000000 bytes; this one has 5000001"),
    ] {
        let told = told(&file).unwrap_err();
        assert!(told.contains(words), "{told}");
    }
    let raw = Link::new_v1(0x55, *top.hash());
    assert!(told(&[car.file(commit), section(&[raw.to_bytes(), Vec::new()].concat())].concat()).is_err());
    assert!(told(&car.with_header(&header(vec![raw], 1))).is_err());
}

#[test]
fn the_number_of_blocks_is_bounded() {
    let mut car = Car::empty();
    let top = car.add(bytes(&node(None, Vec::new())));
    let commit = car.commit(top, |_| ());
    let block = car.blocks[0].clone();
    car.blocks.extend(std::iter::repeat_n(block, 4_094));
    assert!(Proof::read(&car.file(commit)).is_ok());
    car.blocks.push(car.blocks[0].clone());
    let told = Proof::read(&car.file(commit)).unwrap_err().to_string();
    assert!(told.contains("more than 4096 blocks"), "{told}");
}
