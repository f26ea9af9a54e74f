//! The name that whoever submits a post may give it, so that the same post submitted again is not published again.

use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::ports::ContentHash;

/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// A caller's own name of a post, unique in its workspace: what the doors call `ref`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostName(String);

impl PostName {
    /// What stands in front of a name where a post may be named in several ways.
    pub const PREFIX: &'static str = "ref:";

    /// Reads a name: 1 to [`MAX_NAME_BYTES`] bytes, no control characters, no white space at its ends.
    ///
    /// # Errors
    /// A fault of the field `ref`.
    pub fn parse(given: &str) -> Result<Self, Fault> {
        let fault = |message: String| Fault::content("ref_invalid", "ref", message);
        if given.is_empty() || given.trim() != given {
            let message = "A ref is not empty, and neither begins nor ends with a space.".to_owned();
            return Err(fault(message).given(given));
        }
        if given.len() > MAX_NAME_BYTES {
            let message = format!("A ref has at most {MAX_NAME_BYTES} bytes.");
            return Err(fault(message).over(format!("{MAX_NAME_BYTES} bytes"), format!("{} bytes", given.len())));
        }
        if let Some(control) = given.chars().find(|c| c.is_control()) {
            let message = "A ref holds no control characters.".to_owned();
            return Err(fault(message).given(control.escape_unicode().to_string()));
        }
        Ok(Self(given.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PostName {
    type Error = Fault;
    fn try_from(given: String) -> Result<Self, Fault> {
        Self::parse(&given)
    }
}

impl From<PostName> for String {
    fn from(name: PostName) -> Self {
        name.0
    }
}

impl std::fmt::Display for PostName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name with what it was given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: PostName,
    /// The hash of what was asked for under it: the same name with another body is a mistake, and refused.
    pub body: ContentHash,
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_BYTES, PostName};

    #[test]
    fn a_name_is_what_a_person_can_type_and_read() {
        for good in ["launch-1", "notes of 1 May", "ü", "a/b?c=d", &"x".repeat(MAX_NAME_BYTES)] {
            assert_eq!(PostName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", " x", "x\n", "a\u{0}b", "a\u{9f}b", &"é".repeat(MAX_NAME_BYTES / 2 + 1)] {
            let fault = PostName::parse(bad).unwrap_err();
            assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("ref_invalid", Some("ref")), "{bad:?}");
            assert!(fault.given.is_some(), "{bad:?}");
        }
    }
}
