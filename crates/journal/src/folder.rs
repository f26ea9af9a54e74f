//! A journal in a folder of its own, for programs that have no store.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skein_domain::ports::Entropy;
use skein_store::{DatabaseUrl, KeyError, MasterKey, Store, StoreError};
use thiserror::Error;

use crate::StoreJournal;

const DATABASE: &str = "skein.db";
const KEY: &str = "master.key";

/// Why there is no journal.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error("the folder {path} cannot be made: {error}", path = .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The database is there and its key is not: what it keeps could not be read.
    #[error("{path} is missing, and the database beside it was made with it: restore it; a key in SKEIN_MASTER_KEY is not read here", path = .0.display())]
    NoKey(PathBuf),
    /// The key cannot be read or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreJournal {
    /// The journal of a folder, which is made for its owner only where it is missing: the database `skein.db`, and `master.key`,
    /// which encrypts the sessions in it. They are those of a data folder of `skein`, so that a program and `skein` can share
    /// one; any number of processes may have it open. The key in `SKEIN_MASTER_KEY` that `skein` may be given instead is not read
    /// here: whoever uses that opens a `Store` with it and calls [`StoreJournal::new`].
    ///
    /// ```no_run
    /// # use std::sync::Arc;
    /// # use skein_bluesky::Client;
    /// # use skein_journal::StoreJournal;
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = Arc::new(StoreJournal::in_folder("memory").await?);
    /// let bsky = Client::builder().journal(journal).login("alice.bsky.social", "abcd-efgh-ijkl-mnop").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn in_folder(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let folder = folder.as_ref();
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| OpenError::Folder { path: folder.to_owned(), error })?;
        let (database, key) = (folder.join(DATABASE), folder.join(KEY));
        if database.exists() && !key.exists() {
            return Err(OpenError::NoKey(key));
        }
        let entropy = Arc::new(MachineEntropy);
        let key = MasterKey::load_or_create(&key, entropy.as_ref())?;
        let store = Store::open(&DatabaseUrl::from(database.as_path()), key, entropy).await?;
        Ok(Self::new(&store))
    }
}

/// The randomness of the machine, for programs that have none of their own.
struct MachineEntropy;

impl Entropy for MachineEntropy {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the default of the entropy parameter; keys that somebody can guess are worse than an end"
    )]
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system gives no randomness");
    }
}
