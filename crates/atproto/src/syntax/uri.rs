use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a URI";
const MAX_BYTES: usize = 8192;
const SCHEME_MAX_BYTES: usize = 81;

/// A URI of any scheme, as the `uri` format of records: a scheme, a colon and something after it, without spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(String);

identifier_traits!(Uri);

impl Uri {
    /// Reads a URI; what follows the scheme is not looked into.
    ///
    /// # Errors
    /// The rule broken: at most 8192 bytes, a lower-case scheme, no white space or control characters.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| Err(SyntaxError::new(KIND, rule, text));
        if text.len() > MAX_BYTES {
            return refuse("it may be at most 8192 bytes long");
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return refuse("it must begin with a scheme and a colon, such as https:");
        };
        let scheme_is_valid = scheme.len() <= SCHEME_MAX_BYTES
            && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+.-".contains(&b));
        if !scheme_is_valid {
            return refuse("the scheme must begin with a lower-case letter and hold only a to z, digits and + . -");
        }
        if rest.is_empty() {
            return refuse("something must follow the scheme");
        }
        if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return refuse("it must not hold white space or control characters");
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes before the first colon.
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}
