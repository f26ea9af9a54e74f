use skein_atproto::syntax::Did;

use super::*;
use crate::budget::Said;

const T0: i64 = 1_795_000_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(T0 + second).unwrap()
}

fn meter() -> Meter {
    Meter::writes(&Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap())
}

/// A tally that a server counts as well.
fn counted() -> Tally {
    Tally { enforced: true, ..Tally::default() }
}

fn reserve(tally: &mut Tally, id: &str, points: u64, second: i64) -> Result<Vec<Gauge>, Shortage> {
    tally.reserve(&meter(), id, points, at(second), false)
}

fn answer(tally: &mut Tally, id: &str, points: u64, second: i64, told: Told) {
    let answered = Answered { reservation: Some(id), points, at: at(second), is_counted: true, told };
    tally.settle(&meter(), &answered);
}

fn told(limit: u64, remaining: u64, window_s: i64, resets: i64) -> Told {
    Told { said: Some(Said { limit, remaining, window_s, resets_at: at(resets) }), closed_until: None }
}

fn used(tally: &mut Tally, second: i64) -> [u64; 2] {
    let gauges = tally.gauges(&meter(), at(second));
    [gauges[0].used, gauges[1].used]
}

#[test]
fn what_does_not_fit_spends_nothing_and_says_when_it_will() {
    let mut tally = counted();
    for index in 0..8 {
        reserve(&mut tally, &index.to_string(), 600, 0).unwrap();
        answer(&mut tally, &index.to_string(), 600, 1, Told::default());
    }
    let short = reserve(&mut tally, "ninth", 600, 100).unwrap_err();
    assert_eq!((short.used, short.limit, short.wanted, short.window_s), (4_800, 5_000, 600, HOUR));
    let fits_at = short.fits_at.unwrap();
    assert_eq!(fits_at, at(1 + HOUR + 1), "the window opened when the first answer came, at the latest");
    assert_eq!(used(&mut tally, 100), [4_800, 4_800]);
    reserve(&mut tally, "small", 200, 100).unwrap();
    assert!(reserve(&mut tally, "ninth", 600, HOUR).is_err());
    tally.reserve(&meter(), "ninth", 600, fits_at, false).unwrap();
    assert_eq!(used(&mut tally, HOUR + 3), [600, 5_600]);
}

#[test]
fn the_day_ends_a_day_after_its_first_write_wherever_midnight_is() {
    let mut tally = counted();
    for hour in 0..7 {
        let id = hour.to_string();
        reserve(&mut tally, &id, 5_000, hour * (HOUR + 60)).unwrap();
        answer(&mut tally, &id, 5_000, hour * (HOUR + 60), Told::default());
    }
    let short = reserve(&mut tally, "more", 1, 8 * (HOUR + 60)).unwrap_err();
    assert_eq!((short.window_s, short.fits_at), (DAY, Some(at(DAY + 1))));
    assert!(reserve(&mut tally, "more", 1, DAY).is_err());
    reserve(&mut tally, "more", 1, DAY + 1).unwrap();
    assert_eq!(used(&mut tally, DAY + 1), [1, 1]);
}

#[test]
fn of_two_that_lack_the_later_end_is_told() {
    let mut tally = counted();
    reserve(&mut tally, "a", 5_000, 0).unwrap();
    answer(&mut tally, "a", 5_000, 0, told(35_000, 0, DAY, 4 * HOUR));
    let short = reserve(&mut tally, "b", 3, 10).unwrap_err();
    assert_eq!((short.window_s, short.fits_at), (DAY, Some(at(4 * HOUR + 1))));
}

#[test]
fn what_is_more_than_a_whole_window_never_fits() {
    let mut tally = counted();
    let short = reserve(&mut tally, "a", 5_001, 0).unwrap_err();
    assert_eq!((short.fits_at, short.limit), (None, 5_000));
}

#[test]
fn where_nobody_is_known_to_count_everything_fits_and_is_counted() {
    let mut tally = Tally::default();
    reserve(&mut tally, "a", 6_000, 0).unwrap();
    assert_eq!(used(&mut tally, 0), [6_000, 6_000]);
    assert!(tally.reserve(&meter(), "b", 1, at(1), true).is_err(), "a host of Bluesky");
    answer(&mut tally, "a", 6_000, 1, told(10_000, 4_000, HOUR, HOUR));
    assert!(tally.is_enforced());
    reserve(&mut tally, "b", 4_000, 2).unwrap();
    assert!(reserve(&mut tally, "c", 1, 2).is_err(), "the server said that it counts");
}

#[test]
fn the_server_corrects_in_both_directions_when_one_call_was_alone() {
    let mut tally = counted();
    reserve(&mut tally, "a", 3, 0).unwrap();
    answer(&mut tally, "a", 3, 0, told(5_000, 100, HOUR, 60));
    assert_eq!(used(&mut tally, 1), [4_900, 3], "another client writes as well");
    reserve(&mut tally, "b", 3, 1).unwrap();
    answer(&mut tally, "b", 3, 1, told(5_000, 4_000, HOUR, 60));
    assert_eq!(used(&mut tally, 1), [1_000, 6], "and less was counted than was thought");
    assert_eq!(tally.gauges(&meter(), at(1))[0].resets_at, Some(at(61)));
    assert_eq!(used(&mut tally, 61), [0, 6], "its window ends when the server said");
}

#[test]
fn a_crowd_is_only_corrected_upwards() {
    let mut tally = counted();
    reserve(&mut tally, "a", 3, 0).unwrap();
    reserve(&mut tally, "b", 600, 0).unwrap();
    answer(&mut tally, "a", 3, 1, told(5_000, 4_997, HOUR, HOUR));
    assert_eq!(used(&mut tally, 1)[0], 603, "the server had not seen the other one");
    answer(&mut tally, "b", 600, 1, told(5_000, 1_000, HOUR, HOUR));
    assert_eq!(used(&mut tally, 1)[0], 4_000);
    reserve(&mut tally, "c", 3, 2).unwrap();
    reserve(&mut tally, "d", 6, 2).unwrap();
    answer(&mut tally, "d", 6, 2, told(5_000, 991, HOUR, HOUR));
    assert_eq!(used(&mut tally, 2)[0], 4_012, "what the server may not have seen counts on top");
}

#[test]
fn answers_that_are_noted_in_another_order_do_not_give_back() {
    let mut tally = counted();
    reserve(&mut tally, "a", 3, 0).unwrap();
    reserve(&mut tally, "b", 3, 0).unwrap();
    answer(&mut tally, "b", 3, 1, told(5_000, 94, HOUR, HOUR));
    answer(&mut tally, "a", 3, 1, told(5_000, 97, HOUR, HOUR));
    assert_eq!(used(&mut tally, 1)[0], 4_909, "94 left, and 3 that the server may not have seen then");
}

#[test]
fn what_never_left_is_given_back_and_what_is_sent_again_is_spent_again() {
    let mut tally = counted();
    reserve(&mut tally, "a", 600, 0).unwrap();
    let unsent = Answered { reservation: Some("a"), points: 600, at: at(1), is_counted: false, told: Told::default() };
    tally.settle(&meter(), &unsent);
    assert_eq!(used(&mut tally, 1), [0, 0]);
    answer(&mut tally, "a", 600, 2, Told::default());
    answer(&mut tally, "a", 600, 3, Told::default());
    assert_eq!(used(&mut tally, 3), [1_200, 1_200], "each that arrived counts");
}

#[test]
fn what_was_reserved_and_never_answered_stays_spent_until_the_window_ends() {
    let mut tally = counted();
    reserve(&mut tally, "dead", 4_000, 0).unwrap();
    assert!(reserve(&mut tally, "next", 2_000, 700).is_err());
    assert!(reserve(&mut tally, "next", 2_000, HOUR).is_err(), "it may have left some seconds later");
    reserve(&mut tally, "next", 2_000, HOUR + 30).unwrap();
}

#[test]
fn there_is_plenty_while_a_thousand_are_left_of_each_window_that_is_known() {
    assert!(!Tally::default().has_plenty(), "nothing is known");
    for (spent, is_plenty) in [(3, true), (4_000, true), (4_001, false)] {
        let mut tally = counted();
        reserve(&mut tally, "a", spent, 0).unwrap();
        assert_eq!(tally.has_plenty(), is_plenty, "{spent} of 5,000 an hour");
    }
    for (last, is_plenty) in [(4_000, true), (4_001, false)] {
        let mut tally = counted();
        for hour in 0..6 {
            reserve(&mut tally, "a", 5_000, hour * (HOUR + 30)).unwrap();
        }
        reserve(&mut tally, "a", last - 100, 6 * (HOUR + 30)).unwrap();
        reserve(&mut tally, "a", 100, 7 * (HOUR + 30)).unwrap();
        assert_eq!(tally.has_plenty(), is_plenty, "{} of 35,000 a day", 30_000 + last);
    }
    let mut closed = counted();
    reserve(&mut closed, "a", 3, 0).unwrap();
    answer(&mut closed, "a", 3, 1, Told { said: None, closed_until: Some(at(90)) });
    assert!(!closed.has_plenty(), "the server takes nothing");
}

#[test]
fn a_refusal_closes_until_its_end_whatever_the_count_says() {
    let mut tally = counted();
    reserve(&mut tally, "a", 3, 0).unwrap();
    answer(&mut tally, "a", 3, 1, Told { said: None, closed_until: Some(at(90)) });
    let short = reserve(&mut tally, "b", 3, 2).unwrap_err();
    assert!(short.refused_by_server);
    assert_eq!(short.fits_at, Some(at(90)));
    assert!(short.to_string().contains("takes nothing of this kind"), "{short}");
    assert_eq!(tally.gauges(&meter(), at(2))[0].left, 0);
    reserve(&mut tally, "b", 3, 90).unwrap();
}

#[test]
fn a_clock_that_is_set_back_prolongs_nothing() {
    let mut tally = counted();
    reserve(&mut tally, "a", 5_000, 0).unwrap();
    answer(&mut tally, "a", 5_000, 0, Told { said: None, closed_until: Some(at(60)) });
    let year = -365 * DAY;
    let short = reserve(&mut tally, "b", 3, year).unwrap_err();
    assert_eq!(short.fits_at, Some(at(year + HOUR + 1)), "as long as it would have been");
    let mut again = tally.clone();
    reserve(&mut again, "b", 3, year + HOUR + 1).unwrap();
    assert!(reserve(&mut tally, "b", 3, year + HOUR).is_err());
}

#[test]
fn a_clock_that_jumps_forward_forgets_and_the_server_reminds() {
    let mut tally = counted();
    reserve(&mut tally, "a", 5_000, 0).unwrap();
    reserve(&mut tally, "b", 3, 2 * DAY).unwrap();
    assert_eq!(used(&mut tally, 2 * DAY), [3, 3]);
    let said = Said { limit: 5_000, remaining: 0, window_s: HOUR, resets_at: at(2 * DAY + 1_800) };
    answer(&mut tally, "b", 3, 2 * DAY, Told { said: Some(said), closed_until: Some(at(2 * DAY + 1_800)) });
    let short = reserve(&mut tally, "c", 3, 2 * DAY + 1).unwrap_err();
    assert_eq!(short.fits_at, Some(at(2 * DAY + 1_801)));
}

#[test]
fn a_warning_comes_once_for_each_window() {
    let mut tally = counted();
    assert_eq!(reserve(&mut tally, "a", 4_749, 0).unwrap(), []);
    let low = reserve(&mut tally, "b", 1, 0).unwrap();
    assert_eq!(low.iter().map(|gauge| (gauge.window_s, gauge.used)).collect::<Vec<_>>(), [(HOUR, 4_750)]);
    assert!(low[0].is_low);
    assert_eq!(reserve(&mut tally, "c", 1, 0).unwrap(), []);
    assert_eq!(reserve(&mut tally, "d", 4_750, 2 * HOUR).unwrap().len(), 1, "another hour");
}

#[test]
fn the_count_survives_its_json_and_reservations_are_bounded() {
    let mut tally = counted();
    for index in 0..HOLDS_AT_MOST + 10 {
        reserve(&mut tally, &index.to_string(), 1, 0).unwrap();
    }
    assert_eq!(tally.holds.len(), HOLDS_AT_MOST);
    let json = serde_json::to_string(&tally).unwrap();
    assert_eq!(serde_json::from_str::<Tally>(&json).unwrap(), tally);
    assert_eq!(serde_json::from_str::<Tally>("{}").unwrap(), Tally::default());
    reserve(&mut tally, "late", 1, 601).unwrap();
    assert_eq!(tally.holds.len(), 1);
}

const CEILING: Ceiling = Ceiling { points_per_hour: Some(9), points_per_day: Some(15) };

/// As the budget does: under the ceiling, and within what the server takes.
fn reserve_under(tally: &mut Tally, id: &str, points: u64, second: i64) -> Result<(), Shortage> {
    tally.fits_under(CEILING, &meter(), points, at(second))?;
    reserve(tally, id, points, second).map(drop)
}

#[test]
fn an_operators_ceiling_holds_where_no_server_counts() {
    let mut tally = Tally::default();
    for id in ["a", "b", "c"] {
        reserve_under(&mut tally, id, 3, 0).unwrap();
        answer(&mut tally, id, 3, 1, Told::default());
    }
    let short = reserve_under(&mut tally, "d", 3, 100).unwrap_err();
    assert_eq!((short.limit, short.used, short.window_s, short.by_operator), (9, 9, HOUR, true));
    let fits_at = short.fits_at.unwrap();
    assert_eq!(fits_at, at(1 + HOUR + 1));
    assert!(reserve_under(&mut tally, "d", 3, HOUR).is_err());
    for id in ["d", "e"] {
        reserve_under(&mut tally, id, 3, HOUR + 2).unwrap();
        answer(&mut tally, id, 3, HOUR + 2, Told::default());
    }
    let short = reserve_under(&mut tally, "f", 3, HOUR + 3).unwrap_err();
    assert_eq!((short.limit, short.window_s, short.fits_at), (15, DAY, Some(at(1 + DAY + 1))), "the day is full");
    let never = tally.fits_under(CEILING, &meter(), 10, at(2 * DAY)).unwrap_err();
    assert_eq!((never.fits_at, never.limit, never.by_operator), (None, 9, true));
    assert_eq!(tally.fits_under(Ceiling::default(), &meter(), 5_001, at(HOUR + 3)), Ok(()), "nobody has set one");
}

#[test]
fn of_two_full_windows_of_the_ceiling_the_later_end_is_told_or_that_it_never_fits() {
    let day_ends_later = (HOUR + 2, (DAY, 15, at(DAY + 1)));
    let hour_ends_later = (DAY - 60, (HOUR, 9, at(DAY - 60 + HOUR + 1)));
    for (second, (window_s, limit, fits_at)) in [day_ends_later, hour_ends_later] {
        let mut tally = Tally::default();
        for (id, points, second) in [("a", 6, 0), ("b", 9, second)] {
            reserve_under(&mut tally, id, points, second).unwrap();
            answer(&mut tally, id, points, second, Told::default());
        }
        let short = reserve_under(&mut tally, "c", 1, second + 1).unwrap_err();
        assert_eq!((short.window_s, short.limit, short.fits_at), (window_s, limit, Some(fits_at)));
        let never = reserve_under(&mut tally, "c", 10, second + 1).unwrap_err();
        assert_eq!((never.window_s, never.limit, never.fits_at), (HOUR, 9, None), "more than an hour ever holds");
    }
}

#[test]
fn what_a_server_says_never_raises_the_ceiling_and_a_ceiling_changes_nothing_of_the_servers_window() {
    let mut tally = counted();
    for id in ["a", "b", "c"] {
        reserve_under(&mut tally, id, 3, 0).unwrap();
        // A larger window, all of it left, over in a minute.
        answer(&mut tally, id, 3, 0, told(10_000, 10_000, HOUR, 60));
    }
    assert_eq!(used(&mut tally, 1), [0, 9], "the server's word holds for the server");
    assert!(reserve_under(&mut tally, "d", 3, 61).is_err(), "and not for the operator");
    let gauges = tally.gauges_under(CEILING, &meter(), at(61));
    let told: Vec<_> = gauges.iter().map(|gauge| (gauge.limit, gauge.used, gauge.left, gauge.by_operator)).collect();
    assert_eq!(told, [(9, 9, 0, true), (15, 9, 6, true)]);
    assert!(gauges[0].is_low && !gauges[1].is_low);
    assert_eq!(tally.gauges_under(Ceiling::default(), &meter(), at(61)), []);
}

#[test]
fn what_was_not_counted_is_given_back_under_the_ceiling_and_what_nobody_reserved_counts() {
    let mut tally = Tally::default();
    reserve_under(&mut tally, "a", 9, 0).unwrap();
    let answered = Answered { reservation: Some("a"), points: 9, at: at(1), is_counted: false, told: Told::default() };
    tally.settle(&meter(), &answered);
    reserve_under(&mut tally, "b", 6, 2).unwrap();
    tally.settle(&meter(), &Answered { reservation: None, points: 3, is_counted: true, ..answered });
    assert!(reserve_under(&mut tally, "c", 3, 3).is_err());
}

#[test]
fn only_writes_are_under_a_ceiling_and_a_count_from_before_there_was_one_goes_on() {
    let calls = Meter::calls("pds.example");
    let mut tally = Tally::default();
    tally.reserve(&calls, "a", 1, at(0), true).unwrap();
    assert_eq!(tally.fits_under(CEILING, &calls, 1_000, at(0)), Ok(()));
    assert!(!serde_json::to_string(&tally).unwrap().contains("own"));
    let mut kept = serde_json::to_value(counted()).unwrap();
    kept.as_object_mut().unwrap().remove("own");
    let mut tally: Tally = serde_json::from_value(kept).unwrap();
    reserve_under(&mut tally, "a", 9, 0).unwrap();
    let kept = serde_json::to_string(&tally).unwrap();
    let mut again: Tally = serde_json::from_str(&kept).unwrap();
    assert!(reserve_under(&mut again, "b", 3, 1).is_err(), "another process reads what was spent");
}

#[test]
fn a_kept_window_of_any_length_goes_on() {
    let mut spent = counted();
    reserve(&mut spent, "a", 3, 0).unwrap();
    for lasts_s in [i64::MAX, i64::MIN] {
        let mut kept = serde_json::to_value(&spent).unwrap();
        kept["windows"][0]["lasts_s"] = lasts_s.into();
        let mut tally: Tally = serde_json::from_value(kept).unwrap();
        for second in [0, 10, 100_000] {
            reserve(&mut tally, "b", 3, second).ok();
            answer(&mut tally, "b", 3, second, Told::default());
            assert!(!tally.gauges(&meter(), at(second)).is_empty());
        }
    }
}
