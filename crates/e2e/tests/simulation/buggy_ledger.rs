//! The decorator that puts a bug between a process and its ledger.

use std::sync::Arc;

use async_trait::async_trait;
use skein_domain::ports::{Ledger, LedgerError};

use crate::bugs::Bug;

/// The ledger of a process, with a bug.
pub(crate) struct BuggyLedger {
    pub(crate) inner: Arc<dyn Ledger>,
    pub(crate) bug: Bug,
    pub(crate) is_engine: bool,
}

/// One method: the bug sits in three of them, all others are as they were.
macro_rules! call {
    ($ledger:ident, delivery($id:ident)) => {
        Ok($ledger.bug.read($ledger.inner.delivery($id).await?, $ledger.is_engine))
    };
    ($ledger:ident, save($change:ident)) => {
        $ledger.bug.save($ledger.inner.as_ref(), $change).await
    };
    ($ledger:ident, renew($claim:ident, $until:ident)) => {
        $ledger.bug.renewed($ledger.inner.renew($claim, $until).await)
    };
    ($ledger:ident, $method:ident($($name:ident),*)) => {
        $ledger.inner.$method($($name),*).await
    };
}

macro_rules! buggy {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for BuggyLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                call!(self, $method($($name),*))
            })*
        }
    };
}

skein_domain::every_ledger_method!(buggy);
