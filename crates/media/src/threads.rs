//! Work on parts of a picture, each on a thread of its own. What is computed never depends on how many there are.

use std::num::NonZeroUsize;
use std::thread;

use crate::error::MediaError;

const MAX_THREADS: usize = 4;
/// Below it a thread costs more than it saves.
const MIN_PIXELS_A_THREAD: u64 = 500_000;

/// Into how many parts a picture of so many pixels is divided.
pub(crate) fn parts_of(pixels: u64) -> u32 {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
    let useful = pixels / MIN_PIXELS_A_THREAD;
    u32::try_from(useful.min(cores as u64)).unwrap_or(1).max(1)
}

/// Each part on a thread of its own, the last on this one.
pub(crate) fn on_threads<Part: Send>(
    mut parts: Vec<Part>,
    work: &(impl Fn(Part) -> Result<(), MediaError> + Sync),
) -> Result<(), MediaError> {
    let Some(last) = parts.pop() else { return Ok(()) };
    thread::scope(|scope| {
        let started: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
        let own = work(last);
        started.into_iter().fold(own, |outcome, thread| {
            outcome.and(thread.join().unwrap_or_else(|_| Err(MediaError::encode("a picture", "a thread broke off"))))
        })
    })
}
