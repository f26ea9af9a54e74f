//! What becomes of the nth exchange: a function of a seed and of n.

use crate::SeededEntropy;

/// A place within a message whose length is not known yet: a share of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point(u32);

impl Point {
    /// The number of bytes of a message of `length` bytes that lie before this place: from none to all but one.
    pub fn offset(self, length: usize) -> usize {
        let scaled = (length as u128 * u128::from(self.0)) >> u32::BITS;
        usize::try_from(scaled).unwrap_or(length)
    }
}

/// What becomes of an exchange. A cut closes with a reset, not with a goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing happens to it.
    Pass,
    /// The server gets the bytes before the point; both sides are cut.
    InRequest(Point),
    /// The server gets the whole request; both sides are cut at once.
    Unanswered,
    /// The server gets the whole request and works on it unaware; the client is cut at once.
    Unheard,
    /// The client gets the bytes of the answer before the point; both sides are cut.
    InAnswer(Point),
    /// The client gets the whole answer; then both sides are cut.
    AfterAnswer,
}

/// How often each fate comes up, as weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odds {
    /// Of [`Fate::Pass`].
    pub pass: u32,
    /// Of [`Fate::InRequest`].
    pub in_request: u32,
    /// Of [`Fate::Unanswered`].
    pub unanswered: u32,
    /// Of [`Fate::Unheard`].
    pub unheard: u32,
    /// Of [`Fate::InAnswer`].
    pub in_answer: u32,
    /// Of [`Fate::AfterAnswer`].
    pub after_answer: u32,
}

impl Odds {
    /// Everything passes.
    pub const CALM: Self = Self { pass: 1, in_request: 0, unanswered: 0, unheard: 0, in_answer: 0, after_answer: 0 };

    fn total(self) -> u64 {
        [self.pass, self.in_request, self.unanswered, self.unheard, self.in_answer, self.after_answer]
            .map(u64::from)
            .iter()
            .sum()
    }
}

impl Default for Odds {
    /// Every second exchange is cut, in every way alike.
    fn default() -> Self {
        Self { pass: 5, in_request: 1, unanswered: 1, unheard: 1, in_answer: 1, after_answer: 1 }
    }
}

/// A storm: a seed, how often it cuts in all, and the odds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    seed: u64,
    cuts: usize,
    odds: Odds,
}

impl Plan {
    /// At most `cuts` cuts, with the default odds.
    pub fn new(seed: u64, cuts: usize) -> Self {
        Self { seed, cuts, odds: Odds::default() }
    }

    /// With other odds.
    pub fn with_odds(self, odds: Odds) -> Self {
        Self { odds, ..self }
    }

    /// How many cuts there are at most.
    pub fn cuts(&self) -> usize {
        self.cuts
    }

    /// What becomes of the exchange with this number, counted from 0, as long as cuts are left.
    pub fn fate(&self, number: u64) -> Fate {
        // Seed and number are mixed one by one: neighbouring numbers must not share what they draw.
        let own = SeededEntropy::new(self.seed).next_u64() ^ SeededEntropy::new(number).next_u64();
        let random = SeededEntropy::new(own);
        let mut drawn = random.below(self.odds.total());
        let point = Point(u32::try_from(random.next_u64() >> 32).unwrap_or(0));
        let fates = [
            (self.odds.pass, Fate::Pass),
            (self.odds.in_request, Fate::InRequest(point)),
            (self.odds.unanswered, Fate::Unanswered),
            (self.odds.unheard, Fate::Unheard),
            (self.odds.in_answer, Fate::InAnswer(point)),
            (self.odds.after_answer, Fate::AfterAnswer),
        ];
        for (weight, fate) in fates {
            match drawn.checked_sub(u64::from(weight)) {
                Some(rest) => drawn = rest,
                None => return fate,
            }
        }
        Fate::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(seed: u64) -> Vec<Fate> {
        (0..2_000).map(|number| Plan::new(seed, 1).fate(number)).collect()
    }

    #[test]
    fn a_seed_repeats_its_storm_and_another_seed_makes_another() {
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
        assert_ne!(fates(7)[1..], fates(7)[..1_999], "neighbours do not share their fate");
    }

    #[test]
    fn odds_are_what_comes_up() {
        let fates = fates(1);
        let share = |is: fn(&Fate) -> bool| fates.iter().filter(|fate| is(fate)).count();
        assert!((900..1_100).contains(&share(|fate| *fate == Fate::Pass)));
        for is in [
            |fate: &Fate| matches!(fate, Fate::InRequest(_)),
            |fate: &Fate| *fate == Fate::Unanswered,
            |fate: &Fate| *fate == Fate::Unheard,
            |fate: &Fate| matches!(fate, Fate::InAnswer(_)),
            |fate: &Fate| *fate == Fate::AfterAnswer,
        ] {
            assert!((150..250).contains(&share(is)));
        }
        assert!((0..100).all(|number| Plan::new(1, 1).with_odds(Odds::CALM).fate(number) == Fate::Pass));
    }

    #[test]
    fn points_reach_from_before_the_first_byte_to_before_the_last() {
        assert_eq!((Point(0).offset(10), Point(u32::MAX).offset(10), Point(u32::MAX).offset(0)), (0, 9, 0));
        let mut offsets: Vec<_> = (0..2_000)
            .filter_map(|number| match Plan::new(3, 1).fate(number) {
                Fate::InRequest(point) => Some(point.offset(20)),
                _ => None,
            })
            .collect();
        offsets.sort_unstable();
        offsets.dedup();
        assert_eq!(offsets, (0..20).collect::<Vec<_>>());
    }
}
