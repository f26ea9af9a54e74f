//! Files and functions stay small enough to be read at once. What is over may be listed, and may not grow.

use std::collections::BTreeMap;

use anyhow::Context;

use super::files::File;
use super::finding::Finding;
use super::scan::Scanned;

const RULE: &str = "size";
const MAX_FILE_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 70;

/// A file, or a function as `path::name`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Measured {
    path: String,
    line: usize,
    key: String,
    lines: usize,
    limit: usize,
}

pub(super) fn measure(file: &File) -> Vec<Measured> {
    if !file.is_source() {
        return Vec::new();
    }
    let lines = file.text.lines().count();
    let mut measured =
        vec![Measured { path: file.path.clone(), line: 1, key: file.path.clone(), lines, limit: MAX_FILE_LINES }];
    if file.is_rust() {
        measured.extend(Scanned::new(&file.text).functions().into_iter().map(|function| Measured {
            path: file.path.clone(),
            line: function.line,
            key: format!("{}::{}", file.path, function.name),
            lines: function.lines,
            limit: MAX_FUNCTION_LINES,
        }));
    }
    measured
}

/// The exceptions: `path LINES` or `path::function LINES`, one a line; `#` starts a comment.
#[derive(Debug, Default)]
pub(super) struct Allowed(BTreeMap<String, (usize, usize)>);

impl Allowed {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut allowed = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let entry = line.rsplit_once(' ').and_then(|(key, lines)| Some((key.trim(), lines.parse().ok()?)));
            let (key, lines) = entry.with_context(|| format!("line {}: not `path LINES`", index + 1))?;
            allowed.insert(key.to_owned(), (index + 1, lines));
        }
        Ok(Self(allowed))
    }

    /// The findings, and what is over but allowed.
    pub(super) fn check(&self, measured: &[Measured], list: &str) -> (Vec<Finding>, Vec<String>) {
        let mut findings = Vec::new();
        let mut present = Vec::new();
        for thing in measured.iter().filter(|thing| thing.lines > thing.limit) {
            let Measured { path, line, key, lines, limit } = thing;
            present.push(key);
            let advice = match self.0.get(key) {
                None => format!("`{key}` has {lines} lines, the limit is {limit}: split it by jobs"),
                Some((_, allowed)) if lines > allowed => {
                    format!("`{key}` has grown from {allowed} to {lines} lines, the limit is {limit}: split it by jobs")
                }
                Some(_) => continue,
            };
            findings.push(Finding::new(path, *line, RULE, advice));
        }
        for (key, (line, _)) in self.0.iter().filter(|(key, _)| !present.contains(key)) {
            findings.push(Finding::new(list, *line, RULE, format!("`{key}` is not over any more: remove this line")));
        }
        let over = self.0.iter().map(|(key, (_, lines))| format!("{key} {lines}")).collect();
        (findings, over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(allowed: &str, text: &str) -> Vec<String> {
        let measured = measure(&File { path: "a.rs".into(), text: text.into() });
        let (findings, _) = Allowed::parse(allowed).unwrap().check(&measured, "list.txt");
        findings.iter().map(ToString::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!("\nfn long() {{\n{}}}\n", "    a();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_has_seventy_lines_at_most() {
        assert!(advice("", &function(70)).is_empty());
        assert_eq!(
            advice("", &function(71)),
            ["a.rs:2: size: `a.rs::long` has 71 lines, the limit is 70: split it by jobs"]
        );
    }

    #[test]
    fn a_file_has_five_hundred_lines_at_most() {
        assert!(advice("", &"\n".repeat(500)).is_empty());
        assert!(advice("", &"\n".repeat(501))[0].contains("`a.rs` has 501 lines"));
    }

    #[test]
    fn what_is_listed_may_not_grow_and_leaves_the_list_when_small() {
        assert!(advice("# why\na.rs::long 80\n", &function(80)).is_empty());
        assert!(advice("a.rs::long 80", &function(81))[0].contains("grown from 80 to 81"));
        assert!(advice("a.rs::long 80", &function(70))[0].starts_with("list.txt:1: size: `a.rs::long` is not over"));
        assert!(Allowed::parse("a.rs").is_err());
    }

    #[test]
    fn data_is_not_measured() {
        assert!(measure(&File { path: "package-lock.json".into(), text: "\n".repeat(9000) }).is_empty());
    }
}
