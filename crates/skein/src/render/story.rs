//! The story of a post: what it is, where it stands, what happens next, and all that has happened.

use jiff::Timestamp;
use skein_domain::story::{self, Line as Told};
use skein_domain::{Event, StateName};
use skein_intake::{DeliveryView, PostView};

use super::part::in_short;
use super::receipt;
use super::times::{Eye, offset};
use crate::screen::{Line, Tone};
use crate::text::wrap;

const PART_GRAPHEMES: usize = 80;
/// Two blanks, the clock with milliseconds, the offset, and the blanks between them.
const TOLD_INDENT: usize = 2 + 12 + 2 + OFFSET_WIDTH + 2;
const OFFSET_WIDTH: usize = 12;

/// The whole story. `stories` are those of the deliveries, in their order.
pub(crate) fn whole(post: &PostView, submitted_at: Timestamp, stories: &[Vec<Told>], eye: &Eye) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Tone::Strong, post.id.as_str())
            .and(Tone::Plain, "  ")
            .and(tone_of_status(post.status.as_str()), post.status.as_str().replace('_', " ")),
    ];
    lines.push(Line::blank());
    lines.extend(parts(post));
    for (delivery, told) in post.deliveries.iter().zip(stories) {
        lines.push(Line::blank());
        lines.extend(heading(delivery, post, eye));
        lines.push(Line::blank());
        lines.extend(timeline(delivery, submitted_at, told, eye));
        if let Some(proof) = &delivery.receipt {
            lines.push(Line::blank());
            lines.extend(receipt::records(&proof.records));
            lines.extend(proof.url.iter().map(|url| Line::from(format!("  look      {url}"))));
        }
    }
    lines
}

fn tone_of_status(status: &str) -> Tone {
    match status {
        "published" => Tone::Good,
        "failed" | "missed" => Tone::Bad,
        "needs_attention" | "partial" => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn parts(post: &PostView) -> Vec<Line> {
    let several = post.parts.len() > 1;
    post.parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let label = if several { format!("{:>3}  ", index + 1) } else { "  ".to_owned() };
            Line::of(Tone::Faint, label).and(Tone::Plain, in_short(part, PART_GRAPHEMES))
        })
        .collect()
}

fn heading(delivery: &DeliveryView, post: &PostView, eye: &Eye) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Tone::Strong, format!("@{}", delivery.account)).and(Tone::Plain, format!(" on {}", delivery.platform)),
        Line::from(format!("  due   {}", eye.whole(delivery.due))),
    ];
    if post.timezone != eye.zone_name(delivery.due) {
        let there = skein_domain::when::describe_when(delivery.due, &post.timezone, eye.now);
        lines.push(Line::from(format!("        {}", there.split(", ").next().unwrap_or_default())));
    }
    if delivery.says_policy {
        let told = wrap(&delivery.policy.sentence(), eye.width - 8).into_iter().enumerate();
        lines.extend(
            told.map(|(index, text)| Line::from(format!("  {}  {text}", if index == 0 { "late" } else { "    " }))),
        );
    }
    for (index, text) in wrap(&next(delivery, eye), eye.width - 8).into_iter().enumerate() {
        lines.push(Line::from(format!("  {}  {text}", if index == 0 { "next" } else { "    " })));
    }
    lines
}

/// What happens next to a delivery, and when, or why nothing does.
pub(crate) fn next(delivery: &DeliveryView, eye: &Eye) -> String {
    use StateName as S;
    let why = delivery.reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
    let at = delivery.wake_at.map(|at| eye.nearby(at)).unwrap_or_default();
    let waits = delivery.reason.is_some();
    match delivery.state {
        S::Scheduled | S::Ready if waits => format!("It is looked at again at {at}.{why}"),
        S::Scheduled => format!("It is prepared at {at}."),
        S::Preparing => "It is being prepared now.".to_owned(),
        S::Ready => format!("Its bytes are final; it is armed at {at}, and sent when it is due."),
        S::Blocked => format!("It does not go out for now.{why} If nothing changes, it is given up at {at}."),
        S::Publishing => "Its request is on the way now.".to_owned(),
        S::Settling => {
            format!("It is not known yet what became of its request; the server is asked again at {at}.{why}")
        }
        S::NeedsReview => format!("You decide.{why}"),
        S::Published => "Nothing: it is public.".to_owned(),
        S::Failed => format!("Nothing: it failed.{why} Try again with `skein queue retry`."),
        S::Missed => format!("Nothing: it was not sent in time.{why} Send it now with `skein queue retry`."),
        S::Canceled => "Nothing: it was canceled before anything was sent.".to_owned(),
        S::Removed => "Nothing: it was public and was taken back.".to_owned(),
    }
}

fn timeline(delivery: &DeliveryView, submitted_at: Timestamp, told: &[Told], eye: &Eye) -> Vec<Line> {
    let first = (submitted_at, "Submitted: checked, looked up and kept.".to_owned());
    let all = std::iter::once(first).chain(told.iter().map(|line| (line.at, tell(&line.event, eye))));
    let mut lines = Vec::new();
    let mut day = String::new();
    for (at, text) in without_repetition(all) {
        let today = eye.day(at);
        if today != day {
            lines.push(Line::of(Tone::Faint, format!("  {today}, {}", eye.zone_name(at))));
            day = today;
        }
        lines.extend(events(delivery.due, std::iter::once((at, text)), eye));
    }
    lines
}

/// What happens many times in a row, as while a server is away, is told once, with how often and until when.
fn without_repetition(told: impl Iterator<Item = (Timestamp, String)>) -> Vec<(Timestamp, String)> {
    let mut kept: Vec<(Timestamp, String)> = Vec::new();
    let mut again: Option<(Timestamp, usize)> = None;
    let mut before = String::new();
    let told_again = |(at, times): (Timestamp, usize)| {
        let times = if times == 1 { "once more".to_owned() } else { format!("{times} more times, the last time here") };
        (at, format!("The same {times}."))
    };
    for (at, text) in told {
        if text == before {
            again = Some((at, again.map_or(1, |(_, times)| times + 1)));
            continue;
        }
        kept.extend(again.take().map(told_again));
        before.clone_from(&text);
        kept.push((at, text));
    }
    kept.extend(again.map(told_again));
    kept
}

/// The words for an event, with times as the person who looks knows them.
pub(crate) fn tell(event: &Event, eye: &Eye) -> String {
    match event {
        Event::Moved { due, .. } => format!("Its author moved it to {}.", eye.without_distance(*due)),
        Event::ReplyLost { fault, .. } => format!(
            "The request left, but its answer was lost. Now the platform is asked what became of it.\n{}",
            fault.message
        ),
        other => story::tell(other),
    }
}

/// What happened: the clock, how far from the due instant, and the words.
pub(crate) fn events(due: Timestamp, told: impl IntoIterator<Item = (Timestamp, String)>, eye: &Eye) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, text) in told {
        for (index, text) in wrap(&text, eye.width - TOLD_INDENT).into_iter().enumerate() {
            let head = if index == 0 {
                format!("  {}  {:>OFFSET_WIDTH$}  ", eye.clock_ms(at), offset(due, at))
            } else {
                " ".repeat(TOLD_INDENT)
            };
            lines.push(Line::of(Tone::Faint, head).and(Tone::Plain, text));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, after_ms, eye, plain};
    use skein_domain::DeliveryId;

    fn told(ms: i64, event: Event) -> Told {
        Told { delivery: DeliveryId::parse("dlv_00000000000000000000000004").unwrap(), at: after_ms(ms), event }
    }

    #[test]
    fn it_reads_like_an_account_of_what_happened() {
        let mut view = samples::view();
        view.status = skein_domain::PostStatus::Published;
        view.deliveries[0].state = StateName::Published;
        view.deliveries[0].receipt = Some(samples::receipt());
        let story = vec![
            told(-29_900, Event::Claimed { owner: "box:42".to_owned(), until: after_ms(0) }),
            told(-29_850, Event::Frozen { wake_at: after_ms(-1_000), records: 2 }),
            told(40, Event::Published { receipt: samples::receipt() }),
        ];
        let submitted_at = after_ms(-86_400_000);
        let now = crate::render::times::Eye { now: after_ms(60_000), ..eye() };
        assert_eq!(
            plain(&whole(&view, submitted_at, &[story], &now)),
            "\
post_00000000000000000000000004  published

  1  First part with two lines
  2  Second part

@alice.test on bluesky
  due   Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), 1 min ago
  next  Nothing: it is public.

  Mon 30 Nov 2026, Europe/Paris
  09:00:00.000   -24 h 0 min  Submitted: checked, looked up and kept.
  Tue 1 Dec 2026, Europe/Paris
  08:59:30.100       -29.9 s  Taken by box:42 to be prepared.
  08:59:30.150       -29.8 s  Prepared: the bytes, addresses and content hashes of its 2 records are
                              final.
  09:00:00.040        +40 ms  Published, 12 ms after its instant, with the hashes computed here.

  part 1    at://did:plc:abc/app.bsky.feed.post/3k1
            bafyreicid1
  part 2    at://did:plc:abc/app.bsky.feed.post/3k2
            bafyreicid2
  look      http://localhost:2583/profile/alice.test/post/3k1"
        );
    }

    #[test]
    fn every_state_has_a_next_step_or_a_reason() {
        for state in StateName::ALL {
            let delivery = DeliveryView { state, ..samples::delivery() };
            let text = next(&delivery, &eye());
            assert!(text.ends_with('.'), "{state:?}: {text}");
            assert!(!text.contains(state.as_str()) || text.len() > state.as_str().len() + 10, "{text}");
        }
    }

    #[test]
    fn a_wake_up_on_another_day_names_the_day() {
        assert_eq!(next(&samples::delivery(), &eye()), "It is prepared at Tue 1 Dec 2026 08:59:30.");
    }

    #[test]
    fn a_server_that_is_away_for_long_fills_no_screen() {
        let text = |words: &str| words.to_owned();
        let told = [(0, "Waits."), (1, "Waits."), (2, "Waits."), (3, "Sent."), (4, "Waits."), (5, "Waits.")];
        let kept = without_repetition(told.into_iter().map(|(ms, words)| (after_ms(ms), text(words))));
        let expected = [
            (0, "Waits."),
            (2, "The same 2 more times, the last time here."),
            (3, "Sent."),
            (4, "Waits."),
            (5, "The same once more."),
        ];
        assert_eq!(kept, expected.map(|(ms, words)| (after_ms(ms), text(words))));
    }

    #[test]
    fn a_move_is_told_in_local_time() {
        let moved = Event::Moved { due: samples::due(), wake_at: samples::due(), grace_ends: samples::due() };
        assert_eq!(tell(&moved, &eye()), "Its author moved it to Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC).");
    }

    #[test]
    fn what_somebody_said_of_being_late_is_shown() {
        let mut view = samples::view();
        view.deliveries[0].says_policy = true;
        let text = plain(&whole(&view, after_ms(-1_000), &[Vec::new()], &eye()));
        assert!(text.contains("\n  late  It goes out at most 1h late, and is missed then;"), "{text}");
        view.deliveries[0].says_policy = false;
        assert!(!plain(&whole(&view, after_ms(-1_000), &[Vec::new()], &eye())).contains("late"));
    }

    #[test]
    fn the_authors_zone_is_shown_when_it_is_another() {
        let view = skein_intake::PostView { timezone: "Asia/Tokyo".to_owned(), ..samples::view() };
        let text = plain(&whole(&view, after_ms(-1_000), &[Vec::new()], &eye()));
        assert!(text.contains("        Tue 1 Dec 2026 17:00 Asia/Tokyo (08:00 UTC)"), "{text}");
    }
}
