//! From DAG-CBOR to JSON.

use data_encoding::BASE64_NOPAD;
use ipld_core::cid::Version;
use ipld_core::ipld::Ipld;
use serde_json::{Map, Value};

use super::error::Fault;
use super::{MAX_DEPTH, RECORD_MAX_BYTES, RecordError};

/// The record in these bytes. Only the canonical form is taken, so that encoding again gives the same bytes.
///
/// Integers up to 64 bits are read, more than [`super::to_dag_cbor`] writes.
///
/// # Errors
/// If the bytes are not canonical DAG-CBOR, hold no map, hold a fraction or a key `$link` or `$bytes`, nest deeper than
/// 32 levels, or are more than 1 MiB.
pub fn from_dag_cbor(bytes: &[u8]) -> Result<Value, RecordError> {
    if bytes.len() > RECORD_MAX_BYTES {
        return Err(RecordError::TooLarge { given_bytes: bytes.len() });
    }
    let unreadable = |reason: String| RecordError::Bytes { reason };
    let ipld: Ipld = serde_ipld_dagcbor::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    let record = to_json(&ipld, 1)?;
    if !matches!(ipld, Ipld::Map(_)) {
        return Err(RecordError::NotAnObject);
    }
    let again = serde_ipld_dagcbor::to_vec(&ipld).map_err(|error| unreadable(error.to_string()))?;
    if again != bytes {
        return Err(unreadable("keys are out of order or repeated, or an integer is not in its shortest form".into()));
    }
    Ok(record)
}

fn to_json(ipld: &Ipld, depth: usize) -> Result<Value, Fault> {
    match ipld {
        Ipld::Null => Ok(Value::Null),
        Ipld::Bool(flag) => Ok(Value::Bool(*flag)),
        Ipld::Integer(integer) => {
            let integer = i64::try_from(*integer).map_err(|_| Fault::new("an integer must fit in 64 bits, signed"))?;
            Ok(Value::from(integer))
        }
        Ipld::Float(_) => Err(Fault::new("records have no fractions; use an integer or text")),
        Ipld::String(text) => Ok(Value::String(text.clone())),
        Ipld::Bytes(bytes) => Ok(single("$bytes", BASE64_NOPAD.encode(bytes))),
        Ipld::Link(cid) if cid.version() == Version::V1 => Ok(single("$link", cid.to_string())),
        Ipld::Link(_) => Err(Fault::new("a link must be a CID of version 1")),
        Ipld::List(_) | Ipld::Map(_) if depth > MAX_DEPTH => {
            Err(Fault::new("a record may nest at most 32 levels deep"))
        }
        Ipld::List(items) => {
            let convert = |(at, item)| to_json(item, depth + 1).map_err(|fault| fault.under(&format!("{at}")));
            items.iter().enumerate().map(convert).collect::<Result<_, _>>().map(Value::Array)
        }
        Ipld::Map(fields) => {
            let mut object = Map::new();
            for (key, value) in fields {
                if key == "$link" || key == "$bytes" {
                    return Err(Fault::new("a key may not be $link or $bytes, which mean something else in JSON"));
                }
                object.insert(key.clone(), to_json(value, depth + 1).map_err(|fault| fault.under(key))?);
            }
            Ok(Value::Object(object))
        }
    }
}

fn single(key: &str, text: String) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), Value::String(text))]))
}
