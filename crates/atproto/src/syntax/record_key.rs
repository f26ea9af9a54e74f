use super::identifier::identifier_traits;
use super::{SyntaxError, Tid};

const KIND: &str = "a record key";
const MAX_BYTES: usize = 512;

/// The name of a record within its collection (`rkey`): usually a [`Tid`], sometimes a fixed word such as `self`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(String);

identifier_traits!(RecordKey);

impl RecordKey {
    /// Reads a record key of any key type.
    ///
    /// # Errors
    /// The rule broken: 1 to 512 letters, digits and `._~:-`, and neither `.` nor `..`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| Err(SyntaxError::new(KIND, rule, text));
        if text.is_empty() || text.len() > MAX_BYTES {
            return refuse("it must be 1 to 512 characters long");
        }
        if text == "." || text == ".." {
            return refuse("it must not be . or ..");
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:-".contains(&b)) {
            return refuse("only letters, digits and . _ ~ : - may be used");
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Tid> for RecordKey {
    fn from(tid: Tid) -> Self {
        Self(tid.into())
    }
}

impl From<&Tid> for RecordKey {
    fn from(tid: &Tid) -> Self {
        Self(tid.as_str().to_owned())
    }
}
