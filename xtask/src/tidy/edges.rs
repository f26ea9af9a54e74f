//! Which crate may import which: the table "The rooms" of docs/ARCHITECTURE.md as data.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::files::File;
use super::finding::Finding;

const RULE: &str = "edges";

/// What a crate may import, tests included.
enum May {
    Only(&'static [&'static str]),
    ProductCrates,
    Everything,
}

const EDGES: &[(&str, May)] = &[
    ("domain", May::Only(&[])),
    ("atproto", May::Only(&[])),
    ("net", May::Only(&[])),
    ("media", May::Only(&[])),
    ("bluesky", May::Only(&["atproto", "net"])),
    ("store", May::Only(&["domain"])),
    ("journal", May::Only(&["bluesky", "store", "domain"])),
    ("connect", May::Only(&["domain", "atproto", "bluesky", "media", "net"])),
    ("intake", May::Only(&["domain"])),
    ("engine", May::Only(&["domain"])),
    ("notices", May::Only(&["domain"])),
    ("api", May::Only(&["domain", "intake"])),
    ("sandbox", May::Only(&["atproto"])),
    ("skein", May::ProductCrates),
    ("testkit", May::ProductCrates),
    ("e2e", May::Everything),
    ("xtask", May::Only(&["testkit"])),
];

/// Tests of every crate may import it; no product code may.
const TESTKIT: &str = "testkit";
const NOT_PRODUCT: [&str; 3] = [TESTKIT, "e2e", "xtask"];

/// A crate of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    /// Without the prefix `skein-`.
    pub(super) name: String,
    /// Its Cargo.toml, from the root.
    pub(super) manifest: String,
    imports: Vec<Import>,
}

/// A dependency on another crate of the workspace.
#[derive(Debug)]
struct Import {
    name: String,
    only_for_tests: bool,
}

/// From the JSON of `cargo metadata --no-deps`.
pub(super) fn packages(metadata: &Value, root: &Path) -> anyhow::Result<Vec<Package>> {
    let list = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    list.iter().map(|package| read_package(package, root)).collect()
}

fn read_package(package: &Value, root: &Path) -> anyhow::Result<Package> {
    let name = package["name"].as_str().context("a package has no name")?;
    let manifest = Path::new(package["manifest_path"].as_str().context("a package has no manifest")?);
    let manifest = manifest.strip_prefix(root).unwrap_or(manifest).to_string_lossy().into_owned();
    let dependencies = package["dependencies"].as_array().context("a package has no dependencies")?;
    let imports = dependencies
        .iter()
        .filter(|dependency| dependency["path"].is_string())
        .filter_map(|dependency| {
            let only_for_tests = dependency["kind"] == "dev";
            Some(Import { name: short(dependency["name"].as_str()?), only_for_tests })
        })
        .collect();
    Ok(Package { name: short(name), manifest, imports })
}

fn short(name: &str) -> String {
    name.strip_prefix("skein-").unwrap_or(name).to_owned()
}

pub(super) fn check(packages: &[Package], files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let text = files.iter().find(|file| file.path == package.manifest).map_or("", |file| &file.text);
        let Some((_, may)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            let advice = format!("`{}` is in no room: add it to the table in xtask/src/tidy/edges.rs", package.name);
            findings.push(Finding::new(&package.manifest, 1, RULE, advice));
            continue;
        };
        for import in package.imports.iter().filter(|import| !is_allowed(may, import)) {
            let advice = format!("`{}` may not import `{}`: {}", package.name, import.name, allowance(may));
            findings.push(Finding::new(&package.manifest, line_of(text, &import.name), RULE, advice));
        }
    }
    findings
}

fn is_allowed(may: &May, import: &Import) -> bool {
    if import.name == TESTKIT && import.only_for_tests {
        return true;
    }
    match may {
        May::Only(names) => names.contains(&import.name.as_str()),
        May::ProductCrates => !NOT_PRODUCT.contains(&import.name.as_str()),
        May::Everything => true,
    }
}

fn allowance(may: &May) -> String {
    match may {
        May::Only([]) => "it may import none of our crates".to_owned(),
        May::Only(names) => format!("it may import {}", names.join(", ")),
        May::ProductCrates | May::Everything => "that crate is for tests".to_owned(),
    }
}

fn line_of(manifest: &str, name: &str) -> usize {
    let [full, bare] = [format!("skein-{name}"), name.to_owned()];
    let is_it = |line: &str| {
        [&full, &bare].iter().any(|name| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} ")))
    };
    manifest.lines().position(is_it).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn findings(name: &str, dependencies: &Value) -> Vec<String> {
        let metadata = json!({"packages": [
            {"name": name, "manifest_path": "/r/crates/x/Cargo.toml", "dependencies": dependencies},
        ]});
        let packages = packages(&metadata, Path::new("/r")).unwrap();
        let text = "[dependencies]\nskein-store.workspace = true\n".to_owned();
        let files = [File { path: "crates/x/Cargo.toml".into(), text }];
        check(&packages, &files).iter().map(ToString::to_string).collect()
    }

    fn import(name: &str, kind: &Value) -> Value {
        json!([{"name": name, "kind": kind, "path": "/r/crates/y"}])
    }

    #[test]
    fn an_edge_against_the_direction_is_refused_where_it_stands() {
        let found = findings("skein-engine", &import("skein-store", &Value::Null));
        assert_eq!(found, ["crates/x/Cargo.toml:2: edges: `engine` may not import `store`: it may import domain"]);
        assert_eq!(findings("skein-domain", &import("skein-net", &Value::Null)).len(), 1);
        assert_eq!(findings("skein-engine", &import("skein-store", &json!("dev"))).len(), 1);
    }

    #[test]
    fn edges_of_the_table_and_outside_crates_pass() {
        for (name, other) in [
            ("skein-store", "skein-domain"),
            ("skein", "skein-store"),
            ("skein-e2e", "skein-testkit"),
            ("xtask", "skein-testkit"),
        ] {
            assert!(findings(name, &import(other, &Value::Null)).is_empty(), "{name} -> {other}");
        }
        assert!(findings("skein-domain", &json!([{"name": "serde", "kind": null}])).is_empty());
    }

    #[test]
    fn testkit_is_for_tests() {
        assert!(findings("skein-domain", &import("skein-testkit", &json!("dev"))).is_empty());
        assert_eq!(findings("skein", &import("skein-testkit", &Value::Null)).len(), 1);
        assert_eq!(findings("skein-testkit", &import("skein-e2e", &Value::Null)).len(), 1);
    }

    #[test]
    fn a_crate_without_a_room_is_refused() {
        assert!(findings("skein-attic", &json!([]))[0].contains("`attic` is in no room"));
    }
}
