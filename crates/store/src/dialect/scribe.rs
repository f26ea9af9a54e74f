//! A thread for what many callers write together. A transaction is a dozen statements, each handed to the driver's thread and back. On
//! the threads of everybody else each answer would queue behind all that is busy there, while the one connection that writes stands still.

use std::future::Future;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Lives as long as somebody has it.
#[derive(Debug)]
pub(crate) struct Scribe {
    handle: Handle,
    _until_dropped: Option<oneshot::Sender<()>>,
}

impl Scribe {
    /// Where no thread can be had, the work is done on those of the caller.
    pub(crate) fn start() -> Self {
        let started = start();
        if let Err(error) = &started {
            tracing::warn!(%error, "no thread could be started for writing; bursts take longer");
        }
        started.unwrap_or_else(|_| Self { handle: Handle::current(), _until_dropped: None })
    }

    /// Does this on the thread.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

fn start() -> io::Result<Scribe> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (alive, dropped) = oneshot::channel();
    thread::Builder::new().name("skein-scribe".to_owned()).spawn(move || {
        // Nobody ever sends: it ends when the other side is dropped.
        runtime.block_on(async { dropped.await.unwrap_or(()) });
    })?;
    Ok(Scribe { handle, _until_dropped: Some(alive) })
}
