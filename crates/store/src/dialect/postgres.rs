//! PostgreSQL: opening, locking, claiming, and what its error codes mean.
//!
//! Many transactions write at once here. So what one reads before it writes is read under a lock, or read and written by one
//! statement. Locks are taken in one order: names, accounts, lanes, deliveries.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use tokio::time::timeout;

use skein_domain::Lane;
use skein_domain::ports::{Claim, ClaimRequest};

use super::{Connection, bound, find_free_lanes};
use crate::StoreError;
use crate::instants::{instant_opt, micros};
use crate::statement::sql;

/// How long a caller waits for a connection.
pub(crate) const ACQUIRE_TIMEOUT_MS: u64 = 10_000;
const CONNECTIONS_AT_MOST: u32 = 8;
/// A connection that was idle for so long is asked for a sign of life first: the server may have been restarted meanwhile.
const IDLE_PING_MS: u128 = 500;
/// A connection that nobody needed for so long is given back to the server.
const IDLE_CLOSE_MS: u64 = 60_000;

/// What holds for every connection: a worker that is stopped inside a transaction does not keep its locks for ever, nobody
/// waits for a lock without end, and what is committed is on the disk also where the server is set otherwise.
const SESSION: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '15s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

pub(crate) type Pool = PgPool;

/// Connects, and brings the schema up to date. Of several processes that start together one migrates, under a lock of its own.
pub(crate) async fn open(options: &PgConnectOptions) -> Result<Pool, StoreError> {
    // By hand and not by the pool, which keeps on trying without a word when the server refuses.
    let mut first = connect(options).await?;
    first.execute(SESSION).await.map_err(trouble)?;
    MIGRATIONS.run_direct(None, &mut first, false).await.map_err(|error| StoreError::of_migration(error, trouble))?;
    first.close().await.map_err(trouble)?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_AT_MOST)
        .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        .idle_timeout(Duration::from_millis(IDLE_CLOSE_MS))
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for.as_millis() > IDLE_PING_MS {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SESSION).await?;
                Ok(())
            })
        });
    Ok(pool.connect_lazy_with(options.clone()))
}

/// A connection of its own, or why there is none.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    match timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS), PgConnection::connect_with(options)).await {
        Ok(connected) => connected.map_err(trouble),
        Err(_) => Err(StoreError::NoConnection),
    }
}

/// A transaction that is on the server's disk when it is committed.
pub(crate) async fn begin_write(pool: &Pool) -> Result<Connection, StoreError> {
    begin(pool, "BEGIN ISOLATION LEVEL READ COMMITTED").await
}

/// The same, but on the disk a moment after it is committed. It survives the process.
pub(crate) async fn begin_light_write(pool: &Pool) -> Result<Connection, StoreError> {
    begin(pool, "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off").await
}

/// A transaction that sees one moment of the database.
pub(crate) async fn begin_read(pool: &Pool) -> Result<Connection, StoreError> {
    begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// A connection without a transaction: each statement sees the moment in which it begins.
pub(crate) async fn acquire(pool: &Pool) -> Result<Connection, StoreError> {
    pool.acquire().await.map(Connection::PostgresAlone).map_err(trouble)
}

/// In a task of its own, which goes on when its caller does not: a transaction that the server has begun and the driver does not know
/// of would stay on its connection, and be the next one's.
async fn begin(pool: &Pool, how: &'static str) -> Result<Connection, StoreError> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(how).await }).await;
    let begun = begun.map_err(|broken| StoreError::Database(format!("a transaction could not begin: {broken}")))?;
    begun.map(Connection::Postgres).map_err(trouble)
}

/// See `Connection::alone_with`.
pub(super) async fn lock_name(connection: &mut Connection, name: &str) -> Result<(), StoreError> {
    sql("SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtext('skein'), hashtext($1))) AS locked")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

macro_rules! claim {
    ($when_locked:literal) => {
        concat!(
            "WITH free AS (
                SELECT l.lane, d.wake_at FROM deliveries d JOIN lanes l ON l.lane = d.lane
                WHERE d.wake_at IS NOT NULL AND d.wake_at <= $1 AND (l.lease_until IS NULL OR l.lease_until <= $1)
                  AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.lane = d.lane AND e.wake_at IS NOT NULL
                                  AND (e.wake_at, e.id) < (d.wake_at, d.id))
                ORDER BY d.wake_at, d.lane LIMIT $4
                FOR NO KEY UPDATE OF l ",
            $when_locked,
            "),
            taken AS (
                UPDATE lanes SET lease_owner = $2, lease_token = lanes.lease_token + 1, lease_until = $3
                FROM free WHERE lanes.lane = free.lane
                RETURNING lanes.lane, lanes.lease_token, lanes.last_created_at, free.wake_at)
            SELECT lane, lease_token, last_created_at FROM taken ORDER BY wake_at, lane"
        )
    };
}

/// Leases the free lanes whose wake-ups have come, the earliest first: of each lane the row that wakes first. A lane that another worker is taking in this moment is passed
/// over and not waited for.
pub(crate) const CLAIM_FREE: &str = claim!("SKIP LOCKED");
/// The same, for when every such lane is locked.
const CLAIM_LOCKED: &str = claim!("");

/// How long a lane is waited for that somebody has locked: longer than a write takes, and short beside how late a post may be.
const BEGIN_CLAIM: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '200ms'";

/// See `Pools::claim_free`.
pub(crate) async fn claim_free(pool: &Pool, request: &ClaimRequest, at_most: usize) -> Result<Vec<Claim>, StoreError> {
    {
        // Each statement is a transaction by itself.
        let mut connection = acquire(pool).await?;
        let claims = claim(&mut connection, CLAIM_FREE, request, at_most).await?;
        if !claims.is_empty() || find_free_lanes(&mut connection, request.now, 1).await?.is_empty() {
            return Ok(claims);
        }
    }
    // Somebody has written there a moment ago, or is being undone.
    let mut tx = begin(pool, BEGIN_CLAIM).await?;
    match claim(&mut tx, CLAIM_LOCKED, request, at_most.min(1)).await {
        Ok(claims) => {
            tx.commit().await?;
            Ok(claims)
        }
        Err(StoreError::Locked) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A lane that is claimed: its name, token and clock.
type Claimed = (String, i64, Option<i64>);

async fn claim(
    connection: &mut Connection,
    how: &'static str,
    request: &ClaimRequest,
    at_most: usize,
) -> Result<Vec<Claim>, StoreError> {
    let until = request.until;
    let claimed: Vec<Claimed> = sql(how)
        .bind(micros(request.now))
        .bind(&request.owner)
        .bind(micros(until))
        .bind(bound(at_most))
        .fetch_all(connection)
        .await?;
    let claim = |(lane, token, clock): Claimed| {
        Ok(Claim { lane: Lane::stored(lane), token, until, last_created_at: instant_opt(clock)? })
    };
    claimed.into_iter().map(claim).collect()
}

/// What the driver says, in words that a person can act on. Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
pub(crate) fn trouble(error: sqlx::Error) -> StoreError {
    let database = match &error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::PoolTimedOut => return StoreError::NoConnection,
        sqlx::Error::Io(io) => return StoreError::Unreachable(io.to_string()),
        sqlx::Error::Tls(why) => return StoreError::Unreachable(why.to_string()),
        sqlx::Error::Configuration(why) => return StoreError::BadAddress(why.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => return StoreError::Invalid(error.to_string()),
        _ => return StoreError::Database(error.to_string()),
    };
    let message = || database.message().to_owned();
    match database.code().as_deref().unwrap_or_default() {
        "40001" | "40P01" => StoreError::Collided,
        "55P03" | "57014" => StoreError::Locked,
        "53100" => StoreError::DiskFull,
        "53300" => StoreError::TooManyConnections,
        "57P01" | "57P02" | "57P03" => StoreError::Restarting,
        // The server has ended the session, such as of a process that stood still for long.
        "25P03" | "57P05" => StoreError::Unreachable(message()),
        code if code.starts_with("08") => StoreError::Unreachable(message()),
        "25006" => StoreError::Standby,
        "28P01" | "28000" => StoreError::LoginRefused(message()),
        "3D000" => StoreError::NoSuchDatabase(message()),
        "42501" => StoreError::NoRight(message()),
        // A text that this database cannot hold, such as one with a NUL in it.
        "22021" | "22P05" => StoreError::Invalid(message()),
        code if code.starts_with("23") => StoreError::Invalid(message()),
        _ => StoreError::Database(error.to_string()),
    }
}
