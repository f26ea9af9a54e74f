//! The text files of the checkout, without what is built, installed or fetched.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;

const LEFT_OUT: [&str; 5] = ["target", "node_modules", ".git", "dist", ".svelte-kit"];
const MAX_FILE_BYTES: u64 = 2_000_000;

#[derive(Debug)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension(&["rs"])
    }

    /// Written by hand for this product, as opposed to data and lock files.
    pub(super) fn is_source(&self) -> bool {
        self.is_rust() || self.has_extension(&["ts", "js", "mjs", "svelte", "css", "html", "sql", "sh"])
    }

    fn has_extension(&self, extensions: &[&str]) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension))
    }
}

/// What is not UTF-8, or larger than 2 MB, is no text and left out.
pub(crate) fn read_all(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut files = Vec::new();
    walk(root, "", &mut files).context("the checkout cannot be read")?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_FILE_BYTES {
            match fs::read_to_string(entry.path()) {
                Ok(text) => files.push(File { path, text }),
                // Gone since the folder was read, or no text.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_and_binary_files_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write("a/b.rs", b"fn b() {}");
        write("target/c.rs", b"");
        write("web/node_modules/d.js", b"");
        write("e.png", &[0xff, 0xfe]);
        let paths: Vec<_> = read_all(root.path()).unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(paths, ["a/b.rs"]);
    }
}
