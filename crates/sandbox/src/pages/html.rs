/// HTML under construction. What people wrote goes in through `text` and `attribute` only, which escape it; `raw` takes
/// nothing but literals of this program.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // A page must not change direction, or end, because of what stands in a post.
                '\0' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
    }

    /// ` name="value"`
    pub(super) fn attribute(&mut self, name: &'static str, value: &str) {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        self.text(value);
        self.0.push('"');
    }

    /// An element with an attribute-free body of plain text.
    pub(super) fn element(&mut self, open: &'static str, text: &str, close: &'static str) {
        self.raw(open);
        self.text(text);
        self.raw(close);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_write_becomes_markup() {
        let mut html = Html::default();
        html.raw("<a");
        html.attribute("title", "\"><script>alert('x')</script>");
        html.raw(">");
        html.text("</style><img src=x onerror=1>&amp;\u{202e}");
        let expected = "<a title=\"&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\">\
                        &lt;/style&gt;&lt;img src=x onerror=1&gt;&amp;amp;\u{fffd}";
        assert_eq!(html.into_string(), expected);
    }
}
