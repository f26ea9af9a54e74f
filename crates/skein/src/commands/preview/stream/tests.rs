//! Order, bounds and ends.

use super::*;

/// An input that hands out at most so many bytes at once.
struct Drops {
    text: Vec<u8>,
    at: usize,
    most: usize,
}

impl Read for Drops {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.most.min(into.len()).min(self.text.len() - self.at);
        into[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// Answers each line with its length and its first byte.
fn answers(text: &[u8], most: usize, pace: Pace) -> Vec<String> {
    let answer = |line: Line<'_>, out: &mut Vec<u8>| match line {
        Line::Whole(line) => writeln!(out, "{}:{}", line.len(), line.first().map_or(0, |byte| *byte)),
        Line::TooLong => writeln!(out, "too long"),
    };
    let mut output = Vec::new();
    answer_lines(Drops { text: text.to_vec(), at: 0, most }, &mut output, pace, &Arc::new(answer)).unwrap();
    String::from_utf8(output).unwrap().lines().map(str::to_owned).collect()
}

const PACES: [Pace; 3] = [Pace::Batches { workers: 1 }, Pace::Batches { workers: 3 }, Pace::OneByOne { workers: 8 }];

#[test]
fn answers_come_in_the_order_of_the_lines_however_they_arrive() {
    let lines: Vec<Vec<u8>> = (0..3_000_usize).map(|n| vec![b'a' + u8::try_from(n % 26).unwrap(); n % 97]).collect();
    let expected: Vec<_> =
        lines.iter().map(|line| format!("{}:{}", line.len(), line.first().map_or(0, |byte| *byte))).collect();
    for pace in PACES {
        for most in [7, 4_096, usize::MAX] {
            assert_eq!(answers(&lines.join(&b'\n'), most, pace), expected[..], "{pace:?}, {most} bytes at once");
        }
    }
}

#[test]
fn only_the_end_of_the_input_ends_a_line_without_a_line_feed() {
    for pace in PACES {
        assert_eq!(answers(b"", 9, pace), [""; 0]);
        assert_eq!(answers(b"a", 9, pace), ["1:97"]);
        assert_eq!(answers(b"a\n", 9, pace), ["1:97"]);
        assert_eq!(answers(b"\n\nb", 9, pace), ["0:0", "0:0", "1:98"]);
    }
}

#[test]
fn a_line_that_is_too_long_is_answered_at_its_place_and_skipped() {
    let line = |length: usize| vec![b'x'; length];
    let lines =
        [line(1), line(LINE_MAX_BYTES), line(LINE_MAX_BYTES + 1), line(2), line(5 * LINE_MAX_BYTES), line(3), line(4)];
    let expected = ["1:120", "1048576:120", "too long", "2:120", "too long", "3:120", "4:120"];
    for pace in PACES {
        for most in [1_000, usize::MAX] {
            assert_eq!(answers(&lines.join(&b'\n'), most, pace), expected, "{pace:?}, {most} bytes at once");
        }
    }
    let endless = line(3 * LINE_MAX_BYTES);
    assert_eq!(answers(&endless, usize::MAX, PACES[1]), ["too long"]);
}

#[test]
fn a_closed_output_ends_it_though_the_input_is_never_closed() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (input, mut feed) = io::pipe().unwrap();
    feed.write_all(b"one line\n").unwrap();
    let answer = |_: Line<'_>, out: &mut Vec<u8>| {
        out.push(b'.');
        Ok(())
    };
    let ended = answer_lines(input, &mut Closed, PACES[1], &Arc::new(answer));
    assert!(matches!(ended, Err(StreamError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe));
    drop(feed);
}

#[test]
fn an_input_that_breaks_and_a_worker_that_is_gone_are_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let quiet = |_: Line<'_>, _: &mut Vec<u8>| Ok(());
    assert!(matches!(answer_lines(Broken, &mut Vec::new(), PACES[1], &Arc::new(quiet)), Err(StreamError::Input(_))));
    let defect = |_: Line<'_>, _: &mut Vec<u8>| panic!("a defect");
    let ended = answer_lines(&b"one\ntwo\n"[..], &mut Vec::new(), PACES[1], &Arc::new(defect));
    assert!(matches!(ended, Err(StreamError::Defect)));
}
