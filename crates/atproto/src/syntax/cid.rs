use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a CID";
const MIN_BYTES: usize = 8;
const MAX_BYTES: usize = 256;

/// A content identifier as text. Only the form is checked, as in a strongRef: the hash behind it may be of any kind.
///
/// Links inside records (`$link`) are decoded in full when a record is encoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid(String);

identifier_traits!(Cid);

impl Cid {
    /// Reads a CID in its text form.
    ///
    /// # Errors
    /// The rule broken: 8 to 256 letters, digits, `+` and `=`, and no version 0 (`Qm…`).
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| Err(SyntaxError::new(KIND, rule, text));
        if !(MIN_BYTES..=MAX_BYTES).contains(&text.len()) {
            return refuse("it must be 8 to 256 characters long");
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'=') {
            return refuse("only letters, digits, + and = may be used");
        }
        if text.starts_with("Qm") {
            return refuse("version 0 is not supported");
        }
        Ok(Self(text.to_owned()))
    }

    /// For the CIDs that this crate computes, which are valid by construction.
    pub(crate) const fn of_valid_text(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
