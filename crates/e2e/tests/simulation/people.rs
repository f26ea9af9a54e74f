//! People: they submit, change their minds, look at what needs them, and write to their accounts from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::json;
use skein_bluesky::session::LoginRequest;
use skein_domain::ports::{Ledger, QueueFilter};
use skein_domain::{
    AccountId, Delivery, DeliveryId, GivenPolicy, Media, Part, Platform, Standing, State, StateName, WorkspaceId,
};
use skein_e2e::submission::submission;
use skein_intake::{Connected, Decision, Found, IntakeError, Submission};
use skein_sandbox::{AccountState, LoggedCommit, SandboxAccount};
use skein_testkit::SeededEntropy;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use crate::house::{House, Process};
use crate::life::Fortune;
use crate::record::{Told, did_of};

const POSTS: &str = "app.bsky.feed.post";

/// The people of a run, at one door.
pub(crate) struct People {
    house: Arc<House>,
    kind: &'static str,
    dice: SeededEntropy,
    door: Process,
    doors: u64,
    submitted: u64,
}

impl People {
    /// They stand before a door that does not break as long as they connect their accounts.
    pub(crate) fn new(house: &Arc<House>, kind: &'static str) -> Self {
        let dice = SeededEntropy::new(house.plan.seed ^ kind.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
        let door = house.process(&format!("{kind} 0"), Fortune::default(), dice.next_u64(), false);
        Self { house: Arc::clone(house), kind, dice, door, doors: 0, submitted: 0 }
    }

    /// Every account is logged in, connected and released.
    pub(crate) async fn connect_all(&self) {
        for account in &self.house.accounts {
            self.reconnect(account).await;
        }
        self.release(None).await;
    }

    /// Every account is active; those that were lost are connected again, and some of what was missed is wanted all the same.
    /// What needs somebody is looked at.
    pub(crate) async fn mend(&self) {
        let kept = self.house.ledger.accounts(&WorkspaceId::personal()).await.unwrap();
        for account in &self.house.accounts {
            self.house.sandbox.set_account_state(&account.did, AccountState::Active).unwrap();
            if !kept.iter().any(|kept| kept.identity == account.did && kept.standing == Standing::Active) {
                self.reconnect(account).await;
            }
        }
        self.release(None).await;
        let filter = QueueFilter { states: vec![StateName::Missed], at_most: 1_000, ..QueueFilter::default() };
        for delivery in self.house.ledger.queue(&filter).await.unwrap() {
            if self.dice.below(2) == 0 {
                let found = self.found(&delivery).await;
                self.retry(&found).await;
            }
        }
        let filter = QueueFilter { states: vec![StateName::NeedsReview], ..filter };
        for delivery in self.house.ledger.queue(&filter).await.unwrap() {
            let found = self.found(&delivery).await;
            self.review(&delivery, &found).await;
        }
    }

    /// One thing that somebody does. The door may break under it.
    pub(crate) async fn act(&mut self) {
        let what = tokio::select! {
            biased;
            what = self.choose() => what,
            () = self.door.life.died() => "died",
        };
        if what.starts_with("submit") || what == "died" {
            self.submitted += 1;
        }
        self.after(what);
    }

    fn after(&mut self, what: &str) {
        self.house.record.count(&format!("people: {what}"));
        if what == "died" {
            self.doors += 1;
            let (name, seed) = (format!("{} {}", self.kind, self.doors), self.dice.next_u64());
            let fortune = self.house.plan.fortune(&self.dice);
            self.door = self.house.process(&name, fortune, seed, false);
        } else if self.dice.below(2) == 0 {
            self.house.nudge();
        }
    }

    async fn choose(&self) -> &'static str {
        let roll = self.dice.below(100);
        if self.submitted < self.house.plan.posts && (roll < 60 || self.submitted == 0) {
            return self.submit().await;
        }
        match roll % 20 {
            0..=9 => match self.any(&[]).await {
                Some((delivery, found)) => self.act_on(&delivery, &found).await,
                None => "nothing",
            },
            10 | 11 => self.hold(None).await,
            12..=14 => self.release(None).await,
            15 | 16 => self.delete_as_author(),
            17 => self.write_as_author(&self.account().did),
            18 => self.change_account(),
            _ => self.reconnect_some().await,
        }
    }

    /// What somebody does who looks at a delivery at this very moment.
    async fn act_on(&self, delivery: &Delivery, found: &Found) -> &'static str {
        let roll = self.roll(6);
        let is_pinned = matches!(&delivery.state, State::Ready { earlier: Some(_), .. });
        match (delivery.state.name(), roll) {
            (StateName::Ready, 0..=3) if is_pinned => self.hold(Some(&delivery.account)).await,
            (StateName::Scheduled | StateName::Preparing | StateName::Ready, 0) | (StateName::Blocked, 1) => {
                self.move_one(found).await
            }
            (StateName::Preparing, 1 | 2) => self.hold(Some(&delivery.account)).await,
            (StateName::Scheduled | StateName::Preparing | StateName::Ready | StateName::Publishing, 3) => {
                self.cancel(found).await
            }
            (StateName::Publishing | StateName::Settling, 0 | 5) => self.write_as_author(did_of(delivery)),
            (StateName::Blocked, 0) => self.cancel(found).await,
            (StateName::Blocked, 2 | 3) => self.release(None).await,
            (StateName::Blocked, 4) => self.reconnect_some().await,
            (StateName::NeedsReview, 0..=4) => self.review(delivery, found).await,
            (StateName::Failed | StateName::Missed, _) => self.retry(found).await,
            (StateName::Published, 0) => self.unpublish(found).await,
            (StateName::Publishing | StateName::Settling, 1..=3) | (StateName::Published, 1 | 2) => {
                self.delete_its_records(delivery)
            }
            _ => "nothing",
        }
    }

    /// Somebody who is told what became of a delivery, and acts on it soon.
    pub(crate) async fn meddle(mut self, mut tips: UnboundedReceiver<DeliveryId>) {
        while let Some(id) = tips.recv().await {
            if self.dice.below(4) == 0 {
                sleep(Duration::from_millis(self.dice.below(20_000))).await;
            }
            let delivery = self.house.ledger.delivery(&id).await.unwrap();
            let found = self.found(&delivery).await;
            let what = tokio::select! {
                biased;
                what = self.act_on(&delivery, &found) => what,
                () = self.door.life.died() => "died",
            };
            self.after(what);
        }
    }

    async fn submit(&self) -> &'static str {
        let (number, parts) = (self.submitted, [1, 1, 1, 2, 3][self.roll(5)]);
        let with_picture = self.dice.below(3) == 0;
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
        let quote = self.something_to_quote();
        let plain = submission((0..parts).map(part).collect(), at.as_deref());
        let mut submission = Submission { name: name.clone(), accounts, policy: self.policy(number), ..plain };
        submission.draft.quote.clone_from(&quote);
        let first = self.door.intake.submit(submission.clone(), self.house.pictures()).await;
        // What was handed in under a name may be handed in again when no answer came.
        if let (Err(IntakeError::Ledger(_)), Some(_)) = (first, name) {
            drop(self.door.intake.submit(submission, self.house.pictures()).await);
            return "submit again";
        }
        if let Some(quote) = quote.filter(|_| self.dice.below(2) == 0) {
            drop(self.house.sandbox.delete_as_author(&quote));
        }
        "submit"
    }

    /// What some posts say of being late and of failing. No dice are thrown for it, so a seed without such posts is as it was.
    fn policy(&self, number: u64) -> GivenPolicy {
        let words = |text: &str| Some(text.to_owned());
        // Few failures meet a post that is neither public nor in doubt.
        match (self.house.plan.seed + number) % 8 {
            0 | 3 => GivenPolicy { on_failure: words("give_up"), ..GivenPolicy::default() },
            1 | 4..=6 => GivenPolicy { retry_for: words("1m"), ..GivenPolicy::default() },
            2 => GivenPolicy { late: words("2m"), ..GivenPolicy::default() },
            _ => GivenPolicy::default(),
        }
    }

    fn something_to_quote(&self) -> Option<String> {
        let there = self.house.sandbox.records(&self.account().did, POSTS).unwrap();
        (self.dice.below(4) == 0).then(|| there.get(self.roll(there.len())).cloned())?
    }

    fn roll(&self, bound: usize) -> usize {
        usize::try_from(self.dice.below(bound as u64)).unwrap_or(0)
    }

    /// Any delivery, as a person finds it.
    async fn any(&self, states: &[StateName]) -> Option<(Delivery, Found)> {
        let filter = QueueFilter { states: states.to_vec(), at_most: 1_000, ..QueueFilter::default() };
        let all = self.house.ledger.queue(&filter).await.unwrap();
        let delivery = all.get(self.roll(all.len()))?.clone();
        let found = self.found(&delivery).await;
        Some((delivery, found))
    }

    async fn found(&self, delivery: &Delivery) -> Found {
        let post = self.house.ledger.post(&delivery.post).await.unwrap();
        Found { post, only: Some(delivery.id.clone()) }
    }

    fn told(&self, told: Told) {
        let right = self.house.wall.right();
        let mut record = self.house.record.lock();
        let at = record.line(right, &format!("told: {told:?}"));
        record.told.push((at, right, told));
    }

    async fn cancel(&self, found: &Found) -> &'static str {
        match self.door.intake.cancel(found).await {
            Ok(stand) => {
                for delivery in stand.iter().filter(|delivery| delivery.state.name() == StateName::Canceled) {
                    self.told(Told::Canceled(delivery.id.clone()));
                }
                "cancel"
            }
            Err(_) => "cancel refused",
        }
    }

    async fn move_one(&self, found: &Found) -> &'static str {
        let at = format!("in {}s", 1 + self.dice.below(90));
        let moved = self.door.intake.move_to(found, &at, None, &TimeZone::UTC).await;
        if moved.is_ok() { "move" } else { "move refused" }
    }

    async fn ids(&self) -> Vec<AccountId> {
        let all = self.house.ledger.accounts(&WorkspaceId::personal()).await.unwrap();
        all.into_iter().map(|account| account.id).collect()
    }

    async fn hold(&self, account: Option<&AccountId>) -> &'static str {
        let ids = self.ids().await;
        let Some(id) = account.or_else(|| ids.get(self.roll(ids.len()))) else { return "nothing" };
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

    async fn retry(&self, found: &Found) -> &'static str {
        if self.door.intake.retry(found).await.is_ok() { "retry" } else { "retry refused" }
    }

    /// Somebody looks at the account and says what they see, or what they want.
    async fn review(&self, delivery: &Delivery, found: &Found) -> &'static str {
        let records = delivery.prepared.as_ref().map(|prepared| prepared.records.clone()).unwrap_or_default();
        let there = self.house.sandbox.records(did_of(delivery), POSTS).unwrap();
        let is_there = records.iter().all(|record| there.contains(&record.uri));
        let was_there =
            |commit: &LoggedCommit| commit.made.iter().any(|made| records.iter().any(|of| of.uri == made.uri));
        let landed = self.house.sandbox.commits().iter().any(was_there);
        let decision = match self.dice.below(2) {
            _ if is_there => Decision::Accept,
            _ if landed && self.dice.below(4) > 0 => Decision::Accept,
            0 => Decision::GiveUp,
            _ => Decision::Resend,
        };
        if decision == Decision::Resend {
            self.told(Told::Resend(delivery.id.clone()));
        }
        if self.door.intake.review(found, decision).await.is_ok() { "review" } else { "review refused" }
    }

    async fn unpublish(&self, found: &Found) -> &'static str {
        if self.door.intake.unpublish(found).await.is_ok_and(|faults| faults.is_empty()) {
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

    /// The author deletes all that is there of one post, at once.
    fn delete_its_records(&self, delivery: &Delivery) -> &'static str {
        let records = delivery.prepared.iter().flat_map(|prepared| &prepared.records);
        let deleted = records.filter(|record| self.house.sandbox.delete_as_author(&record.uri).is_ok()).count();
        if deleted == 0 {
            return "nothing";
        }
        self.house.record.lock().line(self.house.wall.right(), &format!("the author deletes {}", delivery.id));
        "delete as author"
    }

    fn write_as_author(&self, did: &str) -> &'static str {
        let like = json!({"$type": "app.bsky.feed.like", "createdAt": self.house.wall.right().to_string()});
        self.house.sandbox.write_as_author(did, "app.bsky.feed.like", &like).unwrap();
        self.house.record.lock().line(self.house.wall.right(), &format!("somebody likes as {did}"));
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
