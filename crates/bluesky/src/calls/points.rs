//! What a write costs of an account's budget: create 3, update 2, delete 1 (Bluesky's documentation of rate limits, 2026).

use serde::Deserialize;

/// The method that uploads a blob.
pub const UPLOAD_BLOB: &str = "com.atproto.repo.uploadBlob";

/// What it costs to create a record.
pub const RECORD_POINTS: u32 = 3;
const UPDATE: u32 = 2;
const DELETE: u32 = 1;

/// The points of a call, as the server counts them: also of one that it refuses. A `putRecord` is an update even where it
/// creates, and an `applyWrites` is the sum of its writes. 0 for everything else.
pub fn points_of(nsid: &str, body: &[u8]) -> u32 {
    match nsid {
        "com.atproto.repo.createRecord" => RECORD_POINTS,
        "com.atproto.repo.putRecord" => UPDATE,
        "com.atproto.repo.deleteRecord" => DELETE,
        "com.atproto.repo.applyWrites" => {
            let writes = serde_json::from_slice(body).map(|ApplyWrites { writes }| writes).unwrap_or_default();
            writes.iter().map(|write| cost(&write.kind)).sum()
        }
        _ => 0,
    }
}

fn cost(kind: &str) -> u32 {
    match kind.rsplit('#').next() {
        Some("create") => RECORD_POINTS,
        Some("update") => UPDATE,
        Some("delete") => DELETE,
        _ => 0,
    }
}

#[derive(Deserialize)]
struct ApplyWrites {
    writes: Vec<Write>,
}

#[derive(Deserialize)]
struct Write {
    #[serde(rename = "$type")]
    kind: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_write_costs_what_it_does() {
        let body = br#"{"repo":"did:x","writes":[
            {"$type":"com.atproto.repo.applyWrites#create","value":{}},
            {"$type":"com.atproto.repo.applyWrites#update","value":{}},
            {"$type":"com.atproto.repo.applyWrites#delete"}]}"#;
        assert_eq!(points_of("com.atproto.repo.applyWrites", body), 6);
        assert_eq!(points_of("com.atproto.repo.applyWrites", b"no json"), 0);
        assert_eq!(points_of("com.atproto.repo.createRecord", b""), 3);
        assert_eq!(points_of("com.atproto.repo.putRecord", b""), 2);
        assert_eq!(points_of("com.atproto.repo.deleteRecord", b""), 1);
        assert_eq!(points_of("app.bsky.feed.getTimeline", b""), 0);
    }
}
