//! How many requests one worker has under way at one host: a burst of a thousand accounts must not open a thousand connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hosts that are remembered before those are forgotten at which nothing is under way.
const REMEMBERED_AT_MOST: usize = 1_000;

/// The right to have one request under way at a host, until it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// The bound, for each host by itself.
#[derive(Debug)]
pub(crate) struct Hosts {
    at_once: usize,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Hosts {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), places: Mutex::default() }
    }

    /// Waits, first come first served, until the host has a free place; it is free again when what is returned is dropped.
    pub(crate) async fn place(&self, host: &str) -> Option<Place> {
        // The semaphores are never closed, so there always is a permit at last.
        self.of(host).acquire_owned().await.ok()
    }

    fn of(&self, host: &str) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = places.get(host) {
            return Arc::clone(places);
        }
        if places.len() >= REMEMBERED_AT_MOST {
            places.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let made = Arc::new(Semaphore::new(self.at_once));
        places.insert(host.to_owned(), Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn each_host_has_its_own_places() {
        let hosts = Hosts::new(2);
        let (one, two) = (hosts.place("https://a.example").await, hosts.place("https://a.example").await);
        assert!(hosts.place("https://a.example").now_or_never().is_none(), "the third waits");
        assert!(hosts.place("https://b.example").now_or_never().is_some(), "another host has room");
        drop(one);
        assert!(hosts.place("https://a.example").now_or_never().is_some());
        drop(two);
    }

    #[tokio::test]
    async fn hosts_at_which_nothing_is_under_way_are_forgotten() {
        let hosts = Hosts::new(1);
        let busy = hosts.place("https://busy.example").await;
        for number in 0..2 * REMEMBERED_AT_MOST {
            assert!(hosts.place(&format!("https://{number}.example")).await.is_some());
        }
        assert!(hosts.places.lock().unwrap().len() <= REMEMBERED_AT_MOST);
        assert!(hosts.place("https://busy.example").now_or_never().is_none(), "its bound still holds");
        drop(busy);
    }
}
