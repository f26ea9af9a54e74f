//! The promises of the first slice, against the reference PDS.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod beside;
mod crash;
mod films;
mod generated;
mod login;
mod preview;
mod proof;
mod repository;
mod storm;
mod thread;
mod workers;

use repository::Repository;
use skein_e2e::rig::Rig;
use skein_testkit::proxy::Proxy;
use skein_testkit::real_pds::{Account, RealPds, RealPdsOptions};

/// A PDS behind a proxy, an account on it, and an installation that is logged in to it.
struct Scene {
    pds: RealPds,
    proxy: Proxy,
    alice: Account,
    rig: Rig,
}

impl Scene {
    async fn set() -> Self {
        let (pds, proxy) = RealPds::start_behind_proxy(RealPdsOptions::default()).await.unwrap();
        let alice = pds.create_account("alice.test").await.unwrap();
        let rig = Rig::new(env!("CARGO_BIN_EXE_skein-under-test"), pds.plc_url(), pds.pds_url());
        rig.login("alice.test", pds.pds_url(), &alice.app_password).await.exits(0);
        Self { pds, proxy, alice, rig }
    }

    fn repository(&self) -> Repository<'_> {
        Repository { pds: &self.pds, owner: &self.alice }
    }
}
