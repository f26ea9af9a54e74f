//! Videos that are encoded again by ffmpeg.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use skein::video_fix::{Encoder, FixError, fix};
use skein_media::video::{FrameTiming, VideoBounds, VideoCodec, VideoInfo, VideoRefusal, survey};
use skein_testkit::films::Film;
use tokio_util::sync::CancellationToken;

/// An MPEG-4 film of two seconds at uneven distances, 101 x 57 px, with a place in its metadata.
fn film(folder: &Path) -> PathBuf {
    let path = folder.join("-in put.mp4");
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=s=101x57:r=30:d=2"])
        .args(["-f", "lavfi", "-i", "sine=d=2", "-vf", "settb=1/15000,setpts=(N+0.4*mod(N\\,2))*500"])
        .args(["-fps_mode", "vfr", "-enc_time_base", "1:15000"])
        .args(["-c:v", "mpeg4", "-c:a", "aac", "-metadata", "comment=+48.8577+002.295/", "-f", "mp4"])
        .arg(format!("file:{}", path.display()))
        .status()
        .expect("ffmpeg is missing: `cargo xtask test --install` installs it, --fast leaves these tests out");
    assert!(made.success());
    path
}

fn surveyed(path: &Path) -> VideoInfo {
    survey(File::open(path).unwrap()).unwrap()
}

/// What is in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn fixed(encoder: &Encoder, input: &Path, cancel: &CancellationToken) -> (Result<VideoInfo, FixError>, Vec<u8>) {
    let output = input.with_file_name("out.mp4");
    let mut told = Vec::new();
    let done = fix(encoder, (input, &output), Some(2_000), cancel, &mut |percent| told.push(percent)).await;
    (done, told)
}

#[tokio::test]
async fn real_ffmpeg_makes_a_video_that_can_be_posted_and_tells_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let input = film(folder.path());
    let codes: Vec<_> = surveyed(&input).faults(&VideoBounds::POST).iter().map(VideoRefusal::code).collect();
    assert_eq!(codes, ["video_codec_not_taken", "video_timing_irregular"]);
    assert!(memchr(&std::fs::read(&input).unwrap(), b"+48.8577"));
    let (done, told) = fixed(&Encoder::default(), &input, &CancellationToken::new()).await;
    let out = folder.path().join("out.mp4");
    assert_eq!(done.unwrap(), surveyed(&out));
    let film = surveyed(&out).film.unwrap();
    assert_eq!((film.video, film.timing, film.is_faststart), (VideoCodec::H264, FrameTiming::Regular, true));
    assert_eq!((film.width, film.height, film.audio.unwrap().text()), (100, 56, "mp4a".to_owned()));
    assert!((1_900..2_200).contains(&film.duration_ms), "{}", film.duration_ms);
    assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
    assert!(!memchr(&std::fs::read(&out).unwrap(), b"+48.8577"));
    assert_eq!(names(folder.path()), ["-in put.mp4", "out.mp4"]);
}

fn memchr(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|part| part == wanted)
}

#[tokio::test]
async fn real_ffmpeg_is_ended_by_who_cancels_and_by_the_clock_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = film(folder.path());
    let canceled = CancellationToken::new();
    canceled.cancel();
    let (done, _) = fixed(&Encoder::default(), &input, &canceled).await;
    assert!(matches!(done, Err(FixError::Canceled)), "{done:?}");
    let at_once = Encoder { timeout: Duration::ZERO, ..Encoder::default() };
    let (done, _) = fixed(&at_once, &input, &CancellationToken::new()).await;
    assert!(matches!(done, Err(FixError::TooSlow(_))), "{done:?}");
    assert_eq!(names(folder.path()), ["-in put.mp4"]);
}

#[tokio::test]
async fn real_ffmpeg_says_why_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let playlist = "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n";
    for (name, bytes) in [("list.mp4", playlist.as_bytes().to_vec()), ("hollow.mp4", Film::default().bytes())] {
        let input = folder.path().join(name);
        std::fs::write(&input, bytes).unwrap();
        let (done, _) = fixed(&Encoder::default(), &input, &CancellationToken::new()).await;
        let Err(FixError::Failed { said, .. }) = done else { panic!("{name}: {done:?}") };
        assert!(!said.is_empty() && said.len() <= 2_000);
    }
    assert_eq!(names(folder.path()), ["hollow.mp4", "list.mp4"]);
}

#[tokio::test]
async fn without_ffmpeg_it_is_told_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Encoder { program: folder.path().join("ffmpeg"), ..Encoder::default() };
    let (done, _) = fixed(&nowhere, &folder.path().join("in.mp4"), &CancellationToken::new()).await;
    let told = done.unwrap_err().to_string();
    assert!(
        told.contains("was not found") && told.contains("apt-get install ffmpeg") && told.contains("-c:v libx264"),
        "{told}"
    );
}
