//! From the events of the parser to words, links, code and pictures.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

use super::Image;
use super::address::Addresses;
use super::flow::Flow;

/// What was read, before it is composed.
#[derive(Default)]
pub(super) struct Read {
    pub(super) text: String,
    /// In their order; never overlapping, maybe empty.
    pub(super) links: Vec<Link>,
    /// In their order.
    pub(super) code: Vec<Range<usize>>,
    pub(super) images: Vec<Image>,
}

/// A link to somewhere.
pub(super) struct Link {
    pub(super) range: Range<usize>,
    pub(super) target: String,
}

/// Reads a source whose lines end in `\n` alone.
pub(super) fn read(source: &str) -> Read {
    let mut reader = Reader {
        source,
        flow: Flow::of(source),
        addresses: Addresses::of(source),
        read: Read::default(),
        link: None,
        image: None,
        images_within: 0,
        kept_marks: Vec::new(),
        lists: Vec::new(),
        block: None,
    };
    for (event, range) in Parser::new_ext(source, Options::ENABLE_STRIKETHROUGH).into_offset_iter() {
        reader.event(event, range);
    }
    Read { text: reader.flow.into_text(), ..reader.read }
}

struct Reader<'s> {
    source: &'s str,
    flow: Flow<'s>,
    addresses: Addresses<'s>,
    read: Read,
    /// The link that is being read, and where its words begin.
    link: Option<(String, Option<usize>)>,
    /// The picture whose alt text is being read.
    image: Option<Image>,
    /// How many pictures stand in its alt text, not yet closed.
    images_within: usize,
    /// For each emphasis that is open the marks that are text.
    kept_marks: Vec<&'s str>,
    /// For each list that is open the number of the next item, where it has numbers, and the pictures before it.
    lists: Vec<(Option<u64>, usize)>,
    /// What the block of code or HTML that is open holds so far.
    block: Option<String>,
}

impl<'s> Reader<'s> {
    fn event(&mut self, event: Event<'s>, range: Range<usize>) {
        if self.image.is_some() {
            return self.in_alt(&event);
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut self.block {
                Some(block) => block.push_str(&text),
                None => {
                    self.words(&text, range);
                }
            },
            Event::Code(text) => {
                let written = self.words(&text, range);
                self.read.code.push(written);
            }
            Event::SoftBreak | Event::HardBreak => self.flow.line_break(),
            Event::Rule => {
                self.flow.open_block(range.start);
                let mark = self.source.get(range.clone()).unwrap_or_default().trim();
                self.words(mark, range);
                self.flow.close_block();
            }
            // Extensions that are not switched on.
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'s>, range: Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } => self.flow.open_block(range.start),
            Tag::HtmlBlock | Tag::CodeBlock(_) => {
                self.flow.open_block(range.start);
                self.block = Some(String::new());
            }
            Tag::BlockQuote(_) => self.flow.enter_quote(),
            Tag::List(first) => self.lists.push((first, 0)),
            Tag::Item => self.start_item(&range),
            Tag::Emphasis => self.start_emphasis(1, &range),
            Tag::Strong => self.start_emphasis(2, &range),
            Tag::Strikethrough => {
                let is_double = self.source.get(range.clone()).is_some_and(|words| words.starts_with("~~"));
                self.start_emphasis(if is_double { 2 } else { 1 }, &range);
            }
            Tag::Link { dest_url, .. } => self.link = Some((dest_url.into_string(), None)),
            Tag::Image { dest_url, .. } => {
                self.flow.picture();
                let at = self.flow.place();
                self.image = Some(Image { at, source: dest_url.into_string(), alt: String::new() });
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => self.flow.close_block(),
            TagEnd::HtmlBlock | TagEnd::CodeBlock => {
                let written = self.end_block(range);
                self.read.code.extend(written.filter(|_| tag == TagEnd::CodeBlock));
            }
            TagEnd::BlockQuote(_) => self.flow.leave(range, false),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Item => {
                let pictures = self.lists.last().map_or(0, |list| list.1);
                self.flow.leave(range, pictures == self.read.images.len());
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                let marks = self.kept_marks.pop().unwrap_or_default();
                self.marks(marks, range.end.saturating_sub(marks.len())..range.end);
            }
            TagEnd::Link => {
                if let Some((target, start)) = self.link.take() {
                    let end = self.flow.place();
                    self.read.links.push(Link { range: start.unwrap_or(end)..end, target });
                }
            }
            _ => {}
        }
    }

    /// Everything within a picture is what it shows.
    fn in_alt(&mut self, event: &Event<'s>) {
        let Some(image) = &mut self.image else { return };
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => image.alt.push_str(text),
            Event::SoftBreak | Event::HardBreak => image.alt.push(' '),
            Event::Start(Tag::Image { .. }) => self.images_within += 1,
            Event::End(TagEnd::Image) if self.images_within > 0 => self.images_within -= 1,
            Event::End(TagEnd::Image) => self.read.images.extend(self.image.take()),
            _ => {}
        }
    }

    fn words(&mut self, words: &str, range: Range<usize>) -> Range<usize> {
        let written = self.flow.words(words, range);
        if let Some((_, start)) = &mut self.link {
            start.get_or_insert(written.start);
        }
        written
    }

    fn end_block(&mut self, range: Range<usize>) -> Option<Range<usize>> {
        let block = self.block.take().unwrap_or_default();
        let lines = block.trim_end_matches('\n');
        let end = self.source.get(range.clone()).map_or(range.end, |source| range.start + source.trim_end().len());
        let written = (!lines.is_empty()).then(|| self.words(lines, range.start..end));
        self.flow.close_block();
        written
    }

    /// Marks within an address are part of it.
    fn start_emphasis(&mut self, marks: usize, range: &Range<usize>) {
        let is_kept = self.addresses.holds(range.start);
        let kept = if is_kept { self.source.get(range.start..range.start + marks) } else { None };
        let kept = kept.unwrap_or_default();
        self.kept_marks.push(kept);
        self.marks(kept, range.start..range.start + kept.len());
    }

    fn marks(&mut self, marks: &str, range: Range<usize>) {
        if !marks.is_empty() {
            self.words(marks, range);
        }
    }

    fn start_item(&mut self, range: &Range<usize>) {
        let pictures = self.read.images.len();
        let written = self.source.get(range.clone()).unwrap_or_default().trim_start();
        let after_digits = written.trim_start_matches(|c: char| c.is_ascii_digit());
        let delimiter = if after_digits.starts_with(')') { ')' } else { '.' };
        let Some((next, before)) = self.lists.last_mut() else { return };
        *before = pictures;
        let marker = match next {
            Some(number) => {
                let marker = format!("{number}{delimiter} ");
                *number = number.saturating_add(1);
                marker
            }
            None => "• ".to_owned(),
        };
        self.flow.enter_item(marker);
    }
}
