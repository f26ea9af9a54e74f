//! Where things are, and how cargo is called.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The folders of this checkout.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn here() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::at(manifest.parent().unwrap_or(manifest).to_path_buf())
    }

    fn at(root: PathBuf) -> Self {
        let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Self { root, target }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where `cargo install --root` puts what the machine lacks.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Cargo, as called from a shell in the root.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root).stdin(Stdio::null()).env("PATH", self.path());
        // `cargo run` told this process about the xtask package; build scripts that watch these variables (ring's)
        // would run again.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_xtask(name)) {
            command.env_remove(name);
        }
        command
    }

    /// The output of `cargo metadata --no-deps`.
    pub(crate) fn metadata(&self) -> anyhow::Result<serde_json::Value> {
        let output = self
            .cargo(["metadata", "--no-deps", "--format-version=1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo metadata cannot be started")?;
        if !output.status.success() {
            bail!("cargo metadata failed ({})", output.status);
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata answered something that is not JSON")
    }

    fn path(&self) -> OsString {
        let mut folders = vec![self.tools().join("bin")];
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        // A folder with a colon in its name cannot be on a PATH; the tools are then not found.
        std::env::join_paths(folders).unwrap_or_default()
    }
}

fn is_about_xtask(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| name.starts_with(prefix))
}
