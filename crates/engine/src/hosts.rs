//! How many requests one worker has under way at one host: a burst of a thousand accounts must not open a thousand connections.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hosts that are remembered before those are forgotten at which nothing is under way.
const REMEMBERED_AT_MOST: usize = 1_000;

/// A host that publishes within this time, in milliseconds, is quick: a thousand requests that were armed ahead are out in two seconds.
const QUICK_MS: i64 = 60;

/// Turns for each place at a quick host: so many that a place is taken again while others are still being armed, and so few that all of
/// them have a place soon.
const TURNS_FOR_A_PLACE: u8 = 4;

/// A right that is given back when it is dropped.
type Permit = OwnedSemaphorePermit;

/// The right to have one request under way at a host.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: Permit,
    /// The turn that it came with, which is kept as long as the place.
    _turn: Option<Permit>,
}

/// The right to be armed for a request at a host, which is kept until there is a place; with it already, where the host is slow or not
/// known yet. All wait for it in one line, so that few ever wait for a place.
pub(crate) struct Turn {
    turn: Permit,
    place: Option<Place>,
}

impl Turn {
    /// The place, if it came with one.
    pub(crate) fn placed(self) -> Result<Place, Self> {
        match self.place {
            Some(place) => Ok(Place { _turn: Some(self.turn), ..place }),
            None => Err(self),
        }
    }
}

/// The bound, for each host by itself.
#[derive(Debug)]
pub(crate) struct Hosts {
    at_once: usize,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    is_quick: AtomicBool,
}

impl Hosts {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), hosts: Mutex::default() }
    }

    /// Waits, first come first served, until the host has a free place; it is free again when what is returned is dropped.
    pub(crate) async fn place(&self, host: &str) -> Option<Place> {
        // The semaphores are never closed, so there always is a permit at last.
        self.of(host).place().await
    }

    /// Waits for what is needed before something is armed that shall leave at once.
    pub(crate) async fn turn(&self, host: &str) -> Option<Turn> {
        let host = self.of(host);
        let is_quick = host.is_quick.load(Ordering::Relaxed);
        let turns = if is_quick { 1 } else { u32::from(TURNS_FOR_A_PLACE) };
        let turn = Arc::clone(&host.turns).acquire_many_owned(turns).await.ok()?;
        let place = if is_quick { None } else { Some(host.place().await?) };
        Some(Turn { turn, place })
    }

    /// How long the host took to answer, in milliseconds. A quick answer tells something only where it published: many are quick because
    /// nothing was done.
    pub(crate) fn answered(&self, host: &str, ms: i64, has_published: bool) {
        let is_quick = (0..=QUICK_MS).contains(&ms);
        if has_published || !is_quick {
            self.of(host).is_quick.store(is_quick, Ordering::Relaxed);
        }
    }

    /// No place became free there for what was armed without one: what is late is armed with a place from now on.
    pub(crate) fn crowded(&self, host: &str) {
        self.of(host).is_quick.store(false, Ordering::Relaxed);
    }

    fn of(&self, host: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(host) {
            return Arc::clone(host);
        }
        if hosts.len() >= REMEMBERED_AT_MOST {
            hosts.retain(|_, host| {
                Arc::strong_count(host) > 1 || Arc::strong_count(&host.places) > 1 || Arc::strong_count(&host.turns) > 1
            });
        }
        let made = Arc::new(Host {
            places: Arc::new(Semaphore::new(self.at_once)),
            turns: Arc::new(Semaphore::new(self.at_once * usize::from(TURNS_FOR_A_PLACE))),
            is_quick: AtomicBool::new(false),
        });
        hosts.insert(host.to_owned(), Arc::clone(&made));
        made
    }
}

impl Host {
    async fn place(&self) -> Option<Place> {
        Arc::clone(&self.places).acquire_owned().await.ok().map(|permit| Place { _permit: permit, _turn: None })
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
        let quick = "https://quick.example";
        hosts.answered(quick, QUICK_MS, true);
        let waiting = hosts.turn(quick).await;
        for number in 0..2 * REMEMBERED_AT_MOST {
            assert!(hosts.place(&format!("https://{number}.example")).await.is_some());
        }
        assert!(hosts.hosts.lock().unwrap().len() <= REMEMBERED_AT_MOST);
        assert!(hosts.place("https://busy.example").now_or_never().is_none(), "its bound still holds");
        let mut further = Vec::new();
        while let Some(turn) = hosts.turn(quick).now_or_never() {
            further.push(turn.unwrap());
        }
        assert_eq!(further.len(), usize::from(TURNS_FOR_A_PLACE) - 1, "who has a turn keeps the bound");
        drop((busy, waiting));
    }

    fn has_place(turn: Option<Turn>) -> bool {
        turn.unwrap().placed().is_ok()
    }

    #[tokio::test]
    async fn at_a_host_that_is_slow_or_unknown_nothing_is_armed_without_a_place() {
        let hosts = Hosts::new(2);
        let host = "https://a.example";
        let (one, two) = (hosts.turn(host).await.unwrap().placed(), hosts.turn(host).await.unwrap().placed());
        assert!(one.is_ok() && two.is_ok());
        assert!(hosts.turn(host).now_or_never().is_none());
        drop((one, two));
        // Also one that was quick before.
        for has_published in [true, false] {
            for ms in [QUICK_MS + 1, -1] {
                hosts.answered(host, QUICK_MS, true);
                assert!(!has_place(hosts.turn(host).await), "it was quick");
                hosts.answered(host, ms, has_published);
                assert!(
                    has_place(hosts.turn(host).await),
                    "{ms} ms, or a clock that was set: no longer known to be quick"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_quick_answer_that_published_nothing_says_nothing() {
        let hosts = Hosts::new(2);
        let host = "https://a.example";
        hosts.answered(host, 0, false);
        assert!(has_place(hosts.turn(host).await), "it was not known");
        hosts.answered(host, 0, true);
        hosts.answered(host, 0, false);
        assert!(!has_place(hosts.turn(host).await), "it was quick");
        hosts.crowded(host);
        assert!(has_place(hosts.turn(host).await), "nobody had a place for long");
    }

    #[tokio::test]
    async fn at_a_quick_host_more_are_armed_than_have_a_place_but_not_many() {
        let hosts = Hosts::new(2);
        let host = "https://a.example";
        hosts.answered(host, QUICK_MS, true);
        let places = (hosts.place(host).await, hosts.place(host).await);
        let mut turns = Vec::new();
        while let Some(turn) = hosts.turn(host).now_or_never() {
            let Err(turn) = turn.unwrap().placed() else { panic!("it waits for a place when it is armed") };
            turns.push(turn);
        }
        assert_eq!(turns.len(), 2 * usize::from(TURNS_FOR_A_PLACE));
        turns.pop();
        assert!(hosts.turn(host).now_or_never().is_some());
        drop(places);
    }

    #[tokio::test]
    async fn whoever_comes_when_the_host_has_become_quick_waits_behind_those_who_came_before() {
        let hosts = Hosts::new(2);
        let host = "https://a.example";
        let placed = (hosts.turn(host).await.unwrap().placed(), hosts.turn(host).await.unwrap().placed());
        let mut before: Vec<_> = (0..20).map(|_| Box::pin(hosts.turn(host))).collect();
        assert!(before.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
        hosts.answered(host, 1, true);
        assert!(hosts.turn(host).now_or_never().is_none());
        drop(placed);
        assert!(before[0].as_mut().now_or_never().is_some());
    }
}
