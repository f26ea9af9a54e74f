//! Calls that take their time.

use jiff::{SignedDuration, Timestamp};

use skein_domain::outcome::Obstacle;

use super::{FakeConnector, Shared};

impl FakeConnector {
    /// What begins with this text needs an upload that takes so long; one that is given up begins anew.
    pub fn order_upload(&self, text: &str, takes: SignedDuration) {
        self.shared.lock().uploads.insert(text.to_owned(), takes);
    }

    /// The next call of `prepare` takes so long.
    pub fn order_slow_prepare(&self, takes: SignedDuration) {
        self.shared.lock().preparing_takes = Some(takes);
    }

    /// The next call of `arm` that no obstacle ends takes so long.
    pub fn order_slow_arm(&self, takes: SignedDuration) {
        self.shared.lock().arming_takes = Some(takes);
    }
}

impl Shared {
    /// A call of `arm` begins, which an obstacle may end.
    pub(super) async fn arming(&self, identity: &str) -> Result<(), Obstacle> {
        let takes = {
            let mut platform = self.lock();
            platform.calls.arm += 1;
            if let Some(obstacle) = platform.arms.take(identity) {
                return Err(obstacle);
            }
            platform.arming_takes.take()
        };
        self.pass(takes).await;
        Ok(())
    }

    pub(super) async fn pass(&self, takes: Option<SignedDuration>) {
        if let Some(takes) = takes {
            self.clock.sleep_until(self.clock.now().checked_add(takes).unwrap_or(Timestamp::MAX)).await;
        }
    }
}
