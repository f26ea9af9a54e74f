//! Videos: what came in one piece or in parts, and the jobs that encode it. A job goes on with every look at it, not with
//! time, so that a run can be repeated.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;

use super::Network;
use crate::xrpc::{Refusal, VIDEO_MAX_BYTES};

/// Small, so that small files have several.
pub(crate) const PART_BYTES: u64 = 1_000_000;
const OPEN_UPLOADS_MAX: usize = 100;
const JOBS_MAX: usize = 1_000;
const UPLOAD_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// What Bluesky announced for a day; nothing here starts a new one.
const VIDEOS_A_DAY: u64 = 25;
const BYTES_A_DAY: u64 = 10_000_000_000;
/// The states of a job before it is done, one a look, with their progress.
const STAGES: &[(&str, Option<u8>)] = &[
    ("JOB_STATE_CREATED", None),
    ("JOB_STATE_ENCODING", Some(40)),
    ("JOB_STATE_ENCODED", None),
    ("JOB_STATE_SCANNING", None),
    ("JOB_STATE_UPLOADING", None),
];
const ENCODING: usize = 1;

/// Uploads and jobs.
#[derive(Debug, Default)]
pub(crate) struct Videos {
    made: u64,
    jobs: BTreeMap<String, Job>,
    uploads: BTreeMap<String, Upload>,
}

/// A whole video that came in, and what is to become of it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) did: String,
    pub(crate) bytes: Bytes,
    /// Treated as if it had come before.
    pub(crate) exists: bool,
    pub(crate) slow_looks: u32,
    pub(crate) fails: Option<String>,
}

/// The job of a video that came in.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) id: String,
    /// The same video came before.
    pub(crate) is_known: bool,
}

/// What an account may still upload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) videos: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug)]
struct Job {
    did: String,
    source: Bytes,
    source_cid: String,
    stage: usize,
    slow_looks: u32,
    fails: Option<String>,
    blob: Option<Value>,
}

/// An upload in parts.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) did: String,
    pub(crate) expires_at: String,
    pub(crate) completed_job: Option<String>,
    ends: Timestamp,
    size: u64,
    parts: BTreeMap<u32, Bytes>,
    is_aborted: bool,
}

impl Videos {
    pub(crate) fn upload(&self, id: &str) -> Option<&Upload> {
        self.uploads.get(id)
    }

    pub(crate) fn upload_mut(&mut self, id: &str) -> Option<&mut Upload> {
        self.uploads.get_mut(id)
    }

    /// Notes which job came of an upload, and forgets its parts.
    pub(crate) fn complete(&mut self, upload: &str, job: &str) {
        if let Some(upload) = self.uploads.get_mut(upload) {
            upload.completed_job = Some(job.to_owned());
            upload.parts.clear();
        }
    }

    /// What is left of the day's allowance.
    pub(crate) fn left_today(&self, did: &str) -> Left {
        let own = self.jobs.values().filter(|job| job.did == did);
        let (videos, bytes) = own.fold((0, 0), |(videos, bytes), job| (videos + 1, bytes + job.source.len() as u64));
        Left { videos: VIDEOS_A_DAY.saturating_sub(videos), bytes: BYTES_A_DAY.saturating_sub(bytes) }
    }

    /// What the service says of a job.
    pub(crate) fn status(&self, id: &str) -> Option<Value> {
        let job = self.jobs.get(id)?;
        let mut status = json!({"jobId": id, "did": job.did});
        if let Some(blob) = &job.blob {
            status["state"] = "JOB_STATE_COMPLETED".into();
            status["blob"] = blob.clone();
        } else if let Some((state, progress)) = STAGES.get(job.stage) {
            status["state"] = (*state).into();
            if let Some(progress) = progress {
                status["progress"] = (*progress).into();
            }
        } else {
            let code = job.fails.as_deref().unwrap_or("generic_failure");
            status["state"] = "JOB_STATE_FAILED".into();
            status["failureCode"] = code.into();
            status["error"] = error_of(code).into();
            status["message"] = format!("Video processing failed: {code}").into();
        }
        Some(status)
    }

    fn next_id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:06}", self.made)
    }
}

fn error_of(code: &str) -> &str {
    match code {
        "validation_failure" => "bad_aspect_ratio",
        "encoding_failure" => "unsupported_codec",
        "pds_upload_unsupported_blob_size" => "encoded_video_too_large",
        other => other,
    }
}

impl Network {
    /// Makes the job of a video, or finds the one of the same video.
    pub(crate) fn take_video(&mut self, video: Received) -> Result<Taken, Refusal> {
        let source_cid = cid_of_blob(&video.bytes).as_str().to_owned();
        let known = self
            .videos
            .jobs
            .iter()
            .find(|(_, job)| job.did == video.did && job.source_cid == source_cid && job.blob.is_some());
        if let Some((id, _)) = known {
            return Ok(Taken { id: id.clone(), is_known: true });
        }
        if self.videos.jobs.len() >= JOBS_MAX {
            return Err(Refusal::new(503, "ServiceOverloaded", format!("the sandbox keeps at most {JOBS_MAX} videos")));
        }
        let Received { did, bytes, exists, slow_looks, fails } = video;
        let id = self.videos.next_id("job");
        let job = Job { did, source: bytes, source_cid, stage: 0, slow_looks, fails, blob: None };
        self.videos.jobs.insert(id.clone(), job);
        if exists {
            self.finish_video(&id)?;
        }
        Ok(Taken { id, is_known: exists })
    }

    /// Moves a job on by one stage.
    pub(crate) fn look_at_video(&mut self, id: &str) -> Result<(), Refusal> {
        let job = self.videos.jobs.get_mut(id).ok_or_else(|| Refusal::invalid("Job not found"))?;
        if job.blob.is_some() || job.stage >= STAGES.len() {
            return Ok(());
        }
        if job.stage == ENCODING && job.slow_looks > 0 {
            job.slow_looks -= 1;
            return Ok(());
        }
        if job.stage == ENCODING && job.fails.is_some() {
            job.stage = STAGES.len();
            return Ok(());
        }
        job.stage += 1;
        if job.stage < STAGES.len() { Ok(()) } else { self.finish_video(id) }
    }

    /// Puts the encoded video where the account's blobs are.
    fn finish_video(&mut self, id: &str) -> Result<(), Refusal> {
        let job = self.videos.jobs.get(id).ok_or_else(Refusal::internal)?;
        let (did, encoded) = (job.did.clone(), encoded(&job.source));
        let blob = self.account_mut(&did).ok_or_else(Refusal::account_not_found)?.keep_blob(encoded, "video/mp4")?;
        if let Some(job) = self.videos.jobs.get_mut(id) {
            job.blob = Some(blob);
        }
        Ok(())
    }

    /// Opens an upload in parts.
    pub(crate) fn open_upload(&mut self, did: &str, size: u64) -> Result<&Upload, Refusal> {
        if size > VIDEO_MAX_BYTES as u64 {
            return Err(Refusal::new(400, "VideoTooLarge", format!("at most {VIDEO_MAX_BYTES} bytes are taken")));
        }
        let is_open = |upload: &&Upload| upload.completed_job.is_none() && !upload.is_aborted;
        if self.videos.uploads.values().filter(is_open).count() >= OPEN_UPLOADS_MAX {
            return Err(Refusal::new(400, "TooManyOpenUploads", "too many open uploads"));
        }
        let ends = self.now().saturating_add(UPLOAD_LIFETIME).unwrap_or(Timestamp::MAX);
        let id = self.videos.next_id("upload");
        let upload = Upload {
            id: id.clone(),
            did: did.to_owned(),
            expires_at: format!("{ends:.3}"),
            completed_job: None,
            ends,
            size,
            parts: BTreeMap::new(),
            is_aborted: false,
        };
        Ok(self.videos.uploads.entry(id).or_insert(upload))
    }
}

/// MP4 leaves as it came; anything else in an MP4 that begins as one.
fn encoded(source: &Bytes) -> Bytes {
    if source.get(4..8) == Some(b"ftyp") && source.get(8..10) != Some(b"qt") {
        return source.clone();
    }
    let mut whole = BytesMut::from(&b"\0\0\0\x14ftypisom\0\0\x02\0isom\0\0\0\0mdat"[..]);
    whole.extend_from_slice(source);
    whole.freeze()
}

impl Upload {
    pub(crate) fn part_count(&self) -> u32 {
        u32::try_from(self.size.div_ceil(PART_BYTES)).unwrap_or(u32::MAX)
    }

    pub(crate) fn received_parts(&self) -> Vec<u32> {
        self.parts.keys().copied().collect()
    }

    pub(crate) fn state(&self) -> &'static str {
        match (&self.completed_job, self.is_aborted) {
            (Some(_), _) => "completed",
            (None, true) => "aborted",
            (None, false) => "created",
        }
    }

    pub(crate) fn abort(&mut self) {
        if self.completed_job.is_none() {
            self.is_aborted = true;
            self.parts.clear();
        }
    }

    pub(crate) fn check_open(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.completed_job.is_some() {
            return Err(Refusal::new(400, "UploadAlreadyCompleted", "the upload has been completed"));
        }
        if self.is_aborted {
            return Err(Refusal::new(400, "UploadAborted", "the upload has been aborted"));
        }
        if now >= self.ends {
            return Err(Refusal::new(400, "UploadExpired", "the upload has expired"));
        }
        Ok(())
    }

    pub(crate) fn check_part(&self, number: u32, length: usize) -> Result<(), Refusal> {
        let count = self.part_count();
        if number == 0 || number > count {
            return Err(Refusal::new(400, "InvalidPartNumber", format!("part {number} is not in 1 to {count}")));
        }
        let expected = (self.size - u64::from(number - 1) * PART_BYTES).min(PART_BYTES);
        if length as u64 != expected {
            let message = format!("part {number} must have {expected} bytes, got {length}");
            return Err(Refusal::new(400, "PartSizeMismatch", message));
        }
        Ok(())
    }

    pub(crate) fn keep_part(&mut self, number: u32, bytes: Bytes) {
        self.parts.insert(number, bytes);
    }

    /// All parts in order.
    pub(crate) fn whole(&self) -> Result<Bytes, Refusal> {
        let missing: Vec<String> = (1..=self.part_count())
            .filter(|number| !self.parts.contains_key(number))
            .map(|number| number.to_string())
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::new(400, "MissingParts", format!("missing parts: {}", missing.join(", "))));
        }
        Ok(self
            .parts
            .values()
            .fold(BytesMut::new(), |mut whole, part| {
                whole.extend_from_slice(part);
                whole
            })
            .freeze())
    }
}
