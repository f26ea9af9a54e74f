//! Every line of the official syntax vectors, valid and invalid.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read must fail its test")]

use std::path::Path;

use skein_atproto::syntax::{
    AtIdentifier, AtUri, Cid, Datetime, Did, Handle, Language, Nsid, RecordKey, SyntaxError, Tid, Uri,
};

/// The lines of a vector file. White space counts; comments and empty lines do not.
fn lines(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/interop/syntax").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<String> =
        text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    assert!(!lines.is_empty(), "{file} holds no vector");
    lines
}

fn check<T: ToString>(kind: &str, parse: impl Fn(&str) -> Result<T, SyntaxError>, text_of: impl Fn(&str) -> String) {
    for line in lines(&format!("{kind}_syntax_valid.txt")) {
        match parse(&line) {
            Ok(value) => assert_eq!(value.to_string(), text_of(&line)),
            Err(error) => panic!("{kind}: {line:?} is valid, but {error}"),
        }
    }
    refuses(&format!("{kind}_syntax_invalid.txt"), parse);
}

fn refuses<T: ToString>(file: &str, parse: impl Fn(&str) -> Result<T, SyntaxError>) {
    for line in lines(file) {
        assert!(parse(&line).is_err(), "{file}: {line:?} is invalid, but was taken");
    }
}

#[test]
fn handles() {
    check("handle", Handle::parse, str::to_ascii_lowercase);
}

#[test]
fn dids() {
    check("did", Did::parse, str::to_owned);
}

#[test]
fn at_identifiers() {
    check("atidentifier", AtIdentifier::parse, |line| {
        if line.starts_with("did:") { line.to_owned() } else { line.to_ascii_lowercase() }
    });
}

#[test]
fn nsids() {
    check("nsid", Nsid::parse, str::to_owned);
}

#[test]
fn record_keys() {
    check("recordkey", RecordKey::parse, str::to_owned);
}

#[test]
fn tids() {
    check("tid", Tid::parse, str::to_owned);
}

#[test]
fn at_uris() {
    check("aturi", AtUri::parse, str::to_owned);
}

#[test]
fn cids() {
    check("cid", Cid::parse, str::to_owned);
}

#[test]
fn uris() {
    check("uri", Uri::parse, str::to_owned);
}

#[test]
fn datetimes() {
    check("datetime", Datetime::parse, str::to_owned);
    refuses("datetime_parse_invalid.txt", Datetime::parse);
}

#[test]
fn languages() {
    check("language", Language::parse, str::to_owned);
    refuses("language_parse_invalid.txt", Language::parse);
}

#[test]
fn identifiers_are_json_strings_and_validated_when_read() {
    let did: Did = serde_json::from_str(r#""did:plc:abc123""#).unwrap();
    assert_eq!(serde_json::to_string(&did).unwrap(), r#""did:plc:abc123""#);
    let error = serde_json::from_str::<Did>(r#""alice.test""#).unwrap_err();
    assert!(error.to_string().contains(r#""alice.test" is not a DID"#), "{error}");
}
