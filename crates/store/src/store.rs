//! The store: one database file and the vault for what is secret in it.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use skein_domain::ports::Entropy;

use crate::budget::Budgets;
use crate::calls::Calls;
use crate::cursors::Cursors;
use crate::dialect::{self, Pool, Quick, Transaction};
use crate::profiles::Profiles;
use crate::tables::vault_keys;
use crate::videos::Videos;
use crate::{DatabaseUrl, MasterKey, Place, Purpose, Sessions, StoreError, Vault};

const KEY_CHECK: &[u8] = b"skein";
const KEY_CHECK_PLACE: Place<'static> = Place { table: "vault_keys", column: "check_value", row: &[] };

/// The durable memory. Clones share the connections. Several stores, also of several processes, may have one file open.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: Pool,
    readers: Pool,
    pub(crate) quick: Arc<Quick>,
    vault: Arc<Vault>,
}

impl Store {
    /// Opens the database, makes it if there is none (file 0600, missing folders 0700), brings its schema up to date and
    /// checks that the master key is the one it was made with. Nonces are drawn from `entropy`.
    pub async fn open(url: &DatabaseUrl, key: MasterKey, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let path = url.path();
        make_file(path)?;
        let pools = dialect::open(path).await.map_err(|why| why.opening(path))?;
        let store = Self {
            writer: pools.writer,
            readers: pools.readers,
            quick: Arc::new(Quick::of(path)),
            vault: Arc::new(Vault::new(key, entropy)),
        };
        store.check_key().await.map_err(|why| why.opening(path))?;
        Ok(store)
    }

    /// Ends the connections in order. Not needed for safety: what was written is durable when its call returns.
    pub async fn close(&self) {
        self.quick.close();
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The sessions of identities, encrypted at rest.
    pub fn sessions(&self) -> Sessions {
        Sessions::of(self.clone())
    }

    /// How far lists were read.
    pub fn cursors(&self) -> Cursors {
        Cursors::of(self.clone())
    }

    /// What was used of limits.
    pub fn budgets(&self) -> Budgets {
        Budgets::of(self.clone())
    }

    /// Who was asked for, and what was answered.
    pub fn profiles(&self) -> Profiles {
        Profiles::of(self.clone())
    }

    /// The call log.
    pub fn calls(&self) -> Calls {
        Calls::of(self.clone())
    }

    /// How far uploads of videos are.
    pub fn videos(&self) -> Videos {
        Videos::of(self.clone())
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) async fn write(&self) -> Result<Transaction, StoreError> {
        dialect::begin_write(&self.writer).await
    }

    /// For what need not survive a power failure to its last moment: the call log, and what is counted. It survives the process.
    pub(crate) async fn write_lightly(&self) -> Result<Transaction, StoreError> {
        dialect::begin_light_write(&self.writer).await
    }

    pub(crate) async fn read(&self) -> Result<Transaction, StoreError> {
        dialect::begin_read(&self.readers).await
    }

    async fn check_key(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        if let Some((key_id, check)) = vault_keys::get(&mut tx).await? {
            let opened = self.vault.open(Purpose::KeyCheck, &KEY_CHECK_PLACE, &check);
            let fits = key_id == self.vault.key_id() && opened.is_ok();
            return if fits { Ok(()) } else { Err(StoreError::WrongKey) };
        }
        let check = self.vault.seal(Purpose::KeyCheck, &KEY_CHECK_PLACE, KEY_CHECK)?;
        vault_keys::insert(&mut tx, &self.vault.key_id(), &check).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("vault", &self.vault).finish_non_exhaustive()
    }
}

/// Makes a folder and those above it, where missing, for their owner only.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// SQLite gives its side files the permissions of the main file, so only that one needs to be made here.
fn make_file(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(|why| StoreError::Making { path: folder.to_owned(), why })?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::Making { path: path.to_owned(), why })
        }
        _ => Ok(()),
    }
}
