use super::SyntaxError;
use super::domain_name::{NAME_MAX_BYTES, check_label};
use super::identifier::identifier_traits;

const KIND: &str = "a handle";

/// Top-level domains that no public resolver answers for, so that no account in the open network can be found there.
const UNRESOLVABLE_TLDS: [&str; 9] =
    ["alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test"];

/// A domain name that stands for an account, as `alice.bsky.social`. Always lower case, and without the `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

identifier_traits!(Handle);

impl Handle {
    /// Reads a handle and lower-cases it; a leading `@` is refused.
    ///
    /// # Errors
    /// The rule broken: at most 253 characters, at least two labels, the last one beginning with a letter.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, text);
        if text.len() > NAME_MAX_BYTES {
            return Err(refuse("it may be at most 253 characters long"));
        }
        let mut last = None;
        for label in text.split('.') {
            check_label(label).map_err(refuse)?;
            last = Some(label);
        }
        if !text.contains('.') {
            return Err(refuse("it must be a whole domain name, such as alice.bsky.social"));
        }
        if !last.is_some_and(|tld| tld.starts_with(|c: char| c.is_ascii_alphabetic())) {
            return Err(refuse("the part after the last dot must begin with a letter"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The handle in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last dot.
    pub fn tld(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }

    /// Whether the public network could know this handle at all. False for reserved domains: `.test` is valid but only
    /// a local test network can resolve it, and `handle.invalid` is what servers show for a handle that is broken.
    pub fn is_resolvable(&self) -> bool {
        !UNRESOLVABLE_TLDS.contains(&self.tld())
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;

    #[test]
    fn a_handle_is_lower_case_whatever_was_typed() {
        let handle = Handle::parse("Alice.Bsky.Social").unwrap();
        assert_eq!(handle.as_str(), "alice.bsky.social");
        assert_eq!(handle, Handle::parse("alice.bsky.social").unwrap());
    }

    #[test]
    fn reserved_domains_are_valid_but_not_resolvable() {
        assert!(!Handle::parse("alice.test").unwrap().is_resolvable());
        assert!(!Handle::parse("handle.invalid").unwrap().is_resolvable());
        assert!(Handle::parse("alice.bsky.social").unwrap().is_resolvable());
        assert!(Handle::parse("test.example.com").unwrap().is_resolvable());
    }

    #[test]
    fn the_error_names_kind_rule_and_a_bounded_part_of_what_was_given() {
        let error = Handle::parse(&format!("{}.com", "é".repeat(100))).unwrap_err();
        assert_eq!(error.kind(), "a handle");
        assert_eq!(error.given(), format!("{}…", "é".repeat(64)));
        assert_eq!(
            Handle::parse("@alice.com").unwrap_err().to_string(),
            r#""@alice.com" is not a handle: only the letters a to z, digits, hyphens and dots may be used"#
        );
    }
}
