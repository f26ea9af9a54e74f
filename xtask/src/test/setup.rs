//! What `--install` brings onto a machine that lacks it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::install;
use crate::workspace::Workspace;

/// A program that tests need, and the Debian package that brings it.
const DEBIAN: [(&str, &str); 3] = [("git", "git"), ("node", "nodejs"), ("npm", "npm")];

/// Installs what is missing. What fails here is said, and later fails the tests that need it.
pub(super) fn install(workspace: &Workspace, fast: bool) {
    report("Debian packages", debian_packages());
    report("cargo-nextest", cargo_tool(workspace, "nextest"));
    if !fast {
        report("cargo-deny", cargo_tool(workspace, "deny"));
        report("the reference PDS", install::prepare(workspace.root(), true).map(drop).map_err(Into::into));
    }
}

/// Whether `cargo NAME` exists, on the machine or in target/tools.
pub(super) fn has_subcommand(workspace: &Workspace, name: &str) -> bool {
    let mut command = workspace.cargo([name, "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn report(what: &str, result: anyhow::Result<()>) {
    match result {
        Ok(()) => println!("{what}: there"),
        Err(error) => println!("{what}: {error:#}"),
    }
}

fn cargo_tool(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    if has_subcommand(workspace, name) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    println!("installing {package} into target/tools (some minutes) …");
    let tools = workspace.tools();
    let mut command = workspace.cargo(["install", "--locked", &package, "--root"]);
    run(command.arg(tools))
}

fn debian_packages() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let missing = missing_packages(|program| folders.iter().any(|folder| folder.join(program).exists()));
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !is_root()? || !Path::new("/usr/bin/apt-get").exists() {
        bail!("missing, and only root on Debian can install them here: {names}");
    }
    println!("installing Debian packages: {names}");
    run(Command::new("apt-get").arg("update"))?;
    run(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(missing))
}

fn missing_packages(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    DEBIAN.into_iter().filter(|(program, _)| !has(program)).map(|(_, package)| package).collect()
}

fn is_root() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output().context("id cannot be started")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command.stdin(Stdio::null()).env("DEBIAN_FRONTEND", "noninteractive").status();
    let status = status.with_context(|| format!("{name} cannot be started"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_whose_program_is_missing_are_installed() {
        assert_eq!(missing_packages(|program| program == "git"), ["nodejs", "npm"]);
        assert!(missing_packages(|_| true).is_empty());
    }
}
