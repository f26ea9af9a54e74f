use bytes::Bytes;
use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;

use super::{Account, Record};
use crate::schema::BlobRef;
use crate::xrpc::Refusal;

const BLOBS_MAX: usize = 10_000;

/// An uploaded file.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) bytes: Bytes,
    pub(crate) mime_type: String,
    /// In use by a record: from then on the reference PDS no longer compares size and type.
    permanent: bool,
}

impl Account {
    /// Keeps a file and answers the blob object for records. The type is sniffed where the first bytes tell it; the
    /// same bytes keep the type of their first upload.
    pub(crate) fn keep_blob(&mut self, bytes: Bytes, claimed_type: &str) -> Result<Value, Refusal> {
        if self.blobs.len() >= BLOBS_MAX {
            return Err(Refusal::invalid(format!("The sandbox keeps at most {BLOBS_MAX} blobs of an account")));
        }
        let cid = cid_of_blob(&bytes).as_str().to_owned();
        let size = bytes.len();
        let mime_type = sniffed_type(&bytes).unwrap_or(claimed_type).to_owned();
        let answer = json!({"$type": "blob", "ref": {"$link": cid}, "mimeType": mime_type, "size": size});
        self.blobs.entry(cid).or_insert(Blob { bytes, mime_type, permanent: false });
        Ok(answer)
    }

    /// Are all blobs of a record here, with the size and type that it claims?
    pub(crate) fn check_blobs(&self, record: &Value) -> Result<(), Refusal> {
        for claimed in BlobRef::all_in(record) {
            let Some(kept) = self.blobs.get(claimed.cid) else {
                return Err(Refusal::blob_not_found(claimed.cid));
            };
            if kept.permanent {
                continue;
            }
            if kept.mime_type != claimed.mime_type {
                let (expected, got) = (&kept.mime_type, claimed.mime_type);
                let message =
                    format!("Referenced Mimetype does not match stored blob. Expected: {expected}, Got: {got}");
                return Err(Refusal::new(400, "InvalidMimeType", message));
            }
            let (expected, got) = (kept.bytes.len(), claimed.size);
            if u64::try_from(expected) != Ok(got) {
                let message = format!("Referenced Size does not match stored blob. Expected: {expected}, Got: {got}");
                return Err(Refusal::new(400, "InvalidSize", message));
            }
        }
        Ok(())
    }

    /// Marks the blobs of a stored record as in use.
    pub(crate) fn make_blobs_permanent(&mut self, record: &Value) {
        for claimed in BlobRef::all_in(record) {
            if let Some(kept) = self.blobs.get_mut(claimed.cid) {
                kept.permanent = true;
            }
        }
    }

    /// Deletes those of these blobs that no record refers to any more.
    pub(crate) fn drop_unused_blobs(&mut self, cids: &[String]) {
        for cid in cids {
            let in_use = |record: &Record| BlobRef::all_in(&record.value).iter().any(|blob| blob.cid == cid);
            if !self.repo.records().any(|(_, record)| in_use(record)) {
                self.blobs.remove(cid);
            }
        }
    }
}

fn sniffed_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => Some("image/avif"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Some("video/quicktime"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_films_are_recognised_by_their_first_bytes() {
        assert_eq!(sniffed_type(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(sniffed_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(sniffed_type(b"RIFF1234WEBPVP8 "), Some("image/webp"));
        assert_eq!(sniffed_type(b"\0\0\0\x20ftypisom"), Some("video/mp4"));
        assert_eq!(sniffed_type(b"WEBVTT\n"), None);
        assert_eq!(sniffed_type(b""), None);
    }
}
