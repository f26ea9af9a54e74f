//! What a bench has found: sentences, a table, and which aims hold.

use std::fmt::Write as _;

use super::machine::Machine;

/// What one bench has found.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) heading: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) aims: Vec<Aim>,
    /// What a reader has to know to judge the numbers.
    pub(super) notes: Vec<String>,
}

/// What was to be reached, and what was.
#[derive(Debug)]
pub(super) struct Aim {
    pub(super) what: String,
    pub(super) reached: String,
    pub(super) holds: bool,
}

impl Section {
    pub(super) fn aims_hold(&self) -> bool {
        self.aims.iter().all(|aim| aim.holds)
    }

    /// Columns of equal width.
    pub(super) fn for_terminal(&self) -> String {
        let heading: Vec<String> = self.heading.iter().map(|&title| title.to_owned()).collect();
        let rows: Vec<&Vec<String>> = std::iter::once(&heading).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
        let mut text = String::new();
        for row in &rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or(0);
                format!("{cell:<width$}")
            });
            line(&mut text, cells.collect::<Vec<_>>().join("  ").trim_end());
        }
        for said in self.aim_lines().chain(self.notes.iter().cloned()) {
            line(&mut text, &said);
        }
        text
    }

    /// Markdown, with the machine.
    pub(super) fn for_page(&self, machine: &Machine) -> String {
        let mut text = format!("{}\n\n", machine.describe());
        line(&mut text, &format!("| {} |", self.heading.join(" | ")));
        line(&mut text, &format!("|{}", "---|".repeat(self.heading.len())));
        for row in &self.rows {
            line(&mut text, &format!("| {} |", row.join(" | ")));
        }
        line(&mut text, "");
        for said in self.aim_lines().chain(self.notes.iter().cloned()) {
            line(&mut text, &format!("- {said}"));
        }
        text
    }

    fn aim_lines(&self) -> impl Iterator<Item = String> {
        self.aims.iter().map(|Aim { what, reached, holds }| {
            format!("aim: {what}: {reached}, {}", if *holds { "holds" } else { "MISSED" })
        })
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "{line}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(holds: bool) -> Section {
        Section {
            heading: vec!["program", "time"],
            rows: vec![vec!["Skein".into(), "1 s".into()], vec!["the peer – slow".into(), "99 s".into()]],
            aims: vec![Aim { what: "at least 40 times".into(), reached: "99.0 times".into(), holds }],
            notes: vec!["every answer is the same".into()],
        }
    }

    #[test]
    fn columns_line_up_and_aims_are_told() {
        let expected = "program          time\nSkein            1 s\nthe peer – slow  99 s\n\
            aim: at least 40 times: 99.0 times, holds\nevery answer is the same\n";
        assert_eq!(section(true).for_terminal(), expected);
    }

    #[test]
    fn the_page_gets_markdown_and_a_missed_aim_is_seen() {
        let machine = Machine::for_test("a machine");
        let section = section(false);
        assert!(!section.aims_hold());
        let expected = "a machine\n\n| program | time |\n|---|---|\n| Skein | 1 s |\n| the peer – slow | 99 s |\n\n\
            - aim: at least 40 times: 99.0 times, MISSED\n- every answer is the same\n";
        assert_eq!(section.for_page(&machine), expected);
    }
}
