//! Gathering: what many hand in while one task writes, and what of it goes into one transaction.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::StoreError;

/// A transaction of so many is of a burst.
pub(crate) const BURST_FROM: usize = 4;
/// How long the next transaction of a burst waits for company.
pub(crate) const COMPANY_WITHIN: Duration = Duration::from_millis(4);
/// How long a transaction may take: longer than all that it may have to wait for.
pub(crate) const WITHIN: Duration = Duration::from_secs(35);
/// How often a transaction is tried that others stood in the way of.
const ATTEMPTS_AT_MOST: u32 = 5;
/// So many go into one transaction.
const TOGETHER_AT_MOST: usize = 256;
/// So many wait before whoever brings more has to wait too.
const WAITING_AT_MOST: usize = 4_096;

/// Where it is handed in.
pub(crate) struct Desk<T, A> {
    to: mpsc::Sender<(T, Answer<A>)>,
}

/// Clones hand in at the same place.
impl<T, A> Clone for Desk<T, A> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone() }
    }
}

impl<T, A> Desk<T, A> {
    /// Hands it in, and waits for what becomes of it.
    pub(crate) async fn hand_in(&self, what: T) -> Result<A, StoreError> {
        let (who, became) = oneshot::channel();
        let closed = || StoreError::Database("the database is closed".to_owned());
        self.to.send((what, Answer(who))).await.map_err(|_| closed())?;
        became.await.map_err(|_| closed())?
    }
}

/// Who waits for what becomes of something.
pub(crate) struct Answer<A>(oneshot::Sender<Result<A, StoreError>>);

impl<A> Answer<A> {
    /// Whoever does not wait any more needs no answer.
    pub(crate) fn tell(self, became: Result<A, StoreError>) {
        let _gone = self.0.send(became);
    }
}

/// Tells each what became of theirs, in the order in which they were taken, or all of them why nothing did.
pub(crate) fn tell_all<A>(who: Vec<Answer<A>>, became: Result<Vec<A>, StoreError>) {
    match became {
        Ok(became) => who.into_iter().zip(became).for_each(|(who, became)| who.tell(Ok(became))),
        Err(error) => who.into_iter().for_each(|who| who.tell(Err(error.again()))),
    }
}

/// What was handed in and is not written yet, in order.
pub(crate) struct Gathering<T, A> {
    desk: mpsc::Receiver<(T, Answer<A>)>,
    waiting: VecDeque<(T, Answer<A>)>,
}

impl<T, A> Gathering<T, A> {
    /// Where it is handed in, and where it gathers.
    pub(crate) fn open() -> (Desk<T, A>, Self) {
        let (to, desk) = mpsc::channel(WAITING_AT_MOST);
        (Desk { to }, Self { desk, waiting: VecDeque::new() })
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
    pub(crate) async fn company(&mut self, enough: usize) {
        let all = async {
            while self.waiting.len() < enough
                && let Some(next) = self.desk.recv().await
            {
                self.waiting.push_back(next);
            }
        };
        // What has come stays; receiving is cancel safe.
        let _all_or_some = timeout(COMPANY_WITHIN, all).await;
    }

    /// The next ones that can be written by the same statements, and who waits for each: not two of a lane. The others stay, in their
    /// order.
    pub(crate) fn together(&mut self, lane: impl Fn(&T) -> &str) -> (Vec<T>, Vec<Answer<A>>) {
        let mut lanes = HashSet::new();
        let (taken, left): (VecDeque<_>, VecDeque<_>) =
            self.waiting.drain(..).partition(|(next, _)| lanes.insert(lane(next).to_owned()));
        self.waiting = left;
        taken.into_iter().unzip()
    }
}

/// One transaction; done again when it was undone because others stood in its way.
pub(crate) async fn attempt<A, F>(within: Duration, transaction: impl Fn() -> F) -> Result<A, StoreError>
where
    F: Future<Output = Result<A, StoreError>>,
{
    let mut attempt = 1;
    loop {
        match bounded(within, transaction()).await {
            Err(StoreError::Collided) if attempt < ATTEMPTS_AT_MOST => attempt += 1,
            done => return done,
        }
    }
}

/// A connection whose other end is gone without a word would keep everybody waiting for ever who hands in.
pub(crate) async fn bounded<A>(
    within: Duration,
    transaction: impl Future<Output = Result<A, StoreError>>,
) -> Result<A, StoreError> {
    let no_answer = |_| StoreError::Database(format!("it did not answer within {} s", within.as_secs()));
    timeout(within, transaction).await.map_err(no_answer)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put<T>(desk: &Desk<T, ()>, next: T) {
        assert!(desk.to.send((next, Answer(oneshot::channel().0))).await.is_ok());
    }

    #[tokio::test]
    async fn of_a_lane_one_is_taken_at_a_time_and_in_order() {
        let (desk, mut gathering) = Gathering::open();
        for next in [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)] {
            put(&desk, next).await;
        }
        let mut taken = Vec::new();
        drop(desk);
        while gathering.some().await {
            taken.push(gathering.together(|(lane, _)| lane).0);
        }
        assert_eq!(taken, [vec![("a", 1), ("b", 2), ("c", 4)], vec![("a", 3), ("b", 5)]]);
    }

    #[tokio::test]
    async fn no_more_gather_than_go_together_and_none_is_lost() {
        let (desk, mut gathering) = Gathering::open();
        let all: Vec<String> = (0..2 * TOGETHER_AT_MOST).map(|number| number.to_string()).collect();
        for next in all.clone() {
            put(&desk, next).await;
        }
        drop(desk);
        let mut taken = Vec::new();
        while gathering.some().await {
            taken.push(gathering.together(|lane| lane).0);
        }
        assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [TOGETHER_AT_MOST, TOGETHER_AT_MOST]);
        assert_eq!(taken.concat(), all);
    }

    #[tokio::test]
    async fn each_is_told_what_became_of_theirs() {
        let (desk, mut gathering) = Gathering::<&str, usize>::open();
        let telling = async {
            while gathering.some().await {
                let (taken, who) = gathering.together(|lane| lane);
                tell_all(who, Ok(taken.iter().map(|lane| lane.len()).collect()));
            }
        };
        let asking = async move {
            let asked = ["a", "bb", "ccc"].map(|lane| desk.hand_in(lane));
            futures_util::future::try_join_all(asked).await.unwrap()
        };
        assert_eq!(tokio::join!(telling, asking).1, [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_answer_is_given_up_and_what_collided_is_tried_again() {
        let silent = attempt(WITHIN, std::future::pending::<Result<(), StoreError>>).await;
        assert!(silent.unwrap_err().to_string().contains("35 s"));
        let tries = std::cell::Cell::new(0);
        let collides = || {
            tries.set(tries.get() + 1);
            std::future::ready(Err::<(), _>(StoreError::Collided))
        };
        assert!(matches!(attempt(WITHIN, collides).await, Err(StoreError::Collided)));
        assert_eq!(tries.get(), ATTEMPTS_AT_MOST);
    }
}
