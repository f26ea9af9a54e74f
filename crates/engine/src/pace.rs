//! How long to wait before another try: exponential, with full jitter, bounded.

use skein_domain::ports::Entropy;

const FIRST_PAUSE_MS: i64 = 1_000;
const LONGEST_PAUSE_MS: i64 = 300_000;
const SHORTEST_PAUSE_MS: i64 = 200;
const FIRST_LOOK_MS: i64 = 100;

/// The pause before another try at something that has been failing for so long, in milliseconds. The ceiling is half of
/// that time, so the pauses grow exponentially without anybody counting.
pub(crate) fn retry_pause_ms(failing_for_ms: i64, entropy: &dyn Entropy) -> i64 {
    let ceiling = (failing_for_ms / 2).clamp(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes);
    let random = i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap_or(0);
    SHORTEST_PAUSE_MS + random % ceiling
}

/// The pause before the first look after the same bytes were sent again so often, in milliseconds: soon at first, since
/// the request may land at any moment, then ever more rarely.
pub(crate) fn first_look_pause_ms(resends: u32) -> i64 {
    FIRST_LOOK_MS.saturating_mul(3_i64.saturating_pow(resends.min(12))).min(LONGEST_PAUSE_MS)
}

/// The pause before the next look at a platform that could not tell, in milliseconds: longer with every look, but never
/// longer than half of the time since the newest request left. What waits behind it in its lane would otherwise pay for a few
/// broken connections with minutes.
pub(crate) fn look_pause_ms(looks: u32, unknown_for_ms: i64) -> i64 {
    first_look_pause_ms(looks).min((unknown_for_ms / 2).max(FIRST_LOOK_MS))
}

const FIRST_NOTICE_PAUSE_MS: i64 = 10_000;
const LONGEST_NOTICE_PAUSE_MS: i64 = 7_200_000;

/// The pause before a notice is handed on again that failed so often, in milliseconds: twice as long each time, and of that at least
/// half. Thirty of them are twenty to forty hours.
pub(crate) fn notice_pause_ms(attempts: u32, entropy: &dyn Entropy) -> i64 {
    let doubled = 2_i64.saturating_pow(attempts.saturating_sub(1).min(20));
    let half = FIRST_NOTICE_PAUSE_MS.saturating_mul(doubled).min(LONGEST_NOTICE_PAUSE_MS) / 2;
    let mut bytes = [0_u8; 8];
    entropy.fill(&mut bytes);
    half + i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap_or(0) % half
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All(u8);
    impl Entropy for All {
        fn fill(&self, into: &mut [u8]) {
            into.fill(self.0);
        }
    }

    #[test]
    fn notices_are_tried_again_ever_more_rarely() {
        let least = |attempts| notice_pause_ms(attempts, &All(0));
        assert_eq!([0, 1, 2, 3].map(least), [5_000, 5_000, 10_000, 20_000]);
        assert_eq!([11, 30, u32::MAX].map(least), [LONGEST_NOTICE_PAUSE_MS / 2; 3]);
        for attempts in 0..40 {
            assert!((least(attempts)..2 * least(attempts)).contains(&notice_pause_ms(attempts, &All(255))));
        }
        let in_all: i64 = (1..30).map(least).sum();
        assert_eq!(in_all / 3_600_000, 20);
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for failing_for_ms in [-1, 0, 1, 1_000, 60_000, 3_600_000, i64::MAX] {
            for byte in [0, 1, 127, 128, 255] {
                let pause = retry_pause_ms(failing_for_ms, &All(byte));
                assert!((SHORTEST_PAUSE_MS..SHORTEST_PAUSE_MS + LONGEST_PAUSE_MS).contains(&pause));
            }
        }
        assert!(retry_pause_ms(0, &All(255)) < SHORTEST_PAUSE_MS + FIRST_PAUSE_MS);
        assert_eq!([0, 1, 2].map(first_look_pause_ms), [100, 300, 900]);
        assert_eq!(first_look_pause_ms(1_000), LONGEST_PAUSE_MS);
        assert_eq!(
            [0, 1, 2].map(|looks| look_pause_ms(looks, i64::MAX)),
            [100, 300, 900],
            "a look hours after a crash"
        );
        assert_eq!([-1, 0, 1_000, 9_000].map(|ms| look_pause_ms(9, ms)), [100, 100, 500, 4_500]);
        assert_eq!(look_pause_ms(1_000, i64::MAX), LONGEST_PAUSE_MS);
    }
}
