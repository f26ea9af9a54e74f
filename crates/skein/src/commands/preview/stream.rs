//! Lines in, answers out, in the same order, by several threads, in constant memory.
//!
//! The reader hands each batch of lines to whichever worker is free, and at the same time a ticket to the writer, which
//! waits for the answers ticket by ticket. Both queues are bounded, so a slow reader of the answers slows down everything.

use memchr::memchr;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The longest line that is looked at.
pub(crate) const LINE_MAX_BYTES: usize = 1024 * 1024;

/// What is read at once: some hundred posts, so that handing them over costs nothing beside the work.
const CHUNK_BYTES: usize = 64 * 1024;

/// Batches on their way, for each worker.
const BATCHES_PER_WORKER: usize = 4;

/// A line without its line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// Longer than [`LINE_MAX_BYTES`]; it was skipped.
    TooLong,
}

/// How lines are given out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As many as were read at once, for work that needs the processor.
    Batches {
        /// How many threads work.
        workers: usize,
    },
    /// Each alone, for work that waits for somebody.
    OneByOne {
        /// How many threads work.
        workers: usize,
    },
}

/// Why not every line was answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// The lines ended early.
    #[error("Standard input could not be read: {0}.")]
    Input(io::Error),
    /// The answers cannot be written.
    #[error("Standard output could not be written: {0}.")]
    Output(io::Error),
    /// A worker is gone.
    #[error("A defect stopped the work on a line.")]
    Defect,
}

/// Whole lines, each with its line feed but perhaps the last one of all.
enum Job {
    Lines(Vec<u8>),
    TooLong,
}

type Answered = io::Result<Vec<u8>>;
type Ticket = io::Result<Receiver<Answered>>;
type Queue = Mutex<Receiver<(Job, SyncSender<Answered>)>>;

/// Answers every line of the input on the output. `answer` appends the answer to one line to a buffer.
///
/// Reader and workers are threads of their own rather than scoped ones: when the output is closed, nothing can wake the
/// reader from waiting for input that may never come, and this returns all the same.
pub(crate) fn answer_lines<A>(
    input: impl Read + Send + 'static,
    output: &mut impl Write,
    pace: Pace,
    answer: &Arc<A>,
) -> Result<(), StreamError>
where
    A: Fn(Line<'_>, &mut Vec<u8>) -> io::Result<()> + Send + Sync + 'static,
{
    let (Pace::Batches { workers } | Pace::OneByOne { workers }) = pace;
    let (to_workers, jobs) = sync_channel(workers * BATCHES_PER_WORKER);
    let (to_writer, tickets) = sync_channel::<Ticket>(workers * BATCHES_PER_WORKER);
    let jobs: Arc<Queue> = Arc::new(Mutex::new(jobs));
    for _ in 0..workers {
        let (jobs, answer) = (Arc::clone(&jobs), Arc::clone(answer));
        thread::spawn(move || work(&jobs, answer.as_ref()));
    }
    drop(jobs);
    thread::spawn(move || {
        let hand_over = |job| {
            let (to_ticket, ticket) = sync_channel(1);
            to_workers.send((job, to_ticket)).is_ok() && to_writer.send(Ok(ticket)).is_ok()
        };
        let split = matches!(pace, Pace::OneByOne { .. });
        if let Err(error) = read_jobs(input, split, hand_over) {
            // Nobody waits for it where the output has ended before.
            drop(to_writer.send(Err(error)));
        }
    });
    for ticket in tickets {
        let answered = ticket.map_err(StreamError::Input)?.recv().map_err(|_| StreamError::Defect)?;
        let answers = answered.map_err(StreamError::Output)?;
        output.write_all(&answers).and_then(|()| output.flush()).map_err(StreamError::Output)?;
    }
    Ok(())
}

fn work(jobs: &Queue, answer: &impl Fn(Line<'_>, &mut Vec<u8>) -> io::Result<()>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((job, to_ticket)) = next else { return };
        if to_ticket.send(answers_to(&job, answer)).is_err() {
            return;
        }
    }
}

fn answers_to(job: &Job, answer: &impl Fn(Line<'_>, &mut Vec<u8>) -> io::Result<()>) -> Answered {
    match job {
        Job::TooLong => {
            let mut answers = Vec::new();
            answer(Line::TooLong, &mut answers)?;
            Ok(answers)
        }
        Job::Lines(lines) => {
            let mut answers = Vec::with_capacity(lines.len() * 2);
            let mut rest = lines.as_slice();
            while !rest.is_empty() {
                let end = memchr(b'\n', rest).unwrap_or(rest.len());
                answer(Line::Whole(&rest[..end]), &mut answers)?;
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            Ok(answers)
        }
    }
}

/// Reads to the end, or until `hand_over` says that nobody wants more. What was read is handed over at once, so that a
/// program can write a line and wait for its answer.
fn read_jobs(mut input: impl Read, split: bool, mut hand_over: impl FnMut(Job) -> bool) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    // The beginning of a line whose end was not read yet.
    let mut held: Vec<u8> = Vec::new();
    let mut skipping = false;
    loop {
        let mut fresh = match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
            Ok(0) => {
                if !held.is_empty() {
                    hand_over(Job::Lines(held));
                }
                return Ok(());
            }
            Ok(read) => &chunk[..read],
        };
        if skipping {
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else { continue };
            fresh = &fresh[end + 1..];
            skipping = false;
        }
        let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, rest) = fresh.split_at(whole);
        held.extend_from_slice(lines);
        if !lines.is_empty() && !each_job(std::mem::take(&mut held), split, &mut hand_over) {
            return Ok(());
        }
        held.extend_from_slice(rest);
        if held.len() > LINE_MAX_BYTES {
            held.clear();
            skipping = true;
            if !hand_over(Job::TooLong) {
                return Ok(());
            }
        }
    }
}

/// Hands over whole lines, those that are too long by themselves.
fn each_job(lines: Vec<u8>, split: bool, hand_over: &mut impl FnMut(Job) -> bool) -> bool {
    if !split && lines.len() <= LINE_MAX_BYTES {
        return hand_over(Job::Lines(lines));
    }
    lines.split_inclusive(|byte| *byte == b'\n').all(|line| {
        let too_long = line.len() > LINE_MAX_BYTES + 1;
        hand_over(if too_long { Job::TooLong } else { Job::Lines(line.to_vec()) })
    })
}

#[cfg(test)]
mod tests;
