//! Names that say nothing.

use super::files::File;
use super::finding::Finding;
use super::scan::Scanned;

const RULE: &str = "names";
const FORBIDDEN: [&str; 10] =
    ["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "v2", "new"];
/// Refused also as the last word of a longer name.
const FORBIDDEN_ENDINGS: [&str; 6] = ["util", "utils", "helper", "helpers", "manager", "managers"];

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.is_source() {
        for part in file.path.split('/') {
            let name = part.split('.').next().unwrap_or_default();
            if says_nothing(&words(name)) {
                findings.push(Finding::new(&file.path, 1, RULE, format!("name {part:?} after the job it does")));
            }
        }
    }
    if file.is_rust() {
        let scanned = Scanned::new(&file.text);
        for (line, kind, name) in definitions(&scanned.code) {
            if says_nothing(&words(name)) {
                let advice = format!("name {kind} `{name}` after the job it does");
                findings.push(Finding::new(&file.path, line, RULE, advice));
            }
        }
    }
    findings
}

fn says_nothing(words: &[String]) -> bool {
    match words {
        [only] => FORBIDDEN.contains(&only.as_str()),
        [.., last] => FORBIDDEN_ENDINGS.contains(&last.as_str()),
        [] => false,
    }
}

/// `HttpHelper` and `http_helper` alike, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in name.chars() {
        if character == '_' || character == '-' || character.is_uppercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Types and modules: line, keyword, name.
fn definitions(code: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let tokens: Vec<_> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        for pair in tokens.windows(2) {
            if let [kind @ ("struct" | "enum" | "trait" | "type" | "union" | "mod"), name] = pair {
                found.push((index + 1, *kind, *name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).iter().map(|finding| format!("{}: {}", finding.line, finding.advice)).collect()
    }

    #[test]
    fn files_and_folders_are_named_for_their_job() {
        for path in [
            "src/utils.rs",
            "src/common/a.rs",
            "web/src/http-helper.ts",
            "src/new.rs",
            "src/v2/a.rs",
            "src/manager.test.ts",
        ] {
            assert_eq!(found(path, "").len(), 1, "{path}");
        }
        for path in
            ["src/utility_bill.rs", "src/new_post.rs", "src/v1/a.rs", "data/common.json", "src/managers_guide.md"]
        {
            assert!(found(path, "").is_empty(), "{path}");
        }
    }

    #[test]
    fn types_are_named_for_their_job() {
        let text = "pub struct SessionManager;\nenum Helper { A }\nmod common;\ntype New = u8;\n";
        assert_eq!(found("src/a.rs", text).len(), 4);
        let text = "struct Newline;\nfn new() {}\n// struct Helper\nlet s = \"enum Misc\";\nstruct ManagerRole;\n";
        assert!(found("src/a.rs", text).is_empty());
    }
}
