//! A ledger that kills its own process with SIGKILL at a named write: the crash that nobody can clean up after.

use async_trait::async_trait;
use rustix::process::{Signal, getpid, kill_process};
use skein_domain::ports::{Change, Ledger, LedgerError};
use std::sync::Arc;

/// The environment variable that names the point: `before:EVENT` or `after:EVENT`, such as `after:armed`.
pub const KILL_AT: &str = "SKEIN_E2E_KILL_AT";

/// Wraps the ledger if the environment names a kill point. For `skein::Hooks`.
pub fn decorate(inner: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
    let Ok(point) = std::env::var(KILL_AT) else { return inner };
    match point.split_once(':') {
        Some(("before", event)) => Arc::new(KillLedger { inner, before: true, event: event.to_owned() }),
        Some(("after", event)) => Arc::new(KillLedger { inner, before: false, event: event.to_owned() }),
        _ => panic!("{KILL_AT} must be before:EVENT or after:EVENT, and is {point}"),
    }
}

struct KillLedger {
    inner: Arc<dyn Ledger>,
    before: bool,
    event: String,
}

impl KillLedger {
    fn die_if_here(&self, before: bool, change: &Change) {
        let here = change.story.iter().any(|line| {
            let told = serde_json::to_value(&line.event).unwrap_or_default();
            told.get("event").and_then(serde_json::Value::as_str) == Some(self.event.as_str())
        });
        if here && before == self.before {
            kill_process(getpid(), Signal::KILL).unwrap_or_else(|error| panic!("cannot kill itself: {error}"));
            // SIGKILL is delivered before the call returns to this thread or shortly after; nothing may happen until then.
            loop {
                std::thread::park();
            }
        }
    }
    async fn save_or_die(&self, change: &Change) -> Result<(), LedgerError> {
        self.die_if_here(true, change);
        self.inner.save(change).await?;
        self.die_if_here(false, change);
        Ok(())
    }
}

/// One method: `save` may be the end, all others are as they were.
macro_rules! call {
    ($ledger:ident, save($change:ident)) => {
        $ledger.save_or_die($change).await
    };
    ($ledger:ident, $method:ident($($name:ident),*)) => {
        $ledger.inner.$method($($name),*).await
    };
}

macro_rules! killed {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for KillLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                call!(self, $method($($name),*))
            })*

            async fn changed(&self) {
                self.inner.changed().await;
            }
        }
    };
}

skein_domain::every_ledger_method!(killed);
