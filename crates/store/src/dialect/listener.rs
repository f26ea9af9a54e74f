//! Who is told that another process has changed something: LISTEN and NOTIFY of PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, OnceCell};
use tokio::task::AbortHandle;

use super::{Connection, postgres};
use crate::StoreError;
use crate::statement::sql;

const CHANNEL: &str = "skein_changed";
/// How long it waits before it connects again: twice as long after each failure.
const PAUSE_LEAST_MS: u64 = 100;
const PAUSE_MOST_MS: u64 = 5_000;

/// Listens from the first time that somebody asks, so that a command that ends at once needs no connection for it.
pub(crate) struct Listener {
    options: PgConnectOptions,
    changed: Arc<Notify>,
    task: OnceCell<AbortHandle>,
}

impl Listener {
    /// One that does not listen yet.
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self { options, changed: Arc::default(), task: OnceCell::new() }
    }

    /// Waits until somebody announces a change, or until one may have been missed. What was announced since the last call is
    /// told at once.
    pub(crate) async fn changed(&self) {
        self.task
            .get_or_init(|| async {
                tokio::spawn(listen(self.options.clone(), Arc::clone(&self.changed))).abort_handle()
            })
            .await;
        self.changed.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// Part of the transaction: nobody hears it before that is committed, or if it is not.
pub(super) async fn announce(connection: &mut Connection) -> Result<(), StoreError> {
    sql("SELECT 1 FROM (SELECT pg_notify($1, '')) AS told").bind(CHANNEL).execute(connection).await?;
    Ok(())
}

async fn listen(options: PgConnectOptions, changed: Arc<Notify>) {
    let mut pause_ms = PAUSE_LEAST_MS;
    loop {
        match listen_until_it_breaks(&options, &changed, &mut pause_ms).await {
            Ok(()) => tracing::info!("the connection that hears of changes ended; connecting again"),
            Err(error) => tracing::warn!(%error, pause_ms, "nobody tells of changes; connecting again shortly"),
        }
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        pause_ms = (pause_ms * 2).min(PAUSE_MOST_MS);
    }
}

async fn listen_until_it_breaks(
    options: &PgConnectOptions,
    changed: &Notify,
    pause_ms: &mut u64,
) -> Result<(), StoreError> {
    // It tries by itself while the server is starting.
    let patience = Duration::from_millis(PAUSE_MOST_MS);
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience).connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await.map_err(postgres::trouble)?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await.map_err(postgres::trouble)?;
    *pause_ms = PAUSE_LEAST_MS;
    // What was announced while nobody listened is lost.
    changed.notify_one();
    while listener.try_recv().await.map_err(postgres::trouble)?.is_some() {
        changed.notify_one();
    }
    Ok(())
}
