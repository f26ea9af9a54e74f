//! The call log: a row for every request that left, without its secrets and without what people wrote.

mod points;
mod record;
mod recorder;
mod redact;

pub use points::{RECORD_POINTS, UPLOAD_BLOB, points_of};
pub use record::CallRecord;
pub use recorder::Recorder;
