//! The door: an address, the routes behind it, and its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use skein_domain::ports::{Clock, Ledger};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::collected::{Collected, Readings};
use crate::connections::BoundedListener;
use crate::ready::Ready;
use crate::{Metrics, routes};

/// How long requests may take to their end once the door closes, in milliseconds.
const CLOSE_WITHIN_MS: u64 = 1_000;

/// What the routes work with.
pub struct Parts {
    /// Where everything is kept.
    pub ledger: Arc<dyn Ledger>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// What is read when somebody looks.
    pub readings: Arc<dyn Readings>,
    /// Whether this process publishes; without an engine it is ready as soon as the store answers.
    pub has_engine: bool,
    /// Cancelled once the process is told to end: from then on it is not ready.
    pub stopping: CancellationToken,
}

/// What every route can reach.
pub(crate) struct Shared {
    pub(crate) ready: Ready,
    pub(crate) collected: Collected,
}

/// All routes.
pub fn router(parts: Parts) -> Router {
    let Parts { ledger, clock, metrics, readings, has_engine, stopping } = parts;
    let collected = Collected::new(Arc::clone(&metrics), Arc::clone(&ledger), readings);
    let shared = Shared { ready: Ready::new(ledger, clock, metrics, has_engine, stopping), collected };
    Router::new()
        .route("/healthz", get(routes::healthz::get))
        .route("/readyz", get(routes::readyz::get))
        .route("/metrics", get(routes::metrics::get))
        .with_state(Arc::new(shared))
}

/// An address that is taken. Whoever connects waits until it is served.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Takes an address; port 0 takes a free one.
    ///
    /// # Errors
    /// What the system says, such as that somebody else has the port.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is told to close, and a moment longer for requests that are under way.
    pub async fn serve(self, parts: Parts, close: CancellationToken) {
        let served = axum::serve(BoundedListener::new(self.listener), router(parts))
            .with_graceful_shutdown(close.clone().cancelled_owned());
        let at_last = async {
            close.cancelled().await;
            tokio::time::sleep(Duration::from_millis(CLOSE_WITHIN_MS)).await;
        };
        tokio::select! {
            ended = served.into_future() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the HTTP door stopped");
                }
            }
            () = at_last => {}
        }
    }
}

#[cfg(test)]
mod tests;
