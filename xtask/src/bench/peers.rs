//! The peers: npm and `PyPI` packages of pinned versions in target/bench, and the programs that run them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::race::Contender;
use crate::unattended::{run, said};
use crate::workspace::Workspace;
use crate::{debian, installed, pypi};

const DEBIAN: [(&str, &str); 4] = [("node", "nodejs"), ("npm", "npm"), ("python3", "python3"), ("pip3", "python3-pip")];
const NPM_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
const PYPI_FILE: &str = "requirements.txt";

/// Which Node runs a script: JavaScript gets faster with its engine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// 22, the oldest that `@atproto/api` runs on.
    Oldest,
    /// 26.
    Newest,
}

impl Node {
    /// The name under which package.json has it.
    fn package(self) -> &'static str {
        match self {
            Self::Oldest => "node-22",
            Self::Newest => "node-26",
        }
    }
}

/// Where the peers are.
#[derive(Debug)]
pub(super) struct Peers {
    npm: PathBuf,
    pypi: PathBuf,
    python: PathBuf,
    source: PathBuf,
}

impl Peers {
    /// Installs what is missing.
    pub(super) fn install(workspace: &Workspace) -> anyhow::Result<Self> {
        debian::install(&DEBIAN)?;
        let source = workspace.root().join("xtask/bench");
        let folder = workspace.target().join("bench");
        let (npm, pypi) = (folder.join("npm"), folder.join("pypi"));
        install_npm(&source, &npm).context("the npm packages of the peers cannot be installed")?;
        let python = pypi::python()?;
        pypi::install(&source.join(PYPI_FILE), &pypi, &python)
            .context("the PyPI packages of the peers cannot be installed")?;
        Ok(Self { npm, pypi, python, source })
    }

    /// A contender that is a script for Node. It is copied to where it finds its packages.
    pub(super) fn node_script(&self, name: &str, script: &str, node: Node) -> anyhow::Result<Contender> {
        Ok(Contender::of(name, &self.node(node)?).argument(self.node_module(script)?))
    }

    /// Copies a script to where it finds its packages, and others find it.
    pub(super) fn node_module(&self, script: &str) -> anyhow::Result<PathBuf> {
        let file = Path::new(script).file_name().context("a script has a file name")?;
        let copy = self.npm.join(file);
        fs::copy(self.source.join(script), &copy).with_context(|| format!("{script} cannot be copied"))?;
        Ok(copy)
    }

    /// A contender that is a script for Python.
    pub(super) fn python_script(&self, name: &str, script: &str) -> Contender {
        let contender = Contender::of(name, &self.python).argument(self.source.join(script));
        contender.variable("PYTHONPATH", &self.pypi).variable("PYTHONDONTWRITEBYTECODE", "1")
    }

    /// The Python that measures: without site packages, to be small.
    pub(super) fn bare_python(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-I", "-S"]);
        command
    }

    /// The pinned one (Linux on x86-64), else the machine's.
    fn node(&self, node: Node) -> anyhow::Result<PathBuf> {
        let packaged = self.npm.join("node_modules").join(node.package()).join("bin/node");
        if packaged.exists() { Ok(packaged) } else { Ok(said(&mut which("node"))?.into()) }
    }

    /// `@atproto/api 0.21.0 on Node v26.10.0`
    pub(super) fn npm_version(&self, package: &str, node: Node) -> anyhow::Result<String> {
        let path = self.npm.join("node_modules").join(package).join("package.json");
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let about: Value = serde_json::from_str(&text)?;
        let node = said(Command::new(self.node(node)?).arg("--version"))?;
        Ok(format!("{package} {} on Node {node}", about["version"].as_str().unwrap_or("?")))
    }

    /// `Pillow 13.0.0 on Python 3.11.7`
    pub(super) fn pypi_version(&self, package: &str) -> anyhow::Result<String> {
        const PRINT: &str = "import platform, sys; from importlib.metadata import version; \
            print(sys.argv[1], version(sys.argv[1]), 'on Python', platform.python_version())";
        said(Command::new(&self.python).args(["-c", PRINT, package]).env("PYTHONPATH", &self.pypi))
    }
}

fn install_npm(source: &Path, folder: &Path) -> anyhow::Result<()> {
    let wanted = contents(source, &NPM_FILES)?;
    if installed::is_there(folder, &wanted) {
        return Ok(());
    }
    installed::start_over(folder)?;
    for file in NPM_FILES {
        fs::copy(source.join(file), folder.join(file))?;
    }
    println!("installing npm packages into {} …", folder.display());
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(folder))?;
    installed::record(folder, &wanted)
}

fn contents(source: &Path, files: &[&str]) -> anyhow::Result<String> {
    let read = |file: &&str| fs::read_to_string(source.join(file)).with_context(|| format!("{file} cannot be read"));
    files.iter().map(read).collect()
}

fn which(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "command -v \"$0\"", program]);
    command
}
