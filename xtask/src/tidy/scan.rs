//! Rust source told apart into code, comments and literals, without parsing it.

/// Two views of the same lines; what does not belong to a view is blank in it.
pub(crate) struct Scanned {
    pub(crate) code: String,
    pub(super) comments: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Of its `fn`, from 1.
    pub(super) line: usize,
    /// From `fn` to the closing brace.
    pub(super) lines: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

impl Scanned {
    pub(crate) fn new(source: &str) -> Self {
        let characters: Vec<char> = source.chars().collect();
        let mut scanned = Self { code: String::new(), comments: String::new() };
        let mut at = 0;
        while at < characters.len() {
            let (kind, length) = piece(&characters[..], at);
            let end = (at + length.max(1)).min(characters.len());
            for &character in &characters[at..end] {
                let blank = if character == '\n' { '\n' } else { ' ' };
                scanned.code.push(if kind == Kind::Code { character } else { blank });
                scanned.comments.push(if kind == Kind::Comment { character } else { blank });
            }
            at = end;
        }
        scanned
    }

    pub(super) fn functions(&self) -> Vec<Function> {
        let code: Vec<char> = self.code.chars().collect();
        let mut found = Vec::new();
        let mut line = 1;
        for at in 0..code.len() {
            if code[at] == '\n' {
                line += 1;
            }
            let Some(name) = function_name(&code, at) else { continue };
            let Some(end) = end_of_body(&code[at..]) else { continue };
            let lines = code[at..=at + end].iter().filter(|c| **c == '\n').count() + 1;
            found.push(Function { name, line, lines });
        }
        found
    }
}

/// What starts at `at`, and how many characters it has.
fn piece(characters: &[char], at: usize) -> (Kind, usize) {
    let rest = &characters[at..];
    match rest {
        ['/', '/', ..] => (Kind::Comment, rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => (Kind::Comment, block_comment(rest)),
        ['"', ..] => (Kind::Literal, quoted(rest)),
        ['\'', ..] => quoted_character(rest).map_or((Kind::Code, 1), |length| (Kind::Literal, length)),
        ['r', ..] if !is_inside_word(characters, at) => {
            raw_string(rest).map_or((Kind::Code, 1), |length| (Kind::Literal, length))
        }
        _ => (Kind::Code, 1),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `None` for a lifetime.
fn quoted_character(rest: &[char]) -> Option<usize> {
    match rest {
        // The character after the backslash may itself be a quote.
        ['\'', '\\', _, tail @ ..] => tail.iter().position(|c| *c == '\'').map(|end| end + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// `None` when the `r` only begins a word, or a raw identifier.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let start = hashes + 2;
    let ends_at =
        |at: &usize| rest[*at] == '"' && rest[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    Some((start..rest.len()).find(ends_at).map_or(rest.len(), |end| end + 1 + hashes))
}

/// The prefixes of `br"…"` and `cr"…"` are no words of their own.
fn is_inside_word(characters: &[char], at: usize) -> bool {
    let before = &characters[..at];
    let word = before.strip_suffix(&['b']).or_else(|| before.strip_suffix(&['c'])).unwrap_or(before);
    word.last().is_some_and(|character| is_word(*character))
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The name when `fn NAME` starts at `at`; a pointer type has none.
fn function_name(code: &[char], at: usize) -> Option<String> {
    let ['f', 'n', space, rest @ ..] = &code[at..] else { return None };
    if !space.is_whitespace() || (at > 0 && is_word(code[at - 1])) {
        return None;
    }
    let name: String =
        rest.iter().skip_while(|c| c.is_whitespace()).take_while(|c| is_word(**c) || **c == '#').collect();
    (!name.is_empty()).then_some(name)
}

/// Where the brace that closes the body is; `None` for a declaration.
fn end_of_body(code: &[char]) -> Option<usize> {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for (at, character) in code.iter().enumerate() {
        match character {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            ';' if braces == 0 && brackets == 0 => return None,
            // Within brackets of the signature a brace is a constant expression.
            '{' if braces > 0 || brackets == 0 => braces += 1,
            '}' if braces > 0 => {
                braces -= 1;
                if braces == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(source: &str) -> Vec<(String, usize, usize)> {
        Scanned::new(source).functions().into_iter().map(|f| (f.name, f.line, f.lines)).collect()
    }

    #[test]
    fn braces_in_literals_and_comments_do_not_count() {
        for line in [
            r#"let a = "}}{";"#,
            r##"let a = r#"}" {"#;"##,
            r##"let a = br#"}"}"#;"##,
            r#"let a = "\"}";"#,
            r#"let a = b"}";"#,
            "let a = '}';",
            r"let a = '\''; let b = '}';",
            r"let a = '\u{7d}';",
            "let a = b'{';",
            "// it's }",
            "/* } /* } */ } */",
            "fn_like('a', '}');",
            "let a: &'static str = x; let b: Vec<'a> = '}';",
        ] {
            let source = format!("/// A {{\nfn a<'a>() {{\n    {line}\n}}\nfn b() {{}}\n");
            assert_eq!(lengths(&source), [("a".into(), 2, 3), ("b".into(), 5, 1)], "{line}");
        }
    }

    #[test]
    fn signatures_over_several_lines_count() {
        let source = "pub async fn a<T>(\n    b: [u8; 4],\n    c: fn(u8) -> u8,\n) -> Result<T>\nwhere\n    T: X,\n{\n    c\n}\n";
        assert_eq!(lengths(source), [("a".into(), 1, 9)]);
    }

    #[test]
    fn declarations_and_pointer_types_have_no_body() {
        let source = "trait A {\n    fn a(&self) -> [u8; 2];\n    fn b(&self) {\n    }\n}\ntype C = fn(u8);\n";
        assert_eq!(lengths(source), [("b".into(), 3, 2)]);
    }

    #[test]
    fn a_function_within_a_function_is_measured_too() {
        let source = "fn a() {\n    fn b() {\n    }\n    b();\n}\n";
        assert_eq!(lengths(source), [("a".into(), 1, 5), ("b".into(), 2, 2)]);
    }

    #[test]
    fn raw_identifiers_and_words_that_end_in_r_are_code() {
        let scanned = Scanned::new("let r#type = bar; let var = \"s\"; // c\n");
        assert_eq!(scanned.code, format!("let r#type = bar; let var = {};{}\n", " ".repeat(3), " ".repeat(5)));
        assert_eq!(scanned.comments.trim(), "// c");
    }
}
