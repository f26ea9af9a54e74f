//! What people see: lines of text with tones, cleaned of control characters, coloured only where that helps.

use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use crate::text::{clean, escape_json};

/// Longer lines are hard to read.
const WIDTH_MOST: usize = 100;
const WIDTH_LEAST: usize = 60;

/// How a piece of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Like everything else.
    Plain,
    /// Beside the point.
    Faint,
    /// What the eye looks for.
    Strong,
    /// It went well.
    Good,
    /// It needs attention.
    Warn,
    /// It went wrong.
    Bad,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Faint => "2",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "31",
        }
    }
}

/// One line for people. Its pieces are cleaned when they are added, so that nothing in a text of others can command the
/// terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pieces: Vec<(Tone, String)>,
}

impl Line {
    /// An empty line.
    pub(crate) fn blank() -> Self {
        Self::default()
    }

    /// A line in one tone.
    pub(crate) fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::blank().and(tone, text)
    }

    /// The line with another piece at its end.
    pub(crate) fn and(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.pieces.push((tone, clean(text.as_ref())));
        self
    }

    /// The line without its tones.
    pub(crate) fn plain(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect::<String>().trim_end().to_owned()
    }

    fn coloured(&self) -> String {
        let coloured = |(tone, text): &(Tone, String)| match tone.code() {
            "" => text.clone(),
            code => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        };
        self.pieces.iter().map(coloured).collect()
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::of(Tone::Plain, text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::of(Tone::Plain, text)
    }
}

/// Standard output and standard error, for one command.
pub(crate) struct Screen {
    json: bool,
    out: Stream,
    err: Stream,
}

struct Stream {
    to: Mutex<Box<dyn Write + Send>>,
    terminal: bool,
    colour: bool,
    width: usize,
    broken: Mutex<Option<io::Error>>,
}

impl Screen {
    /// The screen of this process. With `json`, people's lines are not printed on standard output.
    pub(crate) fn of_process(json: bool, no_colour: bool) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_is, err_is) = (out.is_terminal(), err.is_terminal());
        Self {
            json,
            out: Stream::new(Box::new(out), out_is, out_is && !no_colour, width_of(io::stdout())),
            err: Stream::new(Box::new(err), err_is, err_is && !no_colour, width_of(io::stderr())),
        }
    }

    /// Whether a program reads.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.out.terminal && !self.json
    }

    /// How wide lines on standard output may be, in characters: as wide as they like where no person looks.
    pub(crate) fn width(&self) -> usize {
        self.out.width
    }

    /// How wide lines on standard error may be.
    pub(crate) fn note_width(&self) -> usize {
        self.err.width
    }

    /// One line for people, on standard output.
    pub(crate) fn line(&self, line: impl Into<Line>) {
        if !self.json {
            self.out.write_line(&line.into());
        }
    }

    /// Several lines for people.
    pub(crate) fn lines(&self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.line(line);
        }
    }

    /// A line that replaces itself on a terminal. Ends with [`Screen::settle`].
    pub(crate) fn update(&self, line: impl Into<Line>) {
        if self.is_terminal() {
            let line = line.into();
            let text = if self.out.colour { line.coloured() } else { line.plain() };
            self.out.write(&format!("\r\u{1b}[2K{text}"));
        }
    }

    /// Clears the line that replaced itself.
    pub(crate) fn settle(&self) {
        if self.is_terminal() {
            self.out.write("\r\u{1b}[2K");
        }
    }

    /// A line of standard error that replaces itself where a person looks at it. Ends with [`Screen::settle_progress`].
    pub(crate) fn progress(&self, line: impl Into<Line>) {
        if self.err.terminal {
            let line = line.into();
            let text = if self.err.colour { line.coloured() } else { line.plain() };
            self.err.write(&format!("\r\u{1b}[2K{text}"));
        }
    }

    /// Clears the line of standard error that replaced itself.
    pub(crate) fn settle_progress(&self) {
        if self.err.terminal {
            self.err.write("\r\u{1b}[2K");
        }
    }

    /// One line for people, on standard error: what went wrong, or what they should know besides the result.
    pub(crate) fn note(&self, line: impl Into<Line>) {
        self.err.write_line(&line.into());
    }

    /// The one object for programs, on standard output; people may look at it, too.
    pub(crate) fn object(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.out.write(&format!("{}\n", escape_json(&text))),
            Err(error) => self.note(format!("The result cannot be written as JSON: {error}")),
        }
    }

    /// A value for programs on one line, one of several.
    pub(crate) fn object_line(&self, value: &serde_json::Value) {
        self.out.write(&format!("{}\n", escape_json(&value.to_string())));
    }

    /// Whether something of standard output did not arrive, for whatever reason.
    pub(crate) fn is_broken(&self) -> bool {
        self.out.broken.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What kept standard output from being written, unless its reader left early, which is the reader's right.
    pub(crate) fn trouble(&self) -> Option<String> {
        let broken = self.out.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.as_ref().filter(|error| error.kind() != io::ErrorKind::BrokenPipe).map(ToString::to_string)
    }
}

impl Stream {
    fn new(to: Box<dyn Write + Send>, terminal: bool, colour: bool, width: usize) -> Self {
        Self { to: Mutex::new(to), terminal, colour, width, broken: Mutex::new(None) }
    }

    fn write_line(&self, line: &Line) {
        let text = if self.colour { line.coloured() } else { line.plain() };
        self.write(&format!("{text}\n"));
    }

    fn write(&self, text: &str) {
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
            *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }
}

/// Lines are wrapped on a terminal only: a program that searches them finds whole sentences.
fn width_of(stream: impl std::os::fd::AsFd) -> usize {
    match rustix::termios::tcgetwinsize(stream) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col).clamp(WIDTH_LEAST, WIDTH_MOST),
        Ok(_) => WIDTH_MOST,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_cannot_command_the_terminal() {
        let line = Line::of(Tone::Plain, "a\u{1b}[2Jb").and(Tone::Bad, "c\u{7}");
        assert_eq!(line.plain(), "a␛[2Jbc␇");
        assert_eq!(line.coloured(), "a␛[2Jb\u{1b}[31mc␇\u{1b}[0m");
    }

    #[test]
    fn a_line_ends_without_blanks() {
        assert_eq!(Line::of(Tone::Plain, "a  ").and(Tone::Faint, "  ").plain(), "a");
    }
}
