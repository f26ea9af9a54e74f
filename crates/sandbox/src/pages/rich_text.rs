use serde_json::Value;

use super::html::Html;

/// Writes a text with its facets: links of the web, mentions as links to profiles here, tags marked.
///
/// Facets that lie outside the text, overlap an earlier one or split a character are left out, as apps do.
pub(super) fn write(html: &mut Html, text: &str, facets: &Value) {
    let mut spans: Vec<Span<'_>> =
        facets.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(|facet| Span::read(text, facet)).collect();
    spans.sort_by_key(|span| span.start);
    let mut at = 0;
    for span in spans {
        if span.start < at {
            continue;
        }
        html.text(&text[at..span.start]);
        span.write(html, &text[span.start..span.end]);
        at = span.end;
    }
    html.text(&text[at..]);
}

struct Span<'a> {
    start: usize,
    end: usize,
    feature: Feature<'a>,
}

enum Feature<'a> {
    Link(&'a str),
    Mention(&'a str),
    Tag(&'a str),
}

impl<'a> Span<'a> {
    fn read(text: &str, facet: &'a Value) -> Option<Self> {
        let index = |key: &str| usize::try_from(facet["index"][key].as_u64()?).ok();
        let (start, end) = (index("byteStart")?, index("byteEnd")?);
        let fits = start < end && text.is_char_boundary(start) && text.is_char_boundary(end);
        let feature = facet["features"].as_array()?.iter().find_map(Feature::read)?;
        fits.then_some(Self { start, end, feature })
    }

    fn write(&self, html: &mut Html, text: &str) {
        match self.feature {
            Feature::Link(uri) => {
                html.raw("<a rel=\"noopener noreferrer nofollow\"");
                html.attribute("href", uri);
                html.attribute("title", uri);
                html.element(">", text, "</a>");
            }
            Feature::Mention(did) => {
                html.raw("<a");
                html.attribute("href", &format!("/profile/{did}"));
                html.attribute("title", did);
                html.element(">", text, "</a>");
            }
            Feature::Tag(tag) => {
                html.raw("<span class=\"tag\"");
                html.attribute("title", &format!("tag: {tag}"));
                html.element(">", text, "</span>");
            }
        }
    }
}

impl<'a> Feature<'a> {
    fn read(feature: &'a Value) -> Option<Self> {
        match feature["$type"].as_str()? {
            "app.bsky.richtext.facet#link" => feature["uri"].as_str().filter(|uri| is_web_address(uri)).map(Self::Link),
            "app.bsky.richtext.facet#mention" => feature["did"].as_str().map(Self::Mention),
            "app.bsky.richtext.facet#tag" => feature["tag"].as_str().map(Self::Tag),
            _ => None,
        }
    }
}

/// Anything else, such as `javascript:`, must not become a link.
pub(super) fn is_web_address(uri: &str) -> bool {
    url::Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facet(start: usize, end: usize, feature: &Value) -> Value {
        json!({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    }

    fn written(text: &str, facets: &Value) -> String {
        let mut html = Html::default();
        write(&mut html, text, facets);
        html.into_string()
    }

    #[test]
    fn facets_become_links_mentions_and_tags() {
        // "é" is two bytes: positions are counted in bytes.
        let facets = json!([
            facet(4, 8, &json!({"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:x"})),
            facet(0, 3, &json!({"$type": "app.bsky.richtext.facet#link", "uri": "https://x.com/?a=1&b=2"})),
            facet(9, 11, &json!({"$type": "app.bsky.richtext.facet#tag", "tag": "t"})),
        ]);
        let expected = "<a rel=\"noopener noreferrer nofollow\" href=\"https://x.com/?a=1&amp;b=2\" \
                        title=\"https://x.com/?a=1&amp;b=2\">&lt;é</a> \
                        <a href=\"/profile/did:plc:x\" title=\"did:plc:x\">@bob</a> \
                        <span class=\"tag\" title=\"tag: t\">#t</span>!";
        assert_eq!(written("<é @bob #t!", &facets), expected);
    }

    #[test]
    fn bad_facets_leave_the_text_alone() {
        let link = |uri: &str| json!({"$type": "app.bsky.richtext.facet#link", "uri": uri});
        for facets in [
            json!([facet(0, 99, &link("https://x.com"))]),
            json!([facet(3, 1, &link("https://x.com"))]),
            json!([facet(0, 2, &link("https://x.com"))]),
            json!([facet(0, 1, &link("javascript:alert(1)"))]),
            json!([facet(0, 1, &link("JaVaScRiPt:alert(1)"))]),
            json!([facet(0, 1, &link("data:text/html,x"))]),
            json!([{"index": {}}, 1, null]),
            json!("x"),
        ] {
            assert_eq!(written("aé<b>", &facets), "aé&lt;b&gt;", "{facets}");
        }
    }

    #[test]
    fn of_two_that_overlap_the_first_counts() {
        let tag = json!({"$type": "app.bsky.richtext.facet#tag", "tag": "t"});
        let html = written("#ab #cd", &json!([facet(2, 7, &tag), facet(0, 3, &tag)]));
        assert_eq!(html, "<span class=\"tag\" title=\"tag: t\">#ab</span> #cd");
    }
}
