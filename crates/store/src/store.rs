//! The store: one database and the vault for what is secret in it.

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
use crate::database_url::Target;
use crate::dialect::listener::Listener;
use crate::dialect::{Connection, Pools, postgres, sqlite};
use crate::leases::Leases;
use crate::profiles::Profiles;
use crate::saving::Saves;
use crate::tables::vault_keys;
use crate::videos::Videos;
use crate::{DatabaseUrl, MasterKey, Place, Purpose, Sessions, StoreError, Vault};

const KEY_CHECK: &[u8] = b"skein";
const KEY_CHECK_PLACE: Place<'static> = Place { table: "vault_keys", column: "check_value", row: &[] };

/// How a pool of connections to the database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUsage {
    /// What it is for: `writer` and `readers` of a file, `server` otherwise.
    pub name: &'static str,
    /// Connections that are open.
    pub open: u32,
    /// Of those, the ones that nobody uses.
    pub idle: u32,
    /// Connections that it may open.
    pub at_most: u32,
}

/// The durable memory. Clones share the connections. Several stores, also of several processes, may have one database open.
#[derive(Clone)]
pub struct Store {
    pub(crate) pools: Pools,
    /// Only where other processes can tell of their changes.
    pub(crate) listener: Option<Arc<Listener>>,
    pub(crate) saves: Saves,
    pub(crate) leases: Leases,
    vault: Arc<Vault>,
}

impl Store {
    /// Opens the database, brings its schema up to date and checks that the master key is the one it was made with. A file is
    /// made if there is none (0600, missing folders 0700); a database of a server is there already. Nonces are drawn from `entropy`.
    pub async fn open(url: &DatabaseUrl, key: MasterKey, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let (pools, listener) = match url.target() {
            Target::File(path) => {
                make_file(path)?;
                (sqlite::open(path).await.map(Pools::Sqlite), None)
            }
            Target::Server(options) => {
                let listener = Listener::new(options.clone());
                (postgres::open(options).await.map(Pools::Postgres), Some(Arc::new(listener)))
            }
        };
        let pools = pools.map_err(|why| why.opening(url))?;
        let (saves, leases) = (Saves::on(pools.clone()), Leases::on(pools.clone()));
        let store = Self { pools, listener, saves, leases, vault: Arc::new(Vault::new(key, entropy)) };
        store.check_key().await.map_err(|why| why.opening(url))?;
        Ok(store)
    }

    /// Ends the connections in order. Not needed for safety: what was written is durable when its call returns.
    pub async fn close(&self) {
        self.pools.close().await;
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

    /// How the pools of connections stand now. Asks nobody.
    pub fn pool_usage(&self) -> Vec<PoolUsage> {
        self.pools.usage()
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) async fn write(&self) -> Result<Connection, StoreError> {
        self.pools.write().await
    }

    /// For what need not survive a power failure to its last moment: the call log, and what is counted. It survives the process.
    pub(crate) async fn write_lightly(&self) -> Result<Connection, StoreError> {
        self.pools.write_lightly().await
    }

    /// For one statement.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        self.pools.read().await
    }

    async fn check_key(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.alone_with("vault_keys").await?;
        if let Some((key_id, check)) = vault_keys::get(&mut tx).await? {
            let opened = self.vault.open(Purpose::KeyCheck, &KEY_CHECK_PLACE, &check);
            let fits = key_id == self.vault.key_id() && opened.is_ok();
            return if fits { Ok(()) } else { Err(StoreError::WrongKey) };
        }
        let check = self.vault.seal(Purpose::KeyCheck, &KEY_CHECK_PLACE, KEY_CHECK)?;
        vault_keys::insert(&mut tx, &self.vault.key_id(), &check).await?;
        tx.commit().await
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
