//! The `Outbox` on its table: each method is one transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{HeldNotice, KeptNotice, LedgerError, NoticeFilter, Outbox, SettledNotice};

use crate::Store;
use crate::gathering::{WITHIN, attempt};
use crate::ledger::{leasing, reading, transaction, writing};
use crate::tables::outbox;

#[async_trait]
impl Outbox for Store {
    async fn next_notice(&self) -> Result<Option<Timestamp>, LedgerError> {
        reading!(self, |tx| outbox::next(&mut tx).await)
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        at_most: usize,
    ) -> Result<Vec<HeldNotice>, LedgerError> {
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        leasing!(self, |tx| outbox::claim(&mut tx, now, until, at_most).await)
    }

    async fn renew_notices(&self, held: &[HeldNotice], until: Timestamp) -> Result<usize, LedgerError> {
        leasing!(self, |tx| outbox::renew(&mut tx, held, until).await.map(counted))
    }

    async fn settle_notices(&self, settled: &[SettledNotice]) -> Result<usize, LedgerError> {
        writing!(self, |tx| outbox::settle(&mut tx, settled).await.map(counted))
    }

    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<KeptNotice>, LedgerError> {
        reading!(self, |tx| outbox::list(&mut tx, filter).await)
    }

    async fn count_notices(&self) -> Result<(usize, usize), LedgerError> {
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        reading!(self, |tx| outbox::count(&mut tx).await.map(|(waiting, given_up)| (count(waiting), count(given_up))))
    }

    async fn retry_notices(&self, now: Timestamp) -> Result<usize, LedgerError> {
        writing!(self, |tx| outbox::retry(&mut tx, now).await.map(counted))
    }

    async fn prune_notices(&self, before: Timestamp) -> Result<usize, LedgerError> {
        writing!(self, |tx| outbox::prune(&mut tx, before).await.map(counted))
    }
}

fn counted(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
