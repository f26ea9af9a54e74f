//! What a video says of itself.

use std::io::Cursor;

use skein_media::video::{Container, FrameTiming, VideoBounds, VideoCodec, VideoInfo, probe, survey};
use skein_testkit::films::{Film, boxed};

fn info(film: &Film) -> VideoInfo {
    survey(Cursor::new(film.bytes())).unwrap()
}

#[test]
fn an_ordinary_video_is_described_and_taken() {
    let bytes = Film::default().bytes();
    let info = probe(Cursor::new(&bytes), &VideoBounds::POST).unwrap();
    assert_eq!((info.container, info.size_bytes), (Container::Mp4, bytes.len() as u64));
    let film = info.film.unwrap();
    assert_eq!((film.video, film.audio.unwrap().text()), (VideoCodec::H264, "mp4a".to_owned()));
    assert_eq!((film.width, film.height, film.duration_ms, film.frames), (64, 48, 2_000, 60));
    assert_eq!((film.timing, film.is_faststart), (FrameTiming::Regular, true));
}

#[test]
fn a_turned_video_has_the_shape_that_is_seen() {
    for (quarter_turns, width, height) in [(0, 64, 48), (1, 48, 64), (2, 64, 48), (3, 48, 64)] {
        let film = info(&Film { quarter_turns, ..Film::default() }).film.unwrap();
        assert_eq!((film.width, film.height), (width, height), "{quarter_turns}");
    }
}

#[test]
fn sound_order_and_brand_are_told() {
    let film = Film { brand: *b"qt  ", has_sound: false, is_faststart: false, ..Film::default() };
    let info = info(&film);
    assert_eq!((info.container, info.container.mime()), (Container::QuickTime, "video/quicktime"));
    let film = info.film.unwrap();
    assert_eq!((film.audio, film.is_faststart), (None, false));
}

#[test]
fn an_old_quicktime_file_without_a_brand_is_read() {
    let bytes = Film { is_faststart: false, ..Film::default() }.bytes();
    let without_brand = &bytes[20..];
    let info = survey(Cursor::new(without_brand)).unwrap();
    assert_eq!((info.container, info.film.unwrap().frames), (Container::QuickTime, 60));
}

#[test]
fn what_follows_the_film_does_no_harm() {
    let bytes = Film::default().bytes();
    for tail in [boxed(*b"free", &[1; 40]), vec![0; 3], vec![7; 3], b"\xFF\xFF\xFF\xFFjunk".to_vec()] {
        let file = [bytes.clone(), tail.clone()].concat();
        assert_eq!(survey(Cursor::new(file)).unwrap().film.unwrap().frames, 60, "{tail:?}");
    }
}

#[test]
fn the_length_that_players_show_counts_and_what_is_not_known_is_added_up() {
    let claims = |claimed_units| info(&Film { claimed_units, ..Film::default() }).film.unwrap().duration_ms;
    assert_eq!(claims(Some(15_360)), 1_000);
    assert_eq!(claims(Some(0)), 2_000);
    assert_eq!(claims(Some(u32::MAX)), 2_000);
}

#[test]
fn webm_and_mpeg_are_known_by_their_first_bytes() {
    let webm = b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\xF7\x81\x01\x42\x82\x84webm\x42\x87\x81\x04".to_vec();
    let stream = [b"G".to_vec(), vec![0; 187]].concat().repeat(3);
    for (file, container) in
        [(webm, Container::WebM), (b"\0\0\x01\xBA\x44\0".to_vec(), Container::Mpeg), (stream, Container::Mpeg)]
    {
        let info = probe(Cursor::new(file), &VideoBounds::POST).unwrap();
        assert_eq!((info.container, info.film), (container, None));
    }
}
