//! Posts as an app view shows them: how they fare, lists of them, and what was answered.

use serde_json::{Value, json};
use skein_bluesky::reads::{Counts, PostView, ThreadNode, ThreadPost, Unreadable};

use super::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::{columns, count, wrap};

/// The fewest characters of a text in a line, however deep it stands.
const NARROWEST: usize = 20;

/// Counts for programs.
pub(crate) fn counts_object(counts: &Counts) -> Value {
    let Counts { likes, reposts, replies, quotes, bookmarks } = counts;
    json!({"likes": likes, "reposts": reposts, "replies": replies, "quotes": quotes, "bookmarks": bookmarks})
}

/// A table of posts and how they fare.
pub(crate) fn counts_table(posts: &[(String, Option<Counts>)]) -> Vec<Line> {
    let mut rows = vec![["likes", "reposts", "replies", "quotes", "bookmarks", "post"].map(str::to_owned).to_vec()];
    for (uri, counts) in posts {
        let numbers = match counts {
            Some(Counts { likes, reposts, replies, quotes, bookmarks }) => {
                [likes, reposts, replies, quotes, bookmarks].map(u64::to_string)
            }
            None => ["-"; 5].map(str::to_owned),
        };
        rows.push(numbers.into_iter().chain([uri.clone()]).collect());
    }
    let mut lines: Vec<Line> = columns(&rows).into_iter().map(Line::from).collect();
    let unseen = posts.iter().filter(|(_, counts)| counts.is_none()).count();
    if unseen > 0 {
        let words = count(unseen, "post is", "posts are");
        lines.push(Line::of(Tone::Warn, format!("{words} not shown: deleted, taken down, or too new.")));
    }
    lines
}

/// A post for programs. `reason` says why it stands in a feed that is not its author's.
pub(crate) fn post_object(post: &PostView, reason: Option<&str>) -> Value {
    let mut object = json!({
        "uri": post.uri.as_str(),
        "cid": post.cid.as_str(),
        "author": {"did": post.author.did.as_str(), "handle": post.author.handle},
        "text": post.record["text"],
        "created_at": post.record["createdAt"],
        "counts": counts_object(&post.counts),
    });
    if let Some(reason) = reason {
        object["reason"] = reason.into();
    }
    object
}

/// A post that cannot be read, for programs.
pub(crate) fn unreadable_object(post: &Unreadable) -> Value {
    let uri = Some(&post.uri).filter(|uri| !uri.is_empty());
    json!({"uri": uri, "missing": "unreadable"})
}

/// A post that cannot be read, for people.
pub(crate) fn unreadable_line(post: &Unreadable, depth: usize) -> Line {
    let what = if post.uri.is_empty() { "A post" } else { &post.uri };
    Line::of(Tone::Warn, format!("{}{what} is unreadable: {}.", "  ".repeat(depth), post.reason))
}

/// A post for people, this deep below another.
pub(crate) fn post_lines(post: &PostView, reason: Option<&str>, depth: usize, eye: &Eye) -> Vec<Line> {
    let margin = "  ".repeat(depth);
    let width = eye.width.saturating_sub(margin.len()).max(NARROWEST);
    let when = post.record["createdAt"].as_str().and_then(|at| at.parse().ok()).map(|at| eye.short(at));
    let told: Vec<String> = reason.map(str::to_owned).into_iter().chain(when).chain(numbers(&post.counts)).collect();
    let mut lines = vec![
        Line::of(Tone::Plain, &margin)
            .and(Tone::Strong, format!("@{}", post.author.handle))
            .and(Tone::Faint, format!("  {}", told.join(", "))),
    ];
    let text = post.record["text"].as_str().unwrap_or_default();
    lines.extend(wrap(text, width).iter().map(|line| Line::from(format!("{margin}{line}"))));
    lines.push(Line::of(Tone::Faint, format!("{margin}{}", post.uri)));
    lines
}

fn numbers(counts: &Counts) -> Vec<String> {
    let named = [
        (counts.likes, "like", "likes"),
        (counts.reposts, "repost", "reposts"),
        (counts.replies, "answer", "answers"),
        (counts.quotes, "quote", "quotes"),
    ];
    let some = named.into_iter().filter(|(number, ..)| *number > 0);
    some.map(|(number, one, several)| count(usize::try_from(number).unwrap_or(usize::MAX), one, several)).collect()
}

/// A thread for programs: the post, what it answers, and its answers.
pub(crate) fn thread_object(node: &ThreadNode) -> Value {
    match node {
        ThreadNode::NotFound(uri) => json!({"uri": uri, "missing": "not_found"}),
        ThreadNode::Blocked(uri) => json!({"uri": uri, "missing": "blocked"}),
        ThreadNode::Unreadable(post) => unreadable_object(post),
        ThreadNode::Post(thread) => {
            let ThreadPost { post, parent, replies } = thread.as_ref();
            let mut object = post_object(post, None);
            if let Some(parent) = parent {
                object["parent"] = thread_object(parent);
            }
            object["replies"] = replies.iter().map(thread_object).collect();
            object
        }
    }
}

/// A thread for people: what stands above first, then the post, then its answers, each deeper than what it answers.
pub(crate) fn thread_lines(node: &ThreadNode, eye: &Eye) -> Vec<Line> {
    let mut above = Vec::new();
    let mut next = parent_of(node);
    while let Some(parent) = next {
        above.push(parent);
        next = parent_of(parent);
    }
    let mut lines: Vec<Line> = above.iter().rev().flat_map(|parent| alone(parent, 0, eye)).collect();
    answers(node, 0, eye, &mut lines);
    lines.pop();
    lines
}

fn parent_of(node: &ThreadNode) -> Option<&ThreadNode> {
    match node {
        ThreadNode::Post(thread) => thread.parent.as_ref(),
        _ => None,
    }
}

/// Its recursion is bounded as that which read it.
fn answers(node: &ThreadNode, depth: usize, eye: &Eye, lines: &mut Vec<Line>) {
    lines.extend(alone(node, depth, eye));
    if let ThreadNode::Post(thread) = node {
        for reply in &thread.replies {
            answers(reply, depth + 1, eye, lines);
        }
    }
}

fn alone(node: &ThreadNode, depth: usize, eye: &Eye) -> Vec<Line> {
    let margin = "  ".repeat(depth);
    let mut lines = match node {
        ThreadNode::Post(thread) => post_lines(&thread.post, None, depth, eye),
        ThreadNode::NotFound(uri) => vec![Line::of(Tone::Warn, format!("{margin}{uri} is gone."))],
        ThreadNode::Blocked(uri) => vec![Line::of(Tone::Warn, format!("{margin}{uri} is hidden by a block."))],
        ThreadNode::Unreadable(post) => vec![unreadable_line(post, depth)],
    };
    lines.push(Line::blank());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn eye() -> Eye {
        Eye { now: "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap(), zone: TimeZone::UTC, width: 24 }
    }

    fn post(text: &str, likes: u64) -> PostView {
        let cid = "bafyreib2rxk3rybk3aobmv5cjuql3bm2twh4jo5uxgf5kpqcsgz7soitae";
        let view = json!({
            "uri": "at://did:plc:goose/app.bsky.feed.post/3ke6kg3wk2222", "cid": cid,
            "author": {"did": "did:plc:goose", "handle": "goose.test"},
            "record": {"text": text, "createdAt": "2026-11-21T08:00:00Z"},
            "likeCount": likes, "replyCount": 1, "indexedAt": "2026-11-21T08:00:00Z",
        });
        serde_json::from_value(view).unwrap()
    }

    fn node(text: &str, parent: Option<ThreadNode>, replies: Vec<ThreadNode>) -> ThreadNode {
        ThreadNode::Post(Box::new(ThreadPost { post: post(text, 2), parent, replies }))
    }

    #[test]
    fn a_thread_is_told_from_its_root_to_its_deepest_answer() {
        let gone = ThreadNode::NotFound("at://gone".to_owned());
        let root = node("Root", Some(gone), vec![]);
        let deep = node("Deep \u{1b}[31m", None, vec![]);
        let blocked = ThreadNode::Blocked("at://blocked".to_owned());
        let middle = node("Middle", Some(root), vec![node("Answer", None, vec![deep]), blocked]);
        let lines: Vec<String> = thread_lines(&middle, &eye()).iter().map(Line::plain).collect();
        let starts: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| !line.contains("did:plc") && !line.contains('@')).collect();
        let expected = [
            "at://gone is gone.",
            "",
            "Root",
            "",
            "Middle",
            "",
            "  Answer",
            "",
            "    Deep ␛[31m",
            "",
            "  at://blocked is hidden by a block.",
        ];
        assert_eq!(starts, expected);
        assert!(
            lines.iter().any(|line| line.starts_with("@goose.test") && line.ends_with("2 likes, 1 answer")),
            "{lines:?}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_beside_what_can() {
        let bad = |uri: &str| {
            ThreadNode::Unreadable(Unreadable { uri: uri.to_owned(), reason: "it holds \u{1b} no post".to_owned() })
        };
        let root = node("Root", None, vec![bad("at://x"), bad(""), node("Answer", None, vec![])]);
        let lines: Vec<String> = thread_lines(&root, &eye()).iter().map(Line::plain).collect();
        for told in
            ["  at://x is unreadable: it holds ␛ no post.", "  A post is unreadable: it holds ␛ no post.", "  Answer"]
        {
            assert!(lines.iter().any(|line| line == told), "{told}: {lines:?}");
        }
        let told = thread_object(&root);
        assert_eq!(told["replies"][0], json!({"uri": "at://x", "missing": "unreadable"}));
        assert_eq!(told["replies"][1], json!({"uri": null, "missing": "unreadable"}));
        assert_eq!(told["replies"][2]["text"], "Answer");
    }

    #[test]
    fn a_thread_is_told_to_programs_as_it_hangs_together() {
        let told = thread_object(&node(
            "Middle",
            Some(node("Root", None, vec![])),
            vec![ThreadNode::NotFound("at://x".to_owned())],
        ));
        assert_eq!((&told["text"], &told["parent"]["text"]), (&json!("Middle"), &json!("Root")));
        assert_eq!(told["replies"], json!([{"uri": "at://x", "missing": "not_found"}]));
        assert_eq!(told["counts"]["likes"], 2);
    }

    #[test]
    fn what_is_not_shown_is_told_and_not_counted_as_nothing() {
        let posts = [("at://a".to_owned(), Some(post("x", 12).counts)), ("at://b".to_owned(), None)];
        let lines: Vec<String> = counts_table(&posts).iter().map(Line::plain).collect();
        assert!(lines[1].starts_with("12 ") && lines[1].ends_with("at://a"), "{lines:?}");
        assert!(lines[2].starts_with("- ") && lines[2].ends_with("at://b"), "{lines:?}");
        assert_eq!(lines[3], "1 post is not shown: deleted, taken down, or too new.");
    }
}
