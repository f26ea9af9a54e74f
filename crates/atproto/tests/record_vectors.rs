//! Records against their exact DAG-CBOR and CIDs: the official data-model vectors and those of `cid_tid.json`.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read must fail its test")]

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use skein_atproto::record::{RecordError, cid_of_cbor, from_dag_cbor, record_cid, to_dag_cbor};
use skein_atproto::syntax::Tid;

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn check_record(name: &str, record: &Value, bytes: &[u8], cid: &str) {
    assert_eq!(HEXLOWER.encode(&to_dag_cbor(record).unwrap()), HEXLOWER.encode(bytes), "{name}: DAG-CBOR");
    assert_eq!(record_cid(record).unwrap().as_str(), cid, "{name}: CID of the record");
    assert_eq!(cid_of_cbor(bytes).as_str(), cid, "{name}: CID of the bytes");
    assert_eq!(&from_dag_cbor(bytes).unwrap(), record, "{name}: decoded");
}

#[test]
fn records_have_their_exact_bytes_and_cids() {
    let vectors = vectors(include_str!("vectors/cid_tid.json"));
    let records = vectors["records"].as_array().unwrap();
    assert_eq!(records.len(), 10);
    for vector in records {
        let bytes = HEXLOWER.decode(vector["dag_cbor_hex"].as_str().unwrap().as_bytes()).unwrap();
        check_record(vector["name"].as_str().unwrap(), &vector["record"], &bytes, vector["cid"].as_str().unwrap());
    }
}

#[test]
fn official_fixtures_have_their_exact_bytes_and_cids() {
    let fixtures = vectors(include_str!("vectors/interop/data-model/data-model-fixtures.json"));
    let fixtures = fixtures.as_array().unwrap();
    assert_eq!(fixtures.len(), 3);
    for (at, fixture) in fixtures.iter().enumerate() {
        let bytes = BASE64_NOPAD.decode(fixture["cbor_base64"].as_str().unwrap().as_bytes()).unwrap();
        check_record(&format!("fixture {at}"), &fixture["json"], &bytes, fixture["cid"].as_str().unwrap());
    }
}

#[test]
fn official_valid_values_are_taken() {
    let valid = vectors(include_str!("vectors/interop/data-model/data-model-valid.json"));
    let valid = valid.as_array().unwrap();
    assert_eq!(valid.len(), 5);
    for vector in valid {
        to_dag_cbor(&vector["json"]).unwrap_or_else(|error| panic!("{}: {error}", vector["note"]));
    }
}

#[test]
fn official_invalid_values_are_refused() {
    let invalid = vectors(include_str!("vectors/interop/data-model/data-model-invalid.json"));
    let invalid = invalid.as_array().unwrap();
    assert_eq!(invalid.len(), 12);
    for vector in invalid {
        assert!(to_dag_cbor(&vector["json"]).is_err(), "{} was taken", vector["note"]);
    }
}

#[test]
fn tids_encode_and_decode() {
    let vectors = vectors(include_str!("vectors/cid_tid.json"));
    let tids = vectors["tids"].as_array().unwrap();
    assert_eq!(tids.len(), 6);
    for vector in tids {
        let micros = vector["micros"].as_u64().unwrap();
        let clock_id = u16::try_from(vector["clock_id"].as_u64().unwrap()).unwrap();
        let tid = Tid::from_micros(micros, clock_id).unwrap();
        assert_eq!(tid.as_str(), vector["tid"].as_str().unwrap());
        assert_eq!((tid.micros(), tid.clock_id()), (micros, clock_id));
    }
    assert!(Tid::from_micros(1 << 53, 0).is_err());
    assert!(Tid::from_micros(0, 1024).is_err());
}

#[test]
fn a_whole_float_is_the_integer_that_javascript_reads() {
    assert_eq!(to_dag_cbor(&json!({"a": 123.0})), to_dag_cbor(&json!({"a": 123})));
}

#[test]
fn integers_beyond_what_every_server_reads_exactly_are_refused() {
    assert!(to_dag_cbor(&json!({"a": 9_007_199_254_740_991_i64, "b": -9_007_199_254_740_991_i64})).is_ok());
    for integer in [json!(9_007_199_254_740_992_i64), json!(i64::MIN), json!(u64::MAX), json!(1e300)] {
        assert!(to_dag_cbor(&json!({ "a": integer })).is_err(), "{integer} was taken");
    }
}

#[test]
fn an_error_says_where() {
    let error = to_dag_cbor(&json!({"embed": {"a/b": [1, 2.5]}})).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"at "/embed/a~1b/1" in the record: records have no fractions; use an integer or text"#
    );
}

#[test]
fn base64_may_be_padded() {
    let padded = to_dag_cbor(&json!({"b": {"$bytes": "AQI="}})).unwrap();
    assert_eq!(padded, to_dag_cbor(&json!({"b": {"$bytes": "AQI"}})).unwrap());
    assert_eq!(from_dag_cbor(&padded).unwrap(), json!({"b": {"$bytes": "AQI"}}));
}

#[test]
fn a_link_or_bytes_alone_is_no_record() {
    assert_eq!(to_dag_cbor(&json!({"$bytes": "AQI"})), Err(RecordError::NotAnObject));
}

#[test]
fn nesting_and_size_are_bounded() {
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert!(to_dag_cbor(&nested(32)).is_ok());
    assert!(to_dag_cbor(&nested(33)).is_err());
    let bytes = to_dag_cbor(&nested(32)).unwrap();
    assert!(from_dag_cbor(&bytes).is_ok());
    assert!(from_dag_cbor(&[&[0xa1, 0x61, 0x61], bytes.as_slice()].concat()).is_err());
    assert!(matches!(
        to_dag_cbor(&json!({"text": "x".repeat(1_048_576)})),
        Err(RecordError::TooLarge { given_bytes: 1_048_587 })
    ));
}

#[test]
fn only_the_canonical_form_is_decoded() {
    let refused = [
        ("keys out of order", "a2616201616101"),
        ("a key twice", "a2616101616101"),
        ("a long integer form", "a161611801"),
        ("a float", "a16161fb3ff8000000000000"),
        ("a float of 16 bits", "a16161f93e00"),
        ("undefined", "a16161f7"),
        ("an indefinite map", "bf616101ff"),
        ("an integer as a key", "a10101"),
        ("more after the record", "a000"),
        ("nothing", ""),
        ("a list", "80"),
        ("a reserved key", "a1652462797465736161"),
        ("an integer beyond 64 bits", "a161611bffffffffffffffff"),
        ("another tag", "a16161c000"),
    ];
    for (name, hex) in refused {
        let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap();
        assert!(from_dag_cbor(&bytes).is_err(), "{name} was taken");
    }
    assert_eq!(from_dag_cbor(&[0xa1, 0x61, 0x61, 0x01]).unwrap(), json!({"a": 1}));
}
