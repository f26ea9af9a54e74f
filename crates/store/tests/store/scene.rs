//! A database of one case, and the ways in which the cases open it.

use std::path::PathBuf;
use std::sync::Arc;

use skein_domain::ports::Ledger;
use skein_domain::{Account, Delivery, StateName};
use skein_store::{DatabaseUrl, MasterKey, Store, StoreError};
use skein_testkit::samples::{self, at_ms};
use skein_testkit::{Samples, SeededEntropy};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow};
use tempfile::TempDir;

use crate::servers::Databases;

/// An empty database: a file in a folder that goes away with the case, or one of a server.
#[derive(Clone)]
pub(crate) enum Scene {
    File(Arc<TempDir>),
    Server { databases: Arc<Databases>, url: String },
}

impl Scene {
    pub(crate) fn file() -> Self {
        Self::File(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// A database with the schema in it.
    pub(crate) async fn server(databases: &Arc<Databases>) -> Self {
        Self::Server { databases: Arc::clone(databases), url: databases.filled().await }
    }

    /// Another empty one of the same kind.
    pub(crate) async fn another(&self) -> Self {
        match self {
            Self::File(_) => Self::file(),
            Self::Server { databases, .. } => Self::server(databases).await,
        }
    }

    /// Another one of the same kind that no store was ever opened on.
    pub(crate) async fn untouched(&self) -> Self {
        match self {
            Self::File(_) => Self::file(),
            Self::Server { databases, .. } => {
                Self::Server { databases: Arc::clone(databases), url: databases.make("template0").await }
            }
        }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> PathBuf {
        match self {
            Self::File(folder) => folder.path().join("data/skein.db"),
            Self::Server { url, .. } => panic!("{url} is no file"),
        }
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        match self {
            Self::File(_) => DatabaseUrl::from(self.path().as_path()),
            Self::Server { url, .. } => DatabaseUrl::parse(url).unwrap(),
        }
    }

    /// A store as another process would open it: with connections of its own.
    pub(crate) async fn store(&self) -> Store {
        self.open(1).await.unwrap()
    }

    pub(crate) async fn open(&self, key_seed: u64) -> Result<Store, StoreError> {
        let key = MasterKey::generate(&SeededEntropy::new(key_seed));
        Store::open(&self.url(), key, Arc::new(SeededEntropy::new(2))).await
    }

    /// The database without the store: what somebody with a database shell could do.
    pub(crate) async fn raw(&self) -> Raw {
        match self {
            Self::File(_) => {
                let options = SqliteConnectOptions::new().filename(self.path()).foreign_keys(true);
                Raw::File(SqlitePool::connect_with(options).await.unwrap())
            }
            Self::Server { url, .. } => Raw::Server(PgPool::connect(url).await.unwrap()),
        }
    }
}

/// A database shell.
pub(crate) enum Raw {
    File(SqlitePool),
    Server(PgPool),
}

impl Raw {
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let done = match self {
            Self::File(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
            Self::Server(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
        };
        done.map_err(|error| error.to_string())
    }

    pub(crate) async fn rows<R>(&self, sql: &str) -> Vec<R>
    where
        R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::File(pool) => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
            Self::Server(pool) => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// From here on rows may be damaged.
    pub(crate) async fn without_checks(&self) {
        match self {
            Self::File(pool) => {
                pool.set_connect_options(
                    SqliteConnectOptions::clone(&pool.connect_options()).pragma("ignore_check_constraints", "ON"),
                );
                let connection = pool.acquire().await.unwrap().detach();
                sqlx::Connection::close(connection).await.unwrap();
            }
            Self::Server(_) => {
                for (table, of) in [("deliveries", "delivery_"), ("outbox", "outbox_")] {
                    for name in crate::schema::checks(self).await.iter().filter(|name| name.starts_with(of)) {
                        self.execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await.unwrap();
                    }
                }
            }
        }
    }

    /// Bytes as they are written in a statement.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        match self {
            Self::File(_) => format!("x'{hex}'"),
            Self::Server(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// A condition of each database.
    pub(crate) fn either(&self, file: &'static str, server: &'static str) -> &'static str {
        match self {
            Self::File(_) => file,
            Self::Server(_) => server,
        }
    }
}

/// A connected account.
pub(crate) async fn account(ledger: &impl Ledger, samples: &Samples, handle: &str) -> Account {
    ledger.connect_account(samples.new_account(handle)).await.unwrap()
}

/// A submitted delivery, due and awake at so many milliseconds after the first instant.
pub(crate) async fn submitted(
    ledger: &impl Ledger,
    samples: &Samples,
    account: &Account,
    state: StateName,
    ms: i64,
) -> Delivery {
    let post = samples.post(&["A goose."], at_ms(ms));
    let delivery = samples::in_state(samples.delivery(&post, account), state, at_ms(ms));
    ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
    delivery
}
