//! What is refused: every fault at once, and nothing is stored.

use crate::installation::Scene;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

const FIVE_PARTS_WITH_FAULTS: &str = "one\n---\ntwo\n---\nTOO LONG\n---\n\n---\nfive";

#[tokio::test]
async fn every_fault_of_a_thread_is_told_at_once() {
    let scene = Scene::logged_in().await;
    let text = FIVE_PARTS_WITH_FAULTS.replace("TOO LONG", &"x".repeat(301));
    let arguments = ["thread", "-", "--at", "2020-01-01 10:00", "--account", "nobody.test", "--lang", "no language"];
    let ran = scene.skein.run_with(&arguments, &[], &text).await.exits(3);
    for words in [
        "for 5 reasons",
        "Part 3 of 5 has 301 characters",
        "limit    300 graphemes",
        "given    301 graphemes",
        "Part 4 of 5 is empty",
        "where    part 4 (parts[3].text)",
        "`nobody.test`",
        "is no language tag",
        "Nothing was stored.",
    ] {
        assert!(ran.stderr.contains(words), "`{words}` is not said: {ran:#?}");
    }
    assert!(ran.stdout.is_empty(), "{ran:#?}");
    assert_eq!(scene.stored().await, 0);
}

#[tokio::test]
async fn a_program_gets_every_fault_with_its_field() {
    let scene = Scene::logged_in().await;
    let text = FIVE_PARTS_WITH_FAULTS.replace("TOO LONG", &"x".repeat(301));
    let errors = scene.skein.run_with(&["thread", "-", "--json"], &[], &text).await.exits(3).json();
    let fields: Vec<_> = errors["errors"].as_array().unwrap().iter().map(|fault| fault["field"].clone()).collect();
    assert_eq!(fields, ["parts[2].text", "parts[3].text"]);
    assert_eq!(errors["errors"][0]["given"], "301 graphemes");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the processes under test read the machine's clock, so the dates follow it"
)]
fn next_year() -> i16 {
    jiff::Zoned::now().year() + 1
}

/// The last Sunday of a month: the day on which the clocks of Paris change.
fn last_sunday(year: i16, month: i8) -> Date {
    let last = Date::new(year, month, 1).unwrap().last_of_month();
    let back = last.weekday().since(Weekday::Sunday);
    last.checked_sub(i64::from(back).days()).unwrap()
}

#[tokio::test]
async fn a_time_that_the_clocks_skip_is_refused_with_both_candidates() {
    let scene = Scene::logged_in().await;
    let day = last_sunday(next_year(), 3);
    let at = format!("{day} 02:30");
    let ran = scene.run(&["post", "hi", "--at", &at, "--tz", "Europe/Paris"]).await.exits(3);
    ran.says("does not exist").says(&format!("{day}T01:30:00+01:00")).says(&format!("{day}T03:30:00+02:00"));
    assert_eq!(scene.stored().await, 0);
}

#[tokio::test]
async fn a_time_that_the_clocks_repeat_is_refused_with_both_candidates() {
    let scene = Scene::logged_in().await;
    let day = last_sunday(next_year(), 10);
    let ran = scene.run(&["post", "hi", "--at", &format!("{day} 02:30")]).await.exits(3);
    ran.says("happens twice").says(&format!("{day}T02:30:00+02:00")).says(&format!("{day}T02:30:00+01:00"));
    scene.run(&["post", "hi", "--at", &format!("{day}T02:30:00+02:00")]).await.exits(6);
}

#[tokio::test]
async fn a_zone_that_is_not_known_is_refused_with_a_near_one() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["post", "hi", "--at", "tomorrow 9am", "--tz", "Europe/Pariss"]).await.exits(3);
    ran.says("Europe/Paris").says("where    --tz").says("Nothing was stored.");
}

#[tokio::test]
async fn a_time_that_is_past_is_refused_and_one_of_a_moment_ago_is_now() {
    let scene = Scene::logged_in().await;
    scene.run(&["post", "hi", "--at", "2020-01-01 10:00"]).await.exits(3).says("ago");
    scene.run(&["post", "hi", "--at", "now"]).await.exits(0).says("Published");
}

#[tokio::test]
async fn an_account_that_is_not_connected_is_refused_with_those_that_are() {
    let scene = Scene::logged_in().await;
    let ran = scene.run(&["post", "hi", "--account", "bob.test"]).await.exits(3);
    ran.says("`bob.test`").says("alice.test");
    assert_eq!(scene.stored().await, 0);
}

#[tokio::test]
async fn without_an_account_it_says_how_to_connect_one() {
    let scene = Scene::new().await;
    scene.run(&["post", "hi"]).await.exits(3).says("skein login HANDLE").says("Nothing was stored.");
}
