//! Pictures, GIFs that move, videos: which way a file takes.

use std::io::Cursor;

use skein_media::MediaError;
use skein_media::video::{Attachment, AttachmentError, Container};
use skein_testkit::films::Film;
use skein_testkit::pictures::{gif, jpeg};

fn of(bytes: &[u8]) -> Attachment {
    Attachment::of(Cursor::new(bytes)).unwrap()
}

#[test]
fn a_gif_of_one_frame_is_a_picture_and_of_two_a_video() {
    assert_eq!(of(&gif(20, 10, 1)), Attachment::Picture);
    assert_eq!(of(&gif(20, 10, 2)), Attachment::MovingGif { width: 20, height: 10 });
}

#[test]
fn other_files_go_by_their_first_bytes() {
    assert_eq!(of(&jpeg(20, 10, 1, None)), Attachment::Picture);
    assert_eq!(of(b""), Attachment::Picture);
    assert_eq!(of(&Film::default().bytes()), Attachment::Video(Container::Mp4));
}

#[test]
fn a_gif_that_is_cut_off_is_neither() {
    let whole = gif(20, 10, 2);
    let told = Attachment::of(Cursor::new(&whole[..whole.len() - 4]));
    assert!(matches!(told, Err(AttachmentError::Gif(MediaError::Truncated { .. }))), "{told:?}");
}
