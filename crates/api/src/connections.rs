//! A listener with bounds: so many connections at once, and none that says nothing for long.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// Connections at once; further ones wait.
const CONNECTIONS_AT_MOST: usize = 64;

/// A connection on which nothing comes for so long is closed, in milliseconds. Those who look every half minute keep theirs.
const SILENT_AT_MOST_MS: u64 = 75_000;

/// Accepts connections within the bounds.
pub(crate) struct BoundedListener {
    listener: TcpListener,
    places: Arc<Semaphore>,
    silent_at_most: Duration,
}

impl BoundedListener {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self::with(listener, CONNECTIONS_AT_MOST, Duration::from_millis(SILENT_AT_MOST_MS))
    }

    fn with(listener: TcpListener, at_most: usize, silent_at_most: Duration) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(at_most)), silent_at_most }
    }
}

impl Listener for BoundedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let silence = Box::pin(tokio::time::sleep(self.silent_at_most));
        (BoundedStream { stream, silence, silent_at_most: self.silent_at_most, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A stream that fails once its client has said nothing for too long, and gives its place back when it is dropped.
pub(crate) struct BoundedStream {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    silent_at_most: Duration,
    _place: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for BoundedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            let until = Instant::now() + self.silent_at_most;
            self.silence.as_mut().reset(until);
            return Poll::Ready(read);
        }
        match self.silence.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn listener(at_most: usize, silent_ms: u64) -> (BoundedListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (BoundedListener::with(listener, at_most, Duration::from_millis(silent_ms)), address)
    }

    #[tokio::test]
    async fn a_client_that_says_nothing_is_let_go() {
        let (mut listener, address) = listener(1, 1).await;
        let _client = TcpStream::connect(address).await.unwrap();
        let (mut stream, _) = listener.accept().await;
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn who_speaks_now_and_then_is_kept() {
        let (mut listener, address) = listener(1, SILENT_AT_MOST_MS).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut stream, _) = listener.accept().await;
        let more_than_half = Duration::from_millis(SILENT_AT_MOST_MS * 3 / 5);
        for word in 1..=3 {
            client.write_u8(word).await.unwrap();
            // While a real socket is waited for, paused time may run on to the end of the silence: then the word is there already.
            stream.stream.readable().await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), word);
            tokio::time::advance(more_than_half).await;
            let further = futures_util::future::poll_immediate(stream.read_u8()).await;
            assert!(further.is_none(), "after word {word}: {further:?}");
        }
        tokio::time::advance(more_than_half).await;
        let error = stream.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_speaks_is_heard_and_the_next_one_waits_for_its_place() {
        let (mut listener, address) = listener(1, 60_000).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        first.write_u8(7).await.unwrap();
        let (mut stream, _) = listener.accept().await;
        assert_eq!(stream.read_u8().await.unwrap(), 7);
        {
            let waiting = listener.accept();
            tokio::pin!(waiting);
            let turned = futures_util::future::poll_immediate(&mut waiting).await;
            assert!(turned.is_none(), "there is one place");
        }
        drop(stream);
        listener.accept().await;
    }
}
