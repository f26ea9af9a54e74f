//! Each door against what is really behind it: a mail server on this machine, and programs.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod command;
mod mail;

use jiff::Timestamp;
use skein_domain::Letter;

/// A letter with an id of its own.
fn letter(number: u32) -> Letter {
    let at: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    Letter {
        id: format!("ntc_{number}"),
        kind: "failed".to_owned(),
        title: "A post of @alice.test failed".to_owned(),
        text: vec!["The post “Grüße” was due.".to_owned(), "It was not published: no.".to_owned()],
        next: vec!["skein queue show post_a".to_owned()],
        handle: Some("alice.test".to_owned()),
        post: Some("post_a".to_owned()),
        ..Letter::test(at)
    }
}
