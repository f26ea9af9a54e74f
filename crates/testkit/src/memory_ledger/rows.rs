//! What the ledger holds, and what each of its methods does under the lock. A method checks everything before it
//! writes anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Guard, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Notice, Policy, Post, PostId, PostName, Standing, StateName,
    WorkspaceId,
};

use super::outbox::Notices;
use crate::samples::{must_be_prepared, must_not_be_prepared};

#[derive(Debug, Default)]
pub(super) struct Rows {
    accounts: BTreeMap<AccountId, Account>,
    policies: BTreeMap<String, Policy>,
    posts: BTreeMap<PostId, Post>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    stories: BTreeMap<DeliveryId, Vec<Line>>,
    lanes: BTreeMap<Lane, LaneRow>,
    /// Each file with the posts that need it.
    files: BTreeMap<String, BTreeSet<PostId>>,
    beats: BTreeMap<String, Timestamp>,
    pub(super) notices: Notices,
}

#[derive(Debug, Default)]
struct LaneRow {
    token: i64,
    held_until: Option<Timestamp>,
    clock: Option<Timestamp>,
}

impl Rows {
    pub(super) fn connect_account(&mut self, new: NewAccount) -> Result<Account, LedgerError> {
        let known = self.accounts.values_mut().find(|account| {
            account.workspace == new.workspace && account.platform == new.platform && account.identity == new.identity
        });
        if let Some(account) = known {
            account.handle = new.handle;
            account.host = new.host;
            account.standing = Standing::Active;
            return Ok(account.clone());
        }
        if self.accounts.contains_key(&new.id) {
            return Err(invalid("another account has the same id"));
        }
        let account = Account::from(new);
        self.accounts.insert(account.id.clone(), account.clone());
        Ok(account)
    }

    pub(super) fn accounts(&self, workspace: &WorkspaceId) -> Vec<Account> {
        let mut accounts: Vec<Account> =
            self.accounts.values().filter(|account| account.workspace == *workspace).cloned().collect();
        accounts.sort_by(|a, b| (&a.handle, &a.id).cmp(&(&b.handle, &b.id)));
        accounts
    }

    pub(super) fn account(&self, id: &AccountId) -> Result<&Account, LedgerError> {
        self.accounts.get(id).ok_or_else(|| missing("account", id.as_str()))
    }

    pub(super) fn account_mut(&mut self, id: &AccountId) -> Result<&mut Account, LedgerError> {
        self.accounts.get_mut(id).ok_or_else(|| missing("account", id.as_str()))
    }

    pub(super) fn set_standing(
        &mut self,
        id: &AccountId,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let account = self.account_mut(id)?;
        let was = std::mem::replace(&mut account.standing, standing.clone());
        if let Some(notice) = Notice::of_standing(id, &was, standing, now) {
            self.notices.append(notice);
        }
        Ok(())
    }

    pub(super) fn remove_account(&mut self, id: &AccountId) -> Result<(), LedgerError> {
        self.account(id)?;
        if self.deliveries.values().any(|delivery| delivery.account == *id && !delivery.state.name().is_over()) {
            return Err(invalid("the account has deliveries that are not over"));
        }
        self.accounts.remove(id);
        Ok(())
    }

    pub(super) fn policy(&self, workspace: &WorkspaceId) -> Policy {
        self.policies.get(workspace.as_str()).copied().unwrap_or_default()
    }

    pub(super) fn set_policy(&mut self, workspace: &WorkspaceId, policy: Policy) {
        self.policies.insert(workspace.as_str().to_owned(), policy);
    }

    pub(super) fn submit(
        &mut self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError> {
        if self.posts.contains_key(&post.id) {
            return Err(invalid("the post is kept already"));
        }
        if post.named.as_ref().is_some_and(|named| self.post_named(&post.workspace, &named.name).is_some()) {
            return Err(LedgerError::NameTaken);
        }
        let mut ids = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        for delivery in deliveries {
            if delivery.post != post.id {
                return Err(invalid("a delivery belongs to another post"));
            }
            if !ids.insert(&delivery.id) || self.deliveries.contains_key(&delivery.id) {
                return Err(invalid("the delivery is kept already"));
            }
            self.account(&delivery.account)?;
            self.check(delivery)?;
            if !addresses_of(delivery).all(|address| addresses.insert((&delivery.lane, address))) {
                return Err(invalid("two deliveries of the post have the same address"));
            }
        }
        if story.iter().any(|line| !ids.contains(&line.delivery)) {
            return Err(invalid("a line of the story belongs to a delivery that is not submitted here"));
        }
        self.posts.insert(post.id.clone(), post.clone());
        for delivery in deliveries {
            self.deliveries.insert(delivery.id.clone(), delivery.clone());
        }
        for file in files {
            self.files.entry(file.as_str().to_owned()).or_default().insert(post.id.clone());
        }
        self.tell(story);
        Ok(())
    }

    pub(super) fn needs_file(&self, file: &ContentHash) -> bool {
        let posts = self.files.get(file.as_str());
        let is_needed = |delivery: &Delivery| {
            !delivery.state.name().is_final() && posts.is_some_and(|posts| posts.contains(&delivery.post))
        };
        self.deliveries.values().any(is_needed)
    }

    pub(super) fn post(&self, id: &PostId) -> Result<Post, LedgerError> {
        self.posts.get(id).cloned().ok_or_else(|| missing("post", id.as_str()))
    }

    pub(super) fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Option<Post> {
        let has_name = |post: &&Post| post.named.as_ref().is_some_and(|named| named.name == *name);
        self.posts.values().filter(|post| post.workspace == *workspace).find(has_name).cloned()
    }

    pub(super) fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Vec<Post> {
        let matches = |post: &&Post| post.workspace == *workspace && post.id.as_str().starts_with(prefix);
        self.posts.values().rev().filter(matches).take(at_most).cloned().collect()
    }

    pub(super) fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError> {
        self.deliveries.get(id).cloned().ok_or_else(|| missing("delivery", id.as_str()))
    }

    pub(super) fn queue(&self, filter: &QueueFilter) -> Vec<Delivery> {
        let wanted = |delivery: &&Delivery| {
            (filter.states.is_empty() || filter.states.contains(&delivery.state.name()))
                && filter.account.as_ref().is_none_or(|account| delivery.account == *account)
                && filter.post.as_ref().is_none_or(|post| delivery.post == *post)
                && filter.due_from.is_none_or(|from| delivery.due >= from)
                && filter.due_until.is_none_or(|until| delivery.due < until)
        };
        let mut found: Vec<&Delivery> = self.deliveries.values().filter(wanted).collect();
        found.sort_by_key(|delivery| (delivery.due, &delivery.id));
        if filter.newest_first {
            found.reverse();
        }
        found.into_iter().take(filter.at_most).cloned().collect()
    }

    pub(super) fn story(&self, id: &DeliveryId) -> Vec<Line> {
        self.stories.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        let lease_end = |lane: &Lane| self.lanes.get(lane).and_then(|row| row.held_until);
        self.awake().map(|(wake_at, lane)| lease_end(lane).map_or(wake_at, |end| end.max(wake_at))).min()
    }

    pub(super) fn claim(&mut self, request: &ClaimRequest) -> Option<Claim> {
        let is_free =
            |lane: &Lane| self.lanes.get(lane).and_then(|row| row.held_until).is_none_or(|until| until <= request.now);
        let lane = match &request.lane {
            Some(lane) => is_free(lane).then(|| lane.clone())?,
            None => self.awake().filter(|(at, lane)| *at <= request.now && is_free(lane)).min()?.1.clone(),
        };
        let row = self.lanes.entry(lane.clone()).or_default();
        row.token += 1;
        row.held_until = Some(request.until);
        Some(Claim { lane, token: row.token, until: request.until, last_created_at: row.clock })
    }

    pub(super) fn due_run(&self, lane: &Lane, now: Timestamp, limits: &RunLimits) -> Vec<Delivery> {
        let chosen = |delivery: &Delivery| {
            !delivery.state.name().is_open() || limits.only.as_ref().is_none_or(|only| only.contains(&delivery.id))
        };
        let is_due = |delivery: &Delivery| {
            let orphan = matches!(delivery.state.name(), StateName::Preparing | StateName::Publishing);
            delivery.state.wake_at().is_some_and(|wake_at| orphan || wake_at <= now)
        };
        let mut run: Vec<&Delivery> = self
            .deliveries
            .values()
            .filter(|delivery| delivery.lane == *lane && is_due(delivery) && chosen(delivery))
            .collect();
        run.sort_by_key(|delivery| (!is_unsettled(delivery), delivery.due, &delivery.id));
        run.into_iter().take(limits.at_most).cloned().collect()
    }

    pub(super) fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Option<Delivery> {
        self.deliveries
            .values()
            .filter(|delivery| delivery.lane == *lane && delivery.id != *but && is_unsettled(delivery))
            .min_by_key(|delivery| (delivery.due, &delivery.id))
            .cloned()
    }

    pub(super) fn renew(&mut self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError> {
        match self.lanes.get_mut(&claim.lane) {
            Some(row) if row.token == claim.token && row.held_until.is_some() => {
                row.held_until = Some(until);
                Ok(())
            }
            _ => Err(LedgerError::Lost),
        }
    }

    pub(super) fn release(&mut self, claim: &Claim) {
        if let Some(row) = self.lanes.get_mut(&claim.lane).filter(|row| row.token == claim.token) {
            row.held_until = None;
        }
    }

    pub(super) fn save(&mut self, change: &Change) -> Result<(), LedgerError> {
        let kept = self.deliveries.get(&change.delivery.id).ok_or(LedgerError::Lost)?;
        let mut next = change.delivery.clone();
        if change.is_step {
            (next.due, next.content, next.prepared) = (kept.due, kept.content.clone(), kept.prepared.clone());
        }
        let next = &next;
        let lane = self.lanes.get(&kept.lane);
        let newest_token = lane.map_or(0, |row| row.token);
        let clock = lane.and_then(|row| row.clock);
        let guarded = match &change.guard {
            Guard::Lane { lane, token } => *lane == kept.lane && *token == newest_token,
            Guard::VersionOnly => true,
        };
        // Nothing leaves for an account that is held or cannot write, whenever that was noted.
        let may_leave = next.state.name() != StateName::Publishing
            || self.accounts.get(&kept.account).is_some_and(|row| !row.held && row.standing == Standing::Active);
        let clock_agrees = change.lane_clock.is_none_or(|(from, _)| from == clock);
        if kept.version != change.from_version || !guarded || !clock_agrees || !may_leave {
            return Err(LedgerError::Lost);
        }
        if next.version != change.from_version + 1 {
            return Err(invalid("the version must rise by one"));
        }
        let same = next.post == kept.post
            && next.account == kept.account
            && next.lane == kept.lane
            && next.submitted_at == kept.submitted_at
            && next.policy == kept.policy;
        if !same {
            return Err(invalid("a delivery keeps its post, account, lane, policy and the instant of its submission"));
        }
        if change.lane_clock.is_some_and(|(from, to)| from.is_some_and(|from| to <= from)) {
            return Err(invalid("the clock of a lane only moves forward"));
        }
        if change.story.iter().any(|line| line.delivery != next.id) {
            return Err(invalid("a line of the story belongs to another delivery"));
        }
        self.check(next)?;
        if let Some((_, to)) = change.lane_clock {
            self.lanes.entry(next.lane.clone()).or_default().clock = Some(to);
        }
        self.deliveries.insert(next.id.clone(), next.clone());
        self.tell(&change.story);
        if let Some(notice) = change.story.last().and_then(|line| Notice::of_line(next, line)) {
            self.notices.append(notice);
        }
        Ok(())
    }

    pub(super) fn beat(&mut self, owner: &str, now: Timestamp) {
        self.beats.insert(owner.to_owned(), now);
    }

    pub(super) fn last_beat(&self) -> Option<Timestamp> {
        self.beats.values().max().copied()
    }

    pub(super) fn end_beat(&mut self, owner: &str) {
        self.beats.remove(owner);
    }

    /// The wake-up and the lane of everything that is not at rest.
    fn awake(&self) -> impl Iterator<Item = (Timestamp, &Lane)> {
        self.deliveries.values().filter_map(|delivery| Some((delivery.state.wake_at()?, &delivery.lane)))
    }

    fn tell(&mut self, story: &[Line]) {
        for line in story {
            self.stories.entry(line.delivery.clone()).or_default().push(line.clone());
        }
    }

    /// The invariants of one delivery, and that nobody else of its lane has its addresses.
    fn check(&self, delivery: &Delivery) -> Result<(), LedgerError> {
        let name = delivery.state.name();
        if must_be_prepared(name) && delivery.prepared.is_none() {
            return Err(invalid(&format!("a delivery that is {} must have its bytes frozen", name.as_str())));
        }
        if must_not_be_prepared(name) && delivery.prepared.is_some() {
            return Err(invalid(&format!("a delivery that is {} has no frozen bytes", name.as_str())));
        }
        if delivery.prepared.is_none() {
            return Ok(());
        }
        let others = self.deliveries.values().filter(|other| other.lane == delivery.lane && other.id != delivery.id);
        let mut taken: BTreeSet<&str> = others.flat_map(addresses_of).collect();
        match addresses_of(delivery).find(|address| !taken.insert(address)) {
            Some(address) => Err(invalid(&format!("the address {address} is taken in this lane"))),
            None => Ok(()),
        }
    }
}

fn addresses_of(delivery: &Delivery) -> impl Iterator<Item = &str> {
    delivery.prepared.iter().flat_map(|prepared| &prepared.records).map(|record| record.uri.as_str())
}

fn is_unsettled(delivery: &Delivery) -> bool {
    matches!(delivery.state.name(), StateName::Publishing | StateName::Settling)
}

fn invalid(reason: &str) -> LedgerError {
    LedgerError::Invalid(reason.to_owned())
}

fn missing(what: &str, id: &str) -> LedgerError {
    LedgerError::NotFound(format!("{what} {id}"))
}
