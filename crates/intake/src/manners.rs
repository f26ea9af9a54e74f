//! Gentle manners: warnings about posts that readers and moderators may take for spam. They never keep a post from going out.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::{LedgerError, QueueFilter};
use skein_domain::{Account, Delivery, Draft, Media, Part, Post, PostId, StateName, Warning, story};

use crate::{Intake, IntakeError, Submission};

/// Posts of one account this close to each other are compared, in milliseconds.
const COMPARED_WITHIN_MS: i64 = 86_400_000;

/// The span in which an account's posts are counted, in milliseconds.
const FREQUENT_WITHIN_MS: i64 = 3_600_000;

/// More posts of one account than these within that span are told.
const FREQUENT_MORE_THAN: usize = 10;

/// Texts of fewer words are never alike: `Good morning, everybody!` is said every day.
const SIMILAR_WORDS_LEAST: usize = 5;

/// Texts are alike from here on: the pairs of words that both have, in hundredths of those that either has.
const SIMILAR_FROM_PERCENT: usize = 60;

/// How many posts before an instant, and as many after it, are looked at for each account: those that are closest.
const LOOKED_AT: usize = 30;

const _: () = assert!(LOOKED_AT > FREQUENT_MORE_THAN, "what is looked at is enough to count");

/// What went out, or still may. Who deleted a post, or canceled it, may well write it again.
const COUNTED: [StateName; 8] = [
    StateName::Scheduled,
    StateName::Preparing,
    StateName::Ready,
    StateName::Publishing,
    StateName::Settling,
    StateName::NeedsReview,
    StateName::Blocked,
    StateName::Published,
];

/// Another post, where it is closest to the one that is submitted.
struct Near<'a> {
    id: PostId,
    account: &'a str,
    due: Timestamp,
}

impl Near<'_> {
    fn told(&self, what: &str, due: Timestamp) -> String {
        let apart_ms = i64::try_from(self.due.duration_since(due).as_millis()).unwrap_or(i64::MAX);
        let when = match apart_ms {
            0 => "at the same time".to_owned(),
            ..0 => format!("{} earlier", story::span(-apart_ms)),
            1.. => format!("{} later", story::span(apart_ms)),
        };
        format!("{} has {what}, for {} {when}.", self.id, self.account)
    }
}

impl Intake {
    /// What the author should know about this post beside the others of its accounts around that instant. Reads a bounded
    /// number of posts.
    pub(crate) async fn manners(
        &self,
        submission: &Submission,
        accounts: &[Account],
        due: Timestamp,
    ) -> Result<Vec<Warning>, IntakeError> {
        let mut others = Vec::new();
        let mut frequent = Vec::new();
        for account in accounts {
            let around = self.around(account, due).await?;
            let instants: HashMap<&PostId, Timestamp> = around.iter().map(|near| (&near.id, near.due)).collect();
            let most = most_within_an_hour(instants.into_values(), due);
            if most > FREQUENT_MORE_THAN {
                frequent.push(too_frequent(account, most));
            }
            others.extend(around);
        }
        others.sort_by_key(|near| near.due.duration_since(due).unsigned_abs());
        let mut warnings: Vec<Warning> = self.alike(submission, &others, due).await?.into_iter().collect();
        warnings.append(&mut frequent);
        Ok(warnings)
    }

    /// The posts of an account around an instant.
    async fn around<'a>(&self, account: &'a Account, due: Timestamp) -> Result<Vec<Near<'a>>, LedgerError> {
        let span = SignedDuration::from_millis(COMPARED_WITHIN_MS);
        let filter = |due_from: Option<Timestamp>, due_until: Option<Timestamp>, newest_first| QueueFilter {
            states: COUNTED.to_vec(),
            account: Some(account.id.clone()),
            due_from,
            due_until,
            newest_first,
            at_most: LOOKED_AT,
            ..QueueFilter::default()
        };
        let before = self.ledger.queue(&filter(due.checked_sub(span).ok(), Some(due), true)).await?;
        let after = self.ledger.queue(&filter(Some(due), due.checked_add(span).ok(), false)).await?;
        let near = |delivery: Delivery| Near { id: delivery.post, account: &account.handle, due: delivery.due };
        Ok(before.into_iter().chain(after).map(near).collect())
    }

    /// The closest post of the same content, or else the closest that is much like it.
    async fn alike(
        &self,
        submission: &Submission,
        others: &[Near<'_>],
        due: Timestamp,
    ) -> Result<Option<Warning>, IntakeError> {
        let content = Content::of(&submission.draft);
        if content.is_empty() {
            return Ok(None);
        }
        let pairs = word_pairs(&submission.draft);
        let mut similar = None;
        let mut seen = HashSet::new();
        for near in others.iter().filter(|near| seen.insert(&near.id)) {
            let post = self.ledger.post(&near.id).await?;
            // Under the same name it is the same post, and kept once.
            if is_named(&post, submission) {
                continue;
            }
            if Content::of(&post.draft) == content {
                let what = if content.has_pictures() { "the same text and pictures" } else { "the same text" };
                return Ok(Some(Warning::new("duplicate_post", "parts", near.told(what, due))));
            }
            if similar.is_none() && are_similar(pairs.as_ref(), word_pairs(&post.draft).as_ref()) {
                similar = Some(Warning::new("similar_post", "parts", near.told("nearly the same text", due)));
            }
        }
        Ok(similar)
    }
}

fn is_named(post: &Post, submission: &Submission) -> bool {
    post.named.as_ref().is_some_and(|named| Some(named.name.as_str()) == submission.name.as_deref())
}

fn too_frequent(account: &Account, posts: usize) -> Warning {
    let message = format!(
        "With this one, {posts} posts of {} are due within one hour; more than {FREQUENT_MORE_THAN} may look like spam.",
        account.handle
    );
    Warning::new("frequent_posts", "at", message)
}

/// How many posts, with the one at `due`, fall into the fullest hour that this one is in.
fn most_within_an_hour(others: impl Iterator<Item = Timestamp>, due: Timestamp) -> usize {
    let hour = i128::from(FREQUENT_WITHIN_MS);
    let mut apart: Vec<i128> = others.map(|other| other.duration_since(due).as_millis()).collect();
    apart.push(0);
    let starts = apart.iter().filter(|start| (-hour + 1..=0).contains(*start));
    let within = |start: &i128| apart.iter().filter(|at| (*start..*start + hour).contains(*at)).count();
    starts.map(within).max().unwrap_or(1)
}

/// What readers would see: the words of each part, and the names of its pictures.
#[derive(PartialEq)]
struct Content(Vec<(String, Vec<String>)>);

impl Content {
    fn of(draft: &Draft) -> Self {
        let names = |part: &Part| part.media.iter().map(Media::name).collect();
        Self(draft.parts.iter().map(|part| (part.text.trim().to_owned(), names(part))).collect())
    }

    /// Nothing that could be repeated: a quote without words, say.
    fn is_empty(&self) -> bool {
        self.0.iter().all(|(text, pictures)| text.is_empty() && pictures.is_empty())
    }

    fn has_pictures(&self) -> bool {
        self.0.iter().any(|(_, pictures)| !pictures.is_empty())
    }
}

type WordPairs = HashSet<(String, String)>;

/// Each word with the next, in lower case and without links, mentions and punctuation. `None` for too few words.
fn word_pairs(draft: &Draft) -> Option<WordPairs> {
    let words: Vec<String> = draft
        .parts
        .iter()
        .flat_map(|part| part.text.split_whitespace())
        .filter(|word| !is_mention(word) && !is_link(word))
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    let is_enough = words.len() >= SIMILAR_WORDS_LEAST;
    is_enough.then(|| words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

fn is_mention(word: &str) -> bool {
    word.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@').starts_with('@')
}

/// An address with its scheme, or one that begins with a domain.
fn is_link(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let is_domain = host.rsplit_once('.').is_some_and(|(rest, last)| {
        !rest.is_empty() && last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
    });
    word.contains("://") || is_domain
}

/// The Jaccard index of the pairs, against [`SIMILAR_FROM_PERCENT`].
fn are_similar(one: Option<&WordPairs>, other: Option<&WordPairs>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let shared = one.intersection(other).count();
    shared * 100 >= (one.len() + other.len() - shared) * SIMILAR_FROM_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(one: &str, other: &str) -> bool {
        let pairs = |text: &str| word_pairs(&Draft { parts: vec![Part::text(text)], ..Draft::default() });
        are_similar(pairs(one).as_ref(), pairs(other).as_ref())
    }

    #[test]
    fn case_punctuation_links_and_mentions_make_no_difference() {
        let plain = "our new release is out today with many fixes";
        for other in [
            "Our NEW release is out today, with many fixes!!",
            "Our new release is out today with many fixes https://example.com/a?b=1",
            "@goose.example Our new release (example.com/notes) is out today with many fixes, @swan.example",
            "Our new release is out today with many small fixes",
        ] {
            assert!(similar(plain, other), "{other}");
        }
    }

    #[test]
    fn other_words_and_few_words_are_not_similar() {
        assert!(!similar(
            "our new release is out today with many fixes",
            "today many fixes is with our out new release"
        ));
        assert!(!similar("the weather in Kiel today is 12 degrees", "the weather in Bonn tonight was 3 degrees"));
        assert!(!similar("Good morning to everybody", "Good morning to everybody"), "four words");
        assert!(similar("Good morning to everybody here", "Good morning, to everybody here"), "five words");
        assert!(!similar("a b c d https://example.com", "a b c d @goose.example"), "what is left is four words");
    }

    #[test]
    fn the_threshold_itself_is_similar() {
        // Three pairs of five are shared: 60 %.
        assert!(similar("a b c d e", "b c d e f"));
        assert!(!similar("a b c d e f", "x a b c d y"), "three of seven");
    }

    #[test]
    fn domains_are_links_and_numbers_and_ends_of_sentences_are_not() {
        assert!(is_link("example.com") && is_link("(www.example.com/x)") && is_link("http://localhost"));
        assert!(!is_link("1.5") && !is_link("end.") && !is_link("e.g.") && !is_link("and/or"));
        assert!(is_mention("@goose.example") && is_mention("(@goose") && !is_mention("me@example"));
    }

    #[test]
    fn the_fullest_hour_is_found_on_either_side() {
        let due = Timestamp::from_second(1_000_000).unwrap();
        let count =
            |minutes: &[i64]| most_within_an_hour(minutes.iter().map(|m| due + SignedDuration::from_mins(*m)), due);
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[-59, -30, 0]), 4);
        assert_eq!(count(&[-60, 60]), 1, "an hour apart is not within an hour");
        assert_eq!(count(&[-50, -40, 30, 40, 50]), 4, "only one hour is counted");
        assert_eq!(count(&[-20, -10, 10, 20]), 5, "and it may begin before and end after");
    }
}
