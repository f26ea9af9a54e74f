//! Folders under target/ that packages are installed into, and what stands in them when that came to its end.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// What was installed, word for word; written last.
const FINISHED: &str = ".installed";

/// Whether exactly this is installed.
pub(crate) fn is_there(folder: &Path, wanted: &str) -> bool {
    fs::read_to_string(folder.join(FINISHED)).is_ok_and(|installed| installed == wanted)
}

/// Removes what is there, and makes an empty folder.
pub(crate) fn start_over(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

/// Notes what is installed now.
pub(crate) fn record(folder: &Path, what: &str) -> anyhow::Result<()> {
    fs::write(folder.join(FINISHED), what).context("the installation cannot be recorded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_installed_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(!is_there(path, "a==1"));
        record(path, "a==1").unwrap();
        assert!(is_there(path, "a==1"));
        assert!(!is_there(path, "a==2"));
        start_over(path).unwrap();
        assert!(!is_there(path, "a==1"));
    }
}
