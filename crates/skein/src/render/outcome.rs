//! Where a post stands after it was submitted or acted on.

use skein_domain::StateName;
use skein_domain::when::describe_when;
use skein_intake::{DeliveryView, PostView};

use super::faults::{labelled, warnings};
use super::receipt;
use super::times::Eye;
use crate::screen::{Line, Tone};

/// A post that waits for its instant.
pub(crate) fn scheduled(view: &PostView, engine_is_alive: bool, eye: &Eye) -> Vec<Line> {
    let when = describe_when(view.scheduled_at, &view.timezone, eye.now);
    let mut lines = vec![Line::of(Tone::Good, "Scheduled").and(Tone::Plain, format!(" for {when}."))];
    lines.extend(labelled(2, "post", view.id.as_str(), eye.width));
    lines.extend(labelled(2, "account", &accounts(view), eye.width));
    let parts = view.parts.len();
    if parts > 1 {
        lines.extend(labelled(2, "parts", &parts.to_string(), eye.width));
    }
    if let Some(first) = view.deliveries.first().filter(|first| first.says_policy) {
        lines.extend(labelled(2, "late", &first.policy.sentence(), eye.width));
    }
    lines.extend(warnings(&view.warnings));
    if !engine_is_alive {
        lines.push(nothing_runs());
    }
    lines
}

/// That something is kept, but nobody would send it.
pub(crate) fn nothing_runs() -> Line {
    Line::of(Tone::Warn, "Kept, but nothing is running: start `skein serve`.")
}

fn accounts(view: &PostView) -> String {
    view.deliveries.iter().map(|delivery| format!("@{}", delivery.account)).collect::<Vec<_>>().join(", ")
}

/// A post that was to go out now: receipts, and what became of the rest.
pub(crate) fn delivered(view: &PostView, engine_is_alive: bool, eye: &Eye) -> Vec<Line> {
    let mut lines = Vec::new();
    for delivery in &view.deliveries {
        if !lines.is_empty() {
            lines.push(Line::blank());
        }
        match &delivery.receipt {
            Some(proof) => lines.extend(receipt::receipt(&delivery.account, proof, eye)),
            None => lines.extend(not_out(delivery, view, engine_is_alive, eye.width)),
        }
    }
    lines.extend(warnings(&view.warnings));
    lines
}

fn not_out(delivery: &DeliveryView, view: &PostView, engine_is_alive: bool, width: usize) -> Vec<Line> {
    use StateName as S;
    let account = &delivery.account;
    let (tone, head) = match delivery.state {
        S::Blocked | S::Scheduled | S::Preparing | S::Ready => (Tone::Warn, format!("Not out yet as @{account}.")),
        S::Publishing | S::Settling | S::NeedsReview => {
            (Tone::Warn, format!("It is not known whether it is public as @{account}. Do not post it again."))
        }
        S::Missed => (Tone::Bad, format!("Not sent as @{account}.")),
        S::Canceled => (Tone::Plain, format!("Canceled as @{account}, before anything was sent.")),
        S::Published | S::Removed | S::Failed => (Tone::Bad, format!("Not published as @{account}.")),
    };
    let mut lines = vec![Line::of(tone, head)];
    if let Some(reason) = &delivery.reason {
        lines.extend(labelled(2, "why", reason, width));
    }
    lines.extend(labelled(2, "post", view.id.as_str(), width));
    if let Some(next) = next_step(delivery, view, engine_is_alive) {
        lines.extend(labelled(2, "next", &next, width));
    }
    lines
}

fn next_step(delivery: &DeliveryView, view: &PostView, engine_is_alive: bool) -> Option<String> {
    use StateName as S;
    let (account, id) = (&delivery.account, &view.id);
    let by_engine = if engine_is_alive { "the running engine" } else { "`skein serve` or `skein work --once`" };
    Some(match delivery.state {
        S::Blocked if delivery.error.is_some() => {
            format!("Your post is kept as {id}; it goes out after `skein login {account}`.")
        }
        S::Blocked => format!("Your post is kept as {id}; it goes out after `skein release {account}`."),
        S::Scheduled | S::Preparing | S::Ready => {
            format!("Your post is kept as {id}; {by_engine} sends it as soon as it can.")
        }
        S::Publishing | S::Settling => {
            format!(
                "It is kept as {id}; {by_engine} asks the server until it is certain. `skein queue show {id}` tells."
            )
        }
        S::NeedsReview => format!(
            "Look at the account, then say what holds: `skein queue review {id} --accept`, `--resend` or `--give-up`."
        ),
        S::Failed | S::Missed => {
            format!("`skein queue show {id}` tells the story; `skein queue retry {id}` tries again.")
        }
        S::Published | S::Removed | S::Canceled => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, eye, plain};
    use skein_domain::{Category, Fault};

    #[test]
    fn a_scheduled_post_says_when_in_local_time_and_utc() {
        assert_eq!(
            plain(&scheduled(&samples::view(), true, &eye())),
            "\
Scheduled for Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), in 10 days.
  post     post_00000000000000000000000004
  account  @alice.test
  parts    2"
        );
    }

    #[test]
    fn a_scheduled_post_repeats_what_was_said_of_being_late() {
        let mut view = samples::view();
        view.deliveries[0].says_policy = true;
        let told = plain(&scheduled(&view, true, &eye()));
        assert!(told.contains("\n  late     It goes out at most 1h late"), "{told}");
    }

    #[test]
    fn it_says_when_nobody_would_send_it() {
        let told = plain(&scheduled(&samples::view(), false, &eye()));
        assert!(told.ends_with("Kept, but nothing is running: start `skein serve`."), "{told}");
    }

    #[test]
    fn a_blocked_post_says_what_is_kept_and_what_to_do() {
        let mut view = samples::view();
        let fault = Fault::new("needs_login", Category::AuthExpired, "The app password was revoked.");
        view.deliveries[0].state = StateName::Blocked;
        view.deliveries[0].reason = Some(fault.to_string());
        view.deliveries[0].error = Some(fault);
        assert_eq!(
            plain(&delivered(&view, false, &eye())),
            "\
Not out yet as @alice.test.
  why      The app password was revoked.
  post     post_00000000000000000000000004
  next     Your post is kept as post_00000000000000000000000004; it goes out after `skein login
           alice.test`."
        );
    }

    #[test]
    fn an_unknown_outcome_warns_against_posting_again() {
        let mut view = samples::view();
        view.deliveries[0].state = StateName::Settling;
        assert!(plain(&delivered(&view, true, &eye())).contains("Do not post it again."));
    }
}
