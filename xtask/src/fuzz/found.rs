//! The property tests of the checkout, found in its source: whatever stands in a `proptest!` block.

use std::collections::BTreeSet;
use std::path::Path;

use crate::tidy::files::{self, File};
use crate::tidy::scan::Scanned;

const BLOCK: &str = "proptest! {";
const TEST: &str = "#[test]";

/// A property test, by its package and the name of its function.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Property {
    pub(super) package: String,
    pub(super) name: String,
}

pub(super) fn properties(root: &Path) -> anyhow::Result<BTreeSet<Property>> {
    let files = files::read_all(root)?;
    Ok(files.iter().filter(|file| file.is_rust()).flat_map(of_file).collect())
}

fn of_file(file: &File) -> Vec<Property> {
    let Some(folder) = file.path.strip_prefix("crates/").and_then(|path| path.split('/').next()) else {
        return Vec::new();
    };
    // Every package but the program itself is named so.
    let package = if folder == "skein" { folder.to_owned() } else { format!("skein-{folder}") };
    let names = names(&Scanned::new(&file.text).code);
    names.into_iter().map(|name| Property { package: package.clone(), name }).collect()
}

fn names(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(BLOCK) {
        let block = code.get(at + BLOCK.len()..).unwrap_or_default();
        let tests = block.get(..end_of(block)).unwrap_or_default().split(TEST).skip(1);
        let name = |test: &str| Some(test.split_once("fn ")?.1.split_once('(')?.0.trim().to_owned());
        found.extend(tests.filter_map(name));
    }
    found
}

/// Where the block ends whose opening brace stands before.
fn end_of(block: &str) -> usize {
    let mut open = 1_usize;
    for (at, character) in block.char_indices() {
        match character {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at;
        }
    }
    block.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_every_block_are_found_and_no_others() {
        let text = "\
            proptest! {\n  #![proptest_config(x)]\n  #[test]\n  fn one(a in 0..1) { let x = \"}\"; { } }\n\
              /// }\n  #[test]\n  fn two (b in \"#[test] fn no(\") {}\n}\n#[test]\nfn other() {}\n\
            mod tests { proptest::proptest! { #[test] fn three() {} } }\n// proptest! { #[test] fn no() {} }\n";
        let file = |path: &str| File { path: path.to_owned(), text: text.to_owned() };
        let found = of_file(&file("crates/media/tests/a/b.rs"));
        assert_eq!(found.iter().map(|property| property.name.as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
        assert!(found.iter().all(|property| property.package == "skein-media"));
        assert_eq!(of_file(&file("crates/skein/src/a.rs"))[0].package, "skein");
        assert!(of_file(&file("xtask/src/a.rs")).is_empty());
    }

    #[test]
    fn this_checkout_has_some() {
        let found = properties(crate::workspace::Workspace::here().root()).unwrap();
        assert!(found.iter().any(|property| property.package == "skein-atproto"), "{found:?}");
        assert!(found.len() > 40, "{found:?}");
    }
}
