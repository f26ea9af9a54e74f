//! The outbox: what somebody is to be told is handed to every door, at least once, and of one post or account in order.
//!
//! A batch of notices is leased, and handed to all doors at once. A door that fails is tried again, ever more rarely; it keeps neither
//! the other doors nor the posts from their work.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jiff::Timestamp;
use skein_domain::ports::{HeldNotice, LedgerError, NotTold, Notifier, Outbox, SettledNotice, Stage};
use skein_domain::{Account, AccountId, Event, Fault, Letter, News, Notice, Stop, Waiting};
use tokio_util::sync::CancellationToken;

use crate::{Engine, later, pace};

/// Notices that are handed on at once.
const BATCH_AT_MOST: usize = 512;
/// A bound on the batches of one pass.
const BATCHES_AT_MOST: usize = 200;

/// Where notices are kept, and the doors that they leave by.
#[derive(Clone)]
pub struct Outlet {
    /// The notices.
    pub outbox: Arc<dyn Outbox>,
    /// The doors; a notice is over when each of them has it.
    pub doors: Vec<Arc<dyn Notifier>>,
}

/// An outlet in use.
pub(crate) struct Telling {
    outlet: Outlet,
    /// When each door that rests may be used again.
    rests: Mutex<HashMap<&'static str, Timestamp>>,
}

/// What became of one letter at one door.
enum Answer {
    Told,
    /// The door rests until then.
    Rests(Timestamp),
    Not(NotTold),
}

impl Engine {
    /// The same engine, which also tells people what they must know. Without this, notices stay in the outbox.
    pub fn telling(self, outlet: Outlet) -> Self {
        Self { telling: Some(Arc::new(Telling { outlet, rests: Mutex::default() })), ..self }
    }

    /// Hands on what waits and whose time has come. Returns how many notices every door has now.
    pub async fn tell_due(&self) -> Result<usize, LedgerError> {
        let Some(telling) = &self.telling else { return Ok(0) };
        let mut told = 0;
        for _ in 0..BATCHES_AT_MOST {
            let now = self.now();
            let held = telling.outlet.outbox.claim_notices(now, self.lease_end(now), BATCH_AT_MOST).await?;
            if held.is_empty() {
                break;
            }
            told += self.tell_batch(telling, &held).await?;
        }
        Ok(told)
    }

    /// The same for a pass whose own work is done: it does not fail by this.
    pub(crate) async fn tell_or_warn(&self) {
        if let Err(error) = self.tell_due().await {
            tracing::warn!(%error, "notices could not be handed on; tried again later");
        }
    }

    /// Hands on what comes, and ends soon after it is told to stop.
    pub(crate) async fn keep_telling(&self, stop: &CancellationToken) {
        let Some(telling) = &self.telling else { return };
        while !stop.is_cancelled() {
            let look = later(self.now(), self.settings().notices_look_every_ms);
            let next = match telling.outlet.outbox.next_notice().await {
                Ok(next) => next.map_or(look, |next| next.min(look)),
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be read; looking again shortly");
                    look
                }
            };
            if next > self.now() {
                self.wait_for_news(next, stop).await;
                continue;
            }
            // What happens within a short time is told together.
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.parts.clock.pause(self.settings().notices_gather_ms) => {}
            }
            tokio::select! {
                biased;
                () = self.tell_or_warn() => {}
                () = self.patience_after(stop) => {
                    tracing::warn!("stopped while notices were being handed on; they are told again");
                    return;
                }
            }
        }
    }

    async fn wait_for_news(&self, until: Timestamp, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.parts.clock.sleep_until(until) => {}
            () = self.parts.clock.pause(self.settings().notices_look_every_ms) => {}
            () = self.news.notified() => {}
        }
    }

    /// A door that hangs must not keep a process from its end for long.
    async fn patience_after(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        self.parts.clock.pause(self.settings().notices_end_within_ms).await;
    }

    /// Hands a batch to all doors under its lease, and writes down what became of it. Returns how many every door has now.
    async fn tell_batch(&self, telling: &Telling, held: &[HeldNotice]) -> Result<usize, LedgerError> {
        let settled = tokio::select! {
            biased;
            settled = self.hand_on(telling, held) => settled?,
            lost = self.keep_notices(telling, held) => return Err(lost),
        };
        let written = self.settle_told(telling, &settled).await?;
        if written < settled.len() {
            tracing::warn!(lost = settled.len() - written, "a lease on notices was lost; they are told again");
        }
        let is_over = |settled: &&SettledNotice| matches!(settled.stage, Stage::HandedOn { .. });
        Ok(settled.iter().filter(is_over).count())
    }

    /// What was told must not be told again because the disk is full for a moment.
    async fn settle_told(&self, telling: &Telling, settled: &[SettledNotice]) -> Result<usize, LedgerError> {
        let mut tries = 0;
        loop {
            match telling.outlet.outbox.settle_notices(settled).await {
                Err(LedgerError::Failed(reason)) if tries < SETTLE_TRIES => {
                    tracing::warn!(reason, "what was told could not be written down; trying again");
                    self.parts.clock.pause(pace::retry_pause_ms(0, self.parts.entropy.as_ref())).await;
                    tries += 1;
                }
                written => return written,
            }
        }
    }

    /// Renews the leases for as long as any of them is ours. Returns only when none is.
    async fn keep_notices(&self, telling: &Telling, held: &[HeldNotice]) -> LedgerError {
        loop {
            self.parts.clock.pause(self.settings().lease_ms / 3).await;
            match telling.outlet.outbox.renew_notices(held, self.lease_end(self.now())).await {
                Ok(0) => return LedgerError::Lost,
                Ok(_) => {}
                // The leases still hold for two thirds of their time, and the next renewal may succeed.
                Err(error) => tracing::warn!(%error, "leases on notices could not be renewed"),
            }
        }
    }

    async fn hand_on(&self, telling: &Telling, held: &[HeldNotice]) -> Result<Vec<SettledNotice>, LedgerError> {
        let letters = self.letters(held).await?;
        let tell = |door: &Arc<dyn Notifier>| {
            let (door, letters) = (Arc::clone(door), &letters);
            async move { (door.name(), self.at_door(telling, door.as_ref(), held, letters).await) }
        };
        let mut answers: Vec<Vec<(&'static str, Answer)>> = held.iter().map(|_| Vec::new()).collect();
        for (door, of_door) in join_all(telling.outlet.doors.iter().map(tell)).await {
            for (place, answer) in of_door {
                if let Some(answers) = answers.get_mut(place) {
                    answers.push((door, answer));
                }
            }
        }
        Ok(held.iter().zip(answers).map(|(held, answers)| self.verdict(held, answers)).collect())
    }

    /// What a door makes of those notices that it does not have, each by its place among all.
    async fn at_door(
        &self,
        telling: &Telling,
        door: &dyn Notifier,
        held: &[HeldNotice],
        letters: &[Letter],
    ) -> Vec<(usize, Answer)> {
        let is_left = |held: &HeldNotice| !held.kept.told.iter().any(|told| told == door.name());
        let places: Vec<usize> = (0..held.len()).filter(|place| held.get(*place).is_some_and(is_left)).collect();
        if places.is_empty() {
            return Vec::new();
        }
        if let Some(until) = telling.rests_until(door.name()).filter(|until| *until > self.now()) {
            return places.into_iter().map(|place| (place, Answer::Rests(until))).collect();
        }
        let mine: Vec<Letter> = places.iter().filter_map(|place| letters.get(*place).cloned()).collect();
        // A defect in a door must not take the engine with it.
        let told = AssertUnwindSafe(door.tell(&mine)).catch_unwind().await;
        let mut said = told.unwrap_or_else(|_| vec![Err(NotTold::for_now("a defect stopped it")); mine.len()]);
        said.resize_with(places.len(), || Err(NotTold::for_now("it did not say what became of this notice")));
        if said.iter().any(Result::is_ok) {
            telling.rest(door.name(), later(self.now(), door.rests_ms()));
        }
        if let Some(Err(why)) = said.iter().find(|said| said.is_err()) {
            let failed = said.iter().filter(|said| said.is_err()).count();
            tracing::warn!(door = door.name(), failed, %why, "notices were not handed on");
        }
        let answers = said.into_iter().map(|said| said.map_or_else(Answer::Not, |()| Answer::Told));
        places.into_iter().zip(answers).collect()
    }

    /// Where a notice stands after what its doors said.
    fn verdict(&self, held: &HeldNotice, answers: Vec<(&'static str, Answer)>) -> SettledNotice {
        let now = self.now();
        let mut told = held.kept.told.clone();
        let (mut rests, mut troubles, mut may_pass) = (None::<Timestamp>, Vec::new(), false);
        for (door, answer) in answers {
            match answer {
                Answer::Told => told.push(door.to_owned()),
                Answer::Rests(until) => rests = Some(rests.map_or(until, |earlier| earlier.min(until))),
                Answer::Not(why) => {
                    may_pass |= !why.is_final;
                    troubles.push(format!("{door}: {why}"));
                }
            }
        }
        let attempts = held.kept.attempts.saturating_add(u32::from(!troubles.is_empty()));
        let may_pass = may_pass && attempts < self.settings().notice_attempts_at_most;
        let again = may_pass.then(|| later(now, pace::notice_pause_ms(attempts, self.parts.entropy.as_ref())));
        let stage = match (again, rests) {
            (Some(again), Some(rests)) => Stage::Waiting { wake_at: again.min(rests) },
            (Some(wake_at), None) | (None, Some(wake_at)) => Stage::Waiting { wake_at },
            (None, None) if troubles.is_empty() => Stage::HandedOn { at: now },
            (None, None) => Stage::GivenUp { at: now },
        };
        let why: String = troubles.join("; ").chars().take(TROUBLE_MAX_CHARS).collect();
        if matches!(stage, Stage::GivenUp { .. }) {
            tracing::error!(notice = %held.kept.notice.id, why, "a notice is given up; see `skein notices`");
        }
        let trouble = if why.is_empty() { held.kept.trouble.clone() } else { Some(why) };
        SettledNotice { id: held.kept.notice.id.clone(), token: held.token, stage, attempts, told, trouble }
    }

    async fn letters(&self, held: &[HeldNotice]) -> Result<Vec<Letter>, LedgerError> {
        let mut accounts: HashMap<AccountId, Option<Account>> = HashMap::new();
        let mut letters = Vec::with_capacity(held.len());
        for held in held {
            let notice = &held.kept.notice;
            if !accounts.contains_key(&notice.account) {
                let account = there(self.ledger().account(&notice.account).await)?;
                accounts.insert(notice.account.clone(), account);
            }
            let (mut post, mut due) = (None, None);
            if let Some((of, delivery)) = &notice.delivery {
                post = there(self.ledger().post(of).await)?;
                due = there(self.ledger().delivery(delivery).await)?.map(|delivery| delivery.due);
            }
            let account = accounts.get(&notice.account).and_then(Option::as_ref);
            let letter = Letter::about(notice, account, post.as_ref(), due);
            letters.push(match self.trouble_before(notice).await? {
                Some(trouble) => letter.after(&trouble),
                None => letter,
            });
        }
        Ok(letters)
    }
}

impl Engine {
    /// Why a delivery waited that was missed in the end.
    async fn trouble_before(&self, notice: &Notice) -> Result<Option<Fault>, LedgerError> {
        let (News::Missed { .. }, Some((_, delivery))) = (&notice.news, &notice.delivery) else { return Ok(None) };
        let story = there(self.ledger().story(delivery).await)?.unwrap_or_default();
        Ok(story.into_iter().rev().find_map(|line| match line.event {
            Event::Waits { waiting: Waiting::Retry { fault }, .. }
            | Event::PrepareFailed { fault, .. }
            | Event::Postponed { fault, .. }
            | Event::Stopped { stop: Stop::Account { fault }, .. } => Some(fault),
            _ => None,
        }))
    }
}

/// How much is kept of why a door did not take a notice, in characters.
const TROUBLE_MAX_CHARS: usize = 500;

/// Tries to write down what was told.
const SETTLE_TRIES: u32 = 5;

/// What may be gone meanwhile, or cannot be read: the others are told all the same.
fn there<T>(read: Result<T, LedgerError>) -> Result<Option<T>, LedgerError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(LedgerError::NotFound(_) | LedgerError::Invalid(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Telling {
    fn rests_until(&self, door: &str) -> Option<Timestamp> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).get(door).copied()
    }

    fn rest(&self, door: &'static str, until: Timestamp) {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).insert(door, until);
    }
}
