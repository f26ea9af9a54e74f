//! A ledger whose methods fail by name, that counts its calls, and stops an engine that asks without end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use skein_domain::ports::{Ledger, LedgerError};
use tokio_util::sync::CancellationToken;

/// More calls than any test here needs in one go; an engine that comes to this spins.
const SPINNING_CALLS: usize = 20_000;

/// What is wrong with a method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The database fails.
    Fails,
    /// A defect ends the task.
    Breaks,
}

/// The decorator.
pub(super) struct TroubledLedger {
    inner: Arc<dyn Ledger>,
    stop: CancellationToken,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    failing: BTreeSet<&'static str>,
    breaking: BTreeSet<&'static str>,
    calls: BTreeMap<&'static str, usize>,
}

impl TroubledLedger {
    /// Without trouble. An engine that spins is stopped by the token.
    pub(super) fn new(inner: Arc<dyn Ledger>, stop: CancellationToken) -> Self {
        Self { inner, stop, notes: Mutex::default() }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// From now on these methods are in trouble, until [`TroubledLedger::heal`].
    pub(super) fn order(&self, trouble: Trouble, methods: &[&'static str]) {
        let mut notes = self.notes();
        match trouble {
            Trouble::Fails => notes.failing.extend(methods),
            Trouble::Breaks => notes.breaking.extend(methods),
        }
    }

    /// All is well again.
    pub(super) fn heal(&self) {
        let mut notes = self.notes();
        notes.failing.clear();
        notes.breaking.clear();
    }

    /// How often each method was called since the last [`TroubledLedger::count_anew`].
    pub(super) fn calls(&self) -> BTreeMap<&'static str, usize> {
        self.notes().calls.clone()
    }

    /// How often a method was called.
    pub(super) fn calls_of(&self, method: &str) -> usize {
        self.notes().calls.get(method).copied().unwrap_or_default()
    }

    /// How often all of them were.
    pub(super) fn calls_in_all(&self) -> usize {
        self.notes().calls.values().sum()
    }

    /// Counts from zero.
    pub(super) fn count_anew(&self) {
        self.notes().calls.clear();
    }

    fn meet(&self, method: &'static str) -> Result<(), LedgerError> {
        let (failing, breaking, in_all) = {
            let mut notes = self.notes();
            *notes.calls.entry(method).or_default() += 1;
            (notes.failing.contains(method), notes.breaking.contains(method), notes.calls.values().sum::<usize>())
        };
        if in_all > SPINNING_CALLS {
            self.stop.cancel();
        }
        assert!(!breaking, "{method} was told to break");
        if failing { Err(LedgerError::Failed(format!("{method} was told to fail"))) } else { Ok(()) }
    }
}

macro_rules! troubled {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for TroubledLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                self.meet(stringify!($method))?;
                self.inner.$method($($name),*).await
            })*
        }
    };
}

skein_domain::every_ledger_method!(troubled);
