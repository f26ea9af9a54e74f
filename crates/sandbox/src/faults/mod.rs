//! Faults to order: what shall go wrong, at which call, how often; and what did.

mod held;
mod order;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use held::HeldRequests;
pub(crate) use held::{Gate, HeldBy};
pub use order::{Fault, FaultOrder, FiredFault};

const ORDERS_MAX: usize = 1_000;
const FIRED_MAX: usize = 10_000;

/// The faults that are armed, the requests that are held back, and what has fired.
///
/// Orders are looked at in the order they came; the first one for the method that has times left fires, and its `skip`
/// counts down on calls that it lets through.
#[derive(Debug)]
pub struct Faults {
    book: Mutex<Book>,
    held: HeldRequests,
    fired_count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Book {
    next_id: u64,
    armed: Vec<ArmedFault>,
    fired: Vec<FiredFault>,
    fired_total: usize,
}

/// An order that still has something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArmedFault {
    /// Tells orders apart in what has fired.
    pub id: u64,
    /// What was ordered; `skip` and `times` are what is left of them.
    #[serde(flatten)]
    pub order: FaultOrder,
}

/// Everything there is to see about faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// Orders with times left.
    pub armed: Vec<ArmedFault>,
    /// What has fired since the start or the last clearing, oldest first; at most the last 10,000.
    pub fired: Vec<FiredFault>,
    /// Requests held back at this moment.
    pub held: usize,
}

/// The order book is full, or an order asks for nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OrderError {
    /// Too many orders at once.
    #[error("at most {ORDERS_MAX} faults may be armed at once; clear some first")]
    Full,
    /// `times` is zero.
    #[error("an order with times 0 would never fire; give at least 1")]
    NeverFires,
}

impl Default for Faults {
    fn default() -> Self {
        Self { book: Mutex::default(), held: HeldRequests::default(), fired_count: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Arms a fault and returns its id.
    ///
    /// # Errors
    /// If the order would never fire, or 1,000 are armed already.
    pub fn order(&self, order: FaultOrder) -> Result<u64, OrderError> {
        let mut book = self.book();
        if order.times == 0 {
            return Err(OrderError::NeverFires);
        }
        if book.armed.len() >= ORDERS_MAX {
            return Err(OrderError::Full);
        }
        book.next_id += 1;
        let id = book.next_id;
        book.armed.push(ArmedFault { id, order });
        Ok(id)
    }

    /// Disarms everything and forgets what has fired. Requests that are held back stay so.
    pub fn clear(&self) {
        let mut book = self.book();
        book.armed.clear();
        book.fired.clear();
    }

    /// What is armed, what has fired, how many requests are held back.
    pub fn report(&self) -> FaultReport {
        let book = self.book();
        FaultReport { armed: book.armed.clone(), fired: book.fired.clone(), held: self.held.count() }
    }

    /// Waits until so many requests are held back at the same time.
    pub async fn wait_until_held(&self, count: usize) {
        self.held.wait_for(count).await;
    }

    /// Waits until so many faults have fired since the start.
    pub async fn wait_until_fired(&self, count: usize) {
        // The sender lives as long as `self`, so this cannot fail.
        self.fired_count.subscribe().wait_for(|fired| *fired >= count).await.map(drop).unwrap_or_default();
    }

    /// Lets held requests go, the oldest first, and waits until the network has done what they ask for (their answers
    /// may still be on the way). Returns how many there were, at most `at_most`.
    pub async fn release(&self, at_most: usize) -> usize {
        self.held.release(at_most).await
    }

    /// Forgets held requests: what was not processed never will be, and their connections are cut. Returns how many
    /// there were.
    pub fn discard_held(&self) -> usize {
        self.held.discard()
    }

    /// What shall happen to this call.
    pub(crate) fn take(&self, method: &str, at: &str) -> Option<Fault> {
        let mut book = self.book();
        let index = book.armed.iter_mut().position(|armed| armed.order.fires_for(method))?;
        let armed = &mut book.armed[index];
        armed.order.times -= 1;
        let (id, fault, spent) = (armed.id, armed.order.fault.clone(), armed.order.times == 0);
        if spent {
            book.armed.remove(index);
        }
        if book.fired.len() >= FIRED_MAX {
            book.fired.remove(0);
        }
        book.fired.push(FiredFault { id, method: method.to_owned(), at: at.to_owned(), fault: fault.clone() });
        book.fired_total += 1;
        let total = book.fired_total;
        drop(book);
        self.fired_count.send_replace(total);
        Some(fault)
    }

    /// Holds the calling request back until it is released.
    pub(crate) fn hold(&self, by: HeldBy) -> Option<Gate> {
        self.held.add(by)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITES: &str = "com.atproto.repo.applyWrites";

    #[test]
    fn an_order_skips_fires_and_is_spent() {
        let faults = Faults::default();
        faults.order(FaultOrder::new(WRITES, Fault::InvalidSwap).skip(1).times(2)).unwrap();
        let taken = |method: &str| faults.take(method, "now");
        assert_eq!(taken("com.atproto.repo.getRecord"), None);
        assert_eq!(taken(WRITES), None, "skipped");
        assert_eq!(taken(WRITES), Some(Fault::InvalidSwap));
        assert_eq!(taken(WRITES), Some(Fault::InvalidSwap));
        assert_eq!(taken(WRITES), None, "spent");
        let report = faults.report();
        assert_eq!((report.armed.len(), report.fired.len()), (0, 2));
    }

    #[test]
    fn orders_fire_one_after_the_other_and_a_star_means_any_method() {
        let faults = Faults::default();
        faults.order(FaultOrder::new(WRITES, Fault::CutAfter)).unwrap();
        faults.order(FaultOrder::new("*", Fault::Slow { ms: 5 })).unwrap();
        assert_eq!(faults.take(WRITES, ""), Some(Fault::CutAfter));
        assert_eq!(faults.take("com.atproto.repo.getRecord", ""), Some(Fault::Slow { ms: 5 }));
        assert_eq!(faults.order(FaultOrder::new("*", Fault::CutAfter).times(0)), Err(OrderError::NeverFires));
    }
}
