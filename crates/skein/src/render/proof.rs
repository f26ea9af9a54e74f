//! What a proof proves, for people, and what it does not.

use jiff::Timestamp;
use skein_atproto::proof::Verified;

use super::times::Eye;
use crate::proof::{CheckedAccount, CheckedRecord, KeyStanding, Vouched};
use crate::screen::{Line, Tone};
use crate::text::{count, wrap};

/// Two blanks, and the label.
const INDENT: usize = 12;

/// What one account provably published.
pub(crate) fn proven(account: &CheckedAccount, vouched: &Vouched, eye: &Eye) -> Vec<Line> {
    let records = count(account.records.len(), "record", "records");
    let who = match &vouched.handle {
        Some(handle) => format!("@{handle}"),
        None => account.did.as_str().to_owned(),
    };
    let mut lines =
        match vouched.standing {
            KeyStanding::NotAsked => {
                vec![Line::of(Tone::Warn, "Holds by itself").and(
                    Tone::Plain,
                    format!(": {records}, signed with the key below. Whose key it is was not asked."),
                )]
            }
            KeyStanding::Current | KeyStanding::Former { .. } => {
                vec![
                    Line::of(Tone::Good, "Proven")
                        .and(Tone::Plain, format!(": {records} of {who}, signed by the account's server.")),
                ]
            }
        };
    lines.push(Line::blank());
    lines.extend(labelled("who", &identity(account, vouched), eye));
    lines.extend(labelled("key", account.key.as_str(), eye));
    lines.extend(labelled("", &key(account, vouched, eye), eye));
    let several = account.records.len() > 1;
    for (index, record) in account.records.iter().enumerate() {
        let label = if several { format!("part {}", index + 1) } else { "record".to_owned() };
        lines.extend(one(&label, record, eye));
    }
    lines
}

/// What was checked and what no proof can tell.
pub(crate) fn limits(eye: &Eye) -> Vec<Line> {
    let checked = "the hash of every block, the way through the repository's tree to each record, and the signature of the commit";
    let open = "when it was first written, and whether it is still there: createdAt is the author's word, the revision's time the \
                server's, and the rest of the receipt that of whoever made it";
    let mut lines = vec![Line::blank()];
    lines.extend(labelled("checked", checked, eye));
    lines.extend(labelled("unproven", open, eye));
    lines
}

fn identity(account: &CheckedAccount, vouched: &Vouched) -> String {
    let (did, said) = (&account.did, &account.said_handle);
    match (&vouched.handle, vouched.standing) {
        (Some(handle), _) if handle.as_str() == said => format!("@{handle}, {did}"),
        (Some(handle), _) => {
            format!("@{handle}, {did}; it was @{said} when the proof was made, as whoever made it says")
        }
        (None, KeyStanding::NotAsked) => format!("{did}; the name @{said} was not asked"),
        (None, _) => format!("{did}; the name @{said} does not lead to it now"),
    }
}

fn key(account: &CheckedAccount, vouched: &Vouched, eye: &Eye) -> String {
    let curve = account.key.curve();
    match vouched.standing {
        KeyStanding::NotAsked => format!("{curve}; whether it is the account's was not asked (--offline)"),
        KeyStanding::Current => format!("{curve}; the account's document names it now"),
        KeyStanding::Former { until } => format!(
            "{curve}; a key that the document no longer names: it did until {}, and the commit is from before",
            eye.without_distance(until)
        ),
    }
}

fn one(label: &str, record: &CheckedRecord, eye: &Eye) -> Vec<Line> {
    let Verified { commit, rev, value, record: cid, .. } = &record.proven;
    let mut lines = labelled(label, record.uri.as_str(), eye);
    lines.extend(labelled("", cid.as_str(), eye));
    if let Some(text) = value.get("text").and_then(|text| text.as_str()) {
        lines.extend(labelled("text", text, eye));
    }
    if let Some(created_at) = value.get("createdAt").and_then(|at| at.as_str()) {
        let when = created_at.parse().map_or_else(|_| created_at.to_owned(), |at: Timestamp| precise(at, eye));
        lines.extend(labelled("created", &when, eye));
    }
    lines.extend(labelled("commit", commit.as_str(), eye));
    lines.extend(labelled("", &format!("rev {rev}, {}", precise(record.revised_at, eye)), eye));
    lines
}

/// `Tue 1 Dec 2026 09:00:00.012 Europe/Paris`.
fn precise(at: Timestamp, eye: &Eye) -> String {
    format!("{} {} {}", eye.day(at), eye.clock_ms(at), eye.zone_name(at))
}

fn labelled(label: &str, text: &str, eye: &Eye) -> Vec<Line> {
    let mut label = label;
    wrap(text, eye.width.saturating_sub(INDENT))
        .into_iter()
        .map(|text| {
            let line = Line::from("  ").and(Tone::Faint, format!("{label:10}"));
            label = "";
            if text.is_empty() { Line::blank() } else { line.and(Tone::Plain, text) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{check, samples::file};
    use crate::render::samples::{eye, plain};
    use skein_atproto::syntax::Handle;

    fn told(vouched: &Vouched) -> String {
        plain(&proven(&check(&file()).unwrap()[0], vouched, &eye()))
    }

    #[test]
    fn a_proof_says_who_what_when_and_by_which_key() {
        let vouched = Vouched { standing: KeyStanding::Current, handle: Handle::parse("alice.test").ok() };
        assert_eq!(
            told(&vouched),
            "\
Proven: 1 record of @alice.test, signed by the account's server.

  who       @alice.test, did:plc:aaaaaaaaaaaaaaaaaaaaaaaa
  key       did:key:zDnaeZEDhE8Tz2y5sfnKWkSGDE8zcsUoTzix7wnm7uvdhcZhH
            P-256; the account's document names it now
  record    at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3m6v4okrc2222
            bafyreidgdqlmpzwqifozfbob53tdintfpfqf3iaiwlpw3bj7ltiz6lig2a
  text      Post 0, a goose 🪿
  created   Mon 1 Dec 2025 01:00:00.000 Europe/Paris
  commit    bafyreifvsvvfpy6w26ydovkyzwwwjbsgan6fy74txfsfwekx2kuy4nxaxy
            rev 3n2te34p6e222, Sat 21 Nov 2026 15:52:23.752 Europe/Paris"
        );
    }

    #[test]
    fn an_older_key_another_name_and_a_question_not_asked_are_told() {
        let until = "2026-01-01T00:00:00Z".parse().unwrap();
        let former = told(&Vouched { standing: KeyStanding::Former { until }, handle: Handle::parse("bob.test").ok() });
        assert!(former.contains("of @bob.test"), "{former}");
        assert!(former.contains("it was @alice.test when the proof was made"), "{former}");
        assert!(former.contains("no longer names: it did until Thu 1 Jan 2026 01:00"), "{former}");
        let nobody = told(&Vouched { standing: KeyStanding::Current, handle: None });
        assert!(nobody.contains("1 record of did:plc:") && nobody.contains("does not lead to it now"), "{nobody}");
        let offline = told(&Vouched::by_nobody());
        assert!(offline.starts_with("Holds by itself: 1 record"), "{offline}");
        assert!(offline.contains("the name @alice.test was not asked"), "{offline}");
        assert!(!offline.contains("Proven"), "{offline}");
    }
}
