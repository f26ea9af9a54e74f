//! The proof of publication, for people.

use skein_domain::{Receipt, RecordRef, Settled, parts_among};

use super::times::{Eye, lateness, offset};
use crate::screen::{Line, Tone};

/// The receipt of one account.
pub(crate) fn receipt(account: &str, receipt: &Receipt, eye: &Eye) -> Vec<Line> {
    let mut lines = vec![
        Line::of(Tone::Good, "Published")
            .and(Tone::Plain, format!(" as @{account}, {}.", lateness(receipt.lateness_ms))),
        Line::blank(),
    ];
    let mut row = |label: &str, text: String| lines.push(labelled(label, &text));
    row("due", format!("{}  {}", eye.clock_ms(receipt.due), day_and_utc(receipt, eye)));
    match receipt.sent_at {
        Some(sent) => row("sent", format!("{}  {}", eye.clock_ms(sent), offset(receipt.due, sent))),
        None => row("sent", "not known: the process that sent it ended, or its answer was lost".to_owned()),
    }
    let certain = format!("{}  {}", eye.clock_ms(receipt.settled_at), offset(receipt.due, receipt.settled_at));
    row("certain", format!("{certain}  {}", how(receipt.settled)));
    row("attempts", receipt.attempts.to_string());
    if let Some(commit) = &receipt.commit {
        let rev = receipt.rev.as_ref().map(|rev| format!(" (rev {rev})")).unwrap_or_default();
        row("commit", format!("{commit}{rev}"));
    }
    lines.extend(records(&receipt.records));
    if let Some(url) = &receipt.url {
        lines.push(labelled("look", url));
    }
    lines
}

/// The addresses and hashes, part by part, then those of what stands beside them.
pub(crate) fn records(records: &[RecordRef]) -> Vec<Line> {
    let mut lines = Vec::new();
    let parts = parts_among(records).count();
    for (index, record) in records.iter().enumerate() {
        let label = match record.collection() {
            "app.bsky.feed.threadgate" => "replies".to_owned(),
            "app.bsky.feed.postgate" => "quotes".to_owned(),
            _ if parts == 1 => "record".to_owned(),
            _ => format!("part {}", index + 1),
        };
        lines.push(labelled(&label, &record.uri));
        lines.push(Line::from(format!("            {}", record.cid)));
    }
    lines
}

/// A row of a receipt.
pub(crate) fn labelled(label: &str, text: &str) -> Line {
    Line::from("  ").and(Tone::Faint, format!("{label:10}")).and(Tone::Plain, text)
}

fn day_and_utc(receipt: &Receipt, eye: &Eye) -> String {
    let utc = receipt.due.strftime("%H:%M:%S");
    let zone = eye.zone_name(receipt.due);
    if zone == "UTC" {
        format!("{} UTC", eye.day(receipt.due))
    } else {
        format!("{} {zone} ({utc} UTC)", eye.day(receipt.due))
    }
}

/// How it became certain.
pub(crate) fn how(settled: Settled) -> &'static str {
    match settled {
        Settled::Answered => "the server answered with the hashes computed here",
        Settled::LookedUp => "the answer was lost; the records were looked up and are ours",
        Settled::ByPerson => "a person looked and said so",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{self, eye, plain};

    #[test]
    fn a_receipt_tells_all_there_is_to_prove() {
        assert_eq!(
            plain(&receipt("alice.test", &samples::receipt(), &eye())),
            "\
Published as @alice.test, 12 ms after its instant.

  due       09:00:00.000  Tue 1 Dec 2026 Europe/Paris (08:00:00 UTC)
  sent      09:00:00.012  +12 ms
  certain   09:00:00.040  +40 ms  the server answered with the hashes computed here
  attempts  1
  commit    bafyreicommit (rev 3krev)
  part 1    at://did:plc:abc/app.bsky.feed.post/3k1
            bafyreicid1
  part 2    at://did:plc:abc/app.bsky.feed.post/3k2
            bafyreicid2
  look      http://localhost:2583/profile/alice.test/post/3k1"
        );
    }

    #[test]
    fn gates_are_named_for_what_they_govern() {
        let record = |collection: &str| RecordRef {
            uri: format!("at://did:plc:abc/{collection}/3k1"),
            cid: "bafyreicid".to_owned(),
        };
        let all = ["app.bsky.feed.post", "app.bsky.feed.threadgate", "app.bsky.feed.postgate"].map(record);
        let told = plain(&records(&all));
        let labels: Vec<_> = told.lines().step_by(2).filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(labels, ["record", "replies", "quotes"]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let unknown =
            Receipt { sent_at: None, commit: None, url: None, settled: Settled::LookedUp, ..samples::receipt() };
        let told = plain(&receipt("alice.test", &unknown, &eye()));
        assert!(told.contains("sent      not known"), "{told}");
        assert!(told.contains("looked up and are ours"), "{told}");
        assert!(!told.contains("commit"), "{told}");
    }
}
