//! What `--install` brings onto a machine that lacks it.

use std::process::Stdio;

use crate::workspace::Workspace;
use crate::{debian, install, pypi, unattended};

/// A program that tests need, and the Debian package that brings it.
const DEBIAN: [(&str, &str); 5] =
    [("git", "git"), ("node", "nodejs"), ("npm", "npm"), ("ffmpeg", "ffmpeg"), ("faketime", "faketime")];

/// What installs packages of `PyPI`.
const PYTHON: [(&str, &str); 2] = [("python3", "python3"), ("pip3", "python3-pip")];

/// Installs what is missing. What fails here is said, and later fails the tests that need it.
pub(super) fn install(workspace: &Workspace, fast: bool) {
    report("Debian packages", debian::install(&DEBIAN));
    report("cargo-nextest", cargo_tool(workspace, "nextest"));
    if !fast {
        report("Debian packages of servers", debian::install_servers(&debian::SERVERS));
        report("cargo-deny", cargo_tool(workspace, "deny"));
        let harness = |harness| install::prepare(workspace.root(), harness, true).map(drop).map_err(Into::into);
        report("the reference PDS", harness(install::PDS));
        report("the reference network", harness(install::NETWORK));
        report("the object store", object_store(workspace));
    }
}

/// moto, unless the machine has it: an object store that speaks S3.
fn object_store(workspace: &Workspace) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("moto_server").exists()) {
        return Ok(());
    }
    debian::install(&PYTHON)?;
    let listed = workspace.root().join("crates/testkit/s3/requirements.txt");
    pypi::install(&listed, &workspace.target().join("s3"), &pypi::python()?)
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
    // Optimizing them takes longer than all that they do here.
    let mut command = workspace.cargo(["install", "--debug", "--locked", &package, "--root"]);
    unattended::run(command.arg(tools))
}
