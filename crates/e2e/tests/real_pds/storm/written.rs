//! What is posted: single posts, answers and threads, each text once.

use super::{ACCOUNTS, APART_MS, POSTS, POSTS_EACH};

/// Every so many posts of an account is a thread.
const THREAD_EVERY: usize = 5;
const THREAD_PARTS: usize = 3;

/// One post.
pub(super) struct Written {
    /// The number of its account.
    pub(super) account: usize,
    /// The texts of its parts.
    pub(super) texts: Vec<String>,
    /// What it answers.
    pub(super) answers: Option<String>,
    /// When it is due, after the first of all.
    pub(super) due_after_ms: usize,
}

impl Written {
    /// The file that `skein thread` reads; a thread of one part is a post.
    pub(super) fn input(&self) -> String {
        self.texts.join("\n---\n")
    }
}

/// All posts, in the order of their instants; every second one answers `question`, so that it is looked up again when the
/// post is prepared.
pub(super) fn all(question: &str) -> Vec<Written> {
    (0..POSTS)
        .map(|number| {
            let (nth, account) = (number / ACCOUNTS, number % ACCOUNTS);
            let parts = if nth % THREAD_EVERY == THREAD_EVERY - 1 { THREAD_PARTS } else { 1 };
            Written {
                account,
                texts: (1..=parts).map(|part| format!("Post {nth} of account {account}, part {part}")).collect(),
                answers: (nth % 2 == 1).then(|| question.to_owned()),
                due_after_ms: number * APART_MS * POSTS_EACH / POSTS,
            }
        })
        .collect()
}
