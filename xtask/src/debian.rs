//! Debian packages that the machine lacks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::unattended::{run, said};

/// Installs the packages of the programs that are not there; each is named as a program and its package. A program is a name
/// in the path, or an absolute path in which one folder may be `*`.
pub(crate) fn install(programs: &[(&str, &'static str)]) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let missing = missing(programs, |program| is_there(program, &folders));
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

fn is_there(program: &str, folders: &[PathBuf]) -> bool {
    match program.split_once("/*/") {
        Some((above, below)) => {
            let inside = std::fs::read_dir(above).into_iter().flatten().flatten();
            inside.map(|folder| folder.path().join(below)).any(|path| path.exists())
        }
        None => folders.iter().any(|folder| folder.join(program).exists()),
    }
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

    #[test]
    fn a_program_is_looked_for_in_the_path_or_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("15/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("initdb"), "").unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        assert!(is_there("initdb", std::slice::from_ref(&bin)) && !is_there("initdb", &[]));
        assert!(is_there(&path("*/bin/initdb"), &[]) && !is_there(&path("*/bin/postgres"), &[]));
        assert!(!is_there("/no/such/*/folder", &[]));
    }
}
