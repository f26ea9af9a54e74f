//! A repository in a test's hands: every block can be made wrong, and signed all the same.

use std::collections::BTreeMap;

use ipld_core::cid::Cid as Link;
use ipld_core::ipld::Ipld;
use k256::ecdsa::SigningKey;
use k256::ecdsa::signature::Signer;
use serde_json::json;
use skein_atproto::proof::{Proof, ProofError, PublicKey, Verified};
use skein_atproto::record::{cid_of_cbor, to_dag_cbor};
use skein_atproto::syntax::{Did, Nsid, RecordKey};

pub(crate) const COLLECTION: &str = "com.example.record";
const DID: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";

/// The blocks of a CAR file, in order.
pub(crate) struct Car {
    pub(crate) blocks: Vec<(Link, Vec<u8>)>,
}

/// A map, written as a repository writes it.
pub(crate) fn map<const N: usize>(fields: [(&str, Ipld); N]) -> Ipld {
    Ipld::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The bytes of a block.
pub(crate) fn bytes(value: &Ipld) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).unwrap()
}

/// An entry of a node.
pub(crate) fn entry(shared: usize, rest: &str, value: Link, right: Option<Link>) -> Ipld {
    let right = right.map_or(Ipld::Null, Ipld::Link);
    let (shared, rest) = (i128::try_from(shared).unwrap(), rest.as_bytes().to_vec());
    map([("p", Ipld::Integer(shared)), ("k", Ipld::Bytes(rest)), ("v", Ipld::Link(value)), ("t", right)])
}

/// A node.
pub(crate) fn node(left: Option<Link>, entries: Vec<Ipld>) -> Ipld {
    map([("l", left.map_or(Ipld::Null, Ipld::Link)), ("e", Ipld::List(entries))])
}

/// The key of the test's account.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

/// Its public side.
pub(crate) fn public_key() -> PublicKey {
    let point = signing_key().verifying_key().to_sec1_point(true);
    let bytes = [&[0xe7, 0x01], point.as_bytes()].concat();
    PublicKey::parse(&format!("did:key:{}", multibase::encode(multibase::Base::Base58Btc, bytes))).unwrap()
}

impl Car {
    pub(crate) const fn empty() -> Self {
        Self { blocks: Vec::new() }
    }

    /// Adds a block under its right name.
    pub(crate) fn add(&mut self, bytes: Vec<u8>) -> Link {
        let link = Link::try_from(cid_of_cbor(&bytes).as_str()).unwrap();
        self.blocks.push((link, bytes));
        link
    }

    /// Adds a record.
    pub(crate) fn record(&mut self, text: &str) -> Link {
        self.add(to_dag_cbor(&json!({"$type": COLLECTION, "text": text})).unwrap())
    }

    /// Signs a tree, with a commit that may be changed before that.
    pub(crate) fn commit(&mut self, data: Link, change: impl FnOnce(&mut BTreeMap<String, Ipld>)) -> Link {
        let mut fields = BTreeMap::from([
            ("did".to_owned(), Ipld::String(DID.to_owned())),
            ("version".to_owned(), Ipld::Integer(3)),
            ("rev".to_owned(), Ipld::String("3jzfcijpj2z2a".to_owned())),
            ("data".to_owned(), Ipld::Link(data)),
            ("prev".to_owned(), Ipld::Null),
        ]);
        change(&mut fields);
        let signature: k256::ecdsa::Signature = signing_key().sign(&bytes(&Ipld::Map(fields.clone())));
        fields.insert("sig".to_owned(), Ipld::Bytes(signature.to_bytes().to_vec()));
        self.add(bytes(&Ipld::Map(fields)))
    }

    /// The file, with this root.
    pub(crate) fn file(&self, root: Link) -> Vec<u8> {
        self.with_header(&map([("roots", Ipld::List(vec![Ipld::Link(root)])), ("version", Ipld::Integer(1))]))
    }

    /// The file, with this header.
    pub(crate) fn with_header(&self, header: &Ipld) -> Vec<u8> {
        let mut file = section(&bytes(header));
        for (link, bytes) in &self.blocks {
            file.extend(section(&[link.to_bytes(), bytes.clone()].concat()));
        }
        file
    }
}

/// A length and what it measures.
pub(crate) fn section(content: &[u8]) -> Vec<u8> {
    let mut length = content.len();
    let mut section = Vec::new();
    while length > 0x7f {
        section.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    section.push(u8::try_from(length).unwrap());
    section.extend_from_slice(content);
    section
}

/// What the file says of a record of the test's collection.
pub(crate) fn verify(car: &[u8], rkey: &str) -> Result<Verified, ProofError> {
    let did = Did::parse(DID).unwrap();
    let (collection, rkey) = (Nsid::parse(COLLECTION).unwrap(), RecordKey::parse(rkey).unwrap());
    Proof::read(car)?.verify(&did, &public_key(), &collection, &rkey)
}
