//! Counts as text and as what it means. Whoever counts reads again what it wrote, so that much is remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skein_bluesky::budget::{Meter, Tally};
use skein_store::StoreError;

/// Counts that are remembered; when there are more, all are forgotten and read again.
const REMEMBERED_AT_MOST: usize = 8_192;

/// Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies {
    last: Arc<Mutex<HashMap<Meter, Kept>>>,
}

type Kept = (String, Arc<Tally>);

impl Tallies {
    /// What a text means. One that cannot be read, as one of a later version, begins anew: the server still has its own count.
    pub(crate) fn read(&self, text: Option<&str>, meter: &Meter) -> Arc<Tally> {
        let Some(text) = text else { return Arc::default() };
        if let Some((_, tally)) = self.remembered().get(meter).filter(|(last, _)| last == text) {
            return Arc::clone(tally);
        }
        let read = serde_json::from_str(text).unwrap_or_else(|error| {
            let (of, meter) = (meter.key(), meter.kind().as_str());
            tracing::warn!(meter, of, %error, "a count cannot be read and begins anew");
            Tally::default()
        });
        Arc::new(read)
    }

    pub(crate) fn write(&self, tally: Tally, meter: &Meter) -> Result<String, StoreError> {
        let text = serde_json::to_string(&tally);
        let text = text.map_err(|error| StoreError::Invalid(format!("a count has no JSON form: {error}")))?;
        let mut last = self.remembered();
        if last.len() >= REMEMBERED_AT_MOST {
            last.clear();
        }
        last.insert(meter.clone(), (text.clone(), Arc::new(tally)));
        Ok(text)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<Meter, Kept>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
