//! A file on this machine, for what is too large to be held in memory.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that can be read for as long as this is kept: one that was made for the occasion goes away with its last clone.
#[derive(Clone)]
pub struct LocalFile {
    path: PathBuf,
    /// What removes it when it is dropped.
    _keeper: Option<Arc<dyn Send + Sync>>,
}

impl LocalFile {
    /// A file that somebody else looks after.
    pub fn at(path: PathBuf) -> Self {
        Self { path, _keeper: None }
    }

    /// A file that goes away when its keeper is dropped.
    pub fn kept_by(path: PathBuf, keeper: impl Send + Sync + 'static) -> Self {
        Self { path, _keeper: Some(Arc::new(keeper)) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for LocalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalFile").field(&self.path).finish()
    }
}
