//! What happens to a connection: one request after the other, each over its own connection to the server.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::accept::accept as accept_all;
use super::order::{Fault, Ticket};
use super::wire::{self, Message};
use super::{Passed, Shared};

const UPSTREAM_LIMIT_S: u64 = 60;

/// Accepts until the proxy is dropped.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    accept_all(listener, |client| {
        let shared = Arc::clone(&shared);
        async move { serve(client, &shared).await }
    })
    .await;
}

/// What the client gets to see.
enum Shown {
    Answer(Message),
    /// These bytes, then a closed connection.
    Cut(Vec<u8>),
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let (read, mut write) = client.split();
    let mut reader = BufReader::new(read);
    while let Some(head) = wire::read_request_head(&mut reader).await? {
        if head.header("expect").is_some() {
            write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let request = wire::read_request_body(&mut reader, head).await?;
        match exchange(&request, shared).await {
            Shown::Answer(answer) => {
                write.write_all(&answer.bytes()).await?;
                if !request.keeps_connection() || !answer.keeps_connection() {
                    return write.shutdown().await;
                }
            }
            Shown::Cut(bytes) => {
                write.write_all(&bytes).await?;
                return write.shutdown().await;
            }
        }
    }
    Ok(())
}

async fn exchange(request: &Message, shared: &Shared) -> Shown {
    let Some(mut ticket) = shared.take_order(request.head.target()) else {
        let answer = forward(request, shared).await;
        record(request, shared, answer.as_ref(), None);
        return answer.map_or(Shown::Cut(Vec::new()), Shown::Answer);
    };
    let (answer, shown) = fulfil(request, shared, &mut ticket).await;
    let status = record(request, shared, answer.as_ref(), Some(ticket.fault));
    // After the log, so that a test which waited finds its request there.
    ticket.finish(status);
    shown
}

/// The server's answer, and what the client is shown of it.
async fn fulfil(request: &Message, shared: &Shared, ticket: &mut Ticket) -> (Option<Message>, Shown) {
    let cut = || Shown::Cut(Vec::new());
    match ticket.fault {
        Fault::CutBeforeForward => {
            ticket.arrive();
            return (None, cut());
        }
        Fault::HoldRequest => {
            ticket.arrive();
            if !ticket.is_released().await {
                return (None, cut());
            }
        }
        Fault::HoldAnswer | Fault::CutAfterForward | Fault::CutMidAnswer => {}
    }
    let Some(answer) = forward(request, shared).await else { return (None, cut()) };
    let shown = match ticket.fault {
        Fault::HoldAnswer => {
            ticket.arrive();
            if ticket.is_released().await { Shown::Answer(answer.clone()) } else { cut() }
        }
        Fault::CutMidAnswer => Shown::Cut(first_half(&answer)),
        Fault::CutAfterForward => cut(),
        Fault::HoldRequest | Fault::CutBeforeForward => Shown::Answer(answer.clone()),
    };
    (Some(answer), shown)
}

/// The head and half of the body; of an answer without a body, half of the head.
fn first_half(answer: &Message) -> Vec<u8> {
    let mut bytes = answer.bytes();
    let body = answer.raw_body.len();
    let kept = if body == 0 { bytes.len() / 2 } else { bytes.len() - body.div_ceil(2) };
    bytes.truncate(kept);
    bytes
}

/// `None` when the server cannot be reached, closes without an answer or takes longer than 60 s.
async fn forward(request: &Message, shared: &Shared) -> Option<Message> {
    timeout(Duration::from_secs(UPSTREAM_LIMIT_S), ask(request, shared)).await.ok()?.ok()
}

async fn ask(request: &Message, shared: &Shared) -> io::Result<Message> {
    let mut server = BufReader::new(TcpStream::connect(&shared.authority).await?);
    server.write_all(&request.bytes()).await?;
    wire::read_answer(&mut server, request.head.method()).await
}

fn record(request: &Message, shared: &Shared, answer: Option<&Message>, fault: Option<Fault>) -> Option<u16> {
    let status = answer.and_then(|answer| answer.head.status().ok());
    shared.record(Passed {
        method: request.head.method().to_owned(),
        path: request.head.target().to_owned(),
        status,
        fault,
    });
    status
}
