//! A file with a proof that the reference implementation made, for tests. Its keys were made for it.

use serde_json::json;
use skein_domain::{Receipt, RecordRef};

use super::file::{FORMAT, ProofFile, ProvenAccount, ProvenRecord};
use crate::render::samples;

/// The account.
pub(crate) const DID: &str = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa";
/// A key that has nothing to do with it.
pub(crate) const OTHER_KEY: &str = "did:key:zQ3shRpfrGbWB1ntErHkmWsJaFwH4rdzpEf4iPQ6XWoAZe7sd";
const KEY: &str = "did:key:zDnaeZEDhE8Tz2y5sfnKWkSGDE8zcsUoTzix7wnm7uvdhcZhH";
const CID: &str = "bafyreidgdqlmpzwqifozfbob53tdintfpfqf3iaiwlpw3bj7ltiz6lig2a";
const RKEY: &str = "3m6v4okrc2222";
const CAR: &str = "OqJlcm9vdHOB2CpYJQABcRIgtZVqV+PW17A3VVjNrWSGRgN8XH+TuWRbEVfSqY424L5ndmVyc2lvbgHgAQFxEiC1lWpX49bXsDdV\
         WM2tZIZGA3xcf5O5ZFsRV9KpjjbgvqZjZGlkeCBkaWQ6cGxjOmFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWNyZXZtM24ydGUzNHA2\
         ZTIyMmNzaWdYQKTNV7uoNVTdCbnT3jLj2+y+YlSyHa8oN6WFeqt2tAMRE9vmYg6rqSY7MeX7ZKQO3eETt2y7h3I+5UmK6XLOoslk\
         ZGF0YdgqWCUAAXESIIWqVcswKiyaDwwPk7AwTKe7IS9XroWEonwp6JV74LrHZHByZXb2Z3ZlcnNpb24DgQEBcRIghapVyzAqLJoP\
         DA+TsDBMp7shL1euhYSifCnolXvguseiYWWBpGFrWCBhcHAuYnNreS5mZWVkLnBvc3QvM202djRva3JjMjIyMmFwAGF09mF22CpY\
         JQABcRIgZhwWx+bQQV2ShcHu5jQ2ZXlgXaAIst9thT9c0Z8tBtBhbPZ8AXESIGYcFsfm0EFdkoXB7uY0NmV5YF2gCLLfbYU/XNGf\
         LQbQo2R0ZXh0dFBvc3QgMCwgYSBnb29zZSDwn6q/ZSR0eXBlcmFwcC5ic2t5LmZlZWQucG9zdGljcmVhdGVkQXR4GDIwMjUtMTIt\
         MDFUMDA6MDA6MDAuMDAwWg==";

/// A file that holds.
pub(crate) fn file() -> ProofFile {
    let uri = format!("at://{DID}/app.bsky.feed.post/{RKEY}");
    let record =
        json!({"$type": "app.bsky.feed.post", "text": "Post 0, a goose 🪿", "createdAt": "2025-12-01T00:00:00.000Z"});
    let named = RecordRef { uri: uri.clone(), cid: CID.to_owned() };
    ProofFile {
        format: FORMAT.to_owned(),
        post: "post_00000000000000000000000004".to_owned(),
        made_at: samples::after_ms(60_000),
        accounts: vec![ProvenAccount {
            handle: "alice.test".to_owned(),
            did: DID.to_owned(),
            key: KEY.to_owned(),
            receipt: Receipt { records: vec![named], ..samples::receipt() },
            proofs: vec![ProvenRecord { uri, cid: CID.to_owned(), record, car: CAR.to_owned() }],
        }],
    }
}
