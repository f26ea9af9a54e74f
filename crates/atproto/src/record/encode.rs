//! From JSON to DAG-CBOR.

use data_encoding::{BASE64, BASE64_NOPAD};
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
    // About as much as the JSON: every post is encoded before it leaves.
    let mut bytes = Vec::with_capacity(512);
    write(&mut bytes, record, 1)?;
    if record.get("$link").is_some() || record.get("$bytes").is_some() {
        return Err(RecordError::NotAnObject);
    }
    if bytes.len() > RECORD_MAX_BYTES {
        return Err(RecordError::TooLarge { given_bytes: bytes.len() });
    }
    Ok(bytes)
}

/// The kinds of data of CBOR, as they stand in the first three bits.
mod major {
    pub(super) const NATURAL: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const LIST: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
}

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
/// Of links. The CID in it is preceded by a zero, the multibase for binary.
const LINK_TAG: u64 = 42;

fn write(to: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), Fault> {
    match value {
        Value::Null => to.push(NULL),
        Value::Bool(flag) => to.push(if *flag { TRUE } else { FALSE }),
        Value::Number(number) => match integer(number)? {
            number @ 0.. => head(to, major::NATURAL, number.unsigned_abs()),
            number => head(to, major::NEGATIVE, number.unsigned_abs() - 1),
        },
        Value::String(text) => write_bytes(to, major::TEXT, text.as_bytes()),
        Value::Array(_) | Value::Object(_) if depth > MAX_DEPTH => {
            return Err(Fault::new("a record may nest at most 32 levels deep"));
        }
        Value::Array(items) => {
            head(to, major::LIST, length(items.len()));
            for (at, item) in items.iter().enumerate() {
                write(to, item, depth + 1).map_err(|fault| fault.under(&format!("{at}")))?;
            }
        }
        Value::Object(object) => write_object(to, object, depth)?,
    }
    Ok(())
}

/// The first bytes of a value: its kind, and a number in its shortest form.
fn head(to: &mut Vec<u8>, major: u8, number: u64) {
    let kind = major << 5;
    let bytes = number.to_be_bytes();
    match number {
        0..24 => to.push(kind | bytes[7]),
        24..0x100 => to.extend_from_slice(&[kind | 0x18, bytes[7]]),
        0x100..0x1_0000 => to.extend_from_slice(&[kind | 0x19, bytes[6], bytes[7]]),
        0x1_0000..0x1_0000_0000 => {
            to.push(kind | 0x1a);
            to.extend_from_slice(&bytes[4..]);
        }
        _ => {
            to.push(kind | 0x1b);
            to.extend_from_slice(&bytes);
        }
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn write_bytes(to: &mut Vec<u8>, major: u8, bytes: &[u8]) {
    head(to, major, length(bytes.len()));
    to.extend_from_slice(bytes);
}

fn write_object(to: &mut Vec<u8>, object: &Map<String, Value>, depth: usize) -> Result<(), Fault> {
    if let Some(link) = object.get("$link") {
        return only_key(object).and_then(|()| write_link(to, link));
    }
    if let Some(bytes) = object.get("$bytes") {
        return only_key(object).and_then(|()| write_binary(to, bytes));
    }
    head(to, major::MAP, length(object.len()));
    let begin = to.len();
    let mut members = Vec::with_capacity(object.len());
    for (key, value) in object {
        let start = to.len();
        write_bytes(to, major::TEXT, key.as_bytes());
        write(to, value, depth + 1).map_err(|fault| fault.under(key))?;
        members.push((key.len(), key.as_bytes(), start..to.len()));
    }
    match object.get("$type") {
        None => {}
        Some(Value::String(kind)) if kind == "blob" => check_blob(object)?,
        Some(Value::String(kind)) if !kind.is_empty() => {}
        Some(_) => return Err(Fault::new("$type must be text that is not empty")),
    }
    // Shorter keys first, then by their bytes.
    if !members.is_sorted_by_key(|(length, key, _)| (*length, *key)) {
        members.sort_unstable_by_key(|(length, key, _)| (*length, *key));
        let written = to.split_off(begin);
        for (_, _, range) in members {
            to.extend_from_slice(written.get(range.start - begin..range.end - begin).unwrap_or_default());
        }
    }
    Ok(())
}

fn only_key(object: &Map<String, Value>) -> Result<(), Fault> {
    if object.len() == 1 { Ok(()) } else { Err(Fault::new("nothing may stand beside $link or $bytes")) }
}

fn write_link(to: &mut Vec<u8>, link: &Value) -> Result<(), Fault> {
    let fault = || Fault::new("$link must be a CID of version 1");
    let cid = Cid::parse(link.as_str().ok_or_else(fault)?).map_err(|_| fault())?;
    let cid = ipld_core::cid::Cid::try_from(cid.as_str()).map_err(|_| fault())?.to_bytes();
    head(to, major::TAG, LINK_TAG);
    write_bytes(to, major::BYTES, &[&[0], cid.as_slice()].concat());
    Ok(())
}

fn write_binary(to: &mut Vec<u8>, bytes: &Value) -> Result<(), Fault> {
    let fault = || Fault::new("$bytes must be text in base64");
    let text = bytes.as_str().ok_or_else(fault)?;
    let encoding = if text.ends_with('=') { BASE64 } else { BASE64_NOPAD };
    write_bytes(to, major::BYTES, &encoding.decode(text.as_bytes()).map_err(|_| fault())?);
    Ok(())
}

/// What is within was checked before.
fn check_blob(fields: &Map<String, Value>) -> Result<(), Fault> {
    let is_whole = fields.get("ref").is_some_and(|link| link.get("$link").is_some())
        && fields.get("mimeType").is_some_and(Value::is_string)
        && matches!(fields.get("size"), Some(Value::Number(size)) if integer(size).is_ok_and(|size| size >= 0));
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
