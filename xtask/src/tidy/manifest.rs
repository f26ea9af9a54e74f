//! Each crate's Cargo.toml: lints of the workspace, dependencies of the workspace, SQL in one crate only.

use super::files::File;
use super::finding::Finding;

const STORE: &str = "crates/store/";

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut section = "";
    let mut has_lints = false;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.starts_with('[') {
            section = line;
            findings.extend(spelled_out_section(file, index + 1, line));
        } else if section == "[lints]" && line == "workspace = true" {
            has_lints = true;
        } else if is_dependencies(section) && !line.is_empty() && !line.starts_with('#') {
            findings.extend(dependency(file, index + 1, line));
        }
    }
    if !has_lints {
        findings.push(Finding::new(&file.path, 1, "lints", "add `[lints]` with `workspace = true`"));
    }
    findings
}

fn is_dependencies(section: &str) -> bool {
    section.trim_end_matches(']').ends_with("dependencies")
}

/// `[dependencies.x]` would hide a dependency from the check of its lines.
fn spelled_out_section(file: &File, line: usize, section: &str) -> Option<Finding> {
    let advice = "write `NAME.workspace = true` under [dependencies]";
    section.contains("dependencies.").then(|| Finding::new(&file.path, line, "dependencies", advice))
}

fn dependency(file: &File, line: usize, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = text.split(['.', ' ', '=']).next().unwrap_or_default();
    if text.replace(' ', "") != format!("{name}.workspace=true") {
        let advice = format!("write `{name}.workspace = true`; version and features belong into the root Cargo.toml");
        findings.push(Finding::new(&file.path, line, "dependencies", advice));
    }
    if name == "sqlx" && !file.path.starts_with(STORE) {
        findings.push(Finding::new(&file.path, line, "sql", "SQL lives in crates/store only: give it a method there"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File { path: path.into(), text: text.into() };
        check(&file).iter().map(|finding| format!("{}: {}", finding.line, finding.rule)).collect()
    }

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn dependencies_come_from_the_workspace() {
        let text = format!(
            "{LINTS}[dependencies]\n# why\na.workspace = true\nb = \"1\"\nc = {{ workspace = true, features = [\"x\"] }}\n"
        );
        assert_eq!(found("crates/x/Cargo.toml", &text), ["6: dependencies", "7: dependencies"]);
        let text =
            format!("{LINTS}[dev-dependencies.d]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n");
        assert_eq!(found("crates/x/Cargo.toml", &text), ["3: dependencies", "6: dependencies"]);
        assert!(found("crates/x/Cargo.toml", &format!("{LINTS}[features]\nf = []\n")).is_empty());
    }

    #[test]
    fn lints_come_from_the_workspace() {
        assert_eq!(found("crates/x/Cargo.toml", "[package]\nname = \"x\"\n"), ["1: lints"]);
    }

    #[test]
    fn sql_has_one_place() {
        let text = format!("{LINTS}[dependencies]\nsqlx.workspace = true\n");
        assert_eq!(found("crates/engine/Cargo.toml", &text), ["4: sql"]);
        assert!(found("crates/store/Cargo.toml", &text).is_empty());
    }
}
