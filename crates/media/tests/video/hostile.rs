//! Files that lie: an answer, never a panic, and never memory by what they claim.

use std::io::Cursor;

use proptest::prelude::{Strategy, any, prop_assert, proptest};
use proptest::sample;
use skein_media::video::{Attachment, VideoBounds, probe, survey};
use skein_testkit::films::{Film, boxed};

fn samples() -> Vec<Vec<u8>> {
    let film = Film::default();
    [
        film.clone(),
        Film { is_faststart: false, quarter_turns: 1, ..film.clone() },
        Film { brand: *b"qt  ", times: vec![(1, 1), (60, 512), (1, 9)], ..film.clone() },
        Film { has_fragments: true, ..film.clone() },
        Film { codec: Some(*b"hvc1"), payload: vec![], ..film },
    ]
    .iter()
    .map(Film::bytes)
    .collect()
}

/// An answer either way, and words for a refusal.
fn outcome_is_sound(file: &[u8]) -> bool {
    let surveyed = survey(Cursor::new(file));
    let attached = Attachment::of(Cursor::new(file));
    drop(attached);
    match probe(Cursor::new(file), &VideoBounds::POST) {
        Ok(info) => surveyed.is_ok_and(|same| same == info) && info.faults(&VideoBounds::POST).is_empty(),
        Err(refusal) => !refusal.to_string().is_empty() && refusal.code().starts_with("video_"),
    }
}

#[test]
fn tables_that_promise_billions_of_entries_are_not_believed() {
    for name in [b"stts", b"stco"] {
        let mut bytes = Film::default().bytes();
        let at = memchr::memmem::find(&bytes, name).unwrap() + 8;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let refusal = survey(Cursor::new(&bytes)).unwrap_err();
        assert!(refusal.to_string().contains("promises more entries than it holds"), "{refusal}");
    }
}

#[test]
fn thousands_of_empty_boxes_end_the_walk() {
    let film = Film::default().bytes();
    let many = boxed(*b"free", &[]).repeat(30_000);
    let refusal = survey(Cursor::new([&film[..20], &many, &film[20..]].concat())).unwrap_err();
    assert!(refusal.to_string().contains("more boxes than any video needs"), "{refusal}");
}

#[test]
fn boxes_with_impossible_lengths_are_damage() {
    let film = Film::default().bytes();
    let at = memchr::memmem::find(&film, b"mdia").unwrap() - 4;
    for length in [1_u32, 2, 7, 0x7FFF_FFFF] {
        let mut bytes = film.clone();
        bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(survey(Cursor::new(&bytes)).unwrap_err().code(), "video_damaged", "{length}");
    }
}

fn flipped() -> impl Strategy<Value = Vec<u8>> {
    let flips = proptest::collection::vec((any::<sample::Index>(), any::<u8>()), 1..12);
    (any::<sample::Index>(), flips).prop_map(|(which, flips)| {
        let mut file = which.get(&samples()).clone();
        for (place, byte) in flips {
            let length = file.len();
            file[place.index(length)] = byte;
        }
        file
    })
}

/// A piece taken out, doubled, or put elsewhere.
fn rearranged() -> impl Strategy<Value = Vec<u8>> {
    let places = proptest::collection::vec(any::<sample::Index>(), 3);
    (any::<sample::Index>(), places, any::<bool>()).prop_map(|(which, places, doubled)| {
        let file = which.get(&samples()).clone();
        let mut at: Vec<usize> = places.iter().map(|place| place.index(file.len())).collect();
        at.sort_unstable();
        let (start, middle, end, rest) = (&file[..at[0]], &file[at[0]..at[1]], &file[at[1]..at[2]], &file[at[2]..]);
        if doubled { [start, middle, end, middle, rest].concat() } else { [start, end, rest].concat() }
    })
}

fn made_up() -> impl Strategy<Value = Vec<u8>> {
    let head = (any::<sample::Index>(), 0_usize..400);
    (head, proptest::collection::vec(any::<u8>(), 0..400)).prop_map(|((which, kept), tail)| {
        let sample = which.get(&samples()).clone();
        [&sample[..kept.min(sample.len())], &tail].concat()
    })
}

fn config() -> proptest::test_runner::Config {
    let usual = proptest::test_runner::Config::default();
    proptest::test_runner::Config { failure_persistence: None, cases: usual.cases.max(2_000), ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn flipped_bytes_never_panic(file in flipped()) {
        prop_assert!(outcome_is_sound(&file));
    }

    #[test]
    fn rearranged_files_never_panic(file in rearranged()) {
        prop_assert!(outcome_is_sound(&file));
    }

    #[test]
    fn made_up_files_never_panic(file in made_up()) {
        prop_assert!(outcome_is_sound(&file));
    }
}
