//! Debian packages that the machine lacks.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::unattended::{run, said};

/// The servers that tests and benches start. Debian keeps `initdb` out of the path.
pub(crate) const SERVERS: [(&str, &str); 2] =
    [("/usr/lib/postgresql/*/bin/initdb", "postgresql"), ("redis-server", "redis-server")];

/// What PostgreSQL's packages ask whether to make a database of the machine.
const CLUSTERS: &str = "/etc/postgresql-common/createcluster.conf";

/// What packages ask whether they may start a server.
const MAY_START: &str = "/usr/sbin/policy-rc.d";

/// Installs the packages of the programs that are not there; each is named as a program and its package. A program is a name
/// in the path, or an absolute path in which one folder may be `*`.
pub(crate) fn install(programs: &[(&str, &'static str)]) -> anyhow::Result<()> {
    let missing = wanted(programs)?;
    if missing.is_empty() { Ok(()) } else { get(&missing) }
}

/// The same for servers, of which tests start their own: none is started, and no database of the machine is made.
pub(crate) fn install_servers(programs: &[(&str, &'static str)]) -> anyhow::Result<()> {
    let missing = wanted(programs)?;
    if missing.is_empty() {
        return Ok(());
    }
    let _none_starts = Replaced::with(MAY_START, &format!("#!/bin/sh\n{OURS}\nexit 101\n"), 0o755)?;
    if missing.contains(&"postgresql") {
        // It brings the settings, which the others read.
        get(&["postgresql-common"])?;
        let before = std::fs::read_to_string(CLUSTERS).unwrap_or_default();
        let _no_cluster = Replaced::with(CLUSTERS, &without_main_cluster(&before), 0o644)?;
        return get(&missing);
    }
    get(&missing)
}

fn without_main_cluster(settings: &str) -> String {
    let is_it = |line: &&str| line.trim_start().starts_with("create_main_cluster");
    let kept = settings.lines().filter(|line| !is_it(line));
    kept.filter(|line| *line != OURS)
        .chain([OURS, "create_main_cluster = false"])
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Stands in what is written here, so that it is known when it was left behind.
const OURS: &str = "# Written by `cargo xtask test --install` for as long as it installs.";

/// A file that says something else until this is dropped.
struct Replaced {
    path: PathBuf,
    before: Option<PathBuf>,
}

impl Replaced {
    fn with(path: impl Into<PathBuf>, text: &str, mode: u32) -> anyhow::Result<Self> {
        let path = path.into();
        let told = || format!("{} cannot be written", path.display());
        let aside = path.with_extension("before-skein");
        // What a run that was killed has left behind is not what was there before.
        if std::fs::read_to_string(&path).is_ok_and(|left| left.lines().any(|line| line == OURS)) {
            std::fs::remove_file(&path).with_context(told)?;
        } else if path.exists() {
            std::fs::rename(&path, &aside).with_context(told)?;
        }
        let before = aside.exists().then_some(aside);
        let replaced = Self { path: path.clone(), before };
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        std::io::Write::write_all(&mut file.with_context(told)?, text.as_bytes()).with_context(told)?;
        Ok(replaced)
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let back = match &self.before {
            Some(before) => std::fs::rename(before, &self.path),
            None => std::fs::remove_file(&self.path),
        };
        if let Err(error) = back {
            println!("{} could not be put back: {error}", self.path.display());
        }
    }
}

/// The packages that are missing, where they can be installed.
fn wanted(programs: &[(&str, &'static str)]) -> anyhow::Result<Vec<&'static str>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let missing = missing(programs, |program| is_there(program, &folders));
    let names = missing.join(" ");
    if missing.is_empty() {
        return Ok(missing);
    }
    if !is_root()? || !Path::new("/usr/bin/apt-get").exists() {
        bail!("missing, and only root on Debian can install them here: {names}");
    }
    println!("installing Debian packages: {names}");
    run(Command::new("apt-get").arg("update"))?;
    Ok(missing)
}

fn get(packages: &[&str]) -> anyhow::Result<()> {
    run(Command::new("apt-get").args(["install", "--yes", "--no-install-recommends"]).args(packages))
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
    fn a_file_is_replaced_for_a_time_whether_it_was_there_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let (there, new) = (folder.path().join("there.conf"), folder.path().join("new.d"));
        std::fs::write(&there, "before").unwrap();
        let of_both = [Replaced::with(&there, "now", 0o644).unwrap(), Replaced::with(&new, "now", 0o755).unwrap()];
        for path in [&there, &new] {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "now");
        }
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&new).unwrap().permissions());
        assert_eq!(mode & 0o100, 0o100);
        drop(of_both);
        assert_eq!(std::fs::read_to_string(&there).unwrap(), "before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_behind_is_not_taken_for_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (there, new) = (folder.path().join("there.conf"), folder.path().join("new.d"));
        std::fs::write(&there, "before").unwrap();
        let text = format!("{OURS}\nnow\n");
        for path in [&there, &new] {
            std::mem::forget(Replaced::with(path, &text, 0o644).unwrap());
            drop(Replaced::with(path, &text, 0o644).unwrap());
        }
        assert_eq!(std::fs::read_to_string(&there).unwrap(), "before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_settings_of_clusters_say_that_none_is_made() {
        let shipped = "# Default values\n#create_main_cluster = true\nstart_conf = 'auto'\n";
        let made = without_main_cluster(shipped);
        assert_eq!(made, format!("{shipped}{OURS}\ncreate_main_cluster = false\n"));
        assert_eq!(without_main_cluster(&made), made);
        let changed = without_main_cluster("create_main_cluster = true\n");
        assert_eq!(changed, format!("{OURS}\ncreate_main_cluster = false\n"));
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
