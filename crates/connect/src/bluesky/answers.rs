//! Which answer means what. The one question is whether the write was provably not processed; in doubt it is `Unknown`,
//! and the witness finds out. Facts: the reference PDS 0.5, as measured.

use jiff::Timestamp;
use skein_bluesky::budget::Shortage;
use skein_bluesky::repo::Applied;
use skein_bluesky::session::SessionError;
use skein_bluesky::xrpc::{CallError, ErrorAnswer};
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault, Outcome, Proof, RecordRef};

/// What an answer to a write proves, by its HTTP status and the protocol's name of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Not processed; send again at once, under a new fence.
    HeadMoved,
    /// Not processed; the platform says when.
    Limited,
    /// Not processed: an upload is gone.
    BlobGone,
    /// Not processed: the account cannot write.
    AccountLost,
    /// Not processed, and never will be.
    Refused,
    /// It may have been processed.
    Unclear,
}

/// First match wins. `0` stands for any status, `*` for any name, `""` for any name or none. An answer without a name is
/// not the voice of a PDS but of something in between, which says nothing about what the PDS did.
const MEANINGS: &[(u16, &str, Meaning)] = &[
    (400, "InvalidSwap", Meaning::HeadMoved),
    (400, "BlobNotFound", Meaning::BlobGone),
    (400, "ExpiredToken", Meaning::AccountLost),
    (400, "InvalidToken", Meaning::AccountLost),
    (400, "AccountNotFound", Meaning::AccountLost),
    (400, "RepoNotFound", Meaning::AccountLost),
    (400, "RepoDeactivated", Meaning::AccountLost),
    (400, "RepoTakendown", Meaning::AccountLost),
    (400, "AccountDeactivated", Meaning::AccountLost),
    (400, "AccountTakedown", Meaning::AccountLost),
    (400, "*", Meaning::Refused),
    (401, "*", Meaning::AccountLost),
    (403, "*", Meaning::AccountLost),
    (404, "*", Meaning::Refused),
    (405, "*", Meaning::Refused),
    (411, "", Meaning::Refused),
    (413, "", Meaning::Refused),
    (415, "*", Meaning::Refused),
    (422, "*", Meaning::Refused),
    (429, "", Meaning::Limited),
    (431, "", Meaning::Refused),
    (501, "MethodNotImplemented", Meaning::Refused),
    (0, "", Meaning::Unclear),
];

fn meaning(status: u16, name: &str) -> Meaning {
    MEANINGS
        .iter()
        .find(|(for_status, for_name, _)| {
            let named = match *for_name {
                "" => true,
                "*" => !name.is_empty(),
                for_name => for_name == name,
            };
            named && (*for_status == 0 || *for_status == status)
        })
        .map_or(Meaning::Unclear, |(_, _, meaning)| *meaning)
}

/// The outcome of a write that was answered with success: the hashes must be ours.
pub(crate) fn of_written(applied: &Applied, expected: &[RecordRef], url: Option<String>) -> Outcome {
    let answered: Vec<RecordRef> = applied
        .results
        .iter()
        .filter_map(|result| {
            Some(RecordRef { uri: result.uri.as_ref()?.to_string(), cid: result.cid.as_ref()?.to_string() })
        })
        .collect();
    if answered != expected {
        let what = if answered.is_empty() {
            "The server took the request and does not say what it wrote."
        } else {
            "The server says that it wrote something else than what was sent."
        };
        return Outcome::Unknown(Fault::new("answer_differs", Category::Unknown, what));
    }
    Outcome::Published(Proof {
        records: answered,
        commit: applied.commit.as_ref().map(|commit| commit.cid.to_string()),
        rev: applied.commit.as_ref().map(|commit| commit.rev.to_string()),
        url,
    })
}

/// The outcome of a write without a usable success.
pub(crate) fn of_error(error: &CallError, now: Timestamp) -> Outcome {
    match error {
        CallError::NotSent { .. } => Outcome::RetryAt { at: None, fault: unreachable_host(error) },
        CallError::RateLimitExceeded(shortage) => of_shortage(shortage),
        CallError::NotCounted(_) => Outcome::RetryAt { at: None, fault: not_counted(error) },
        CallError::Unknown { .. } | CallError::Malformed { .. } => Outcome::Unknown(lost(error)),
        CallError::Answer(answer) => of_answer(answer, now),
    }
}

/// What does not fit the budget was not sent: it waits until it fits, or is refused where it never will.
fn of_shortage(shortage: &Shortage) -> Outcome {
    let (limit, given) = (shortage.limit_words(), shortage.wanted.to_string());
    if let Some(at) = shortage.fits_at {
        let code = if shortage.by_operator { "operators_ceiling" } else { "rate_limited" };
        let fault = Fault::new(code, Category::RateLimit, sentence(shortage)).over(limit, given);
        return Outcome::RetryAt { at: Some(at), fault: fault.retry_at(at) };
    }
    if shortage.by_operator {
        let fault = Fault::new("over_ceiling", Category::UserContent, sentence(shortage)).over(limit, given);
        return Outcome::Rejected(fault.next(super::ceiling::NEXT));
    }
    let fault = Fault::new("over_budget", Category::PlatformRejected, sentence(shortage)).over(limit, given);
    Outcome::Rejected(fault.next("Publish it as several threads."))
}

fn not_counted(error: &CallError) -> Fault {
    Fault::new("budget_not_counted", Category::SystemError, sentence(error))
}

/// What an error means where nothing was published by the call.
pub(crate) fn obstacle(error: &CallError, now: Timestamp) -> Obstacle {
    match of_error(error, now) {
        Outcome::AuthLost(fault) => Obstacle::AuthLost(fault),
        Outcome::Rejected(fault) => Obstacle::Refused(fault),
        Outcome::RetryAt { at, fault } => Obstacle::Retry { at, fault },
        _ => Obstacle::Retry { at: None, fault: unreachable_host(error) },
    }
}

fn of_answer(answer: &ErrorAnswer, now: Timestamp) -> Outcome {
    let status = answer.response.status.as_u16();
    let name = answer.error.as_deref().unwrap_or_default();
    match meaning(status, name) {
        Meaning::HeadMoved => Outcome::RetryAt { at: Some(now), fault: head_moved() },
        Meaning::Limited => {
            let at = answer.response.headers.retry_at(now);
            Outcome::RetryAt { at: Some(at), fault: limited(answer, at) }
        }
        Meaning::BlobGone => Outcome::BlobGone(said("blob_gone", Category::PlatformError, answer)),
        Meaning::AccountLost => Outcome::AuthLost(account_lost(answer)),
        Meaning::Refused => Outcome::Rejected(said("platform_refused", Category::PlatformRejected, answer)),
        Meaning::Unclear => Outcome::Unknown(lost(answer)),
    }
}

/// The outcome of a write whose token had ended and could not be renewed; nothing was processed.
pub(crate) fn of_session(error: &SessionError, now: Timestamp) -> Outcome {
    match error {
        SessionError::Call(error) => of_error(error, now),
        error if error.is_transient() => Outcome::RetryAt { at: retry_at(error), fault: session_fault(error) },
        error => Outcome::AuthLost(session_fault(error)),
    }
}

/// When a session that cannot be had now can be had again, where the server said so.
pub(crate) fn retry_at(error: &SessionError) -> Option<Timestamp> {
    match error {
        SessionError::RateLimited { until, .. } => Some(*until),
        _ => None,
    }
}

/// The fault of a session that cannot be had.
pub(crate) fn session_fault(error: &SessionError) -> Fault {
    if error.is_transient() {
        let code = match error {
            SessionError::RateLimited { .. } => "sign_ins_limited",
            SessionError::Busy { .. } => "session_busy",
            _ => "session_unavailable",
        };
        return Fault::new(code, Category::PlatformError, sentence(error));
    }
    let (code, category) = match error {
        SessionError::TakenDown { .. } => ("account_taken_down", Category::AccountIssue),
        SessionError::Deactivated { .. } => ("account_deactivated", Category::AccountIssue),
        SessionError::Moved { .. } => ("account_moved", Category::AuthExpired),
        _ => ("needs_login", Category::AuthExpired),
    };
    Fault::new(code, category, sentence(error)).next("`skein login HANDLE` connects it again and lets go what waits.")
}

fn account_lost(answer: &ErrorAnswer) -> Fault {
    let fault = match answer.error.as_deref() {
        Some("AccountTakedown" | "RepoTakendown") => said("account_taken_down", Category::AccountIssue, answer),
        Some("AccountDeactivated" | "RepoDeactivated") => said("account_deactivated", Category::AccountIssue, answer),
        _ => said("needs_login", Category::AuthExpired, answer),
    };
    fault.next("`skein login HANDLE` connects it again and lets go what waits.")
}

fn head_moved() -> Fault {
    Fault::new(
        "head_moved",
        Category::PlatformError,
        "Something else was written to the account in the moment before, so the server did not process this.",
    )
}

fn limited(answer: &ErrorAnswer, at: Timestamp) -> Fault {
    Fault { retryable: true, ..said("rate_limited", Category::RateLimit, answer) }.retry_at(at)
}

fn said(code: &str, category: Category, answer: &ErrorAnswer) -> Fault {
    Fault::new(code, category, sentence(answer))
}

/// A host that could not be reached; the request never left.
pub(crate) fn unreachable_host(error: &CallError) -> Fault {
    Fault::new("host_unreachable", Category::PlatformError, sentence(error))
}

fn lost(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("reply_lost", Category::Unknown, sentence(error))
}

fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let dot = if text.ends_with('.') { "" } else { "." };
    // A sentence that begins with a name or an address keeps it as it is.
    let first_word = text.split(' ').next().unwrap_or_default();
    if first_word.contains(['.', ':', '/', '@']) {
        return format!("{text}{dot}");
    }
    let mut chars = text.chars();
    let capital: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{capital}{}{dot}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_atproto::syntax::Did;
    use skein_bluesky::journal::JournalError;
    use skein_domain::policy::is_failure;

    #[test]
    fn waiting_for_a_sign_in_is_no_failure_and_a_session_that_cannot_be_had_is_one() {
        let did = || Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        let until = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(60);
        for (error, code, fails, at) in [
            (SessionError::RateLimited { did: did(), until }, "sign_ins_limited", false, Some(until)),
            (SessionError::Busy { did: did() }, "session_busy", false, None),
            (SessionError::Journal(JournalError::new("gone")), "session_unavailable", true, None),
        ] {
            let fault = session_fault(&error);
            assert_eq!((fault.code.as_str(), is_failure(&fault)), (code, fails), "{error:?}");
            let outcome = of_session(&error, Timestamp::UNIX_EPOCH);
            assert_eq!(outcome, Outcome::RetryAt { at, fault }, "{error:?}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_what_an_answer_means() {
        for (status, name, expected) in MEANINGS.iter().filter(|row| row.0 != 0) {
            let name = if *name == "*" { "InvalidRequest" } else { name };
            assert_eq!(meaning(*status, name), *expected, "{status} {name}");
        }
    }

    #[test]
    fn a_specific_name_is_never_hidden_by_an_earlier_general_row() {
        for (index, (status, name, _)) in MEANINGS.iter().enumerate() {
            let hidden = MEANINGS[..index]
                .iter()
                .any(|(earlier, of, _)| earlier == status && (of.is_empty() || (*of == "*" && !name.is_empty())));
            assert!(!hidden, "{status} {name}");
        }
    }

    #[test]
    fn in_doubt_a_write_may_have_happened() {
        for status in [200, 201, 301, 302, 307, 308, 402, 406, 408, 409, 418, 425, 499, 500, 501, 502, 503, 504, 520] {
            assert_eq!(meaning(status, ""), Meaning::Unclear, "{status}");
            assert_eq!(meaning(status, "InternalServerError"), Meaning::Unclear, "{status}");
        }
        for status in [400, 401, 403, 404, 405, 415, 422] {
            assert_eq!(meaning(status, ""), Meaning::Unclear, "{status} from something in between");
        }
    }
}
