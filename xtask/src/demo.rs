//! `cargo xtask demo`

use std::os::unix::process::CommandExt;

use anyhow::{Context, bail};

use crate::workspace::Workspace;
use crate::{Misuse, Outcome};

pub(crate) const USAGE: &str = "\
cargo xtask demo [ARGUMENTS]

Builds Skein (the first time takes some minutes) and becomes `skein demo ARGUMENTS`.";

#[expect(clippy::unnecessary_wraps, reason = "every command has this form; this one passes its arguments on")]
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    Ok(demo(workspace, arguments))
}

fn demo(workspace: &Workspace, arguments: &[String]) -> Outcome {
    let built = workspace.cargo(["build", "--package", "skein"]).status().context("cargo cannot be started")?;
    if !built.success() {
        bail!("Skein does not build; see above");
    }
    let skein = workspace.target().join("debug/skein");
    // Returns only when it fails.
    let error = std::process::Command::new(&skein).arg("demo").args(arguments).exec();
    Err(error).with_context(|| format!("{} cannot be started", skein.display()))
}
