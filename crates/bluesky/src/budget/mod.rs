//! The budget: what an account may still write, counted before anything leaves.
//!
//! Servers count in fixed windows that open with the first call, and a call above what is left burns all of it. So points are
//! reserved before a call, in a journal that all processes share, in windows that mirror the server's: what the server says of
//! its own windows corrects them. See `Tally`.

mod ceiling;
mod held;
mod meter;
mod note;
mod said;
mod shortage;
mod tally;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use skein_atproto::syntax::Did;

pub use ceiling::Ceiling;
pub use held::is_held;
pub use meter::{Limit, Meter, MeterKind, host_of, is_limited_host};
pub use said::{Said, Told};
pub use shortage::Shortage;
pub use tally::{Answered, Gauge, Tally};

pub(crate) use note::take_in;

use crate::calls::{UPLOAD_BLOB, points_of};
use crate::journal::{Journal, JournalError};
use crate::session::Now;

/// A reservation of no more than this may be kept a moment later, while plenty is left: three posts.
const FEW_POINTS: u64 = 9;

/// The budget of any number of accounts, kept in a journal. Cheap to clone.
#[derive(Clone)]
pub struct Budget {
    journal: Arc<dyn Journal>,
    now: Now,
    owner: Arc<str>,
    reservations: Arc<AtomicU64>,
    ceiling: Ceiling,
    /// Whether an operator's ceiling counts what is reserved, also where it holds nothing back.
    has_ceiling: bool,
}

/// Why nothing was reserved, so that nothing may leave.
#[derive(Debug)]
pub(crate) enum NotReserved {
    /// It does not fit now.
    Short(Box<Shortage>),
    /// It could not be counted.
    Journal(JournalError),
}

impl Budget {
    /// `owner` names this process and must differ from that of every other process on the same journal.
    pub fn new(journal: Arc<dyn Journal>, now: Now, owner: &str) -> Self {
        let reservations = Arc::new(AtomicU64::new(0));
        Self { journal, now, owner: owner.into(), reservations, ceiling: Ceiling::default(), has_ceiling: false }
    }

    /// The same budget, under an operator's ceiling.
    #[must_use]
    pub fn under(self, ceiling: Ceiling) -> Self {
        Self { ceiling, has_ceiling: ceiling != Ceiling::default(), ..self }
    }

    /// The same budget, whose ceiling holds nothing back.
    #[must_use]
    pub(crate) fn beyond_ceiling(self) -> Self {
        Self { ceiling: Ceiling::default(), ..self }
    }

    /// The operator's ceiling.
    pub fn ceiling(&self) -> Ceiling {
        self.ceiling
    }

    /// Takes what a call costs from the budget of its account and its host, all or nothing. Returns the name of the
    /// reservation: the logged call that carries it settles it.
    pub(crate) async fn reserve(
        &self,
        did: &Did,
        host: &str,
        nsid: &str,
        body: &[u8],
    ) -> Result<Option<Arc<str>>, NotReserved> {
        let points = points_of(nsid, body);
        let meter = match (points, nsid) {
            (0, UPLOAD_BLOB) => Meter::uploads(host),
            (0, _) => return self.check_calls(host).await.map(|()| None),
            _ => Meter::writes(did),
        };
        let points = u64::from(points.max(1));
        let now = (self.now)();
        let count = self.reservations.fetch_add(1, Ordering::Relaxed);
        let id: Arc<str> = format!("{}/{}/{count}", self.owner, now.as_microsecond()).into();
        let meters = [meter, Meter::calls(host)];
        let mut reserved = Ok(Vec::new());
        let mut change = |tallies: &mut [Tally]| {
            let [spending, calls] = tallies else { return };
            let enforced = held::counts(host, calls.is_enforced());
            let room = calls.fits(&meters[1], 1, now, enforced).err();
            let room = later(room, spending.fits_under(self.ceiling, &meters[0], points, now).err());
            reserved = match later(room, spending.fits(&meters[0], points, now, enforced).err()) {
                Some(shortage) => Err(shortage),
                None => spending.reserve(&meters[0], &id, points, now, enforced),
            };
        };
        // What an operator allows is held to the point; what the server has counted, it says itself.
        let may_wait = points <= FEW_POINTS && !self.has_ceiling;
        let reserving = if may_wait {
            self.journal.change_tallies_soon(&meters, &mut change)
        } else {
            self.journal.change_tallies(&meters, &mut change)
        };
        reserving.await.map_err(NotReserved::Journal)?;
        let low = reserved.map_err(|shortage| NotReserved::Short(Box::new(shortage)))?;
        for gauge in low {
            tracing::warn!(
                meter = gauge.meter.kind().as_str(),
                of = gauge.meter.key(),
                used = gauge.used,
                limit = gauge.limit,
                window_s = gauge.window_s,
                "a budget is nearly spent"
            );
        }
        Ok(Some(id))
    }

    /// Whether the host takes one more call.
    pub(crate) async fn check_calls(&self, host: &str) -> Result<(), NotReserved> {
        let meter = Meter::calls(host);
        let Some(mut tally) = self.journal.tally(&meter).await.map_err(NotReserved::Journal)? else { return Ok(()) };
        let enforced = held::counts(host, tally.is_enforced());
        tally.fits(&meter, 1, (self.now)(), enforced).map_err(|shortage| NotReserved::Short(Box::new(shortage)))
    }

    /// What is spent and left of every budget that was ever used, and of the operator's ceiling for it.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn gauges(&self) -> Result<Vec<Gauge>, JournalError> {
        let now = (self.now)();
        let tallies = self.journal.tallies().await?;
        Ok(tallies.into_iter().flat_map(|(meter, mut tally)| self.all_gauges(&meter, &mut tally, now)).collect())
    }

    /// What is spent and left of one budget, also of one that was never used, and of the operator's ceiling for it.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn gauges_of(&self, meter: &Meter) -> Result<Vec<Gauge>, JournalError> {
        let mut tally = self.journal.tally(meter).await?.unwrap_or_default();
        Ok(self.all_gauges(meter, &mut tally, (self.now)()))
    }

    fn all_gauges(&self, meter: &Meter, tally: &mut Tally, now: Timestamp) -> Vec<Gauge> {
        let mut gauges = tally.gauges(meter, now);
        gauges.extend(tally.gauges_under(self.ceiling, meter, now));
        gauges
    }
}

/// Of two shortages the one that ends later, so that nobody is told to come too early; what never fits ends last.
fn later(one: Option<Shortage>, other: Option<Shortage>) -> Option<Shortage> {
    let end = |shortage: &Shortage| shortage.fits_at.unwrap_or(Timestamp::MAX);
    [one, other].into_iter().flatten().reduce(|one, other| if end(&other) > end(&one) { other } else { one })
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("owner", &self.owner).finish_non_exhaustive()
    }
}
