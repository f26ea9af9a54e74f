//! Every refusal names its reason and ends with its cure.

use std::io::Cursor;

use skein_media::video::ffmpeg::COMMAND;
use skein_media::video::{VideoBounds, VideoRefusal, probe, survey};
use skein_testkit::films::{Film, boxed};

fn refused(bytes: &[u8]) -> VideoRefusal {
    probe(Cursor::new(bytes), &VideoBounds::POST).unwrap_err()
}

/// Refused with this code, in words that hold these.
fn says(film: &Film, code: &str, words: &[&str]) {
    bytes_say(&film.bytes(), code, words);
}

fn bytes_say(bytes: &[u8], code: &str, words: &[&str]) {
    let refusal = refused(bytes);
    let message = refusal.to_string();
    assert_eq!(refusal.code(), code, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert_eq!(refusal.is_fixable(), message.contains("--fix") && message.ends_with(COMMAND), "{message}");
}

#[test]
fn codecs_that_many_players_cannot_show() {
    let codecs = [
        (b"hvc1", "HEVC (H.265)"),
        (b"hev1", "HEVC (H.265)"),
        (b"dvh1", "HEVC (H.265)"),
        (b"av01", "AV1"),
        (b"vp09", "VP9"),
        (b"apcn", "\"apcn\""),
        (b"\xFF\0 x", "\".. x\""),
    ];
    for (letters, name) in codecs {
        says(&Film { codec: Some(*letters), ..Film::default() }, "video_codec_not_taken", &[name, "H.264"]);
    }
    says(&Film { codec: Some(*b"encv"), ..Film::default() }, "video_encrypted", &["choose another"]);
}

#[test]
fn uneven_frames() {
    let runt = Film { times: vec![(1, 1), (60, 512)], ..Film::default() };
    says(&runt, "video_timing_irregular", &["1 of 61", "unevenly"]);
    let mixed = Film { times: (0..40).map(|n| (1, if n % 2 == 0 { 300 } else { 724 })).collect(), ..Film::default() };
    says(&mixed, "video_timing_irregular", &["of 40 are off"]);
}

#[test]
fn shapes_beyond_three_to_one() {
    let shape = |width, height, quarter_turns| Film { width, height, quarter_turns, ..Film::default() };
    for film in [shape(300, 100, 0), shape(100, 300, 0), shape(300, 100, 1)] {
        assert!(probe(Cursor::new(film.bytes()), &VideoBounds::POST).is_ok());
    }
    says(&shape(301, 100, 0), "video_aspect_ratio", &["301 x 100 px", "1:3 to 3:1", "crop"]);
    says(&shape(301, 100, 1), "video_aspect_ratio", &["100 x 301 px"]);
}

#[test]
fn too_long_and_no_length() {
    let lasting = |frames| Film { times: vec![(frames, 512)], ..Film::default() };
    assert!(probe(Cursor::new(lasting(18_000).bytes()), &VideoBounds::POST).is_ok());
    says(&lasting(18_001), "video_too_long", &["10 min 0.0 s", "at most 10 min"]);
    says(&lasting(0), "video_zero_duration", &["0 frames"]);
    says(&Film { times: vec![(9, 0)], ..Film::default() }, "video_zero_duration", &["9 frames in 0 seconds"]);
    says(&Film { timescale: 0, ..Film::default() }, "video_zero_duration", &["no length"]);
}

#[test]
fn too_many_bytes() {
    let bytes = Film::default().bytes();
    let given = bytes.len() as u64;
    let bounds = VideoBounds { max_bytes: given, ..VideoBounds::POST };
    assert!(probe(Cursor::new(&bytes), &bounds).is_ok());
    let refusal = probe(Cursor::new(&bytes), &VideoBounds { max_bytes: given - 1, ..bounds }).unwrap_err();
    let message = refusal.to_string();
    assert!(message.contains(&format!("has {given} bytes, and at most {} ", given - 1)), "{message}");
    assert!(refusal.is_fixable() && message.ends_with(COMMAND));
}

#[test]
fn all_faults_are_found_at_once() {
    let film = Film { codec: Some(*b"hvc1"), width: 900, times: vec![(1, 1), (60_000, 512)], ..Film::default() };
    let bounds = VideoBounds { max_bytes: 10, ..VideoBounds::POST };
    let faults = survey(Cursor::new(film.bytes())).unwrap().faults(&bounds);
    let codes: Vec<_> = faults.iter().map(VideoRefusal::code).collect();
    let all =
        ["video_too_large", "video_too_long", "video_codec_not_taken", "video_aspect_ratio", "video_timing_irregular"];
    assert_eq!(codes, all);
}

#[test]
fn files_that_are_no_video() {
    bytes_say(b"", "video_empty", &["choose a video"]);
    bytes_say(b"These are words.", "video_format_unknown", &["54 68 65 73 65 20 61 72"]);
    bytes_say(b"GIF89a\x01\0\x01\0", "video_is_picture", &["a GIF", "as a picture"]);
    bytes_say(b"\xFF\xD8\xFF\xE0", "video_is_picture", &["attach it as a picture"]);
    bytes_say(b"\0\0\0\x18ftypheic\0\0\0\0", "video_is_picture", &["a picture"]);
    bytes_say(b"RIFF\x10\0\0\0AVI LIST", "video_format_not_taken", &["an AVI video"]);
    let matroska = b"\x1A\x45\xDF\xA3\xA3\x42\x86\x81\x01\x42\x82\x88matroska";
    bytes_say(matroska, "video_format_not_taken", &["a Matroska video"]);
}

#[test]
fn nothing_to_see_and_fragments() {
    says(&Film { codec: None, ..Film::default() }, "video_track_missing", &["nothing to see"]);
    says(&Film { has_fragments: true, ..Film::default() }, "video_fragmented", &["in fragments"]);
}

#[test]
fn a_file_that_is_cut_anywhere_is_told_to_be_cut_off() {
    for is_faststart in [true, false] {
        let whole = Film { is_faststart, ..Film::default() }.bytes();
        for cut in 12..whole.len() {
            let refusal = refused(&whole[..cut]);
            assert_eq!(refusal.code(), "video_truncated", "{cut} of {}: {refusal}", whole.len());
            assert!(!refusal.is_fixable());
        }
    }
    let whole = Film::default().bytes();
    bytes_say(&whole[..whole.len() - 10], "video_truncated", &["this MP4 is cut off: 10 bytes are missing"]);
    let no_description = [&whole[..20], &boxed(*b"mdat", &[1; 9])].concat();
    bytes_say(&no_description, "video_truncated", &["(moov) is missing"]);
}

#[test]
fn a_description_of_frames_that_are_not_there() {
    let bytes = Film::default().bytes();
    let frames = memchr::memmem::find(&bytes, b"mdat").unwrap() - 4;
    // A copy that was padded out with zeros keeps its length, and this one has lost its frames box.
    bytes_say(&bytes[..frames], "video_truncated", &["8 bytes are missing"]);
}
