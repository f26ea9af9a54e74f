//! Marks of unfinished work, exceptions without a reason, and paths that exist on one machine only.

use super::files::File;
use super::finding::Finding;
use super::scan::Scanned;

/// Put together here so that this file does not find itself.
const FOREIGN_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("../sha", "red")];
const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];
const UNFINISHED_MACROS: [&str; 2] = ["todo!", "unimplemented!"];

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings = foreign_paths(file);
    if file.is_rust() {
        let scanned = Scanned::new(&file.text);
        findings.extend(unfinished(file, &scanned.comments));
        findings.extend(unfinished(file, &scanned.code));
        findings.extend(rust(file, &scanned.code));
    } else if file.is_source() {
        findings.extend(unfinished(file, &file.text));
    }
    findings
}

fn foreign_paths(file: &File) -> Vec<Finding> {
    find(file, &file.text, "paths", |line| {
        let path = FOREIGN_PATHS.iter().find(|path| line.contains(**path))?;
        Some(format!("{path:?} is not part of the product: copy in what is needed"))
    })
}

fn unfinished(file: &File, text: &str) -> Vec<Finding> {
    find(file, text, "unfinished", |line| {
        let mark = UNFINISHED.iter().find(|mark| has_word(line, mark))?;
        Some(format!("do it, or say why not, without {mark}"))
    })
}

fn rust(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = find(file, code, "unfinished", |line| {
        let mark = UNFINISHED_MACROS.iter().find(|mark| has_word(line, mark))?;
        Some(format!("write what `{mark}` stands for"))
    });
    findings.extend(find(file, code, "ignored", |line| {
        line.contains("#[ignore").then(|| "a test runs or does not exist".to_owned())
    }));
    findings.extend(allows_without_reason(file, code));
    findings
}

fn allows_without_reason(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (start, _) in code.match_indices("allow(") {
        let before = code[..start].trim_end_matches(char::is_whitespace);
        let attribute = &code[start..];
        let inside = &attribute[..attribute.find(']').unwrap_or(attribute.len())];
        if (before.ends_with("#[") || before.ends_with("#![")) && !has_word(inside, "reason") {
            let line = code[..start].lines().count().max(1);
            let advice = "write `#[expect(LINT, reason = \"…\")]`";
            findings.push(Finding::new(&file.path, line, "allow", advice));
        }
    }
    findings
}

fn find(file: &File, text: &str, rule: &'static str, judge: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| Some(Finding::new(&file.path, index + 1, rule, judge(line)?))).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| !is_part(line[..at].chars().next_back()) && !is_part(line[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).iter().map(|finding| format!("{}: {}", finding.line, finding.rule)).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_code_and_comments() {
        assert_eq!(
            found("a.rs", "// TODO: later\nfn a() {\n    todo!()\n}\n/* FIXME */\n"),
            ["1: unfinished", "5: unfinished", "3: unfinished"]
        );
        assert_eq!(found("a.ts", "// XXX\n"), ["1: unfinished"]);
        assert_eq!(found("a.rs", "fn a() { unimplemented!(\"x\") }"), ["1: unfinished"]);
        assert!(found("a.rs", "let s = \"TODO\"; let mastodo = 1; my_todo!(); // TODOS\n").is_empty());
    }

    #[test]
    fn an_exception_has_a_reason() {
        assert_eq!(found("a.rs", "\n#[allow(dead_code)]\nfn a() {}\n"), ["2: allow"]);
        assert_eq!(found("a.rs", "#![allow(\n    x,\n    y\n)]\n"), ["1: allow"]);
        assert!(
            found("a.rs", "#[allow(x, reason = \"y\")]\n#[expect(x, reason = \"y\")]\nself.allow(1);\n").is_empty()
        );
    }

    #[test]
    fn tests_are_not_ignored() {
        assert_eq!(found("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n"), ["2: ignored"]);
        assert!(found("a.rs", "// #[ignore] is refused\n").is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found_everywhere() {
        for path in FOREIGN_PATHS {
            assert_eq!(found("docs/a.md", &format!("\nsee {path}x\n")), ["2: paths"]);
            assert_eq!(found("a.rs", &format!("let p = \"{path}\";\n")), ["1: paths"]);
        }
    }
}
