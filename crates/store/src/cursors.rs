//! Cursors: how far lists were read, by account, method and name.

use jiff::Timestamp;

use crate::tables::cursors;
use crate::{Store, StoreError};

/// What a cursor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// As whom the list is read; empty for nobody.
    pub account: &'a str,
    /// The method, as the protocol calls it.
    pub method: &'a str,
    /// The reader's own name for it.
    pub name: &'a str,
}

/// The cursors of a store.
#[derive(Debug, Clone)]
pub struct Cursors {
    store: Store,
}

impl Cursors {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// The cursor, if one was kept.
    pub async fn get(&self, place: Place<'_>) -> Result<Option<String>, StoreError> {
        cursors::get(&mut self.store.read().await?, &place).await
    }

    /// Keeps a cursor in place of the one before; `None` forgets it.
    pub async fn put(&self, place: Place<'_>, cursor: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        match cursor {
            Some(cursor) => cursors::put(&mut tx, &place, cursor, now).await?,
            None => cursors::forget(&mut tx, &place).await?,
        }
        tx.commit().await?;
        Ok(())
    }
}
