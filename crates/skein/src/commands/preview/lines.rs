//! `skein preview --lines`: one JSON post a line in, one preview a line out, in the same order.

use jiff::tz::TimeZone;
use serde::Deserialize;
use skein_connect::bluesky;
use skein_domain::{Category, Fault, Preview};
use skein_intake::{Body, preview_offline};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::runtime::Handle;

use super::json::write_preview;
use super::stream::{LINE_MAX_BYTES, Line, Pace, StreamError, answer_lines};
use crate::app::App;
use crate::clock::SystemClock;
use crate::config::zone;
use crate::exit::{Exit, Failure};

/// Lines that are looked up at the same time.
const LOOK_UPS_AT_ONCE: usize = 8;

/// Answers every line of standard input. Faults of lines are told in their answers, and are no failure of the command.
pub(crate) async fn run(app: &App, offline: bool) -> Result<Exit, Failure> {
    let ended = if offline {
        let zone = zone(&app.variables)?;
        let pace = Pace::Batches { workers: available_parallelism().map_or(1, Into::into) };
        let answer =
            move |line: Line<'_>| preview_of(line, &zone, |body| preview_offline(body, &SystemClock, bluesky::preview));
        stream(pace, answer)
    } else {
        let house = app.house().await?;
        let (intake, zone, runtime) = (house.intake.clone(), house.config.zone.clone(), Handle::current());
        let originals = house.originals(PathBuf::new());
        let answer = move |line: Line<'_>| {
            preview_of(line, &zone, |body| {
                let looked_up = runtime.block_on(intake.preview(&body, &originals));
                looked_up.unwrap_or_else(|error| Preview {
                    faults: error.faults().into_iter().map(Into::into).collect(),
                    ..Preview::default()
                })
            })
        };
        stream(Pace::OneByOne { workers: LOOK_UPS_AT_ONCE }, answer)
    };
    match ended {
        Ok(()) => Ok(Exit::Done),
        // Whoever reads the answers has seen enough.
        Err(StreamError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::system("stream", error.to_string()).leaving("The answers so far are right.")),
    }
}

fn stream(pace: Pace, answer: impl Fn(Line<'_>) -> Preview + Send + Sync + 'static) -> Result<(), StreamError> {
    let write = move |line: Line<'_>, out: &mut Vec<u8>| {
        write_preview(&answer(line), out)?;
        out.push(b'\n');
        Ok(())
    };
    tokio::task::block_in_place(|| answer_lines(io::stdin(), &mut io::stdout(), pace, &Arc::new(write)))
}

fn preview_of(line: Line<'_>, zone: &TimeZone, preview: impl FnOnce(skein_intake::Submission) -> Preview) -> Preview {
    let Body { submission, faults } = match read(line, zone) {
        Ok(body) => body,
        Err(fault) => return Preview::refused(fault),
    };
    let split = submission.draft.layout.split;
    let mut shown = preview(submission);
    Body::add_faults(faults, split, &mut shown);
    shown
}

fn read(line: Line<'_>, zone: &TimeZone) -> Result<Body, Fault> {
    let fault = |code: &str, message: String| Fault::new(code, Category::UserContent, message);
    let bytes = match line {
        Line::Whole(bytes) => bytes,
        Line::TooLong => {
            let fault = fault("line_too_long", "The line is too long.".to_owned());
            return Err(fault.over(format!("{LINE_MAX_BYTES} bytes"), "more"));
        }
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        fault("not_utf8", format!("The line is not UTF-8 at byte {at}."))
    })?;
    if text.trim_ascii().is_empty() {
        return Err(fault("empty_line", "The line is empty.".to_owned()).next("Write one JSON object a line."));
    }
    if let Some(words) = only_words(text) {
        return Ok(Body::of_text(words, zone));
    }
    let value = serde_json::from_str(text);
    let value = value.map_err(|error| fault("not_json", format!("The line is not JSON: {error}.")))?;
    Body::read(value, zone)
}

/// The text of a post that is nothing else, as most are: read without a tree of values in between.
fn only_words(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Words {
        text: String,
    }
    // A list is no body, though it could be read as one.
    let words = json.starts_with('{').then(|| serde_json::from_str(json))?;
    words.ok().map(|Words { text }| text)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn code(line: Line<'_>) -> String {
        let shown = preview_of(line, &TimeZone::UTC, |_| Preview::default());
        shown.faults.into_iter().map(|fault| fault.fault.code).collect()
    }

    proptest! {
        #[test]
        fn any_line_is_a_body_or_a_fault(
            bytes in vec(any::<u8>(), 0..60),
            text in r#"[\{\[]?("text"|"thread"|"media")?[:,]?("[a-z\\u0-9d]{0,8}"|[0-9eE.+-]{0,6}|null|\[|\{)?[\}\]]?[\}\]]?"#,
        ) {
            for line in [&bytes[..], text.as_bytes()] {
                let shown = preview_of(Line::Whole(line), &TimeZone::UTC, |_| Preview::default());
                let is_json = serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.is_object());
                prop_assert!(is_json || !shown.faults.is_empty());
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(code(Line::Whole(b"{\"text\":\"hi\"}\r")), "");
        assert_eq!(code(Line::Whole(b"{\"text\":\"hi\"")), "not_json");
        assert_eq!(code(Line::Whole(b"{} {}")), "not_json");
        assert_eq!(code(Line::Whole("[".repeat(1_000).as_bytes())), "not_json");
        assert_eq!(code(Line::Whole(b"{\"text\":\"\\ud800\"}")), "not_json");
        assert_eq!(code(Line::Whole(b"{\"text\":\"\xff\"}")), "not_utf8");
        assert_eq!(code(Line::Whole(b" \r")), "empty_line");
        assert_eq!(code(Line::Whole(b"[]")), "not_an_object");
        assert_eq!(code(Line::TooLong), "line_too_long");
    }

    #[test]
    fn a_post_of_words_alone_is_read_as_any_other_is() {
        for words in ["", "a", " é\0\n\"\\/\u{202e}", "👩‍👩‍👧"] {
            let json = serde_json::json!({ "text": words });
            assert_eq!(only_words(&json.to_string()).as_deref(), Some(words));
            let quick = Body::of_text(words.to_owned(), &TimeZone::UTC);
            assert_eq!(format!("{quick:?}"), format!("{:?}", Body::read(json, &TimeZone::UTC).unwrap()));
        }
        let others = [
            r#"["hi"]"#,
            r#" ["hi"]"#,
            "{}",
            r#"{"text":null}"#,
            r#"{"text":["hi"]}"#,
            r#"{"text":"hi","text":"ho"}"#,
            r#"{"text":"hi","langs":null}"#,
            r#"{"Text":"hi"}"#,
            r#"{"text":"hi"} {}"#,
            r#"{"text":"\ud800"}"#,
        ];
        for other in others {
            assert_eq!(only_words(other), None, "{other}");
        }
    }
}
