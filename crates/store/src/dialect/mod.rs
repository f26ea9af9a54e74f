//! What only one database understands: opening, locking, claiming, error codes. Everything else in this crate is one text
//! for both.

pub(crate) mod listener;
pub(crate) mod postgres;
pub(crate) mod quick;
mod scribe;
pub(crate) mod sqlite;

use jiff::Timestamp;
use skein_domain::ports::{Claim, ClaimRequest};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::StoreError;
use crate::instants::{instant_opt, micros};
use crate::statement::sql;
use crate::store::PoolUsage;

/// The ways to a database.
#[derive(Clone)]
pub(crate) enum Pools {
    /// One connection that writes, and some that read.
    Sqlite(sqlite::Pools),
    /// Connections that do both.
    Postgres(postgres::Pool),
}

/// A connection, and the transaction on it. What is not committed is undone when this is dropped.
pub(crate) enum Connection {
    /// A transaction, and where it is noted that the file takes no writes.
    Sqlite(sqlx::Transaction<'static, Sqlite>, sqlite::ReadOnlyMet),
    /// A transaction.
    Postgres(sqlx::Transaction<'static, Postgres>),
    /// Each statement by itself.
    PostgresAlone(PoolConnection<Postgres>),
}

/// A connection as its driver has it.
pub(crate) enum Native<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Connection {
    /// The connection as its driver has it.
    pub(crate) fn native(&mut self) -> Native<'_> {
        match self {
            Self::Sqlite(tx, _) => Native::Sqlite(tx),
            Self::Postgres(tx) => Native::Postgres(tx),
            Self::PostgresAlone(connection) => Native::Postgres(connection),
        }
    }

    /// What the driver says of a statement, in words that a person can act on.
    pub(crate) fn trouble(&self, error: sqlx::Error) -> StoreError {
        match self {
            Self::Sqlite(_, met) => met.trouble(error),
            Self::Postgres(_) | Self::PostgresAlone(_) => postgres::trouble(error),
        }
    }

    /// Keeps what was written.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx, met) => tx.commit().await.map_err(|error| met.trouble(error)),
            Self::Postgres(tx) => tx.commit().await.map_err(postgres::trouble),
            Self::PostgresAlone(_) => Ok(()),
        }
    }

    /// Waits until no other transaction does what has this name, and keeps others from it until this one ends. For what reads
    /// before it knows which rows it writes. On SQLite whoever writes is alone in any case.
    pub(crate) async fn alone_with(&mut self, name: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(..) => Ok(()),
            Self::Postgres(_) | Self::PostgresAlone(_) => postgres::lock_name(self, name).await,
        }
    }

    /// Tells other processes, once this is committed, that there may be something to do. Nobody hears it on SQLite.
    pub(crate) async fn announce(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(..) => Ok(()),
            Self::Postgres(_) | Self::PostgresAlone(_) => listener::announce(self).await,
        }
    }
}

impl Pools {
    /// A transaction that writes: nobody else changes what it has read under a lock, and it is on the disk when it is committed.
    pub(crate) async fn write(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.begin_write().await,
            Self::Postgres(pool) => postgres::begin_write(pool).await,
        }
    }

    /// The same, but on the disk a moment later.
    pub(crate) async fn write_lightly(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.begin_light_write().await,
            Self::Postgres(pool) => postgres::begin_light_write(pool).await,
        }
    }

    /// For one statement that reads.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.begin_read().await,
            Self::Postgres(pool) => postgres::acquire(pool).await,
        }
    }

    /// For several statements that see one moment of the database.
    pub(crate) async fn read_moment(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.begin_read().await,
            Self::Postgres(pool) => postgres::begin_read(pool).await,
        }
    }

    /// A transaction that writes leases. They count only while the processes live that share them: where all of those die with the
    /// machine, the next flush of the disk is soon enough; where they outlive the database, a lost one would be given out twice.
    pub(crate) async fn write_leases(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.begin_light_write().await,
            Self::Postgres(pool) => postgres::begin_write(pool).await,
        }
    }

    /// Leases the free lanes with the earliest wake-ups that have come.
    pub(crate) async fn claim_free(&self, request: &ClaimRequest, at_most: usize) -> Result<Vec<Claim>, StoreError> {
        match self {
            Self::Sqlite(pools) => sqlite::claim_free(pools, request, at_most).await,
            Self::Postgres(pool) => postgres::claim_free(pool, request, at_most).await,
        }
    }

    /// How each pool stands.
    pub(crate) fn usage(&self) -> Vec<PoolUsage> {
        match self {
            Self::Sqlite(pools) => vec![usage("writer", &pools.writer), usage("readers", &pools.readers)],
            Self::Postgres(pool) => vec![usage("server", pool)],
        }
    }

    /// Does what writes for many callers: for a file on a thread of its own.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Sqlite(pools) => pools.scribe.spawn(work),
            Self::Postgres(_) => drop(tokio::spawn(work)),
        }
    }

    /// Ends the connections in order.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn usage<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> PoolUsage {
    let (open, at_most) = (pool.size(), pool.options().get_max_connections());
    PoolUsage { name, open, idle: u32::try_from(pool.num_idle()).unwrap_or(open), at_most }
}

/// The least wake-up on lanes without a lease, and for each lane with one the later of its end and the lane's least
/// wake-up. Walks the index in the order of wake-ups and passes over rows of leased lanes only. `MATERIALIZED`, because
/// PostgreSQL would else look for the wake-ups of a lane once for each time that they are named.
pub(crate) const NEXT_WAKE: &str = "WITH held AS MATERIALIZED (
        SELECT l.lease_until AS lease_until,
               (SELECT MIN(d.wake_at) FROM deliveries d WHERE d.lane = l.lane AND d.wake_at IS NOT NULL) AS wake_at
        FROM lanes l WHERE l.lease_until IS NOT NULL)
    SELECT MIN(candidate) FROM (
        SELECT candidate FROM (
            SELECT d.wake_at AS candidate FROM deliveries d
            WHERE d.wake_at IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.lane = d.lane AND l.lease_until IS NOT NULL)
            ORDER BY d.wake_at LIMIT 1) AS free
        UNION ALL
        SELECT CASE WHEN held.lease_until > held.wake_at THEN held.lease_until ELSE held.wake_at END
        FROM held WHERE held.wake_at IS NOT NULL) AS candidates";

/// The free lanes whose wake-ups have come, the earliest first: of each lane the row that wakes first.
pub(crate) const FIND_FREE_LANES: &str = "SELECT d.lane FROM deliveries d
    WHERE d.wake_at IS NOT NULL AND d.wake_at <= $1
      AND NOT EXISTS (SELECT 1 FROM lanes l WHERE l.lane = d.lane AND l.lease_until > $1)
      AND NOT EXISTS (SELECT 1 FROM deliveries e
                      WHERE e.lane = d.lane AND e.wake_at IS NOT NULL AND (e.wake_at, e.id) < (d.wake_at, d.id))
    ORDER BY d.wake_at, d.lane LIMIT $2";

async fn find_free_lanes(
    connection: &mut Connection,
    now: Timestamp,
    at_most: usize,
) -> Result<Vec<String>, StoreError> {
    let lanes: Vec<(String,)> =
        sql(FIND_FREE_LANES).bind(micros(now)).bind(bound(at_most)).fetch_all(connection).await?;
    Ok(lanes.into_iter().map(|(lane,)| lane).collect())
}

fn bound(at_most: usize) -> i64 {
    i64::try_from(at_most).unwrap_or(i64::MAX)
}

/// See `Ledger::next_wake`.
pub(crate) async fn next_wake(connection: &mut Connection) -> Result<Option<Timestamp>, StoreError> {
    instant_opt(sql(NEXT_WAKE).fetch_value(connection).await?.flatten())
}

/// The version of the newest migration in this program; it is the same for both databases.
pub(crate) fn newest_schema() -> i64 {
    sqlite::newest_schema()
}
