//! The highest quality that fits, in few tries.
//!
//! A sample of the picture tells about how many bytes a quality gives; the whole picture is compressed only at a quality
//! that is likely to be the answer, and each such try corrects the estimates that follow.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::thread;

use crate::error::MediaError;
use crate::raster::Raster;

/// Tries with the whole picture; three are rare.
const MAX_TRIES: u32 = 6;
/// Estimates start with this much doubt, in thousandths.
const FIRST_MARGIN_PERMILLE: u64 = 1_020;
const LATER_MARGIN_PERMILLE: u64 = 1_004;
/// A result that fills so much of the limit is not tried to be bettered.
const GOOD_ENOUGH_PERCENT: u64 = 88;
/// An estimate so far over the limit is believed without a try.
const HOPELESS_PERCENT: u64 = 115;

/// What quick compression takes of most photographs, where the other takes 1,000.
const QUICK_PERMILLE: u64 = 1_025;

/// Compresses pixels, with a colour profile or without, at a quality.
pub(crate) type Encode<'a> = &'a (dyn Fn(&Raster, Option<&[u8]>, u8) -> Result<Vec<u8>, MediaError> + Sync);

/// How a search ended.
pub(crate) enum Found {
    Fits {
        bytes: Vec<u8>,
        quality: u8,
    },
    /// The lowest quality takes about so many bytes.
    TooBig {
        bytes: u64,
    },
}

/// What is to fit.
pub(crate) struct Subject<'a> {
    pub(crate) raster: &'a Raster,
    pub(crate) profile: Option<&'a [u8]>,
    pub(crate) limit_bytes: u64,
    /// Rows of a band of the sample, and which of the bands are in it.
    pub(crate) bands: (u32, u32),
}

/// The highest quality of `qualities` at which the subject is within its limit. `quick` compresses the same picture in less
/// time and more bytes; it is used where there seems to be room for that.
pub(crate) fn highest(
    subject: &Subject<'_>,
    qualities: RangeInclusive<u8>,
    encode: Encode<'_>,
    quick: Option<Encode<'_>>,
) -> Result<Found, MediaError> {
    let limit = subject.limit_bytes;
    let (mut low, mut high) = qualities.into_inner();
    let mut estimates = Estimates::new(subject, encode);
    let mut best: Option<(Vec<u8>, u8)> = None;
    let mut smallest = u64::MAX;
    for _ in 0..MAX_TRIES {
        let quality = estimates.likely(low, high, limit)?;
        let estimate = estimates.of(quality)?;
        if best.is_none() && quality == low && estimate * 100 > limit.saturating_mul(HOPELESS_PERCENT) {
            smallest = smallest.min(estimate);
            break;
        }
        if let Some(quick) = quick.filter(|_| estimate.saturating_mul(QUICK_PERMILLE) / 1_000 <= limit) {
            let bytes = quick(subject.raster, subject.profile, quality)?;
            if fills(&bytes, limit) || (quality >= high && bytes.len() as u64 <= limit) {
                return Ok(Found::Fits { bytes, quality });
            }
        }
        let bytes = encode(subject.raster, subject.profile, quality)?;
        let length = bytes.len() as u64;
        estimates.learn(quality, length)?;
        if length <= limit {
            let is_good = quality >= high || fills(&bytes, limit);
            best = Some((bytes, quality));
            if is_good {
                break;
            }
            low = quality + 1;
        } else {
            smallest = smallest.min(length);
            if quality <= low {
                break;
            }
            high = quality - 1;
        }
    }
    Ok(match best {
        Some((bytes, quality)) => Found::Fits { bytes, quality },
        None => Found::TooBig { bytes: smallest },
    })
}

/// Whether a result is within its limit and so near to it that a better one is not looked for.
fn fills(bytes: &[u8], limit: u64) -> bool {
    let length = bytes.len() as u64;
    length <= limit && length * 100 >= limit.saturating_mul(GOOD_ENOUGH_PERCENT)
}

/// Sizes of the whole picture, guessed from a sample.
struct Estimates<'a> {
    sample: Cow<'a, Raster>,
    rows: u64,
    profile_bytes: u64,
    encode: Encode<'a>,
    known: BTreeMap<u8, u64>,
    correction_permille: u64,
}

impl<'a> Estimates<'a> {
    fn new(subject: &Subject<'a>, encode: Encode<'a>) -> Self {
        let (rows, every) = subject.bands;
        Self {
            sample: subject.raster.bands(rows, every).map_or(Cow::Borrowed(subject.raster), Cow::Owned),
            rows: u64::from(subject.raster.height),
            profile_bytes: subject.profile.map_or(0, |profile| profile.len() as u64),
            encode,
            known: BTreeMap::new(),
            correction_permille: FIRST_MARGIN_PERMILLE,
        }
    }

    fn raw(&mut self, quality: u8) -> Result<u64, MediaError> {
        if let Some(known) = self.known.get(&quality) {
            return Ok(*known);
        }
        let whole = self.guess(quality)?;
        self.known.insert(quality, whole);
        Ok(whole)
    }

    fn guess(&self, quality: u8) -> Result<u64, MediaError> {
        let length = (self.encode)(&self.sample, None, quality)?.len() as u64;
        Ok(length * self.rows / u64::from(self.sample.height).max(1) + self.profile_bytes)
    }

    /// Guesses for both at the same time. It takes as long as one guess where there are two cores, and changes nothing else.
    fn guess_both(&mut self, one: u8, other: u8) -> Result<(), MediaError> {
        if one == other || self.known.contains_key(&one) || self.known.contains_key(&other) {
            return self.raw(one).and(self.raw(other)).map(drop);
        }
        let this = &*self;
        let (of_one, of_other) = thread::scope(|scope| {
            let second = scope.spawn(|| this.guess(other));
            let first = this.guess(one);
            (first, second.join().unwrap_or_else(|_| Err(MediaError::encode("a sample", "a thread broke off"))))
        });
        self.known.extend([(one, of_one?), (other, of_other?)]);
        Ok(())
    }

    fn of(&mut self, quality: u8) -> Result<u64, MediaError> {
        Ok(self.raw(quality)? * self.correction_permille / 1_000)
    }

    /// The whole picture at this quality was so long: what was guessed is off by that much.
    fn learn(&mut self, quality: u8, length: u64) -> Result<(), MediaError> {
        self.correction_permille = length * LATER_MARGIN_PERMILLE / self.raw(quality)?.max(1) + 1;
        Ok(())
    }

    /// A quality strictly between two: where the limit lies if bytes grow by the same share from each quality to the next.
    /// Logarithms would tell, but may differ in their last digit from machine to machine, and results must not.
    fn between(&mut self, fitting: u8, over: u8, limit: u64) -> Result<u8, MediaError> {
        let (small, large) = (self.of(fitting)?, self.of(over)?);
        let share = |above: u64, all: u64| above.saturating_mul(1_000) / all.max(1);
        // Too low for such growth, and about as much too high.
        let straight = share(limit.saturating_sub(small), large.saturating_sub(small));
        let reciprocal = straight.saturating_mul(large) / limit.max(1);
        let part_permille = straight.midpoint(reciprocal).min(1_000);
        let steps = u8::try_from(u64::from(over - fitting) * part_permille / 1_000).unwrap_or(0);
        Ok((fitting + steps).clamp(fitting + 1, over - 1))
    }

    /// The highest quality that should fit; the lowest if none should.
    fn likely(&mut self, low: u8, high: u8, limit: u64) -> Result<u8, MediaError> {
        self.guess_both(high, low)?;
        if self.of(high)? <= limit {
            return Ok(high);
        }
        // `low` may or may not fit; `over` does not.
        let (mut fitting, mut over) = (low, high);
        if over <= fitting || self.of(low)? > limit {
            return Ok(low);
        }
        while over - fitting > 1 {
            let middle = self.between(fitting, over, limit)?;
            self.guess_both(middle, middle + 1)?;
            if self.of(middle)? > limit {
                over = middle;
            } else if self.of(middle + 1)? > limit {
                return Ok(middle);
            } else {
                fitting = middle + 1;
            }
        }
        Ok(fitting)
    }
}
