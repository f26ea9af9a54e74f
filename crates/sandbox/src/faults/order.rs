use serde::{Deserialize, Serialize};

/// One thing that goes wrong. *Before* means that nothing was written; *after*, that the write was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 429 with `RateLimit-Reset` and `Retry-After` this many seconds ahead; nothing is written.
    RateLimited {
        /// Seconds until the limit ends.
        reset_after_s: u32,
    },
    /// A plain 500; nothing is written.
    ServerErrorBefore,
    /// A plain 500, though the write was done.
    ServerErrorAfter,
    /// 502 with a page of HTML, as proxies answer; nothing is written.
    BadGatewayBefore,
    /// 502 with a page of HTML, though the write was done.
    BadGatewayAfter,
    /// The connection ends without an answer; nothing is written.
    CutBefore,
    /// The connection ends without an answer, though the write was done.
    CutAfter,
    /// The request waits, unprocessed, until it is released: it lands late, also if its client has long gone.
    HoldRequest,
    /// The write is done, and the answer waits until it is released.
    HoldAnswer,
    /// The request is processed only after this time (at most a minute).
    Slow {
        /// Milliseconds.
        ms: u32,
    },
    /// 400 `ExpiredToken`, as if the access token had run out.
    ExpiredToken,
    /// 401, as if the password had been revoked.
    RevokedPassword,
    /// 400 `InvalidSwap`, as if somebody else had committed; nothing is written.
    InvalidSwap,
    /// 400 `BlobNotFound`; nothing is written.
    BlobNotFound,
    /// 200 with a body that is no JSON, though the write was done.
    Garbled,
    /// 200 with an empty body, though the write was done.
    EmptyAnswer,
    /// `swapCommit` is ignored, as hosts do that do not know it.
    SwapIgnored,
    /// 501, as hosts answer that do not know a method; nothing is done.
    NotImplemented,
    /// For `getUploadLimits`: the day's videos are used up.
    VideoLimitReached,
    /// For `uploadVideo` and `finishUpload`: the video is there already, and its job is done.
    VideoExists,
    /// For `uploadVideo` and `finishUpload`: the job will fail with this code.
    VideoFails {
        /// Such as `encoding_failure` or `pds_upload_unsupported_blob_size`.
        code: String,
    },
    /// For `uploadVideo` and `finishUpload`: the job takes so many looks longer.
    VideoSlow {
        /// Looks at its state.
        looks: u32,
    },
    /// For `uploadPart`: the part is answered as received, and lost.
    PartLost,
}

/// Which calls a fault is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// The NSID of a method, or `*` for any.
    pub method: String,
    /// So many calls go through first.
    #[serde(default)]
    pub skip: u32,
    /// So many calls fail after those.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

const fn once() -> u32 {
    1
}

impl FaultOrder {
    /// A fault for the next call of a method.
    pub fn new(method: impl Into<String>, fault: Fault) -> Self {
        Self { method: method.into(), skip: 0, times: once(), fault }
    }

    /// Lets so many calls go through first.
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Fires on so many calls in a row.
    pub fn times(mut self, calls: u32) -> Self {
        self.times = calls;
        self
    }

    pub(super) fn fires_for(&mut self, method: &str) -> bool {
        if self.method != "*" && self.method != method {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        true
    }
}

/// A fault that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FiredFault {
    /// The order it came from.
    pub id: u64,
    /// The method that was called.
    pub method: String,
    /// When, by the clock of the sandbox.
    pub at: String,
    /// What was done.
    pub fault: Fault,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_short_in_json() {
        let read: FaultOrder = serde_json::from_str(r#"{"method": "a.b.c", "fault": "cut_after"}"#).unwrap();
        assert_eq!(read, FaultOrder::new("a.b.c", Fault::CutAfter));
        let read: FaultOrder =
            serde_json::from_str(r#"{"method": "*", "skip": 1, "times": 3, "fault": {"slow": {"ms": 250}}}"#).unwrap();
        assert_eq!(read, FaultOrder::new("*", Fault::Slow { ms: 250 }).skip(1).times(3));
        assert!(serde_json::from_str::<FaultOrder>(r#"{"method": "*", "fault": "cut_after", "count": 1}"#).is_err());
    }
}
