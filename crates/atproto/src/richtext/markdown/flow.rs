//! Writing the lines of a post: what goes between two blocks, and what stands before each line.

use std::ops::Range;

/// Quotations and lists within each other that are still shown; what is deeper looks like the last of these.
const DEPTH_MAX: usize = 8;

/// The text that is being written.
pub(super) struct Flow<'s> {
    source: &'s str,
    text: String,
    within: Vec<Container>,
    /// Where in the source the block begins of which nothing was written yet.
    waiting: Option<usize>,
    /// Whether a block is being written.
    open: bool,
    /// Where in the source that ends which was written last.
    written_to: usize,
    /// What is written before the next words, if there are any.
    owed: Owed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owed {
    Nothing,
    /// A picture took the place after a space.
    Space,
    LineBreak,
}

struct Container {
    kind: Kind,
    /// Whether something in it was written.
    begun: bool,
}

enum Kind {
    Quote,
    /// With what stands before its first line.
    Item(String),
}

impl<'s> Flow<'s> {
    pub(super) fn of(source: &'s str) -> Self {
        Self {
            source,
            text: String::with_capacity(source.len()),
            within: Vec::new(),
            waiting: None,
            open: false,
            written_to: 0,
            owed: Owed::Nothing,
        }
    }

    /// Where the next words would be written, but for what must be written before them.
    pub(super) fn place(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn enter_quote(&mut self) {
        self.close_block();
        self.within.push(Container { kind: Kind::Quote, begun: false });
    }

    pub(super) fn enter_item(&mut self, marker: String) {
        self.close_block();
        self.within.push(Container { kind: Kind::Item(marker), begun: false });
    }

    /// Leaves a quotation or an item. `source` is where it stands; an item without words is a marker alone.
    pub(super) fn leave(&mut self, source: Range<usize>, shows_marker: bool) {
        let is_bare = self.within.last().is_some_and(|last| !last.begun && matches!(last.kind, Kind::Item(_)));
        if is_bare && shows_marker {
            self.open_block(source.start);
            self.words("", source.start..source.start);
            self.trim_line();
        }
        self.close_block();
        self.within.pop();
    }

    /// A block begins in the source. It begins in the text with its first words, if it has any.
    pub(super) fn open_block(&mut self, source_start: usize) {
        self.close_block();
        self.waiting = Some(source_start);
    }

    pub(super) fn close_block(&mut self) {
        (self.open, self.waiting, self.owed) = (false, None, Owed::Nothing);
    }

    /// Writes words that stand there in the source. Returns where they are in the text.
    pub(super) fn words(&mut self, words: &str, source: Range<usize>) -> Range<usize> {
        let mut words = words;
        if self.open {
            match self.owed {
                Owed::LineBreak => self.next_line(),
                Owed::Space => {
                    words = words.strip_prefix(' ').unwrap_or(words);
                    self.text.push(' ');
                }
                Owed::Nothing => {}
            }
        } else {
            self.begin(self.waiting.unwrap_or(source.start));
        }
        self.owed = Owed::Nothing;
        let start = self.text.len();
        for (number, line) in words.split('\n').enumerate() {
            if number > 0 {
                self.next_line();
            }
            self.text.push_str(line);
        }
        self.written_to = self.written_to.max(source.end);
        start..self.text.len()
    }

    /// A line ends, unless nothing more comes in its block.
    pub(super) fn line_break(&mut self) {
        if self.open {
            self.owed = Owed::LineBreak;
        }
    }

    /// A picture stands here: one of the spaces around it is enough.
    pub(super) fn picture(&mut self) {
        if self.open && self.owed == Owed::Nothing && self.text.ends_with(' ') {
            self.text.pop();
            self.owed = Owed::Space;
        }
    }

    fn begin(&mut self, source_start: usize) {
        self.open = true;
        if !self.text.is_empty() {
            self.text.push('\n');
            if self.source.get(self.written_to..source_start).is_some_and(holds_blank_line) {
                let begun = self.within.iter().take_while(|container| container.begun).count();
                self.before_line(begun);
                self.trim_line();
                self.text.push('\n');
            }
        }
        self.before_line(self.within.len());
        for container in self.within.iter_mut().rev().take_while(|container| !container.begun) {
            container.begun = true;
        }
    }

    /// Nothing stands after the marks of this line.
    fn trim_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
    }

    fn next_line(&mut self) {
        self.text.push('\n');
        self.before_line(self.within.len());
    }

    /// What the outermost containers put before a line.
    fn before_line(&mut self, containers: usize) {
        for container in self.within.iter().take(containers.min(DEPTH_MAX)) {
            match &container.kind {
                Kind::Quote => self.text.push_str("> "),
                Kind::Item(marker) if !container.begun => self.text.push_str(marker),
                Kind::Item(marker) => self.text.extend(marker.chars().map(|_| ' ')),
            }
        }
    }
}

/// Whether one of the lines between two blocks is blank, but for the marks of quotations.
fn holds_blank_line(between: &str) -> bool {
    let mut lines = between.split('\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        let is_whole = lines.peek().is_some();
        if is_whole && line.trim_matches(|c: char| c == '>' || c.is_whitespace()).is_empty() {
            return true;
        }
    }
    false
}
