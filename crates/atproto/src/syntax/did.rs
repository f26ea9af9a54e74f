use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a DID";
const MAX_BYTES: usize = 2048;

/// A decentralized identifier: the lasting name of an account, as `did:plc:…` or `did:web:…`. Case counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did(String);

identifier_traits!(Did);

impl Did {
    /// Reads a DID of any method; whether the method is one that the network knows is not asked.
    ///
    /// # Errors
    /// The rule broken: `did:`, a lower-case method, `:`, then letters, digits and `._:%-`, not ending in `:` or `%`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| Err(SyntaxError::new(KIND, rule, text));
        if text.len() > MAX_BYTES {
            return refuse("it may be at most 2048 characters long");
        }
        let Some((method, id)) = text.strip_prefix("did:").and_then(|rest| rest.split_once(':')) else {
            return refuse("it must have the form did:method:identifier");
        };
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_lowercase()) {
            return refuse("the method must be lower-case letters");
        }
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:%-".contains(&b)) {
            return refuse("the identifier may hold only letters, digits and . _ : % -");
        }
        if id.is_empty() || id.ends_with([':', '%']) {
            return refuse("the identifier must not be empty or end with : or %");
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole DID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The method: `plc` for `did:plc:…`.
    pub fn method(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// What follows the method and its colon.
    pub fn method_specific_id(&self) -> &str {
        self.0.splitn(3, ':').nth(2).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Did;

    #[test]
    fn a_did_knows_its_method_and_what_follows() {
        let did = Did::parse("did:web:localhost%3A1234").unwrap();
        assert_eq!(did.method(), "web");
        assert_eq!(did.method_specific_id(), "localhost%3A1234");
        assert_eq!(Did::parse("did:method::::val").unwrap().method_specific_id(), ":::val");
    }
}
