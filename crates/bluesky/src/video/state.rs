//! How far an upload is, in a form that can be kept.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;

/// How far the upload of one file is. Kept as JSON, it outlives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum UploadState {
    /// Nothing is at the service.
    Begin {
        /// How often it was begun before.
        begun: u8,
    },
    /// Parts are on their way.
    Parts(Parts),
    /// All of it is there, and a job encodes it.
    Processing {
        /// The job.
        job_id: String,
    },
    /// Encoded, and at the account's server.
    Done {
        /// What a record names.
        blob: Blob,
    },
}

/// An upload in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    pub(super) upload_id: String,
    pub(super) part_bytes: u64,
    pub(super) part_count: u32,
    /// Numbers from 1 on.
    pub(super) received: Vec<u32>,
    pub(super) begun: u8,
    /// Whether the service was asked what it has, or has told with every part since the beginning. Not kept: who comes back asks.
    #[serde(skip)]
    pub(super) is_known: bool,
}

impl Default for UploadState {
    fn default() -> Self {
        Self::Begin { begun: 0 }
    }
}

impl Parts {
    /// The first part that is not there.
    pub(super) fn missing(&self) -> Option<u32> {
        (1..=self.part_count).find(|number| !self.received.contains(number))
    }

    /// Where a part begins, and how long it is.
    pub(super) fn place(&self, number: u32, size_bytes: u64) -> (u64, u64) {
        let from = u64::from(number.saturating_sub(1)).saturating_mul(self.part_bytes).min(size_bytes);
        (from, (size_bytes - from).min(self.part_bytes))
    }

    /// Whether the parts add up to this length.
    pub(super) fn fits(&self, size_bytes: u64) -> bool {
        self.part_bytes > 0 && size_bytes.div_ceil(self.part_bytes) == u64::from(self.part_count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::properties::near;

    proptest! {
        #[test]
        fn any_kept_state_has_parts_within_the_file(
            kept in near(&json!({"stage": "parts", "upload_id": "u", "part_bytes": 10, "part_count": 3, "received": [1, 3], "begun": 1})),
            size_bytes in any::<u64>(),
            number in any::<u32>(),
        ) {
            if let Ok(UploadState::Parts(parts)) = serde_json::from_slice(&kept) {
                let (from, length) = parts.place(number, size_bytes);
                prop_assert!(from.checked_add(length).is_some_and(|end| end <= size_bytes));
                prop_assert!(parts.missing().is_none_or(|missing| (1..=parts.part_count).contains(&missing)));
                prop_assert!(!parts.fits(size_bytes) || parts.part_bytes > 0);
            }
        }
    }

    #[test]
    fn a_state_that_was_kept_comes_back_and_asks_first() {
        let parts = Parts {
            upload_id: "u1".to_owned(),
            part_bytes: 10,
            part_count: 3,
            received: vec![1, 3],
            begun: 1,
            is_known: true,
        };
        assert_eq!((parts.missing(), parts.place(2, 25), parts.place(3, 25)), (Some(2), (10, 10), (20, 5)));
        assert!(parts.fits(25) && parts.fits(30) && !parts.fits(31) && !parts.fits(20));
        let kept = serde_json::to_string(&UploadState::Parts(parts.clone())).unwrap();
        let back: UploadState = serde_json::from_str(&kept).unwrap();
        assert_eq!(back, UploadState::Parts(Parts { is_known: false, ..parts }));
        assert_eq!(serde_json::to_string(&UploadState::default()).unwrap(), r#"{"stage":"begin","begun":0}"#);
    }
}
