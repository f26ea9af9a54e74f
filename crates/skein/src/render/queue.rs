//! The queue as a table.

use skein_intake::PostView;

use super::part::in_short;
use super::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::{columns, wrap};

/// An id is never shown shorter than this: ten characters are the instant at which it was made.
const ID_LEAST_CHARS: usize = 17;
const WORDS_GRAPHEMES: usize = 44;

/// One row a post, with the reason why it waits or stopped beneath it.
pub(crate) fn table(posts: &[PostView], eye: &Eye) -> Vec<Line> {
    let ids: Vec<&str> = posts.iter().map(|post| post.id.as_str()).collect();
    let mut rows = vec![["post", "when", "account", "status", "text"].map(str::to_owned).to_vec()];
    rows.extend(posts.iter().map(|post| row(post, &ids, eye)));
    let mut set = columns(&rows).into_iter();
    let mut lines: Vec<Line> = set.next().map(|head| Line::of(Tone::Faint, head)).into_iter().collect();
    for (post, text) in posts.iter().zip(set) {
        lines.push(Line::from(text));
        for reason in reasons(post) {
            for part in wrap(&reason, eye.width - 4) {
                lines.push(Line::from("    ").and(Tone::Warn, part));
            }
        }
    }
    lines
}

fn row(post: &PostView, ids: &[&str], eye: &Eye) -> Vec<String> {
    let mut accounts: Vec<String> = post.deliveries.iter().map(|delivery| format!("@{}", delivery.account)).collect();
    accounts.dedup();
    let words = post.parts.first().map(|part| in_short(part, WORDS_GRAPHEMES)).unwrap_or_default();
    let more = if post.parts.len() > 1 { format!("  ({} parts)", post.parts.len()) } else { String::new() };
    vec![
        short_id(post.id.as_str(), ids).to_owned(),
        eye.short(post.scheduled_at),
        accounts.join(", "),
        post.status.as_str().replace('_', " "),
        format!("{words}{more}"),
    ]
}

fn reasons(post: &PostView) -> Vec<String> {
    let mut reasons: Vec<String> = post.deliveries.iter().filter_map(|delivery| delivery.reason.clone()).collect();
    reasons.dedup();
    reasons
}

/// The beginning of an id that no other one in the list has.
pub(crate) fn short_id<'a>(id: &'a str, all: &[&str]) -> &'a str {
    let alone = |length: &usize| all.iter().filter(|other| other.starts_with(&id[..*length])).count() <= 1;
    let length = (ID_LEAST_CHARS.min(id.len())..id.len()).find(alone).unwrap_or(id.len());
    &id[..length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, eye, plain};

    #[test]
    fn a_row_says_what_when_where_and_why() {
        let mut held = samples::view();
        held.id = skein_domain::PostId::parse("post_00000000000010000000000004").unwrap();
        held.deliveries[0].reason = Some("Held: it goes out after `skein release`.".to_owned());
        held.parts.truncate(1);
        assert_eq!(
            plain(&table(&[samples::view(), held], &eye())),
            "\
post                when                  account      status     text
post_0000000000000  Tue 1 Dec 2026 09:00  @alice.test  scheduled  First part with two lines  (2 parts)
post_0000000000001  Tue 1 Dec 2026 09:00  @alice.test  scheduled  First part with two lines
    Held: it goes out after `skein release`."
        );
    }

    #[test]
    fn ids_are_as_short_as_they_can_be_told_apart() {
        let all = ["post_01kb2x8y7zq4aaaa", "post_01kb2x8y7zq4bbbb", "post_01kb2x9000000000"];
        assert_eq!(short_id(all[0], &all), "post_01kb2x8y7zq4a");
        assert_eq!(short_id(all[2], &all), "post_01kb2x900000");
    }
}
