//! Policies: how late a post may still go out, and what follows a failure that may pass.

use std::fmt;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::{DEFAULT_GRACE_MS, Delivery, State, Waiting, grace_end};
use crate::{Category, Fault};

/// A length of time that a policy names: whole seconds, from a minute to seven days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Leeway {
    ms: i64,
}

const LEAST_MS: i64 = 60_000;
const MOST_MS: i64 = 7 * 86_400_000;

/// The longest text that is read as a length of time, in characters.
const WORDS_MAX_CHARS: usize = 100;

impl Leeway {
    /// The shortest and the longest, in milliseconds.
    pub const BOUNDS_MS: (i64, i64) = (LEAST_MS, MOST_MS);

    /// Reads it as people and ISO 8601 write it: `30m`, `1h 30m`, `2 days`, `PT2H`. A day has 24 hours.
    ///
    /// # Errors
    /// `duration_unreadable` and `duration_out_of_bounds`, of the field that is named.
    pub fn parse(field: &str, words: &str) -> Result<Self, Fault> {
        let unreadable = || {
            let message = format!("`{field}` is no length of time.");
            let fault = Fault::content("duration_unreadable", field, message).given(words);
            fault.next("Write it as 30m, 2h, 1h 30m, 2 days, or in ISO 8601: PT2H.")
        };
        if words.chars().count() > WORDS_MAX_CHARS {
            return Err(unreadable());
        }
        let ms = match length_of(words.trim()) {
            Some(length) => length.as_secs().saturating_mul(1_000),
            None if has_too_large_a_number(words.trim()) => i64::MAX,
            None => return Err(unreadable()),
        };
        Self::try_from(ms).map_err(|OutOfBounds| {
            let message = format!("`{field}` is a length of time from {} to {}.", short(LEAST_MS), short(MOST_MS));
            let limit = format!("{} to {}", short(LEAST_MS), short(MOST_MS));
            Fault::content("duration_out_of_bounds", field, message).over(limit, words.trim())
        })
    }

    /// In milliseconds.
    pub fn ms(self) -> i64 {
        self.ms
    }
}

fn length_of(words: &str) -> Option<SignedDuration> {
    let span: Span = words.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// Whether it would be a length of time if its numbers were small: what reads them ends at about 20,000 years. With digits after a
/// point it may be those that are too many.
fn has_too_large_a_number(words: &str) -> bool {
    let mut small = String::new();
    for next in words.chars() {
        match next {
            digit if digit.is_ascii_digit() && small.ends_with('1') => {}
            digit if digit.is_ascii_digit() => small.push('1'),
            other => small.push(other),
        }
    }
    !words.contains('.') && length_of(&small).is_some()
}

/// Shorter than a minute, longer than seven days, or not of whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not of whole seconds, or not between a minute and seven days")]
pub struct OutOfBounds;

impl TryFrom<i64> for Leeway {
    type Error = OutOfBounds;

    /// From milliseconds.
    fn try_from(ms: i64) -> Result<Self, OutOfBounds> {
        let can_be = (LEAST_MS..=MOST_MS).contains(&ms) && ms % 1_000 == 0;
        can_be.then_some(Self { ms }).ok_or(OutOfBounds)
    }
}

impl From<Leeway> for i64 {
    fn from(leeway: Leeway) -> Self {
        leeway.ms
    }
}

/// As `parse` reads it: `30m`, `1h 30m`, `2d`.
impl fmt::Display for Leeway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(self.ms))
    }
}

fn short(ms: i64) -> String {
    let seconds = ms / 1_000;
    let units = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let said: Vec<String> =
        units.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    said.join(" ")
}

/// What follows a failure that may pass, and of which it is certain that nothing was published by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is tried again until the post is too late.
    #[default]
    Retry,
    /// It is tried again until so long after its instant; then it has failed.
    RetryFor(Leeway),
    /// It has failed at once.
    GiveUp,
}

/// What somebody said should hold; what nobody said is left to whoever says less: the post's author first, then the workspace,
/// then the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How late a post may still go out. Who says it means it: neither a limit nor a video makes it later then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Leeway>,
    /// What follows a failure that may pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

impl Policy {
    /// Whether nobody said anything.
    pub fn is_unsaid(&self) -> bool {
        *self == Self::default()
    }

    /// The same, with what it leaves unsaid taken from another one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { late: self.late.or(other.late), on_failure: self.on_failure.or(other.on_failure) }
    }

    /// How late a post may still go out, in milliseconds.
    pub fn grace_ms(&self) -> i64 {
        self.late.map_or(DEFAULT_GRACE_MS, Leeway::ms)
    }
}

/// A policy as it was written at a door, not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct GivenPolicy {
    /// How late a post may still go out: `2h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// `retry` or `give_up`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    /// How long after its instant it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_for: Option<String>,
}

impl GivenPolicy {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What was meant.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn read(&self) -> Result<Policy, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut length = |field: &str, words: &Option<String>| {
            let read = words.as_deref().map(|words| Leeway::parse(field, words));
            read.and_then(|read| read.map_err(|fault| faults.push(fault)).ok())
        };
        let (late, retry_for) = (length("late", &self.late), length("retry_for", &self.retry_for));
        let said = self.on_failure.as_deref().map(|words| words.trim().replace('-', "_"));
        let on_failure = match (said.as_deref(), &self.retry_for) {
            (None, None) => None,
            (Some("retry"), None) => Some(OnFailure::Retry),
            (None | Some("retry"), Some(_)) => retry_for.map(OnFailure::RetryFor),
            (Some("give_up"), None) => Some(OnFailure::GiveUp),
            (Some("give_up"), Some(_)) => {
                let message = "What is given up at the first failure is not tried again for a while.";
                let fault = Fault::content("retry_for_without_retry", "retry_for", message);
                let fault = fault.given(self.retry_for.as_deref().unwrap_or_default());
                faults.push(fault.next("Leave out `retry_for`, or choose `retry`."));
                None
            }
            (Some(_), _) => {
                let message = "After a failure that may pass a post is tried again, or given up: `retry` or `give_up`.";
                let fault = Fault::content("unknown_on_failure", "on_failure", message);
                faults.push(fault.over("retry, give_up", self.on_failure.as_deref().unwrap_or_default()));
                None
            }
        };
        if faults.is_empty() { Ok(Policy { late, on_failure }) } else { Err(faults) }
    }
}

/// A policy as every door shows it, with nothing left unsaid; a door reads it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownPolicy {
    /// How late a post may still go out: `2h`.
    pub late: String,
    /// `retry` or `give_up`.
    pub on_failure: &'static str,
    /// How long after its instant it is tried again; `null` where only the end of `late` ends it.
    pub retry_for: Option<String>,
}

impl From<Policy> for ShownPolicy {
    fn from(policy: Policy) -> Self {
        let (on_failure, retry_for) = match policy.on_failure.unwrap_or_default() {
            OnFailure::Retry => ("retry", None),
            OnFailure::RetryFor(leeway) => ("retry", Some(leeway.to_string())),
            OnFailure::GiveUp => ("give_up", None),
        };
        Self { late: short(policy.grace_ms()), on_failure, retry_for }
    }
}

impl ShownPolicy {
    /// The same as a sentence for people.
    pub fn sentence(&self) -> String {
        let after = match (self.on_failure, &self.retry_for) {
            ("give_up", _) => "it fails at the first failure that may pass".to_owned(),
            (_, Some(retry_for)) => format!("after a failure that may pass it is tried again for {retry_for}"),
            (_, None) => "after a failure that may pass it is tried again as long".to_owned(),
        };
        format!("It goes out at most {} late, and is missed then; {after}.", self.late)
    }
}

/// What a policy ended.
pub const ENDED_BY_POLICY: &str = "ended_by_policy";

/// Codes of faults that say what is waited for, although nothing has failed: the next request leaves as soon as it can.
pub const WAITS: [&str; 7] = [
    "head_moved",
    "host_busy",
    "overslept",
    "pictures_not_uploaded",
    "session_busy",
    "sign_ins_limited",
    "video_upload_elsewhere",
];

/// Whether something failed, and not only must be waited for: a limit, or one's turn.
pub fn is_failure(fault: &Fault) -> bool {
    fault.category != Category::RateLimit && !WAITS.contains(&fault.code.as_str())
}

impl Delivery {
    /// Until when a failure that may pass is followed by another try, where its policy says so: from its instant on, or never.
    pub fn tried_until(&self) -> Option<Timestamp> {
        match self.policy.on_failure.unwrap_or_default() {
            OnFailure::Retry => None,
            OnFailure::RetryFor(leeway) => Some(grace_end(self.due, leeway.ms())),
            OnFailure::GiveUp => Some(Timestamp::MIN),
        }
    }

    /// Why it has failed for good, if this fault ends it by its policy. Never what may have been sent: that is settled first,
    /// and bytes that a person had sent again go back to the person by other ways.
    pub fn ended_by_policy(&self, last: &Fault, now: Timestamp) -> Option<Fault> {
        let may_be_public = match &self.state {
            State::Scheduled { .. } | State::Preparing { .. } => false,
            State::Ready { earlier, .. } => earlier.is_some(),
            State::Publishing { evidence, .. } => evidence.leaves_doubt(),
            _ => true,
        };
        let is_over = self.tried_until().is_some_and(|until| now >= until);
        (is_over && !may_be_public && is_failure(last)).then(|| self.ended(last))
    }

    /// What went wrong the last time, if it waits to be tried again.
    pub fn failed_last(&self) -> Option<&Fault> {
        match &self.state {
            State::Scheduled { waiting: Some(Waiting::Retry { fault }), .. }
            | State::Ready { waiting: Some(Waiting::Retry { fault }), .. } => Some(fault),
            _ => None,
        }
    }

    fn ended(&self, last: &Fault) -> Fault {
        let why = match self.policy.on_failure {
            Some(OnFailure::RetryFor(leeway)) => {
                format!("It failed, and its policy is to try no longer than {leeway} after its time: {}", last.message)
            }
            _ => format!("It failed, and its policy is to give up then: {}", last.message),
        };
        let fault = Fault { account: last.account.clone(), ..Fault::new(ENDED_BY_POLICY, last.category, why) };
        Fault { retryable: true, ..fault }.given(&last.code).next("`skein queue retry POST` tries it again.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leeway(words: &str) -> Leeway {
        Leeway::parse("late", words).unwrap()
    }

    fn given(late: Option<&str>, on_failure: Option<&str>, retry_for: Option<&str>) -> GivenPolicy {
        let [late, on_failure, retry_for] = [late, on_failure, retry_for].map(|words| words.map(str::to_owned));
        GivenPolicy { late, on_failure, retry_for }
    }

    #[test]
    fn lengths_are_read_as_people_and_iso_8601_write_them() {
        for (words, minutes) in [
            ("30m", 30),
            ("2h", 120),
            (" 1h 30m ", 90),
            ("90 minutes", 90),
            ("2 days", 2_880),
            ("1w", 10_080),
            ("PT2H", 120),
            ("P1DT12H", 2_160),
            ("1m", 1),
            ("7d", 10_080),
        ] {
            assert_eq!(leeway(words).ms(), minutes * 60_000, "{words}");
        }
        for shown in ["1m", "1m 30s", "30m", "1h 30m", "2h", "1d 12h", "7d"] {
            assert_eq!(leeway(shown).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_length_or_too_long_names_field_limit_and_given() {
        let long = ["x".repeat(10_000), "1h ".repeat(60), "9".repeat(10_000)];
        let wrong = ["", "soon", "2", "h", "1 month", "P1M", "2026-12-01", "99999999999", "99999999999 months"];
        for words in wrong.into_iter().chain(long.iter().map(String::as_str)) {
            let fault = Leeway::parse("retry_for", words).unwrap_err();
            assert_eq!(
                (fault.code.as_str(), fault.field.as_deref()),
                ("duration_unreadable", Some("retry_for")),
                "{words}"
            );
            let given = fault.given.unwrap();
            assert!(fault.next_step.is_some() && given == words.chars().take(200).collect::<String>(), "{given}");
        }
        for words in
            ["59s", "0m", "-2h", "8d", "169h", "PT0S", "1000000h", "99999999999h", "1d 99999999999999999999999h"]
        {
            let fault = Leeway::parse("late", words).unwrap_err();
            assert_eq!(fault.code, "duration_out_of_bounds", "{words}");
            assert_eq!((fault.limit.as_deref(), fault.given.as_deref()), (Some("1m to 7d"), Some(words)));
        }
    }

    #[test]
    fn a_policy_is_read_with_every_fault_at_once() {
        let read = |late, on_failure, retry_for| given(late, on_failure, retry_for).read();
        assert!(read(None, None, None).unwrap().is_unsaid());
        let all = read(Some("2h"), Some("retry"), Some("20m")).unwrap();
        assert_eq!(all, Policy { late: Some(leeway("2h")), on_failure: Some(OnFailure::RetryFor(leeway("20m"))) });
        assert_eq!(read(None, None, Some("20m")).unwrap().on_failure, all.on_failure);
        assert_eq!(read(None, Some("retry"), None).unwrap().on_failure, Some(OnFailure::Retry));
        for words in ["give_up", "give-up"] {
            assert_eq!(read(None, Some(words), None).unwrap().on_failure, Some(OnFailure::GiveUp));
        }
        let codes = |given: GivenPolicy| -> Vec<String> {
            given.read().unwrap_err().into_iter().map(|fault| fault.code).collect()
        };
        assert_eq!(
            codes(given(Some("1s"), Some("panic"), Some("x"))),
            ["duration_out_of_bounds", "duration_unreadable", "unknown_on_failure"]
        );
        assert_eq!(codes(given(None, Some("give_up"), Some("20m"))), ["retry_for_without_retry"]);
        let unknown = given(None, Some(&"x".repeat(10_000)), None).read().unwrap_err().remove(0);
        assert_eq!((unknown.code.as_str(), unknown.given.unwrap().len()), ("unknown_on_failure", 200));
    }

    #[test]
    fn what_the_author_leaves_unsaid_the_workspace_says() {
        let workspace = Policy { late: Some(leeway("2h")), on_failure: Some(OnFailure::GiveUp) };
        let post = Policy { late: Some(leeway("30m")), on_failure: None };
        assert_eq!(post.or(workspace), Policy { late: Some(leeway("30m")), on_failure: Some(OnFailure::GiveUp) });
        assert_eq!(Policy::default().or(workspace), workspace);
        assert_eq!(Policy::default().grace_ms(), DEFAULT_GRACE_MS);
    }

    #[test]
    fn what_is_kept_reads_back_and_nothing_else_is_read() {
        for policy in [
            Policy::default(),
            Policy { late: Some(leeway("2h")), on_failure: None },
            Policy { late: None, on_failure: Some(OnFailure::RetryFor(leeway("20m"))) },
            Policy { late: Some(leeway("7d")), on_failure: Some(OnFailure::GiveUp) },
        ] {
            let text = serde_json::to_string(&policy).unwrap();
            assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy, "{text}");
        }
        for text in [
            r#"{"late":59999}"#,
            r#"{"late":60001}"#,
            r#"{"late":"2h"}"#,
            r#"{"later":1}"#,
            r#"{"on_failure":"panic"}"#,
        ] {
            assert!(serde_json::from_str::<Policy>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_says_all_and_can_be_handed_in_again() {
        for (policy, late, on_failure, retry_for) in [
            (Policy::default(), "1h", "retry", None),
            (Policy { late: Some(leeway("90m")), on_failure: Some(OnFailure::GiveUp) }, "1h 30m", "give_up", None),
            (Policy { late: None, on_failure: Some(OnFailure::RetryFor(leeway("20m"))) }, "1h", "retry", Some("20m")),
        ] {
            let shown = ShownPolicy::from(policy);
            assert_eq!(
                (shown.late.as_str(), shown.on_failure, shown.retry_for.as_deref()),
                (late, on_failure, retry_for)
            );
            let again = given(Some(&shown.late), Some(shown.on_failure), shown.retry_for.as_deref()).read().unwrap();
            assert_eq!(ShownPolicy::from(again), shown);
            assert!(shown.sentence().contains(late) && shown.sentence().ends_with('.'), "{}", shown.sentence());
        }
    }

    #[test]
    fn waiting_for_a_limit_or_for_ones_turn_is_no_failure() {
        let fault = |code: &str, category| Fault::new(code, category, "Something.");
        assert!(is_failure(&fault("host_unreachable", Category::PlatformError)));
        assert!(is_failure(&fault("media_gone", Category::SystemError)));
        assert!(!is_failure(&fault("rate_limited", Category::RateLimit)));
        // In words of their own: these codes are written in other crates.
        let waits = [
            "head_moved",
            "host_busy",
            "overslept",
            "pictures_not_uploaded",
            "session_busy",
            "sign_ins_limited",
            "video_upload_elsewhere",
        ];
        for code in waits {
            assert!(!is_failure(&fault(code, Category::PlatformError)), "{code}");
        }
        assert_eq!(WAITS.len(), waits.len(), "whatever else is no failure belongs into this test");
        assert!(is_failure(&fault("session_unavailable", Category::PlatformError)));
    }
}
