//! Packages of `PyPI`, in folders of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::installed;
use crate::unattended::{run, said};

/// The Python itself: `python3` may be a script that looks for it.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    Ok(said(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?.into())
}

/// Installs what a file lists into a folder, unless the same is there for the same Python.
pub(crate) fn install(requirements: &Path, folder: &Path, python: &Path) -> anyhow::Result<()> {
    let version = said(Command::new(python).arg("--version"))?;
    let listed =
        fs::read_to_string(requirements).with_context(|| format!("{} cannot be read", requirements.display()))?;
    let wanted = format!("{version}\n{listed}");
    if installed::is_there(folder, &wanted) {
        return Ok(());
    }
    installed::start_over(folder)?;
    println!("installing PyPI packages into {} …", folder.display());
    let quiet = ["--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--no-input"];
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--only-binary=:all:"]).args(quiet).arg("--target").arg(folder);
    run(pip.arg("--requirement").arg(requirements))?;
    installed::record(folder, &wanted)
}
