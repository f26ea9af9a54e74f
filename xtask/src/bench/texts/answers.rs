//! Whether both programs gave the same answers.

use std::io::BufRead;

use anyhow::{Context, bail};
use serde_json::Value;

use super::super::samples::grouped;

const EXAMPLES: usize = 5;
/// What is compared of a part.
const FIELDS: [&str; 4] = ["text", "graphemes", "bytes", "facets"];

/// What was compared, and what differs.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) lines: u64,
    /// How many parts differ in each of [`FIELDS`].
    different: [u64; FIELDS.len()],
    facets: u64,
    /// The first answers that differ, ours before theirs.
    pub(super) examples: Vec<String>,
}

impl Comparison {
    pub(super) fn told(&self) -> String {
        let compared = format!("Answers compared: {}, with {} facets.", grouped(self.lines), grouped(self.facets));
        let counts = FIELDS.iter().zip(self.different).filter(|(_, count)| *count > 0);
        let counts: Vec<_> = counts.map(|(field, count)| format!("{field} of {}", grouped(count))).collect();
        if counts.is_empty() {
            return format!("{compared} Texts, lengths and facets are the same in all.");
        }
        format!("{compared} Different: {}.", counts.join(", "))
    }

    fn add(&mut self, ours: &Value, theirs: &Value) -> anyhow::Result<()> {
        self.lines += 1;
        let parts = |answer: &Value| answer["parts"].as_array().cloned().with_context(|| format!("no parts: {answer}"));
        let (ours, theirs) = (parts(ours)?, parts(theirs)?);
        if ours.len() != theirs.len() {
            bail!("answer {} has {} parts here and {} there", self.lines, ours.len(), theirs.len());
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            self.facets += ours["facets"].as_array().map_or(0, Vec::len) as u64;
            let mut differs = false;
            for (field, count) in FIELDS.iter().zip(&mut self.different) {
                if ours[field] != theirs[field] {
                    *count += 1;
                    differs = true;
                }
            }
            if differs && self.examples.len() < EXAMPLES {
                self.examples.push(format!("{ours}\n    and theirs: {theirs}"));
            }
        }
        Ok(())
    }
}

/// Line by line.
pub(super) fn compare(ours: impl BufRead, theirs: impl BufRead) -> anyhow::Result<Comparison> {
    let mut comparison = Comparison::default();
    let mut theirs = theirs.lines();
    for our_line in ours.lines() {
        let at = comparison.lines + 1;
        let Some(their_line) = theirs.next() else { bail!("the peer gave no answer {at}") };
        let read = |line: &str| serde_json::from_str(line).with_context(|| format!("answer {at} is not JSON: {line}"));
        comparison.add(&read(&our_line?)?, &read(&their_line?)?)?;
    }
    if theirs.next().is_some() {
        bail!("the peer gave more than {} answers", comparison.lines);
    }
    Ok(comparison)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"parts":[{"text":"a","graphemes":1,"bytes":1,"facets":[{"byteStart":0,"byteEnd":1,"type":"tag","value":"a"}]}]}"#;

    #[test]
    fn equal_answers_are_equal_whatever_else_they_say() {
        let more = ONE.replace("]}]}", "]}],\"warnings\":[]}");
        let found = compare(format!("{more}\n{ONE}\n").as_bytes(), format!("{ONE}\n{ONE}\n").as_bytes()).unwrap();
        assert!(found.examples.is_empty());
        assert_eq!(found.told(), "Answers compared: 2, with 2 facets. Texts, lengths and facets are the same in all.");
    }

    #[test]
    fn differences_are_counted_by_field_and_the_first_are_shown() {
        let other = ONE.replace("\"graphemes\":1", "\"graphemes\":2").replace("\"byteEnd\":1", "\"byteEnd\":2");
        let found =
            compare(format!("{ONE}\n").repeat(9).as_bytes(), format!("{other}\n").repeat(9).as_bytes()).unwrap();
        assert_eq!(found.examples.len(), EXAMPLES);
        assert!(found.told().ends_with(" Different: graphemes of 9, facets of 9."), "{}", found.told());
    }

    #[test]
    fn a_missing_answer_is_an_error() {
        assert!(compare(format!("{ONE}\n{ONE}\n").as_bytes(), ONE.as_bytes()).is_err());
        assert!(compare(ONE.as_bytes(), format!("{ONE}\n{ONE}\n").as_bytes()).is_err());
        assert!(compare(ONE.as_bytes(), &b"{\"parts\":[]}"[..]).is_err());
        assert!(compare(ONE.as_bytes(), &b"oops"[..]).is_err());
    }
}
