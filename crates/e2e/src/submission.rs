//! What tests hand in.

use jiff::tz::TimeZone;
use skein_domain::{Draft, GivenPolicy, Part};
use skein_intake::Submission;

/// A post of these parts, now or at a time in words, from the only account there is. It says nothing else.
pub fn submission(parts: Vec<Part>, at: Option<&str>) -> Submission {
    Submission {
        draft: Draft { parts, ..Draft::default() },
        name: None,
        accounts: Vec::new(),
        at: at.map(str::to_owned),
        zone: None,
        default_zone: TimeZone::UTC,
        policy: GivenPolicy::default(),
    }
}
