//! The whole reference network on loopback: PLC directory, PDS and `AppView`, so that profiles, counts, threads, feeds and
//! search are what the public network would show.
//!
//! Boots in 10 to 20 seconds and takes 500 MB: one for all tests of a process, and `real_network` in the name of every test that
//! starts one, so that `.config/nextest.toml` lets one run at a time.

use std::net::SocketAddr;
use std::ops::Deref;

use crate::listening;
use crate::postgres::Postgres;
use crate::real_pds::{Account, HarnessError, RealPds};
use crate::redis::Redis;

const SETTLE_LIMIT_S: u64 = 60;

/// A network; all of it ends when this is dropped, or when the test's process dies. It is a [`RealPds`] too.
#[derive(Debug)]
pub struct RealNetwork {
    // In the order in which they end.
    pds: RealPds,
    appview_url: String,
    redis: Redis,
    postgres: Postgres,
}

impl RealNetwork {
    /// Starts all of it.
    ///
    /// # Errors
    /// [`HarnessError::NotInstalled`] when packages are missing, others when a server does not come up.
    pub async fn start() -> Result<Self, HarnessError> {
        let (postgres, redis) = tokio::try_join!(Postgres::start(), Redis::start())?;
        let (pds, appview_url) = RealPds::start_network(&postgres.url(), &redis.host()).await?;
        Ok(Self { pds, appview_url, redis, postgres })
    }

    /// `http://localhost:PORT` of the `AppView`, which answers nobody in particular.
    pub fn appview_url(&self) -> &str {
        &self.appview_url
    }

    /// Where its servers listen, all of them.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn listening(&self) -> std::io::Result<Vec<SocketAddr>> {
        listening::of_groups(&[self.pds.pid(), self.redis.pid(), self.postgres.pid()])
    }

    /// As [`RealPds::create_account`], and known to the `AppView`, by which the network resolves handles.
    ///
    /// # Errors
    /// As [`RealPds::create_account`] and [`RealNetwork::settle`].
    pub async fn create_account(&mut self, handle: &str) -> Result<Account, HarnessError> {
        let account = self.pds.create_account(handle).await?;
        self.settle().await?;
        Ok(account)
    }

    /// Waits until the `AppView` shows all that was written before.
    ///
    /// # Errors
    /// [`HarnessError::NotReady`] when it does not get there in a minute.
    pub async fn settle(&mut self) -> Result<(), HarnessError> {
        self.pds.settle(SETTLE_LIMIT_S).await
    }
}

impl Deref for RealNetwork {
    type Target = RealPds;

    fn deref(&self) -> &RealPds {
        &self.pds
    }
}
