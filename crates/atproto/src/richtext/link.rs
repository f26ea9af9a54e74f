use url::Url;

use super::chars::next_space;
use super::hostname::{Hostname, is_known_tld, leading_hostname};
use super::{Detected, Feature};
use crate::syntax::Uri;

const HTTPS: &str = "https://";
const HTTP: &str = "http://";
/// Longer ones are left to the parsers and their limits.
const PLAIN_MAX_BYTES: usize = 2048;

/// Looks for a link at `at`, with a scheme or as a bare domain name.
///
/// None if nothing there looks like one. Else where the run without spaces ends, which is then done with, and the link
/// if it is one: `README.jpg` looks like a domain name, but is none.
pub(super) fn at(text: &str, at: usize) -> Option<(usize, Option<Detected>)> {
    let rest = &text[at..];
    let (scheme, after_scheme) = match split_scheme(rest) {
        Some((scheme, after)) if next_space(after.as_bytes(), 0) != 0 => (scheme, after),
        _ => return bare(text, at),
    };
    let run = &rest[..rest.len() - after_scheme.len() + next_space(after_scheme.as_bytes(), 0)];
    let trimmed = trim(run);
    let uri = trimmed.get(scheme.len()..).map(|tail| format!("{scheme}{tail}"));
    let uri = uri.filter(|uri| is_valid(uri, scheme));
    Some((at + run.len(), uri.map(|uri| detected(at, trimmed, uri))))
}

/// An address of the web as a record takes it, or none. What a server would refuse in it is percent-encoded.
pub(super) fn web_address(written: &str) -> Option<String> {
    let (scheme, after) = split_scheme(written)?;
    let uri = format!("{scheme}{after}");
    if is_valid(&uri, scheme) {
        return Some(uri);
    }
    let encoded = String::from(Url::parse(&uri).ok()?);
    is_valid(&encoded, scheme).then_some(encoded)
}

/// A domain name without a scheme, with whatever follows it up to the next space.
fn bare(text: &str, at: usize) -> Option<(usize, Option<Detected>)> {
    let Hostname { tld, .. } = leading_hostname(&text[at..])?;
    let run_end = next_space(text.as_bytes(), at);
    if !is_known_tld(tld) {
        return Some((run_end, None));
    }
    let trimmed = trim(&text[at..run_end]);
    let uri = format!("{HTTPS}{trimmed}");
    Some((run_end, is_valid(&uri, HTTPS).then(|| detected(at, trimmed, uri))))
}

fn detected(at: usize, trimmed: &str, uri: String) -> Detected {
    Detected { byte_start: at, byte_end: at + trimmed.len(), feature: Feature::Link { uri } }
}

/// The scheme in lower case, whatever its case in the text, and what follows it.
fn split_scheme(text: &str) -> Option<(&'static str, &str)> {
    [HTTPS, HTTP].into_iter().find_map(|scheme| {
        let (start, after) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some((scheme, after))
    })
}

/// Drops one mark of punctuation from the end, then one closing parenthesis if none was opened.
fn trim(run: &str) -> &str {
    let run = run.strip_suffix(['.', ',', ';', ':', '!', '?']).unwrap_or(run);
    if run.contains('(') { run } else { run.strip_suffix(')').unwrap_or(run) }
}

/// Whether a server takes this as the `uri` of a record, and every client as a URL.
fn is_valid(uri: &str, scheme: &str) -> bool {
    let after_scheme = &uri[scheme.len()..];
    let is_short = uri.len() <= PLAIN_MAX_BYTES;
    (is_short && is_plain(after_scheme))
        || (!after_scheme.starts_with('/') && Uri::parse(uri).is_ok() && Url::parse(uri).is_ok())
}

/// Whether this is certain without a parser, as it is for most links: an ordinary domain name that ends, or is followed
/// by a path, a query or a fragment in ASCII. Punycode may be wrong, and a last label in digits is an address.
fn is_plain(after_scheme: &str) -> bool {
    let Some(Hostname { name, tld }) = leading_hostname(after_scheme) else {
        return false;
    };
    let tail = &after_scheme.as_bytes()[name.len()..];
    let is_punycode = |label: &str| label.as_bytes().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    matches!(tail.first(), None | Some(b'/' | b'?' | b'#'))
        && tail.iter().all(u8::is_ascii_graphic)
        && tld.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.split('.').any(is_punycode)
}

#[cfg(test)]
mod tests {
    use crate::richtext::{Detected, Feature, detect};

    fn links(text: &str) -> Vec<(String, String)> {
        let link = |Detected { byte_start, byte_end, feature }| match feature {
            Feature::Link { uri } => (text[byte_start..byte_end].to_owned(), uri),
            other => panic!("{other:?} is no link"),
        };
        detect(text).into_iter().map(link).collect()
    }

    fn link(shown: &str, uri: &str) -> (String, String) {
        (shown.to_owned(), uri.to_owned())
    }

    #[test]
    fn the_scheme_may_be_in_any_case_and_the_uri_has_it_in_lower_case() {
        assert_eq!(links("HTTPS://Example.com/A"), [link("HTTPS://Example.com/A", "https://Example.com/A")]);
        assert_eq!(links("(Http://example.com)"), [link("Http://example.com", "http://example.com")]);
    }

    #[test]
    fn the_top_level_domain_may_be_in_any_case() {
        assert_eq!(links("Example.COM"), [link("Example.COM", "https://Example.COM")]);
    }

    #[test]
    fn a_bare_domain_may_hold_hyphens_and_begin_with_a_digit() {
        for domain in ["my-site.com", "3blue1brown.com", "blog.our-site.com", "4-you.co.uk", "a--b.com"] {
            assert_eq!(links(domain), [link(domain, &format!("https://{domain}"))]);
        }
    }

    #[test]
    fn numbers_and_versions_are_no_domains() {
        for text in ["3.14", "1.0.0.dev", "10.am", "1-2.com", "-a.com", "something-cool.jpg"] {
            assert_eq!(links(text), [], "{text}");
        }
    }

    #[test]
    fn a_domain_that_goes_on_after_its_top_level_is_no_link() {
        assert_eq!(links("an example.com-based site"), []);
        assert_eq!(links("example.com- yes"), [link("example.com-", "https://example.com-")]);
    }

    #[test]
    fn a_bare_domain_that_begins_with_http_gets_its_scheme() {
        assert_eq!(links("httpbin.org"), [link("httpbin.org", "https://httpbin.org")]);
        assert_eq!(links("https.dev/x"), [link("https.dev/x", "https://https.dev/x")]);
    }

    #[test]
    fn a_link_too_long_for_a_record_is_none() {
        let path = "x".repeat(8192 - "https://a.com/".len());
        assert_eq!(links(&format!("a.com/{path}")).len(), 1);
        assert_eq!(links(&format!("a.com/{path}x")), []);
    }

    #[test]
    fn what_a_server_would_refuse_is_no_link() {
        assert_eq!(links("https:///a.com https://a.com\u{e} https://a.com/\u{7f}"), []);
    }

    #[test]
    fn what_does_not_parse_as_a_url_is_no_link() {
        for text in ["https://)", "https://[x", "https://1.2.3.999", "example.com:99999", "https://xn--a.com"] {
            assert_eq!(links(text), [], "{text}");
        }
        assert_eq!(links("https:// example"), []);
        assert_eq!(links("https://"), []);
    }

    #[test]
    fn one_mark_and_one_parenthesis_are_dropped() {
        assert_eq!(links("https://a.com..."), [link("https://a.com..", "https://a.com..")]);
        assert_eq!(links("(a.com)."), [link("a.com", "https://a.com")]);
        assert_eq!(links("[x](https://a.com)"), [link("https://a.com", "https://a.com")]);
        assert_eq!(links("a.com/(b.com)"), [link("a.com/(b.com)", "https://a.com/(b.com)")]);
    }

    #[test]
    fn a_run_is_looked_at_once() {
        assert_eq!(links("a.com)(b.com"), [link("a.com)(b.com", "https://a.com)(b.com")]);
        assert_eq!(links("a.jpg(b.com)"), []);
    }
}
