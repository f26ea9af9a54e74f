//! A PostgreSQL server of one test, and databases in it for its cases.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skein_store::{DatabaseUrl, MasterKey, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// What the databases are copied from.
const TEMPLATE: &str = "skein_template";

/// A server whose databases are copies of one that a store was opened on.
pub(crate) struct Databases {
    pub(crate) server: Postgres,
    made: AtomicUsize,
}

impl Databases {
    pub(crate) async fn start() -> Self {
        let databases = Self { server: Postgres::start().await.unwrap(), made: AtomicUsize::new(0) };
        databases.execute(&format!("CREATE DATABASE {TEMPLATE}")).await;
        let url = DatabaseUrl::parse(&databases.server.url_of(TEMPLATE)).unwrap();
        let key = MasterKey::generate(&SeededEntropy::new(1));
        Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap().close().await;
        databases
    }

    /// The address of a new database with the schema in it, and the check value of the key of seed 1.
    pub(crate) async fn filled(&self) -> String {
        self.make(TEMPLATE).await
    }

    /// The address of a new database that is a copy of another one; `template0` has nothing in it.
    pub(crate) async fn make(&self, template: &str) -> String {
        let name = format!("case_{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")).await;
        self.server.url_of(&name)
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.server.url()).await.unwrap();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
