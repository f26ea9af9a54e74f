//! Notices: those that wait until every door has them, and those that are over.

use jiff::Timestamp;
use skein_domain::ports::{HeldNotice, KeptNotice, NoticeFilter, SettledNotice, Stage};
use skein_domain::{AccountId, DeliveryId, News, Notice, NoticeId, PostId};

use super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, instant_opt, micros, micros_opt};
use crate::statement::{pieces, places, rows_of_values, sql, sql_of_parts};

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: String,
    account: String,
    post: Option<String>,
    delivery: Option<String>,
    at: i64,
    event: String,
    event_json: String,
    stage: String,
    wake_at: Option<i64>,
    token: i64,
    attempts: i64,
    told: String,
    trouble: Option<String>,
    over_at: Option<i64>,
}

impl Row {
    fn read(self) -> Result<HeldNotice, StoreError> {
        let row = format!("notice {}", self.id);
        let news: News = from_json(&self.event_json, &row, "event_json")?;
        if news.name() != self.event {
            return Err(unreadable(&row, "event", format_args!("`{}` is not what its data says", self.event)));
        }
        let at = |column, micros| instant(micros).map_err(|error| unreadable(&row, column, error));
        let stage = match (self.stage.as_str(), self.wake_at, self.over_at) {
            ("waiting", Some(wake_at), None) => Stage::Waiting { wake_at: at("wake_at", wake_at)? },
            ("handed_on", None, Some(over_at)) => Stage::HandedOn { at: at("over_at", over_at)? },
            ("given_up", None, Some(over_at)) => Stage::GivenUp { at: at("over_at", over_at)? },
            (other, ..) => {
                return Err(unreadable(&row, "stage", format_args!("`{other}` with the wrong instants")));
            }
        };
        let delivery = match (&self.post, &self.delivery) {
            (Some(post), Some(delivery)) => Some((
                PostId::parse(post).map_err(|error| unreadable(&row, "post", error))?,
                DeliveryId::parse(delivery).map_err(|error| unreadable(&row, "delivery", error))?,
            )),
            _ => None,
        };
        let notice = Notice {
            id: NoticeId::parse(&self.id).map_err(|error| unreadable(&row, "id", error))?,
            at: at("at", self.at)?,
            account: AccountId::parse(&self.account).map_err(|error| unreadable(&row, "account", error))?,
            delivery,
            news,
        };
        let attempts = u32::try_from(self.attempts).map_err(|error| unreadable(&row, "attempts", error))?;
        let told = from_json(&self.told, &row, "told")?;
        Ok(HeldNotice { kept: KeptNotice { notice, stage, attempts, told, trouble: self.trouble }, token: self.token })
    }
}

/// A new notice as columns: it waits, and its time has come.
#[derive(Debug)]
pub(crate) struct Columns {
    id: String,
    subject: String,
    account: String,
    post: Option<String>,
    delivery: Option<String>,
    at: i64,
    event: &'static str,
    event_json: String,
}

impl Columns {
    pub(crate) fn of(notice: &Notice) -> Result<Self, StoreError> {
        let (post, delivery) =
            notice.delivery.as_ref().map(|(post, delivery)| (post.as_str(), delivery.as_str())).unzip();
        Ok(Self {
            id: notice.id.as_str().to_owned(),
            subject: notice.subject().to_owned(),
            account: notice.account.as_str().to_owned(),
            post: post.map(str::to_owned),
            delivery: delivery.map(str::to_owned),
            at: micros(notice.at),
            event: notice.news.name(),
            event_json: to_json(&notice.news, "a notice")?,
        })
    }
}

/// What is there already, of the same change, stays as it is.
pub(crate) async fn append(connection: &mut Connection, notices: &[&Columns]) -> Result<(), StoreError> {
    for piece in pieces(notices) {
        let mut statement = sql_of_parts(format!(
            "INSERT INTO outbox (id, subject, account, post, delivery, at, event, event_json, stage, wake_at, token, attempts, told)
             VALUES {} ON CONFLICT (id) DO NOTHING",
            rows_of_values(piece.len(), 13)
        ));
        for notice in piece {
            statement = statement.bind(&notice.id).bind(&notice.subject).bind(&notice.account);
            statement = statement.bind(&notice.post).bind(&notice.delivery).bind(notice.at);
            statement = statement.bind(notice.event).bind(&notice.event_json).bind(WAITING).bind(notice.at);
            statement = statement.bind(0_i64).bind(0_i64).bind("[]");
        }
        statement.execute(connection).await?;
    }
    Ok(())
}

const WAITING: &str = "waiting";

/// The notices that can be claimed: of each subject the earliest that waits.
pub(crate) const CLAIMABLE: &str = "SELECT o.seq FROM outbox o
    WHERE o.wake_at IS NOT NULL AND o.wake_at <= $1
      AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.subject = o.subject AND e.wake_at IS NOT NULL AND e.seq < o.seq)
    ORDER BY o.wake_at, o.seq LIMIT $2";

/// When the first of them wakes.
pub(crate) const NEXT_NOTICE: &str = "SELECT o.wake_at FROM outbox o
    WHERE o.wake_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.subject = o.subject AND e.wake_at IS NOT NULL AND e.seq < o.seq)
    ORDER BY o.wake_at LIMIT 1";

macro_rules! columns {
    () => {
        "seq, id, account, post, delivery, at, event, event_json, stage, wake_at, token, attempts, told, trouble, over_at"
    };
}

pub(crate) async fn next(connection: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    instant_opt(sql(NEXT_NOTICE).fetch_value(connection).await?)
}

/// What somebody else is claiming in this moment is passed over.
pub(crate) async fn claim(
    connection: &mut Connection,
    now: Timestamp,
    until: Timestamp,
    at_most: i64,
) -> Result<Vec<HeldNotice>, StoreError> {
    let free: Vec<(i64,)> = sql(CLAIMABLE)
        .bind(micros(now))
        .bind(at_most)
        .locking("FOR NO KEY UPDATE OF o SKIP LOCKED")
        .fetch_all(connection)
        .await?;
    let free: Vec<i64> = free.into_iter().map(|(seq,)| seq).collect();
    let mut rows: Vec<Row> = Vec::with_capacity(free.len());
    for piece in pieces(&free) {
        let mut statement = sql_of_parts(format!(
            "UPDATE outbox SET wake_at = $1, token = token + 1 WHERE seq IN ({}) RETURNING {}",
            places(2, piece.len()),
            columns!()
        ));
        statement = statement.bind(micros(until));
        for seq in piece {
            statement = statement.bind(*seq);
        }
        rows.extend(statement.fetch_all::<Row>(connection).await?);
    }
    rows.sort_unstable_by_key(|row| row.seq);
    rows.into_iter().map(Row::read).collect()
}

pub(crate) async fn renew(
    connection: &mut Connection,
    held: &[HeldNotice],
    until: Timestamp,
) -> Result<u64, StoreError> {
    let mut done = 0;
    for piece in pieces(held) {
        let mut statement = sql_of_parts(format!(
            "WITH held (id, token, until) AS (VALUES {})
             UPDATE outbox SET wake_at = held.until FROM held
             WHERE outbox.id = held.id AND outbox.token = held.token AND outbox.wake_at IS NOT NULL",
            rows_of_values(piece.len(), 3)
        ));
        for held in piece {
            statement = statement.bind(held.kept.notice.id.as_str()).bind(held.token).bind(micros(until));
        }
        done += statement.execute(connection).await?;
    }
    Ok(done)
}

pub(crate) async fn settle(connection: &mut Connection, settled: &[SettledNotice]) -> Result<u64, StoreError> {
    let mut done = 0;
    for piece in pieces(settled) {
        let mut statement = sql_of_parts(format!(
            "WITH settled (id, token, stage, wake_at, over_at, attempts, told, trouble) AS (VALUES {})
             UPDATE outbox SET stage = settled.stage, wake_at = settled.wake_at, over_at = settled.over_at,
                               attempts = settled.attempts, told = settled.told, trouble = settled.trouble
             FROM settled
             WHERE outbox.id = settled.id AND outbox.token = settled.token AND outbox.wake_at IS NOT NULL",
            rows_of_values(piece.len(), 8)
        ));
        for settled in piece {
            let (wake_at, over_at) = match settled.stage {
                Stage::Waiting { wake_at } => (Some(wake_at), None),
                Stage::HandedOn { at } | Stage::GivenUp { at } => (None, Some(at)),
            };
            statement = statement.bind(settled.id.as_str()).bind(settled.token).bind(settled.stage.name());
            statement = statement.bind(micros_opt(wake_at)).bind(micros_opt(over_at)).bind(i64::from(settled.attempts));
            statement = statement.bind(to_json(&settled.told, "the doors of a notice")?).bind(&settled.trouble);
        }
        done += statement.execute(connection).await?;
    }
    Ok(done)
}

pub(crate) async fn list(connection: &mut Connection, filter: &NoticeFilter) -> Result<Vec<KeptNotice>, StoreError> {
    const ALL: &str = concat!("SELECT ", columns!(), " FROM outbox ORDER BY seq DESC LIMIT $1");
    const OPEN: &str =
        concat!("SELECT ", columns!(), " FROM outbox WHERE stage <> 'handed_on' ORDER BY seq DESC LIMIT $1");
    let text = if filter.handed_on { ALL } else { OPEN };
    let rows = sql(text).bind(i64::try_from(filter.at_most).unwrap_or(i64::MAX)).fetch_all::<Row>(connection).await?;
    rows.into_iter().map(|row| row.read().map(|held| held.kept)).collect()
}

/// How many wait, and how many were given up.
pub(crate) async fn count(connection: &mut Connection) -> Result<(i64, i64), StoreError> {
    sql("SELECT (SELECT COUNT(*) FROM outbox WHERE wake_at IS NOT NULL),
                (SELECT COUNT(*) FROM outbox WHERE stage = 'given_up' AND over_at IS NOT NULL)")
    .fetch_one(connection)
    .await
}

pub(crate) async fn retry(connection: &mut Connection, now: Timestamp) -> Result<u64, StoreError> {
    sql("UPDATE outbox SET stage = 'waiting', wake_at = $1, over_at = NULL, attempts = 0
         WHERE stage = 'given_up' AND over_at IS NOT NULL")
    .bind(micros(now))
    .execute(connection)
    .await
}

pub(crate) async fn prune(connection: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    sql("DELETE FROM outbox WHERE over_at IS NOT NULL AND over_at < $1").bind(micros(before)).execute(connection).await
}
