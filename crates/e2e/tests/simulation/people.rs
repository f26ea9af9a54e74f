//! People: they submit, change their minds, look at what needs them, and write to their accounts from elsewhere.

use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::json;
use skein_bluesky::session::LoginRequest;
use skein_domain::ports::{Ledger, QueueFilter};
use skein_domain::{AccountId, Delivery, Draft, Media, Part, Platform, StateName};
use skein_intake::{Connected, Decision, Found, IntakeError, Submission};
use skein_sandbox::{AccountState, SandboxAccount};
use skein_testkit::SeededEntropy;

use crate::house::{House, Process};
use crate::life::Fortune;
use crate::record::{Told, did_of};

const POSTS: &str = "app.bsky.feed.post";

/// The people of a run, at one door.
pub(crate) struct People {
    house: Arc<House>,
    dice: SeededEntropy,
    door: Process,
    doors: u64,
    submitted: u64,
}

impl People {
    /// They stand before a door that does not break as long as they connect their accounts.
    pub(crate) fn new(house: &Arc<House>) -> Self {
        let dice = SeededEntropy::new(house.plan.seed ^ 0xbeef);
        let door = house.process("door 0", Fortune::default(), dice.next_u64(), false);
        Self { house: Arc::clone(house), dice, door, doors: 0, submitted: 0 }
    }

    /// Every account is logged in, connected and released.
    pub(crate) async fn connect_all(&self) {
        for account in &self.house.accounts {
            self.reconnect(account).await;
        }
        self.release(None).await;
    }

    /// One thing that somebody does. The door may break under it.
    pub(crate) async fn act(&mut self) {
        let what = tokio::select! {
            biased;
            what = self.choose() => what,
            () = self.door.life.died() => "died",
        };
        if what == "submit" {
            self.submitted += 1;
        }
        self.house.record.count(&format!("people: {what}"));
        if what == "died" {
            self.doors += 1;
            self.submitted += 1;
            let (name, seed) = (format!("door {}", self.doors), self.dice.next_u64());
            let fortune = self.house.plan.fortune(&self.dice);
            self.door = self.house.process(&name, fortune, seed, false);
        } else if self.dice.below(2) == 0 {
            self.house.nudge();
        }
    }

    async fn choose(&self) -> &'static str {
        let roll = self.dice.below(100);
        if self.submitted < self.house.plan.posts && (roll < 45 || self.submitted == 0) {
            self.submit().await;
            return "submit";
        }
        match roll {
            0..=12 => self.cancel().await,
            13..=22 => self.move_one().await,
            23..=27 => self.hold().await,
            28..=35 => self.release(None).await,
            36..=47 => self.retry().await,
            48..=63 => self.review().await,
            64..=69 => self.unpublish().await,
            70..=82 => self.delete_as_author(),
            83..=86 => self.write_as_author(),
            87..=90 => self.change_account(),
            _ => self.reconnect_some().await,
        }
    }

    async fn submit(&self) -> &'static str {
        let (number, parts) = (self.submitted, [1, 1, 1, 2, 3][self.roll(5)]);
        let with_picture = self.dice.below(5) == 0;
        let part = |index: u64| Part {
            text: format!("post {number} part {index} of {parts}"),
            media: if with_picture && index == 0 { vec![Media::new("picture", "A goose.")] } else { Vec::new() },
        };
        let first = self.roll(self.house.accounts.len());
        let both = self.dice.below(4) == 0;
        let chosen = |(index, _): &(usize, &SandboxAccount)| both || *index == first;
        let accounts = self.house.accounts.iter().enumerate().filter(chosen).map(|(_, of)| of.handle.clone()).collect();
        let at = match self.dice.below(4) {
            0 => None,
            _ => Some(format!("in {}s", 1 + self.dice.below(120))),
        };
        let name = (self.dice.below(2) == 0).then(|| format!("name-{number}"));
        let submission = Submission {
            draft: Draft { parts: (0..parts).map(part).collect(), ..Draft::default() },
            name: name.clone(),
            accounts,
            at,
            zone: None,
            default_zone: TimeZone::UTC,
        };
        let first = self.door.intake.submit(submission.clone(), self.house.pictures()).await;
        // What was handed in under a name may be handed in again when no answer came.
        if let (Err(IntakeError::Ledger(_)), Some(_)) = (first, name) {
            drop(self.door.intake.submit(submission, self.house.pictures()).await);
            return "submit again";
        }
        "submit"
    }

    fn roll(&self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).unwrap_or(0)
    }

    /// Any delivery in one of these states, as a person finds it.
    async fn any(&self, states: &[StateName]) -> Option<(Delivery, Found)> {
        let filter = QueueFilter { states: states.to_vec(), at_most: 1_000, ..QueueFilter::default() };
        let all = self.house.ledger.queue(&filter).await.unwrap();
        let delivery = all.get(self.roll(all.len()))?.clone();
        let post = self.house.ledger.post(&delivery.post).await.unwrap();
        let only = Some(delivery.id.clone());
        Some((delivery, Found { post, only }))
    }

    fn told(&self, told: Told) {
        let right = self.house.wall.right();
        let mut record = self.house.record.lock();
        let at = record.line(right, &format!("told: {told:?}"));
        record.told.push((at, right, told));
    }

    async fn cancel(&self) -> &'static str {
        let live = [StateName::Scheduled, StateName::Preparing, StateName::Ready, StateName::Publishing];
        let states: &[StateName] = if self.dice.below(3) == 0 { &[] } else { &live };
        let Some((_, found)) = self.any(states).await else { return "nothing" };
        match self.door.intake.cancel(&found).await {
            Ok(stand) => {
                for delivery in stand.iter().filter(|delivery| delivery.state.name() == StateName::Canceled) {
                    self.told(Told::Canceled(delivery.id.clone()));
                }
                "cancel"
            }
            Err(_) => "cancel refused",
        }
    }

    async fn move_one(&self) -> &'static str {
        let Some((_, found)) = self.any(&[]).await else { return "nothing" };
        let at = format!("in {}s", 1 + self.dice.below(90));
        let moved = self.door.intake.move_to(&found, &at, None, &TimeZone::UTC).await;
        if moved.is_ok() { "move" } else { "move refused" }
    }

    async fn ids(&self) -> Vec<AccountId> {
        let all = self.house.ledger.accounts(&skein_domain::WorkspaceId::personal()).await.unwrap();
        all.into_iter().map(|account| account.id).collect()
    }

    async fn hold(&self) -> &'static str {
        let ids = self.ids().await;
        let Some(id) = ids.get(self.roll(ids.len())) else { return "nothing" };
        if self.door.intake.hold(Some(id)).await.is_err() {
            return "hold failed";
        }
        self.told(Told::Held(id.clone()));
        "hold"
    }

    async fn release(&self, account: Option<&AccountId>) -> &'static str {
        self.ids().await.into_iter().for_each(|id| self.told(Told::Releasing(id)));
        if self.door.intake.release(account).await.is_ok() { "release" } else { "release failed" }
    }

    async fn retry(&self) -> &'static str {
        let Some((_, found)) = self.any(&[StateName::Failed, StateName::Missed]).await else { return "nothing" };
        if self.door.intake.retry(&found).await.is_ok() { "retry" } else { "retry refused" }
    }

    /// Somebody looks at the account and says what they see, or what they want.
    async fn review(&self) -> &'static str {
        let Some((delivery, found)) = self.any(&[StateName::NeedsReview]).await else { return "nothing" };
        let records = delivery.prepared.as_ref().map(|prepared| prepared.records.clone()).unwrap_or_default();
        let there = self.house.sandbox.records(did_of(&delivery), POSTS).unwrap();
        let is_there = records.iter().all(|record| there.contains(&record.uri));
        let decision = match self.dice.below(3) {
            _ if is_there => Decision::Accept,
            0 => Decision::GiveUp,
            _ => Decision::Resend,
        };
        if decision == Decision::Resend {
            self.told(Told::Resend(delivery.id.clone()));
        }
        if self.door.intake.review(&found, decision).await.is_ok() { "review" } else { "review refused" }
    }

    async fn unpublish(&self) -> &'static str {
        let Some((_, found)) = self.any(&[StateName::Published]).await else { return "nothing" };
        if self.door.intake.unpublish(&found).await.is_ok_and(|faults| faults.is_empty()) {
            "unpublish"
        } else {
            "unpublish failed"
        }
    }

    fn account(&self) -> &SandboxAccount {
        &self.house.accounts[self.roll(self.house.accounts.len())]
    }

    /// From another app, at any moment after it landed.
    fn delete_as_author(&self) -> &'static str {
        let account = self.account();
        let there = self.house.sandbox.records(&account.did, POSTS).unwrap();
        let Some(uri) = there.get(self.roll(there.len())) else { return "nothing" };
        if self.house.sandbox.delete_as_author(uri).is_err() {
            return "nothing";
        }
        self.house.record.lock().line(self.house.wall.right(), &format!("the author deletes {uri}"));
        "delete as author"
    }

    fn write_as_author(&self) -> &'static str {
        let like = json!({"$type": "app.bsky.feed.like", "createdAt": self.house.wall.right().to_string()});
        self.house.sandbox.write_as_author(&self.account().did, "app.bsky.feed.like", &like).unwrap();
        "write as author"
    }

    fn change_account(&self) -> &'static str {
        use crate::plan::Theme;
        if !matches!(self.house.plan.theme, Theme::Accounts | Theme::Rich) {
            return "nothing";
        }
        let state = [AccountState::Active, AccountState::Deactivated, AccountState::Takendown][self.roll(3)];
        self.house.sandbox.set_account_state(&self.account().did, state).unwrap();
        "account changed"
    }

    async fn reconnect_some(&self) -> &'static str {
        let account = self.account().clone();
        self.reconnect(&account).await
    }

    async fn reconnect(&self, account: &SandboxAccount) -> &'static str {
        let sandbox = &self.house.sandbox;
        sandbox.set_account_state(&account.did, AccountState::Active).unwrap();
        let password = SecretString::from(account.app_password.clone());
        let url = sandbox.url().to_owned();
        let request = LoginRequest {
            service: url.parse().ok(),
            remember_password: true,
            ..LoginRequest::new(&account.handle, password)
        };
        if self.door.sessions.login(request).await.is_err() {
            return "login failed";
        }
        let (identity, handle) = (account.did.clone(), account.handle.clone());
        let connected = Connected { platform: Platform::Bluesky, identity, handle, host: url };
        if self.door.intake.connect(connected).await.is_ok() { "reconnect" } else { "reconnect failed" }
    }
}
