//! Content identifiers: version 1, SHA-256, base32.

use data_encoding::BASE32_NOPAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{RecordError, to_dag_cbor};
use crate::syntax::Cid;

const CID_VERSION: u8 = 1;
const CODEC_DAG_CBOR: u8 = 0x71;
const CODEC_RAW: u8 = 0x55;
const HASH_SHA2_256: u8 = 0x12;
const HASH_LENGTH: u8 = 32;
/// The multibase letter of lower-case base32.
const BASE32_PREFIX: &str = "b";

/// The CID of a record from its DAG-CBOR bytes, which are not checked.
pub fn cid_of_cbor(bytes: &[u8]) -> Cid {
    cid_of(CODEC_DAG_CBOR, bytes)
}

/// The CID of DAG-CBOR bytes from their SHA-256.
pub(crate) fn cid_of_cbor_hash(sha256: &[u8; 32]) -> Cid {
    cid_from(CODEC_DAG_CBOR, sha256)
}

/// The CID of a blob from its whole content, as `uploadBlob` answers it.
pub fn cid_of_blob(bytes: &[u8]) -> Cid {
    cid_of(CODEC_RAW, bytes)
}

/// The CID of a blob from the SHA-256 of its whole content.
pub fn cid_of_blob_hash(sha256: &[u8; 32]) -> Cid {
    cid_from(CODEC_RAW, sha256)
}

/// The CID that a server will give this record.
///
/// # Errors
/// Those of [`to_dag_cbor`].
pub fn record_cid(record: &Value) -> Result<Cid, RecordError> {
    to_dag_cbor(record).map(|bytes| cid_of_cbor(&bytes))
}

fn cid_of(codec: u8, bytes: &[u8]) -> Cid {
    cid_from(codec, &Sha256::digest(bytes))
}

fn cid_from(codec: u8, sha256: &[u8]) -> Cid {
    let mut binary = vec![CID_VERSION, codec, HASH_SHA2_256, HASH_LENGTH];
    binary.extend_from_slice(sha256);
    let mut text = BASE32_NOPAD.encode(&binary);
    text.make_ascii_lowercase();
    Cid::of_valid_text(format!("{BASE32_PREFIX}{text}"))
}

#[cfg(test)]
mod tests {
    use super::{cid_of_blob, cid_of_blob_hash};
    use sha2::{Digest, Sha256};

    #[test]
    fn a_blob_is_hashed_raw() {
        // sha2-256 of nothing, as IPFS tools print it for `--cid-version 1 --raw-leaves`.
        assert_eq!(cid_of_blob(b"").as_str(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
        assert_eq!(cid_of_blob_hash(&Sha256::digest(b"abc").into()), cid_of_blob(b"abc"));
    }
}
