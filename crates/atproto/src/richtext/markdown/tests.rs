use super::*;

fn read(source: &str) -> Markdown {
    Markdown::read(source)
}

fn text(source: &str) -> String {
    read(source).text
}

/// What is shown of each facet, and where it leads.
fn facets(source: &str) -> Vec<(String, String)> {
    let Markdown { text, facets, .. } = read(source);
    let shown = |found: Detected| {
        let value = match found.feature {
            Feature::Link { uri } => uri,
            Feature::Tag { tag } => format!("#{tag}"),
            Feature::Mention { handle } => format!("@{handle}"),
        };
        (text[found.byte_start..found.byte_end].to_owned(), value)
    };
    facets.into_iter().map(shown).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(shown, value)| ((*shown).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_link_becomes_its_words_and_a_range() {
    let read = read("🦋 Click [here, *you*](https://example.com/a_b_c?d=e#f)!");
    assert_eq!(read.text, "🦋 Click here, you!");
    let uri = "https://example.com/a_b_c?d=e#f".to_owned();
    assert_eq!(read.facets, [Detected { byte_start: 11, byte_end: 20, feature: Feature::Link { uri } }]);
    assert_eq!((read.images, read.lost), (vec![], vec![]));
}

#[test]
fn every_way_to_write_a_link() {
    let source = "[a](<https://a.com>) [b][1] [c][] [d] <https://e.com/x>\n\n[1]: https://b.com \"B\"\n[c]: HTTPS://c.com\n[d]: http://d.com";
    let expected = pairs(&[
        ("a", "https://a.com"),
        ("b", "https://b.com"),
        ("c", "https://c.com"),
        ("d", "http://d.com"),
        ("https://e.com/x", "https://e.com/x"),
    ]);
    assert_eq!(facets(source), expected);
    assert_eq!(text(source), "a b c d https://e.com/x");
}

#[test]
fn what_has_a_meaning_without_markup_keeps_it() {
    let expected = pairs(&[
        ("@alice.test", "@alice.test"),
        ("#tag", "#tag"),
        ("docs", "https://docs.rs"),
        ("example.com/a", "https://example.com/a"),
        ("$SKEIN", "#$SKEIN"),
    ]);
    assert_eq!(facets("*@alice.test* **#tag** [docs](https://docs.rs) example.com/a $SKEIN"), expected);
}

#[test]
fn a_link_that_was_written_wins_over_what_is_found() {
    assert_eq!(facets("[#tag @alice.test](https://a.com)"), pairs(&[("#tag @alice.test", "https://a.com")]));
    assert_eq!(facets("[example.org](https://a.com)"), pairs(&[("example.org", "https://a.com")]));
    assert_eq!(facets("https://b.com/[x](https://a.com)"), pairs(&[("x", "https://a.com")]));
}

#[test]
fn addresses_keep_their_marks() {
    for address in ["https://a.com/_x_", "https://a.com/*x*?y=~~z~~", "a.com/__init__", "https://a.com/_x_y_z_"] {
        assert_eq!(text(address), address);
        assert_eq!(text(&format!("see *this* {address} _end_")), format!("see this {address} end"));
    }
    assert_eq!(facets("**https://a.com/_x_**"), pairs(&[("https://a.com/_x_", "https://a.com/_x_")]));
    assert_eq!(facets("_https://a.com/x_"), pairs(&[("https://a.com/x", "https://a.com/x")]));
}

#[test]
fn a_link_to_no_web_address_becomes_words_and_is_told() {
    let read = read("🦋 [mail](mailto:me@a.com), [page](notes.md), <xmpp:a@b.com>, [here]( )");
    assert_eq!(read.text, "🦋 mail, page, xmpp:a@b.com, here");
    assert_eq!(read.facets, []);
    let lost: Vec<_> = read.lost.iter().map(|lost| (lost.at, lost.target.as_str(), lost.why)).collect();
    let expected = [(5, "mailto:me@a.com"), (11, "notes.md"), (17, "xmpp:a@b.com"), (31, "")];
    assert_eq!(lost, expected.map(|(at, target)| (at, target, WhyLost::NoWebAddress)));
}

#[test]
fn a_link_without_words_is_told() {
    for source in ["a [](https://a.com)", "a [![x](x.png)](https://a.com)", "a [&nbsp;](https://a.com)"] {
        let read = read(source);
        assert_eq!((read.text.as_str(), read.facets), ("a", vec![]), "{source}");
        assert_eq!(read.lost[0].why, WhyLost::NoWords, "{source}");
    }
}

#[test]
fn an_address_with_characters_that_servers_refuse_is_encoded() {
    assert_eq!(facets("[x](<https://a.com/b c>)"), pairs(&[("x", "https://a.com/b%20c")]));
}

#[test]
fn pictures_stand_beside_the_text_in_their_order() {
    let read = read(
        "One\n\n![A *cat*, `c`](cat.png)\n\nsee ![it](<b c.png> \"title\") here\n![](d.png)\nand ![e ![f](f.png)](e.png)",
    );
    assert_eq!(read.text, "One\n\nsee here\nand");
    let images: Vec<_> =
        read.images.iter().map(|image| (image.at, image.source.as_str(), image.alt.as_str())).collect();
    assert_eq!(images, [(3, "cat.png", "A cat, c"), (8, "b c.png", "it"), (13, "d.png", ""), (17, "e.png", "e f")]);
}

#[test]
fn what_looks_like_a_picture_and_is_none_is_told() {
    let read = read("é ![my cat](my cat.png) `![a](b c.png)`\n[x](y) ![z] and ![no\nend](d e.png)");
    assert_eq!(read.images, []);
    let lost: Vec<_> = read.lost.iter().map(|lost| (lost.at, lost.target.as_str(), lost.why)).collect();
    assert_eq!(lost, [(3, "my cat.png", WhyLost::NoPicture), (39, "y", WhyLost::NoWebAddress)]);
}

#[test]
fn pictures_alone_leave_no_text() {
    for source in ["![a](b.png)", "\n\n![a](b.png)\n\n![a](c.png)\n", "- ![a](b.png)\n- ![a](c.png)", "> ![a](b.png)"] {
        assert_eq!(text(source), "", "{source}");
    }
    assert_eq!(text("![a](b.png)\nwords\n![a](c.png)"), "words");
}

#[test]
fn emphasis_is_its_words() {
    assert_eq!(text("*a* _b_ **c** __d__ ***e*** ~~f~~ ~g~ snake_case 2*3*4"), "a b c d e f g snake_case 234");
}

#[test]
fn lines_stay_where_they_were_typed() {
    assert_eq!(text("one\ntwo  \nthree\\\nfour\r\nfive\rsix"), "one\ntwo\nthree\nfour\nfive\nsix");
    assert_eq!(text("one\n\n\n\ntwo"), "one\n\ntwo");
    assert_eq!(text("# Title\nbody\n\n## Next ##\n\nbody"), "Title\nbody\n\nNext\n\nbody");
    assert_eq!(text("Title\n=====\nbody"), "Title\nbody");
    assert_eq!(text("one\n***\ntwo"), "one\n***\ntwo");
}

#[test]
fn lists_are_lines() {
    assert_eq!(text("Buy:\n- milk\n- *eggs*\n  of hens\n\nDone"), "Buy:\n• milk\n• eggs\n  of hens\n\nDone");
    assert_eq!(text("* a\n\n* b"), "• a\n\n• b");
    assert_eq!(text("3. a\n3. b\n   - c\n   - d\n4) e"), "3. a\n4. b\n   • c\n   • d\n4) e");
    assert_eq!(text("- a\n-\n- - b\n- c"), "• a\n•\n• • b\n• c");
    assert_eq!(text("2024. What a year"), "2024. What a year");
    assert_eq!(text("- [ ] open"), "• [ ] open");
}

#[test]
fn quotations_keep_their_mark() {
    assert_eq!(text("> one\ntwo\n>\n> three\n\nfour"), "> one\n> two\n>\n> three\n\nfour");
    assert_eq!(text("> - a\n> - b\n> > c"), "> • a\n> • b\n> > c");
    assert_eq!(text("- > a\n  > b\n- c"), "• > a\n  > b\n• c");
    assert_eq!(facets("> see\n> [a\n> b](https://a.com)"), pairs(&[("a\n> b", "https://a.com")]));
    let deep = text(&format!("{}a\nb", "> ".repeat(60)));
    assert_eq!(deep, format!("{0}a\n{0}b", "> ".repeat(8)));
}

#[test]
fn code_is_verbatim_and_nothing_is_found_in_it() {
    assert_eq!(facets("`#tag` ``@alice.test ` *x*`` #real"), pairs(&[("#real", "#real")]));
    assert_eq!(text("`a *b* &amp; \\_`"), "a *b* &amp; \\_");
    let block = "Look:\n```rust\nlet a = b;\n    c(#tag, a.com);\n```\n#end\n\n    indented https://a.com";
    assert_eq!(text(block), "Look:\nlet a = b;\n    c(#tag, a.com);\n#end\n\nindented https://a.com");
    assert_eq!(facets(block), pairs(&[("#end", "#end")]));
    assert_eq!(text("a\n\n```\n```\n\nb"), "a\n\nb");
    assert_eq!(facets("[`code`](https://a.com)"), pairs(&[("code", "https://a.com")]));
}

#[test]
fn html_is_text_and_escapes_are_what_they_escape() {
    assert_eq!(text("a <b>bold</b> <br> c"), "a <b>bold</b> <br> c");
    assert_eq!(text("<div>\n*x*\n</div>\n\ny"), "<div>\n*x*\n</div>\n\ny");
    assert_eq!(text(r"\*a\* \[b](c) 1\. \# \\ &lt;&copy;"), r"*a* [b](c) 1. # \ <©");
    assert_eq!(text("[undefined] [a][b] ![x]"), "[undefined] [a][b] ![x]");
}

#[test]
fn places_are_those_of_the_composed_text() {
    let read = read("\r\n\r\n[a&#10;&#10;&#10;&#10;é](https://a.com)&#10;&#10;&#10;#b ![](x.png) \r\n\r\n");
    assert_eq!(read.text, "a\n\né\n\n#b");
    let ranges: Vec<_> = read.facets.iter().map(|found| (found.byte_start, found.byte_end)).collect();
    assert_eq!((ranges, read.images[0].at), (vec![(0, 5), (7, 9)], 9));
}
