//! Gathering: what many hand in while one task writes, and what of it goes into one transaction.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

/// Changes of one transaction.
const TOGETHER_AT_MOST: usize = 256;
/// Changes that wait before whoever brings more has to wait too.
const WAITING_AT_MOST: usize = 4_096;

/// What was handed in and is not written yet, in order.
pub(crate) struct Gathering<T> {
    desk: mpsc::Receiver<T>,
    waiting: VecDeque<T>,
}

impl<T> Gathering<T> {
    /// Where it is handed in, and where it gathers.
    pub(crate) fn open() -> (mpsc::Sender<T>, Self) {
        let (to, desk) = mpsc::channel(WAITING_AT_MOST);
        (to, Self { desk, waiting: VecDeque::new() })
    }

    /// Waits until there is something, and takes in what has come. False when nobody can hand in any more.
    pub(crate) async fn some(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.desk.recv().await {
                Some(first) => self.waiting.push_back(first),
                None => return false,
            }
        }
        while self.waiting.len() < TOGETHER_AT_MOST
            && let Ok(next) = self.desk.try_recv()
        {
            self.waiting.push_back(next);
        }
        true
    }

    /// Waits a moment for others, unless there are enough.
    pub(crate) async fn company(&mut self, enough: usize, within: Duration) {
        let all = async {
            while self.waiting.len() < enough
                && let Some(next) = self.desk.recv().await
            {
                self.waiting.push_back(next);
            }
        };
        // What has come stays; receiving is cancel safe.
        let _all_or_some = timeout(within, all).await;
    }

    /// The next ones that can be written by the same statements: not two of a lane. The others stay, in their order.
    pub(crate) fn together(&mut self, lane: impl Fn(&T) -> &str) -> Vec<T> {
        let mut lanes = HashSet::new();
        let (taken, left): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|next| lanes.insert(lane(next).to_owned()));
        self.waiting = left;
        taken.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_lane_one_is_taken_at_a_time_and_in_order() {
        let (to, mut gathering) = Gathering::open();
        for next in [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)] {
            to.send(next).await.unwrap();
        }
        let mut taken = Vec::new();
        drop(to);
        while gathering.some().await {
            taken.push(gathering.together(|(lane, _)| lane));
        }
        assert_eq!(taken, [vec![("a", 1), ("b", 2), ("c", 4)], vec![("a", 3), ("b", 5)]]);
    }

    #[tokio::test]
    async fn no_more_gather_than_go_together_and_none_is_lost() {
        let (to, mut gathering) = Gathering::open();
        let all: Vec<String> = (0..2 * TOGETHER_AT_MOST).map(|number| number.to_string()).collect();
        for next in all.clone() {
            to.send(next).await.unwrap();
        }
        drop(to);
        let mut taken = Vec::new();
        while gathering.some().await {
            taken.push(gathering.together(|lane| lane));
        }
        assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [TOGETHER_AT_MOST, TOGETHER_AT_MOST]);
        assert_eq!(taken.concat(), all);
    }
}
