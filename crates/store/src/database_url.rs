//! Where the database is, as people write it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The address of a database. Today that is a file: `sqlite:/var/lib/skein/skein.db`, or the path alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    path: PathBuf,
}

impl DatabaseUrl {
    /// Reads `sqlite:path`, `sqlite://path` or a path. Another scheme is refused; the refusal repeats only the scheme,
    /// because what follows it may hold a password.
    pub fn parse(given: &str) -> Result<Self, StoreError> {
        let path = match given.split_once(':') {
            Some(("sqlite", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some((scheme, _)) if is_scheme(scheme) => return Err(StoreError::UnknownScheme(scheme.to_owned())),
            _ => given,
        };
        if path.is_empty() || path.contains(['\0', '?']) || path == ":memory:" {
            return Err(StoreError::NoPath);
        }
        Ok(Self { path: PathBuf::from(path) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl From<&Path> for DatabaseUrl {
    fn from(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.path.display())
    }
}

// One letter is a drive of Windows, not a scheme.
fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_sqlite_urls_are_read() {
        for given in ["sqlite:/a/b.db", "sqlite:///a/b.db", "/a/b.db"] {
            assert_eq!(DatabaseUrl::parse(given).unwrap().path(), Path::new("/a/b.db"), "{given}");
        }
        assert_eq!(DatabaseUrl::parse("sqlite://b.db").unwrap().path(), Path::new("b.db"));
    }

    #[test]
    fn another_database_is_refused_without_repeating_its_password() {
        let refusal = DatabaseUrl::parse("postgres://skein:hunter2@db/skein").unwrap_err().to_string();
        assert!(refusal.contains("postgres"), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
        for given in ["", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro"] {
            assert!(DatabaseUrl::parse(given).is_err(), "{given}");
        }
    }
}
