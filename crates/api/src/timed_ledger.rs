//! A ledger whose calls are timed.

use std::sync::Arc;

use async_trait::async_trait;
use skein_domain::ports::{Figures, Ledger, LedgerError};
use tokio::time::Instant;

/// Tells [`Figures`] how long each call took. It changes nothing else.
pub struct TimedLedger {
    inner: Arc<dyn Ledger>,
    figures: Arc<dyn Figures>,
}

impl TimedLedger {
    /// The same ledger, timed.
    pub fn new(inner: Arc<dyn Ledger>, figures: Arc<dyn Figures>) -> Self {
        Self { inner, figures }
    }

    async fn timed<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        let began = Instant::now();
        let answer = call.await;
        self.figures.ledger_answered(method, began.elapsed(), matches!(answer, Err(LedgerError::Failed(_))));
        answer
    }
}

macro_rules! timed {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for TimedLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                self.timed(stringify!($method), self.inner.$method($($name),*)).await
            })*

            // Waiting is its purpose.
            async fn changed(&self) {
                self.inner.changed().await;
            }
        }

        #[cfg(test)]
        const METHODS: &[&str] = &[$(stringify!($method)),*];
    };
}

skein_domain::every_ledger_method!(timed);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};
    use skein_domain::ports::{LeaseStep, Uncounted};
    use skein_domain::{Delivery, Event};
    use skein_testkit::samples::at_ms;
    use skein_testkit::{MemoryLedger, Samples};

    async fn timed() -> Arc<dyn Ledger> {
        std::future::ready(Arc::new(TimedLedger::new(Arc::new(MemoryLedger::new()), Arc::new(Uncounted)))).await
    }

    skein_testkit::ledger_conformance!(timed);

    /// Keeps what it is told of the ledger: the method, and whether it failed.
    #[derive(Default)]
    struct Told(Mutex<Vec<(&'static str, bool)>>);

    impl Figures for Told {
        fn ticked(&self, _: Timestamp) {}
        fn woke(&self, _: SignedDuration) {}
        fn happened(&self, _: &Delivery, _: &Event) {}
        fn lease(&self, _: LeaseStep) {}
        fn ledger_answered(&self, method: &'static str, _: Duration, has_failed: bool) {
            self.0.lock().unwrap().push((method, has_failed));
        }
    }

    impl Told {
        fn taken(&self) -> Vec<(&'static str, bool)> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    #[tokio::test]
    async fn each_call_is_told_by_its_name_and_only_a_database_that_fails_as_failed() {
        let told = Arc::new(Told::default());
        let ledger = TimedLedger::new(Arc::new(MemoryLedger::new()), told.clone());
        let post = Samples::new(1).post(&["A goose."], at_ms(0));
        ledger.beat("worker one", at_ms(0)).await.unwrap();
        assert_eq!(ledger.last_beat().await.unwrap(), Some(at_ms(0)));
        assert!(matches!(ledger.post(&post.id).await, Err(LedgerError::NotFound(_))));
        assert_eq!(told.taken(), [("beat", false), ("last_beat", false), ("post", false)]);

        for (answer, has_failed) in [
            (Ok(()), false),
            (Err(LedgerError::Lost), false),
            (Err(LedgerError::Invalid("a row".to_owned())), false),
            (Err(LedgerError::NameTaken), false),
            (Err(LedgerError::Failed("the server is gone".to_owned())), true),
        ] {
            let expected = format!("{answer:?}");
            let handed_on = ledger.timed("save", std::future::ready(answer)).await;
            assert_eq!(format!("{handed_on:?}"), expected);
            assert_eq!(told.taken(), [("save", has_failed)], "{expected}");
        }
    }

    /// A method that is left out would take the default of the trait, which on a database may be slow without end.
    #[test]
    fn every_method_of_the_ledger_is_handed_on() {
        let port = include_str!("../../domain/src/ports/ledger.rs");
        let methods: Vec<&str> = port
            .split("async fn ")
            .skip(1)
            .filter_map(|rest| rest.split('(').next())
            .filter(|method| *method != "changed")
            .collect();
        assert_eq!(METHODS, methods);
    }
}
