//! Letters: a notice in words for people, and as an object for programs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::notice::{News, Notice};
use crate::story::span;
use crate::{Account, Fault, Post};

/// The longest excerpt of a post's text, in characters.
pub const EXCERPT_MAX_CHARS: usize = 60;

/// A notice as it is told. It holds nothing that opens a door, and of a post's text an excerpt only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The id of the notice: whoever gets a letter twice knows it by that.
    pub id: String,
    /// `failed`, `missed`, `needs_review`, `needs_reconnect`; `test` where nothing happened.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// One line.
    pub title: String,
    /// What happened, and what was kept; each a sentence or two.
    pub text: Vec<String>,
    /// Commands that a person may run next.
    pub next: Vec<String>,
    /// The id of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Its handle, while it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The id of the post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// The id of the delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// When the post was to go out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The beginning of the post, on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Trouble>,
}

/// The part of a fault that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// A stable name for programs.
    pub code: String,
    /// What happened, for people.
    pub message: String,
}

impl Letter {
    /// The letter about a notice; account and post are missing where they are not known any more. `due` is the instant of the
    /// delivery, which may have been moved since the post was submitted.
    pub fn about(notice: &Notice, account: Option<&Account>, post: Option<&Post>, due: Option<Timestamp>) -> Self {
        let handle = account.map(|account| account.handle.clone());
        let whose = handle.as_ref().map(|handle| format!("@{handle}"));
        let post_id = notice.delivery.as_ref().map(|(post, _)| post.as_str().to_owned());
        let excerpt = post.and_then(excerpt);
        let due = due.or_else(|| post.map(|post| post.due));
        let mut text = Vec::new();
        if let (Some(post), Some(due)) = (post, due) {
            let words = excerpt.as_ref().map_or_else(String::new, |words| format!(" “{words}”"));
            text.push(format!("The post{words} was due {}.", instant(due, &post.zone)));
        }
        text.push(what_happened(&notice.news));
        text.push(what_was_kept(&notice.news).to_owned());
        Self {
            id: notice.id.as_str().to_owned(),
            kind: notice.news.name().to_owned(),
            at: notice.at,
            title: title(&notice.news, whose.as_deref()),
            text,
            next: next(&notice.news, post_id.as_deref(), handle.as_deref()),
            account: Some(notice.account.as_str().to_owned()),
            handle,
            post: post_id,
            delivery: notice.delivery.as_ref().map(|(_, delivery)| delivery.as_str().to_owned()),
            due,
            excerpt,
            error: notice.news.fault().map(Trouble::of),
        }
    }

    /// The same letter, about what was missed since this stood in its way.
    #[must_use]
    pub fn after(mut self, trouble: &Fault) -> Self {
        let place = self.text.len().saturating_sub(1);
        self.text.insert(place, format!("What stood in its way: {}", trouble.message));
        self.error = Some(Trouble::of(trouble));
        self
    }

    /// A letter that says nothing but that letters arrive.
    pub fn test(at: Timestamp) -> Self {
        Self {
            id: format!("ntc_test_{}", at.as_microsecond().unsigned_abs()),
            kind: "test".to_owned(),
            at,
            title: "A test notice".to_owned(),
            text: vec!["Somebody ran `skein notices --test`. Nothing happened, and there is nothing to do.".to_owned()],
            next: Vec::new(),
            account: None,
            handle: None,
            post: None,
            delivery: None,
            due: None,
            excerpt: None,
            error: None,
        }
    }
}

impl Trouble {
    fn of(fault: &Fault) -> Self {
        Self { code: fault.code.clone(), message: fault.message.clone() }
    }
}

fn title(news: &News, whose: Option<&str>) -> String {
    let whose_post = whose.unwrap_or("an account");
    match news {
        News::Failed { .. } => format!("A post of {whose_post} failed"),
        News::Missed { .. } => format!("A post of {whose_post} missed its time"),
        News::NeedsReview { .. } => format!("A post of {whose_post} waits for your decision"),
        News::NeedsReconnect { .. } => whose.map_or_else(
            || "An account needs a login".to_owned(),
            |whose| format!("The account {whose} needs a login"),
        ),
    }
}

fn what_happened(news: &News) -> String {
    match news {
        News::Failed { fault } => format!("It was not published: {}", fault.message),
        News::Missed { late_by_ms } => {
            format!("It was not sent: its time had passed {} ago, which is longer than its grace.", span(*late_by_ms))
        }
        News::NeedsReview { fault } => {
            format!("It cannot be known whether it was published: {}", fault.message)
        }
        News::NeedsReconnect { fault } => format!("Nothing can be published as this account: {}", fault.message),
    }
}

fn what_was_kept(news: &News) -> &'static str {
    match news {
        News::Failed { .. } => "The post is kept. Nothing more happens by itself.",
        News::Missed { .. } => "The post is kept, and is not sent by itself any more.",
        News::NeedsReview { .. } => {
            "Nothing is sent again until you have looked at the account and said what holds, so nothing appears twice."
        }
        News::NeedsReconnect { .. } => {
            "Its posts are kept and wait for the login. Those whose time passes too long ago meanwhile are missed."
        }
    }
}

fn next(news: &News, post: Option<&str>, handle: Option<&str>) -> Vec<String> {
    let post = post.unwrap_or("POST");
    let show = format!("skein queue show {post}");
    match news {
        News::Failed { .. } | News::Missed { .. } => vec![show, format!("skein queue retry {post}")],
        News::NeedsReview { .. } => {
            let decide = |how: &str| format!("skein queue review {post} --{how}");
            vec![show, decide("accept"), decide("resend"), decide("give-up")]
        }
        News::NeedsReconnect { .. } => vec![format!("skein login {}", handle.unwrap_or("HANDLE"))],
    }
}

/// The first words of a post on one line, cut where a word ends if there is such a place.
fn excerpt(post: &Post) -> Option<String> {
    let text = &post.draft.parts.first()?.text;
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = cleaned.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    let Some((end, _)) = line.char_indices().nth(EXCERPT_MAX_CHARS) else { return Some(line) };
    let kept = line.get(..end).unwrap_or_default();
    // One char less, so that what is cut is not longer with its mark than what is not.
    let kept = kept
        .rsplit_once(' ')
        .map_or_else(|| kept.chars().take(EXCERPT_MAX_CHARS - 1).collect(), |(words, _)| words.to_owned());
    Some(format!("{kept}…"))
}

/// An instant as people read it, in the zone in which the post was scheduled.
fn instant(at: Timestamp, zone: &str) -> String {
    let zone = crate::when::parse_zone(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::NoticeId;
    use crate::{AccountId, Category, DeliveryId, Draft, Part, Platform, PostId, Standing, WorkspaceId};

    const POST: &str = "post_01k8x7gqv3m5n2p4r6s8t0v1w4";

    fn at() -> Timestamp {
        "2026-03-01T09:00:00Z".parse().unwrap()
    }

    fn account() -> Account {
        Account {
            id: AccountId::parse("acc_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap(),
            workspace: WorkspaceId::personal(),
            platform: Platform::Bluesky,
            identity: "did:plc:a".to_owned(),
            handle: "alice.test".to_owned(),
            host: "https://pds.example".to_owned(),
            standing: Standing::Active,
            held: false,
            connected_at: at(),
        }
    }

    fn post(text: &str) -> Post {
        Post {
            id: PostId::parse(POST).unwrap(),
            workspace: WorkspaceId::personal(),
            named: None,
            draft: Draft { parts: vec![Part::text(text)], ..Draft::default() },
            due: at(),
            zone: "Europe/Paris".to_owned(),
            submitted_at: at(),
        }
    }

    fn notice(news: News) -> Notice {
        let delivery = DeliveryId::parse("dlv_01k8x7gqv3m5n2p4r6s8t0v1w4").unwrap();
        let about = (!matches!(news, News::NeedsReconnect { .. })).then(|| (PostId::parse(POST).unwrap(), delivery));
        let id = NoticeId::parse("ntc_01k8x7gqv3m5n2p4r6s8t0v1w4_7").unwrap();
        Notice { id, at: at(), account: account().id, delivery: about, news }
    }

    fn fault() -> Fault {
        Fault::new("record_refused", Category::PlatformRejected, "The server refused the record.")
    }

    fn letter(news: News) -> Letter {
        Letter::about(&notice(news), Some(&account()), Some(&post("A goose\nflies.")), None)
    }

    #[test]
    fn a_failure_says_what_happened_what_was_kept_and_what_to_do() {
        let letter = letter(News::Failed { fault: fault() });
        assert_eq!(letter.title, "A post of @alice.test failed");
        assert_eq!(
            letter.text,
            [
                "The post “A goose flies.” was due 2026-03-01 10:00 CET.",
                "It was not published: The server refused the record.",
                "The post is kept. Nothing more happens by itself."
            ]
        );
        assert_eq!(letter.next, [format!("skein queue show {POST}"), format!("skein queue retry {POST}")]);
    }

    #[test]
    fn every_kind_names_the_commands_that_help() {
        let missed = letter(News::Missed { late_by_ms: 3_900_000 });
        assert_eq!(missed.title, "A post of @alice.test missed its time");
        assert!(missed.text[1].contains("1 h 5 min"), "{:?}", missed.text);
        let review = letter(News::NeedsReview { fault: fault() });
        let decisions: Vec<_> = review.next[1..].iter().map(|step| step.rsplit(' ').next().unwrap()).collect();
        assert_eq!(decisions, ["--accept", "--resend", "--give-up"]);
        let lost = Letter::about(&notice(News::NeedsReconnect { fault: fault() }), Some(&account()), None, None);
        assert_eq!(
            (lost.title.as_str(), &*lost.next),
            ("The account @alice.test needs a login", &["skein login alice.test".to_owned()][..])
        );
        assert_eq!((lost.post, lost.excerpt), (None, None));
    }

    #[test]
    fn what_was_missed_says_what_stood_in_its_way() {
        let plain = letter(News::Missed { late_by_ms: 3_600_000 });
        let told = plain.clone().after(&fault());
        assert_eq!(told.text.len(), plain.text.len() + 1);
        assert!(
            told.text[2].starts_with("What stood in its way: ") && told.text[2].contains(&fault().message),
            "{told:?}"
        );
        assert_eq!((told.text.last(), told.error.unwrap().code), (plain.text.last(), fault().code));
    }

    #[test]
    fn an_object_for_programs_has_ids_kind_instant_and_fault_and_nothing_that_is_missing() {
        let object = serde_json::to_value(letter(News::Failed { fault: fault() })).unwrap();
        assert_eq!(object["kind"], "failed");
        assert_eq!(object["at"], "2026-03-01T09:00:00Z");
        assert_eq!(object["error"]["code"], "record_refused");
        assert_eq!((&object["post"], &object["handle"]), (&POST.into(), &"alice.test".into()));
        let unknown = Letter::about(&notice(News::Missed { late_by_ms: 1 }), None, None, None);
        let object = serde_json::to_value(&unknown).unwrap();
        for absent in ["handle", "due", "excerpt", "error"] {
            assert!(object.get(absent).is_none(), "{object:#}");
        }
        assert_eq!(unknown.title, "A post of an account missed its time");
    }

    #[test]
    fn an_account_that_is_gone_is_still_told_about() {
        let lost = Letter::about(&notice(News::NeedsReconnect { fault: fault() }), None, None, None);
        assert_eq!(
            (lost.title.as_str(), lost.next),
            ("An account needs a login", vec!["skein login HANDLE".to_owned()])
        );
    }

    #[test]
    fn of_a_post_a_short_excerpt_is_told() {
        let of = |text: &str| excerpt(&post(text));
        assert_eq!(of(" \u{7}\n"), None);
        assert_eq!(of("a\r\nBcc: b"), Some("a Bcc: b".to_owned()));
        assert_eq!(of(&"x".repeat(60)), Some("x".repeat(60)));
        assert_eq!(of(&"ü".repeat(61)), Some(format!("{}…", "ü".repeat(59))));
        let words = "word ".repeat(20);
        let told = of(&words).unwrap();
        assert_eq!(told, format!("{}…", ["word"; 12].join(" ")));
    }
}
