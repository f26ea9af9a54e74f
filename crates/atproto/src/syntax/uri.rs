use url::Url;

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

    /// Whether it leads to a page of the web: `http` or `https`, with a host.
    pub fn is_web(&self) -> bool {
        let rest = self.0.strip_prefix("https://").or_else(|| self.0.strip_prefix("http://"));
        // Browsers overlook further slashes, and servers that check a record do not.
        rest.is_some_and(|rest| !rest.starts_with('/')) && Url::parse(&self.0).is_ok_and(|url| url.has_host())
    }

    /// What comes before the first colon.
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Uri;

    #[test]
    fn pages_of_the_web_have_a_host() {
        let is_web = |text: &str| Uri::parse(text).is_ok_and(|uri| uri.is_web());
        for good in ["https://a.example", "http://a.example/b?c#d", "https://127.0.0.1:8080/", "https://例え.jp/パス"]
        {
            assert!(is_web(good), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "HTTPS://a.example",
            "https:///a.example",
            "https://",
            "https://a b",
            "https:a.example",
            "at://a/b",
            "https://a\r",
        ] {
            assert!(!is_web(bad), "{bad}");
        }
    }
}
