//! Debian packages that the machine lacks.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::unattended::{run, said};

/// Installs the packages of the programs that are not there; each is named as a program and its package.
pub(crate) fn install(programs: &[(&str, &'static str)]) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let missing = missing(programs, |program| folders.iter().any(|folder| folder.join(program).exists()));
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

fn missing(programs: &[(&str, &'static str)], has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    programs.iter().filter(|(program, _)| !has(program)).map(|(_, package)| *package).collect()
}

fn is_root() -> anyhow::Result<bool> {
    Ok(said(Command::new("id").arg("-u"))? == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_whose_program_is_missing_are_installed() {
        let programs = [("git", "git"), ("node", "nodejs"), ("npm", "npm")];
        assert_eq!(missing(&programs, |program| program == "git"), ["nodejs", "npm"]);
        assert!(missing(&programs, |_| true).is_empty());
    }
}
