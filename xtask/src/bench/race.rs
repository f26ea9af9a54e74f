//! Several programs that do the same, run in turns, so that what disturbs the machine disturbs them alike.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Ground;
use super::samples::Sample;

/// How often each is measured.
const ROUNDS: usize = 5;
const NOTHING: &str = "/dev/null";

/// A program with all it is given, and where its standard output goes.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    pub(super) name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    input: PathBuf,
    output: PathBuf,
    tells_its_work: bool,
}

impl Contender {
    pub(super) fn of(name: &str, program: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            input: NOTHING.into(),
            output: NOTHING.into(),
            tells_its_work: false,
        }
    }

    pub(super) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(super) fn variable(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    pub(super) fn reads(mut self, input: &Path) -> Self {
        input.clone_into(&mut self.input);
        self
    }

    pub(super) fn writes(mut self, output: PathBuf) -> Self {
        self.output = output;
        self
    }

    /// It prints one line of JSON whose `work_us` says how long the work took, without the start of the program.
    pub(super) fn tells_its_work(mut self) -> Self {
        self.tells_its_work = true;
        self
    }

    /// To run it without measuring.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What it printed last.
    pub(super) fn printed(&self) -> anyhow::Result<Value> {
        let text = fs::read(&self.output).with_context(|| format!("{} cannot be read", self.output.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} printed no JSON", self.name))
    }
}

/// Runs each once, so that what they write can be checked, and files and programs are in memory for all.
pub(super) fn rehearse(ground: &Ground<'_>, contenders: &[Contender]) -> anyhow::Result<()> {
    contenders.iter().try_for_each(|contender| run(ground, contender).map(drop))
}

/// Measures them in turns. One list of samples a contender, in their order.
pub(super) fn race(ground: &Ground<'_>, contenders: &[Contender]) -> anyhow::Result<Vec<Vec<Sample>>> {
    let mut samples = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for round in 1..=ROUNDS {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            let sample = run(ground, contender)?;
            let Sample { wall_us, cpu_us, peak_kib, .. } = sample;
            println!("  {round}/{ROUNDS} {}: {wall_us} µs, {cpu_us} µs of CPU, {peak_kib} KiB", contender.name);
            samples.push(sample);
        }
    }
    Ok(samples)
}

/// Measures one run.
pub(super) fn run(ground: &Ground<'_>, contender: &Contender) -> anyhow::Result<Sample> {
    let Contender { name, program, arguments, variables, input, output, tells_its_work } = contender;
    let mut command = ground.peers.bare_python();
    command.arg(ground.source("measure.py")).args([input, output]).arg(program).args(arguments);
    let told = command.envs(variables.iter().map(|(name, value)| (name, value))).output();
    let told = told.with_context(|| format!("{name} cannot be measured"))?;
    let complaint = String::from_utf8_lossy(&told.stderr);
    if !told.status.success() {
        bail!("{name} cannot be measured ({}): {}", told.status, complaint.trim());
    }
    let measured: Value = serde_json::from_slice(&told.stdout).context("measure.py printed no JSON")?;
    let number = |field: &str| measured[field].as_u64().with_context(|| format!("measure.py told no {field}"));
    if measured["exit_code"] != 0 {
        bail!("{name} ended with {}: {}", measured["exit_code"], complaint.trim());
    }
    let work_us = if *tells_its_work {
        contender.printed()?["work_us"].as_u64().with_context(|| format!("{name} told no work_us"))?
    } else {
        0
    };
    Ok(Sample { wall_us: number("wall_us")?, cpu_us: number("cpu_us")?, peak_kib: number("peak_kib")?, work_us })
}
