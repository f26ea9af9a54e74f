//! From JSON to DAG-CBOR.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64_NOPAD};
use ipld_core::ipld::Ipld;
use serde_json::{Map, Number, Value};

use super::error::Fault;
use super::{MAX_DEPTH, RECORD_MAX_BYTES, RecordError};
use crate::syntax::Cid;

/// The largest integer that a JavaScript server reads exactly; a larger one would give it another CID than ours.
const INTEGER_MAX: i64 = 9_007_199_254_740_991;
const INTEGER_RULE: &str = "an integer must be within ±9007199254740991, so that every server reads it exactly";
const FLOAT_RULE: &str = "records have no fractions; use an integer or text";

/// The canonical DAG-CBOR bytes of a record: sorted keys, shortest integers, links as tag 42.
///
/// # Errors
/// If the JSON is no object, holds a fraction, an integer beyond ±(2^53-1), a malformed `$link`, `$bytes`, `$type` or
/// blob, nests deeper than 32 levels, or makes more than 1 MiB.
pub fn to_dag_cbor(record: &Value) -> Result<Vec<u8>, RecordError> {
    if !record.is_object() {
        return Err(RecordError::NotAnObject);
    }
    let ipld = from_json(record, 1)?;
    if !matches!(ipld, Ipld::Map(_)) {
        return Err(RecordError::NotAnObject);
    }
    let bytes = serde_ipld_dagcbor::to_vec(&ipld).map_err(|error| RecordError::Bytes { reason: error.to_string() })?;
    if bytes.len() > RECORD_MAX_BYTES {
        return Err(RecordError::TooLarge { given_bytes: bytes.len() });
    }
    Ok(bytes)
}

fn from_json(value: &Value, depth: usize) -> Result<Ipld, Fault> {
    match value {
        Value::Null => Ok(Ipld::Null),
        Value::Bool(flag) => Ok(Ipld::Bool(*flag)),
        Value::Number(number) => integer(number).map(|number| Ipld::Integer(number.into())),
        Value::String(text) => Ok(Ipld::String(text.clone())),
        Value::Array(_) | Value::Object(_) if depth > MAX_DEPTH => {
            Err(Fault::new("a record may nest at most 32 levels deep"))
        }
        Value::Array(items) => {
            let convert = |(at, item)| from_json(item, depth + 1).map_err(|fault| fault.under(&format!("{at}")));
            items.iter().enumerate().map(convert).collect::<Result<_, _>>().map(Ipld::List)
        }
        Value::Object(object) => from_object(object, depth),
    }
}

fn from_object(object: &Map<String, Value>, depth: usize) -> Result<Ipld, Fault> {
    if let Some(link) = object.get("$link") {
        return only_key(object).and_then(|()| from_link(link));
    }
    if let Some(bytes) = object.get("$bytes") {
        return only_key(object).and_then(|()| from_bytes(bytes));
    }
    let mut fields = BTreeMap::new();
    for (key, value) in object {
        let converted = from_json(value, depth + 1).map_err(|fault| fault.under(key))?;
        fields.insert(key.clone(), converted);
    }
    match fields.get("$type") {
        None => {}
        Some(Ipld::String(kind)) if kind == "blob" => check_blob(&fields)?,
        Some(Ipld::String(kind)) if !kind.is_empty() => {}
        Some(_) => return Err(Fault::new("$type must be text that is not empty")),
    }
    Ok(Ipld::Map(fields))
}

fn only_key(object: &Map<String, Value>) -> Result<(), Fault> {
    if object.len() == 1 { Ok(()) } else { Err(Fault::new("nothing may stand beside $link or $bytes")) }
}

fn from_link(link: &Value) -> Result<Ipld, Fault> {
    let fault = || Fault::new("$link must be a CID of version 1");
    let cid = Cid::parse(link.as_str().ok_or_else(fault)?).map_err(|_| fault())?;
    ipld_core::cid::Cid::try_from(cid.as_str()).map(Ipld::Link).map_err(|_| fault())
}

fn from_bytes(bytes: &Value) -> Result<Ipld, Fault> {
    let fault = || Fault::new("$bytes must be text in base64");
    let text = bytes.as_str().ok_or_else(fault)?;
    let encoding = if text.ends_with('=') { BASE64 } else { BASE64_NOPAD };
    encoding.decode(text.as_bytes()).map(Ipld::Bytes).map_err(|_| fault())
}

fn check_blob(fields: &BTreeMap<String, Ipld>) -> Result<(), Fault> {
    let is_whole = matches!(fields.get("ref"), Some(Ipld::Link(_)))
        && matches!(fields.get("mimeType"), Some(Ipld::String(_)))
        && matches!(fields.get("size"), Some(Ipld::Integer(0..)));
    if is_whole {
        Ok(())
    } else {
        Err(Fault::new("a blob must have ref (a link), mimeType (text) and size (an integer)"))
    }
}

/// JSON has one kind of number; `123.0` is the integer 123, as JavaScript reads it.
fn integer(number: &Number) -> Result<i64, Fault> {
    let integer = match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer,
        (None, Some(float)) if float.fract() == 0.0 => whole(float).ok_or(Fault::new(INTEGER_RULE))?,
        _ => return Err(Fault::new(FLOAT_RULE)),
    };
    if integer.abs_diff(0) > INTEGER_MAX.unsigned_abs() { Err(Fault::new(INTEGER_RULE)) } else { Ok(integer) }
}

fn whole(float: f64) -> Option<i64> {
    const LIMIT: f64 = 9_007_199_254_740_991.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number within ±(2^53-1)")]
    (float.abs() <= LIMIT).then_some(float as i64)
}
