//! The outbox in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::Notice;
use skein_domain::ports::{HeldNotice, KeptNotice, LedgerError, NoticeFilter, Outbox, SettledNotice, Stage};

use super::MemoryLedger;

/// Notices in the order in which they were written.
#[derive(Debug, Default)]
pub(super) struct Notices {
    rows: Vec<HeldNotice>,
}

impl Notices {
    /// What is there already, of the same change, stays as it is.
    pub(super) fn append(&mut self, notice: Notice) {
        if self.rows.iter().all(|row| row.kept.notice.id != notice.id) {
            let stage = Stage::Waiting { wake_at: notice.at };
            let kept = KeptNotice { notice, stage, attempts: 0, told: Vec::new(), trouble: None };
            self.rows.push(HeldNotice { kept, token: 0 });
        }
    }

    /// Of each subject the earliest that waits.
    fn claimable(&self) -> Vec<(Timestamp, usize)> {
        let mut subjects = BTreeSet::new();
        let waiting = self.rows.iter().enumerate().filter_map(|(place, row)| match row.kept.stage {
            Stage::Waiting { wake_at } => Some((wake_at, place, row.kept.notice.subject())),
            _ => None,
        });
        let first = waiting.filter(|(_, _, subject)| subjects.insert(*subject));
        let mut first: Vec<_> = first.map(|(wake_at, place, _)| (wake_at, place)).collect();
        first.sort_unstable();
        first
    }

    fn claim(&mut self, now: Timestamp, until: Timestamp, at_most: usize) -> Vec<HeldNotice> {
        let due = self.claimable().into_iter().filter(|(wake_at, _)| *wake_at <= now).take(at_most);
        let mut places: Vec<usize> = due.map(|(_, place)| place).collect();
        places.sort_unstable();
        let mut held = Vec::new();
        for place in places {
            if let Some(row) = self.rows.get_mut(place) {
                row.token += 1;
                row.kept.stage = Stage::Waiting { wake_at: until };
                held.push(row.clone());
            }
        }
        held
    }

    /// The row of a claim, if it still waits and the claim is the newest.
    fn held(&mut self, id: &skein_domain::NoticeId, token: i64) -> Option<&mut HeldNotice> {
        self.rows.iter_mut().find(|row| {
            row.kept.notice.id == *id && row.token == token && matches!(row.kept.stage, Stage::Waiting { .. })
        })
    }

    fn in_stage(&self, name: &str) -> impl Iterator<Item = &HeldNotice> {
        self.rows.iter().filter(move |row| row.kept.stage.name() == name)
    }
}

#[async_trait]
impl Outbox for MemoryLedger {
    async fn next_notice(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(self.rows().notices.claimable().first().map(|(wake_at, _)| *wake_at))
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        at_most: usize,
    ) -> Result<Vec<HeldNotice>, LedgerError> {
        Ok(self.rows().notices.claim(now, until, at_most))
    }

    async fn renew_notices(&self, held: &[HeldNotice], until: Timestamp) -> Result<usize, LedgerError> {
        let mut rows = self.rows();
        let mut done = 0;
        for held in held {
            if let Some(row) = rows.notices.held(&held.kept.notice.id, held.token) {
                row.kept.stage = Stage::Waiting { wake_at: until };
                done += 1;
            }
        }
        Ok(done)
    }

    async fn settle_notices(&self, settled: &[SettledNotice]) -> Result<usize, LedgerError> {
        let mut rows = self.rows();
        let mut done = 0;
        for settled in settled {
            if let Some(row) = rows.notices.held(&settled.id, settled.token) {
                row.kept.stage = settled.stage;
                row.kept.attempts = settled.attempts;
                row.kept.told.clone_from(&settled.told);
                row.kept.trouble.clone_from(&settled.trouble);
                done += 1;
            }
        }
        Ok(done)
    }

    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<KeptNotice>, LedgerError> {
        let rows = self.rows();
        let wanted = rows.notices.rows.iter().rev().map(|row| &row.kept);
        let wanted = wanted.filter(|kept| filter.handed_on || !matches!(kept.stage, Stage::HandedOn { .. }));
        Ok(wanted.take(filter.at_most).cloned().collect())
    }

    async fn count_notices(&self) -> Result<(usize, usize), LedgerError> {
        let rows = self.rows();
        Ok((rows.notices.in_stage("waiting").count(), rows.notices.in_stage("given_up").count()))
    }

    async fn retry_notices(&self, now: Timestamp) -> Result<usize, LedgerError> {
        let mut rows = self.rows();
        let mut again = 0;
        for row in rows.notices.rows.iter_mut().filter(|row| matches!(row.kept.stage, Stage::GivenUp { .. })) {
            row.kept.stage = Stage::Waiting { wake_at: now };
            row.kept.attempts = 0;
            again += 1;
        }
        Ok(again)
    }

    async fn prune_notices(&self, before: Timestamp) -> Result<usize, LedgerError> {
        let mut rows = self.rows();
        let was = rows.notices.rows.len();
        rows.notices.rows.retain(|row| match row.kept.stage {
            Stage::Waiting { .. } => true,
            Stage::HandedOn { at } | Stage::GivenUp { at } => at >= before,
        });
        Ok(was - rows.notices.rows.len())
    }
}
