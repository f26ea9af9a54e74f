//! In which characters a page is written.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use html5gum::Token;
use std::borrow::Cow;

use super::{attribute, tokens};

/// Browsers look so far for a page's own word about its characters.
const LOOKED_AT_BYTES: usize = 1_024;

/// The text of a page. What says so first is believed: its first bytes, its `Content-Type`, its `<meta>`. A page that says
/// nothing is UTF-8 where it can be, and else what the web was written in before.
pub(super) fn decode<'a>(html: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(html) {
        return encoding.decode_without_bom_handling(&html[mark_bytes..]).0;
    }
    let told = content_type.and_then(charset_in).or_else(|| told_by_page(html));
    match told {
        Some(encoding) => encoding.decode_without_bom_handling(html).0,
        None => match UTF_8.decode_without_bom_handling_and_without_replacement(html) {
            Some(text) => text,
            None if is_cut_utf8(html) => UTF_8.decode_without_bom_handling(html).0,
            None => WINDOWS_1252.decode_without_bom_handling(html).0,
        },
    }
}

/// Whether only the last character is broken.
fn is_cut_utf8(html: &[u8]) -> bool {
    std::str::from_utf8(html).is_err_and(|error| error.error_len().is_none())
}

/// The `charset` of a media type.
fn charset_in(media_type: &str) -> Option<&'static Encoding> {
    let parameters = media_type.split(';').skip(1);
    let charset = parameters.filter_map(|parameter| parameter.split_once('=')).find(|(name, _)| {
        let name = name.trim();
        name.eq_ignore_ascii_case("charset")
    })?;
    Encoding::for_label(charset.1.trim().trim_matches(['"', '\'']).as_bytes())
}

fn told_by_page(html: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&html[..html.len().min(LOOKED_AT_BYTES)]);
    let told = tokens(&start).find_map(|token| match token {
        Token::StartTag(tag) if tag.name.as_slice() == b"meta" => match attribute(&tag, "charset") {
            Some(label) => Encoding::for_label(label.as_bytes()),
            None if attribute(&tag, "http-equiv")?.eq_ignore_ascii_case("content-type") => {
                charset_in(&attribute(&tag, "content")?)
            }
            None => None,
        },
        _ => None,
    })?;
    // A page in which these words could be read is not written in two bytes a character, whatever it says.
    Some(if told.is_ascii_compatible() { told } else { UTF_8 })
}
