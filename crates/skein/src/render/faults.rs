//! Faults and warnings for people: what, where, limit and given, what next.

use skein_domain::{Fault, Warning};

use crate::exit::Failure;
use crate::screen::{Line, Tone};
use crate::text::wrap;

const LABEL_WIDTH: usize = 9;

/// Everything that was wrong, and what is left behind.
pub(crate) fn failure(failure: &Failure, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let several = failure.faults.len() > 1;
    if several {
        lines.push(Line::of(Tone::Bad, format!("Refused, for {} reasons:", failure.faults.len())));
    }
    for (index, one) in failure.faults.iter().enumerate() {
        if several {
            lines.push(Line::blank());
        }
        lines.extend(fault(one, several.then_some(index + 1), width));
    }
    let said = failure.faults.iter().any(|fault| fault.to_string().contains(failure.aftermath.as_str()));
    if !failure.aftermath.is_empty() && !said {
        if several {
            lines.push(Line::blank());
        }
        lines.push(Line::from(failure.aftermath.as_str()));
    }
    lines
}

fn fault(fault: &Fault, number: Option<usize>, width: usize) -> Vec<Line> {
    let (head, indent) = match number {
        Some(number) => (format!("{number:>3}. "), 5),
        None => (String::new(), 0),
    };
    let mut lines = Vec::new();
    for (index, text) in wrap(&fault.message, width - indent).into_iter().enumerate() {
        let start = if index == 0 { head.clone() } else { " ".repeat(indent) };
        lines.push(Line::from(start).and(if number.is_none() { Tone::Bad } else { Tone::Plain }, text));
    }
    let indent = indent.max(2);
    let place = fault.field.as_deref().and_then(place);
    let details = [
        ("where", place.as_deref()),
        ("account", fault.account.as_deref()),
        ("limit", fault.limit.as_deref()),
        ("given", fault.given.as_deref()),
        ("next", fault.next_step.as_deref()),
    ];
    for (label, text) in details.into_iter().filter_map(|(label, text)| Some((label, text?))) {
        lines.extend(labelled(indent, label, text, width));
    }
    lines
}

/// A field of the API as somebody at the command line knows it; `None` where it is plain anyway.
fn place(field: &str) -> Option<String> {
    let indexed = |name: &str| {
        let (index, _) = field.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
        index.parse::<usize>().ok().map(|index| index + 1)
    };
    match (field, indexed("parts")) {
        (_, Some(part)) => Some(format!("part {part} ({field})")),
        ("post" | "account" | "handle" | "password" | "parts", _) => None,
        ("scheduled_at", _) => Some("--at".to_owned()),
        ("timezone", _) => Some("--tz".to_owned()),
        ("accounts", _) => Some("--account".to_owned()),
        ("reply_to", _) => Some("--reply-to".to_owned()),
        ("quote", _) => Some("--quote".to_owned()),
        ("late", _) => Some("--late".to_owned()),
        ("on_failure", _) => Some("--on-failure".to_owned()),
        ("retry_for", _) => Some("--retry-for".to_owned()),
        ("ref", _) => Some("--ref".to_owned()),
        ("card" | "card.url", _) => Some("--card".to_owned()),
        _ => {
            let options = [
                ("langs", "--lang"),
                ("content_labels", "--label"),
                ("record_tags", "--tag"),
                ("reply_gate", "--reply-gate"),
            ];
            let known = options.iter().find(|(name, _)| field.starts_with(name));
            Some(known.map_or(field, |(_, option)| option).to_owned())
        }
    }
}

/// `  label    text`, wrapped under the text.
pub(crate) fn labelled(indent: usize, label: &str, text: &str, width: usize) -> Vec<Line> {
    let width = width.saturating_sub(indent + LABEL_WIDTH);
    let wrapped = wrap(text, width);
    wrapped
        .into_iter()
        .enumerate()
        .map(|(index, text)| {
            let label = if index == 0 { label } else { "" };
            Line::from(" ".repeat(indent)).and(Tone::Faint, format!("{label:LABEL_WIDTH$}")).and(Tone::Plain, text)
        })
        .collect()
}

/// What the author should know.
pub(crate) fn warnings(warnings: &[Warning]) -> Vec<Line> {
    warnings.iter().map(|warning| Line::of(Tone::Warn, "Note: ").and(Tone::Plain, &warning.message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Exit, NOTHING_STORED};
    use crate::render::samples::plain;

    fn too_long() -> Fault {
        Fault::content("too_many_graphemes", "parts[2].text", "Part 3 of 5 has 301 characters.")
            .over("300 graphemes", "301 graphemes")
            .next("Shorten it.")
    }

    #[test]
    fn one_fault_reads_like_a_sentence_with_details() {
        let told = failure(&Failure::new(Exit::Refused, too_long(), NOTHING_STORED), 100);
        assert_eq!(
            plain(&told),
            "Part 3 of 5 has 301 characters.\n  where    part 3 (parts[2].text)\n  limit    300 graphemes\n  given    301 graphemes\n  \
             next     Shorten it.\nNothing was stored."
        );
    }

    #[test]
    fn several_faults_are_numbered_and_all_are_told() {
        let other = Fault::content("time_past", "scheduled_at", "The time is past.");
        let all =
            Failure { exit: Exit::Refused, faults: vec![too_long(), other], aftermath: NOTHING_STORED.to_owned() };
        assert_eq!(
            plain(&failure(&all, 100)),
            "Refused, for 2 reasons:\n\n  1. Part 3 of 5 has 301 characters.\n     where    part 3 (parts[2].text)\n     limit    300 \
             graphemes\n     given    301 graphemes\n     next     Shorten it.\n\n  2. The time is past.\n     where    --at\n\nNothing was stored."
        );
    }

    #[test]
    fn what_is_left_behind_is_said_once() {
        let fault = Fault::content("state_conflict", "post", "It is published. Nothing was changed.");
        let told = plain(&failure(&Failure::new(Exit::Failed, fault, crate::exit::NOTHING_CHANGED), 100));
        assert_eq!(told.matches("Nothing was changed.").count(), 1);
    }

    #[test]
    fn fields_are_called_by_the_options_that_set_them() {
        for (field, option) in [
            ("scheduled_at", "--at"),
            ("quote", "--quote"),
            ("ref", "--ref"),
            ("card", "--card"),
            ("card.url", "--card"),
            ("langs[1]", "--lang"),
            ("content_labels[0]", "--label"),
            ("record_tags", "--tag"),
            ("reply_gate[2]", "--reply-gate"),
            ("card.image", "card.image"),
        ] {
            assert_eq!(place(field).as_deref(), Some(option));
        }
        assert_eq!(place("account"), None);
    }
}
