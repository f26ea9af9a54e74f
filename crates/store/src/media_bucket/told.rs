//! What an object store says, in words that a person can act on.

use std::error::Error as _;

use object_store::Error;
use skein_domain::ports::MediaError;

/// The longest cause that is repeated, in characters.
const MAX_CAUSE_CHARS: usize = 300;

/// What to check when the store does not let us in.
const RIGHTS: &str =
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that the key may list, get, put and delete objects there";

pub(super) fn of(error: &Error, place: &str) -> MediaError {
    let said = chain(error);
    let code = between(&said, "<Code>", "</Code>");
    let told = match (code, error) {
        (Some("RequestTimeTooSkewed"), _) => {
            format!("the media store {place} says that the clock of this machine is wrong; set it, then try again")
        }
        (Some("NoSuchBucket"), _) => {
            format!("the media store has no bucket for {place}; make it, or check SKEIN_MEDIA_URL and AWS_ENDPOINT_URL")
        }
        (Some(code @ ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AccessDenied" | "ExpiredToken")), _) => {
            format!("the media store {place} refuses the credentials ({code}); {RIGHTS}")
        }
        (code, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => {
            format!("the media store {place} refuses the credentials ({}); {RIGHTS}", code.unwrap_or("no reason given"))
        }
        (Some(code), _) => {
            let message = between(&said, "<Message>", "</Message>").unwrap_or_default();
            format!("the media store {place} answered {code}: {}", cut(message))
        }
        (None, _) => format!("the media store {place} gave no usable answer: {}", cut(innermost(error, &said))),
    };
    MediaError::Remote(told)
}

/// All that the error and its causes say.
fn chain(error: &Error) -> String {
    let (mut said, mut cause) = (error.to_string(), error.source());
    while let Some(deeper) = cause {
        said = format!("{said}\n{deeper}");
        cause = deeper.source();
    }
    said
}

/// What the last cause says, which is what the network said.
fn innermost<'a>(error: &Error, chain: &'a str) -> &'a str {
    if error.source().is_none() { chain } else { chain.rsplit('\n').next().unwrap_or(chain) }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    Some(text.split_once(from)?.1.split_once(to)?.0)
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_CAUSE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> String {
        of(&Error::Generic { store: "S3", source: source.into() }, "s3://geese/media").to_string()
    }

    #[test]
    fn refusals_say_what_to_check() {
        let refused = "403: <Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>";
        let denied = Error::PermissionDenied { path: "a".to_owned(), source: refused.into() };
        let words = of(&denied, "s3://geese/media").to_string();
        assert!(words.contains("s3://geese/media refuses the credentials (SignatureDoesNotMatch)"), "{words}");
        assert!(words.contains("AWS_SECRET_ACCESS_KEY"), "{words}");
        let words = told("404: <Code>NoSuchBucket</Code>");
        assert!(words.contains("no bucket") && words.contains("SKEIN_MEDIA_URL"), "{words}");
        assert!(told("403: <Code>RequestTimeTooSkewed</Code>").contains("clock"));
        let words = told("503: <Code>SlowDown</Code><Message>Reduce your request rate.</Message>");
        assert!(words.ends_with("answered SlowDown: Reduce your request rate."), "{words}");
    }

    #[test]
    fn without_an_answer_the_network_is_quoted_within_a_bound() {
        let words = told(&format!("127.0.0.1:9 could not be reached{}", "!".repeat(1_000)));
        assert!(words.contains("gave no usable answer: 127.0.0.1:9 could not be reached"), "{words}");
        assert!(words.len() < 500, "{words}");
    }
}
