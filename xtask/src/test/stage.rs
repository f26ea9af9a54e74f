//! Stages: a heading, the output as it comes, a time, a tally.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::summary::Tally;

/// What has been run so far.
#[derive(Default)]
pub(super) struct Stages {
    done: Vec<Done>,
    notes: Vec<String>,
}

struct Done {
    name: &'static str,
    tally: Tally,
    elapsed: Duration,
}

impl Stages {
    /// A stage that cannot be run at all counts as one failure.
    pub(super) fn run(&mut self, name: &'static str, stage: impl FnOnce() -> anyhow::Result<Tally>) {
        println!("\n== {name}");
        let started = Instant::now();
        let tally = stage().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Tally::of_gate(false)
        });
        let elapsed = started.elapsed();
        println!("== {name}: {} in {:.1} s", verdict(tally), elapsed.as_secs_f64());
        self.done.push(Done { name, tally, elapsed });
    }

    pub(super) fn skip(&mut self, name: &'static str, reason: &str) {
        self.note(&format!("{name} was skipped: {reason}"));
        self.done.push(Done { name, tally: Tally { skipped: 1, ..Tally::default() }, elapsed: Duration::ZERO });
    }

    pub(super) fn note(&mut self, note: &str) {
        println!("\n{note}");
        self.notes.push(note.to_owned());
    }

    /// Prints the summary, its last line last; true when nothing failed.
    pub(super) fn finish(self) -> bool {
        println!("\n== summary");
        for Done { name, tally, elapsed } in &self.done {
            println!("{name:<10} {:>8.1} s   {}", elapsed.as_secs_f64(), verdict(*tally));
        }
        for note in &self.notes {
            println!("{note}");
        }
        let total = self.done.iter().map(|done| done.tally).fold(Tally::default(), Tally::plus);
        println!("{}", last_line(total));
        total.failed == 0
    }
}

fn verdict(tally: Tally) -> String {
    match tally {
        Tally { passed: 1, failed: 0, skipped: 0 } => "ok".to_owned(),
        Tally { passed: 0, failed: 0, skipped: 0 } => "done".to_owned(),
        Tally { passed: 0, failed: 1, skipped: 0 } => "FAILED".to_owned(),
        other => last_line(other),
    }
}

fn last_line(tally: Tally) -> String {
    let Tally { passed, failed, skipped } = tally;
    let counted = format!("{passed} passed, {failed} failed");
    if skipped == 0 { counted } else { format!("{counted}, {skipped} skipped") }
}

/// Passes or fails as a whole.
pub(super) fn gate(mut command: Command) -> anyhow::Result<Tally> {
    let status = command.status().with_context(|| cannot_start(&command))?;
    Ok(Tally::of_gate(status.success()))
}

/// Passes its output on as it comes and adds up what `read` finds in its lines.
pub(crate) fn counted(mut command: Command, read: fn(&str) -> Option<Tally>) -> anyhow::Result<Tally> {
    if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().with_context(|| cannot_start(&command))?;
    let stdout = child.stdout.take().context("no stdout")?;
    let stderr = child.stderr.take().context("no stderr")?;
    let beside = thread::spawn(move || pass_on(stderr, io::stderr(), read));
    let out = pass_on(stdout, io::stdout(), read)?;
    let err = beside.join().map_err(|_| anyhow!("the thread that reads stderr panicked"))??;
    Ok(out.plus(err).with_exit(child.wait()?.success()))
}

fn pass_on(from: impl Read, mut to: impl Write, read: fn(&str) -> Option<Tally>) -> io::Result<Tally> {
    let mut from = BufReader::new(from);
    let mut total = Tally::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        total = total.plus(read(&String::from_utf8_lossy(&line)).unwrap_or_default());
        line.clear();
    }
    Ok(total)
}

fn cannot_start(command: &Command) -> String {
    format!("{} cannot be started", command.get_program().display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::summary;

    #[test]
    fn the_last_line_names_what_was_skipped_only_when_something_was() {
        assert_eq!(last_line(Tally { passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
        assert_eq!(last_line(Tally { passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn several_summaries_are_added_and_all_output_is_passed_on() {
        let text =
            b"noise \xff\ntest result: ok. 2 passed; 0 failed\ntest result: FAILED. 1 passed; 1 failed" as &[u8];
        let mut shown = Vec::new();
        let total = pass_on(text, &mut shown, summary::libtest).unwrap();
        assert_eq!(total, Tally { passed: 3, failed: 1, skipped: 0 });
        assert_eq!(shown, text);
    }

    #[test]
    fn a_command_that_fails_or_is_missing_fails_its_stage() {
        assert_eq!(gate(Command::new("true")).unwrap(), Tally::of_gate(true));
        assert_eq!(counted(Command::new("false"), summary::libtest).unwrap(), Tally::of_gate(false));
        assert!(gate(Command::new("no-such-program-here")).is_err());
    }

    #[test]
    fn a_stage_that_cannot_run_does_not_stop_the_others() {
        let mut stages = Stages::default();
        stages.run("first", || Err(anyhow!("broken")));
        stages.run("second", || Ok(Tally::of_gate(true)));
        stages.skip("third", "not here");
        let total = stages.done.iter().map(|done| done.tally).fold(Tally::default(), Tally::plus);
        assert_eq!(total, Tally { passed: 1, failed: 1, skipped: 1 });
        assert!(!stages.finish());
    }
}
