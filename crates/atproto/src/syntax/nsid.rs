use super::SyntaxError;
use super::domain_name::check_label;
use super::identifier::identifier_traits;

const KIND: &str = "an NSID";
/// Of the whole: the interoperability vectors allow a domain part longer than DNS does.
const MAX_BYTES: usize = 317;

/// The name of a schema, as `app.bsky.feed.post`: a reversed domain name, then a name. Also names collections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nsid(String);

identifier_traits!(Nsid);

impl Nsid {
    /// Reads an NSID; a `#fragment` is not part of one.
    ///
    /// # Errors
    /// The rule broken: at most 317 characters, at least three segments, the first beginning with a letter, the last
    /// made of letters and digits.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, text);
        if text.len() > MAX_BYTES {
            return Err(refuse("it may be at most 317 characters long"));
        }
        for segment in text.split('.') {
            check_label(segment).map_err(refuse)?;
        }
        let Some((authority, name)) = text.rsplit_once('.').filter(|(authority, _)| authority.contains('.')) else {
            return Err(refuse("it must have at least three segments, such as app.bsky.feed"));
        };
        if !authority.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(refuse("the first segment must begin with a letter"));
        }
        if name.contains('-') || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(refuse("the last segment must be letters and digits, beginning with a letter"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole NSID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment: `post` for `app.bsky.feed.post`.
    pub fn name(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}
