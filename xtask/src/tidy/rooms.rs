//! docs/ARCHITECTURE.md names every crate.

use super::edges::Package;
use super::finding::Finding;

const RULE: &str = "rooms";

pub(super) fn check(packages: &[Package], path: &str, text: Option<&str>) -> Vec<Finding> {
    let Some(text) = text else {
        return vec![Finding::new(path, 1, RULE, "write this file, with a table of the crates")];
    };
    let missing = packages.iter().filter(|package| !is_named(text, package));
    missing
        .map(|package| Finding::new(path, 1, RULE, format!("add `{}` to the table of crates", package.name)))
        .collect()
}

/// In a row of a table; what is no crate of the product may be named anywhere.
fn is_named(text: &str, package: &Package) -> bool {
    let [short, full] = [format!("`{}`", package.name), format!("`skein-{}`", package.name)];
    let in_table = package.manifest.starts_with("crates/");
    text.lines()
        .filter(|line| !in_table || line.trim_start().starts_with('|'))
        .any(|line| line.contains(&short) || line.contains(&full) || (!in_table && line.contains(&package.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_crate_is_in_the_table() {
        let metadata = serde_json::json!({"packages": [
            {"name": "skein-domain", "manifest_path": "/r/crates/domain/Cargo.toml", "dependencies": []},
            {"name": "skein", "manifest_path": "/r/crates/skein/Cargo.toml", "dependencies": []},
            {"name": "xtask", "manifest_path": "/r/xtask/Cargo.toml", "dependencies": []},
        ]});
        let packages = super::super::edges::packages(&metadata, Path::new("/r")).unwrap();
        let advice =
            |text| check(&packages, "a.md", text).into_iter().map(|finding| finding.advice).collect::<Vec<_>>();
        assert!(advice(Some("| `domain` | x |\n| `skein` | y |\n`xtask/` is for developers")).is_empty());
        assert_eq!(
            advice(Some("`domain`\n| `skein-domains` |\n| `skein` | xtask |")),
            ["add `domain` to the table of crates"]
        );
        assert_eq!(advice(None).len(), 1);
    }
}
