//! `cargo xtask tidy`

mod edges;
pub(crate) mod files;
mod finding;
mod manifest;
mod marks;
mod names;
mod rooms;
pub(crate) mod scan;
mod size;

use std::process::ExitCode;

use anyhow::Context;

use self::edges::Package;
use self::files::File;
use self::finding::Finding;
use self::size::Allowed;
use crate::workspace::Workspace;
use crate::{Misuse, Outcome, flags};

pub(crate) const USAGE: &str = "\
cargo xtask tidy

The house rules that no compiler checks: which crate may import which, names, sizes, marks of unfinished work. Every
finding is a line `path:line: rule: what to do`. Sizes that are over for now are listed in xtask/tidy-allowed.txt.";

const ALLOWED: &str = "xtask/tidy-allowed.txt";
const ROOMS: &str = "docs/ARCHITECTURE.md";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let [] = flags(arguments, [])?;
    Ok(check(workspace).map(|tidy| if tidy { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// Prints what it finds; true when that is nothing.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<bool> {
    let packages = edges::packages(&workspace.metadata()?, workspace.root())?;
    let files = files::read_all(workspace.root())?;
    let allowed = Allowed::parse(files.iter().find(|file| file.path == ALLOWED).map_or("", |file| &file.text))
        .with_context(|| format!("{ALLOWED} cannot be read"))?;
    let (mut findings, over) = all(&packages, &files, &allowed);
    for line in over {
        println!("over, and allowed for now: {line}");
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} files, {} crates: {} findings", files.len(), packages.len(), findings.len());
    Ok(findings.is_empty())
}

fn all(packages: &[Package], files: &[File], allowed: &Allowed) -> (Vec<Finding>, Vec<String>) {
    let mut findings = edges::check(packages, files);
    let measured: Vec<_> = files.iter().flat_map(size::measure).collect();
    let (sizes, over) = allowed.check(&measured, ALLOWED);
    findings.extend(sizes);
    for file in files {
        findings.extend(names::check(file));
        findings.extend(marks::check(file));
        if packages.iter().any(|package| package.manifest == file.path) {
            findings.extend(manifest::check(file));
        }
    }
    let rooms = files.iter().find(|file| file.path == ROOMS).map(|file| file.text.as_str());
    findings.extend(rooms::check(packages, ROOMS, rooms));
    (findings, over)
}
