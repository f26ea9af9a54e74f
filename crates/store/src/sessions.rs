//! Sessions of identities: opaque secret bytes, encrypted, replaced by compare-and-set, refreshed under a lease that all
//! processes share.

use std::fmt;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::tables::sessions;
use crate::{Place, Purpose, Store, StoreError};

/// A session as it is kept.
pub struct StoredSession {
    /// The secret bytes; wiped when dropped.
    pub secret: Zeroizing<Vec<u8>>,
    /// Rises with every write, also across forgetting.
    pub version: i64,
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The sessions of a store, each named by identity and service.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
}

impl Sessions {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// The session; `None` when there is none or it was forgotten.
    pub async fn get(&self, did: &str, service: &str) -> Result<Option<StoredSession>, StoreError> {
        let mut tx = self.store.read().await?;
        let Some((ciphertext, version)) = sessions::get(&mut tx, did, service).await? else { return Ok(None) };
        let secret = self.store.vault().open(Purpose::Sessions, &place(&[did, service]), &ciphertext)?;
        Ok(Some(StoredSession { secret, version }))
    }

    /// Keeps a session in place of the one with the expected version (`None`: where there is none) and returns its
    /// version. `Lost` when the condition does not hold.
    pub async fn put(
        &self,
        did: &str,
        service: &str,
        secret: &[u8],
        expected_version: Option<i64>,
    ) -> Result<i64, StoreError> {
        let ciphertext = self.store.vault().seal(Purpose::Sessions, &place(&[did, service]), secret)?;
        let mut tx = self.store.write().await?;
        let version = match expected_version {
            None => sessions::put_first(&mut tx, did, service, &ciphertext).await?,
            Some(expected) => sessions::replace(&mut tx, did, service, &ciphertext, expected).await?,
        };
        tx.commit().await?;
        Ok(version)
    }

    /// Forgets a session. Forgetting what is not there is no error.
    pub async fn forget(&self, did: &str, service: &str) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        sessions::forget(&mut tx, did, service).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the right to refresh a session until `until`, or renews it for the same owner; `false` while somebody else
    /// holds it. A lease has ended at its `until`.
    pub async fn lease_refresh(
        &self,
        did: &str,
        service: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.store.write().await?;
        let granted = sessions::lease_refresh(&mut tx, did, service, owner, now, until).await?;
        tx.commit().await?;
        Ok(granted)
    }

    /// Gives the right back; does nothing when `owner` does not hold it.
    pub async fn release_refresh(&self, did: &str, service: &str, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        sessions::release_refresh(&mut tx, did, service, owner).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "sessions", column: "ciphertext", row }
}
