//! What happens to a connection: one exchange after the other, until the fate of one of them ends it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::Shared;
use super::log::{Exchange, Place};
use super::plan::Fate;
use crate::proxy::accept::accept as accept_all;
use crate::proxy::wire::{self, Message};

const UPSTREAM_LIMIT_S: u64 = 60;

/// Accepts until the proxy is dropped.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    accept_all(listener, |client| {
        let shared = Arc::clone(&shared);
        async move { serve(client, &shared).await }
    })
    .await;
}

/// How a connection ends.
enum End {
    /// Both sides are reset.
    Cut,
    /// The client is reset now; the server's answer to this request is read and thrown away.
    CutClient(Message),
    /// As HTTP says.
    Closed,
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut server = TcpStream::connect(&shared.authority).await?;
    let (client_reads, mut to_client) = client.split();
    let (server_reads, mut to_server) = server.split();
    let (mut from_client, mut from_server) = (BufReader::new(client_reads), BufReader::new(server_reads));
    let end = loop {
        let Some(request) = next_request(&mut from_client, &mut from_server).await? else { break End::Closed };
        let leg = Leg { shared, from_server: &mut from_server, to_server: &mut to_server, to_client: &mut to_client };
        if let Some(end) = leg.run(request).await? {
            break end;
        }
    };
    match end {
        End::Closed => Ok(()),
        End::Cut => {
            client.set_zero_linger()?;
            server.set_zero_linger()
        }
        End::CutClient(request) => {
            client.set_zero_linger()?;
            drop(client);
            answer_to(&request, &mut BufReader::new(&mut server)).await.map(drop)
        }
    }
}

/// The next request; `None` when the client has no more, or the server closes while none is on its way.
async fn next_request<C, S>(from_client: &mut C, from_server: &mut S) -> io::Result<Option<Message>>
where
    C: AsyncBufRead + Unpin,
    S: AsyncBufRead + Unpin,
{
    let head = tokio::select! {
        head = wire::read_request_head(from_client) => head?,
        _ = from_server.fill_buf() => None,
    };
    match head {
        Some(head) => wire::read_request_body(from_client, head).await.map(Some),
        None => Ok(None),
    }
}

/// The two connections, for one exchange. Everything is in the log before the client can see it.
struct Leg<'a, S, W, C> {
    shared: &'a Shared,
    from_server: &'a mut S,
    to_server: &'a mut W,
    to_client: &'a mut C,
}

impl<S, W, C> Leg<'_, S, W, C>
where
    S: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
    C: AsyncWrite + Unpin,
{
    /// One exchange, to its end or its fate. `None`: another may follow.
    async fn run(self, request: Message) -> io::Result<Option<End>> {
        let (number, fate) = self.shared.next();
        let at_ms = u64::try_from(self.shared.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut exchange = Exchange::of(&request, number, at_ms);
        let bytes = request.bytes();
        let kept = if let Fate::InRequest(point) = fate { point.offset(bytes.len()) } else { bytes.len() };
        if let Err(error) = self.to_server.write_all(&bytes[..kept]).await {
            return self.server_gone(exchange, fate, error);
        }
        exchange.arrived = kept == bytes.len();
        match fate {
            Fate::InRequest(_) => {
                let place = if kept < request.head.raw.len() { Place::RequestHead } else { Place::RequestBody };
                self.cut(exchange, place);
                Ok(Some(End::Cut))
            }
            Fate::Unanswered => {
                self.cut(exchange, Place::Unanswered);
                Ok(Some(End::Cut))
            }
            Fate::Unheard => {
                self.cut(exchange, Place::Unheard);
                Ok(Some(End::CutClient(request)))
            }
            Fate::Pass | Fate::InAnswer(_) | Fate::AfterAnswer => match answer_to(&request, self.from_server).await {
                Ok(answer) => self.show(exchange, &request, &answer, fate).await,
                Err(error) => self.server_gone(exchange, fate, error),
            },
        }
    }

    async fn show(
        self,
        mut exchange: Exchange,
        request: &Message,
        answer: &Message,
        fate: Fate,
    ) -> io::Result<Option<End>> {
        exchange.status = answer.head.status().ok();
        let bytes = answer.bytes();
        let kept = if let Fate::InAnswer(point) = fate { point.offset(bytes.len()) } else { bytes.len() };
        let end = if fate == Fate::Pass {
            self.shared.record(exchange);
            (!request.keeps_connection() || !answer.keeps_connection()).then_some(End::Closed)
        } else {
            let place = match kept {
                kept if kept < answer.head.raw.len() => Place::AnswerHead,
                kept if kept < bytes.len() => Place::AnswerBody,
                _ => Place::AfterAnswer,
            };
            self.cut(exchange, place);
            Some(End::Cut)
        };
        self.to_client.write_all(&bytes[..kept]).await?;
        Ok(end)
    }

    fn cut(&self, exchange: Exchange, place: Place) {
        self.shared.record(Exchange { cut: Some(place), ..exchange });
    }

    /// The server ended the connection by itself, so there was nothing to cut.
    fn server_gone(&self, exchange: Exchange, fate: Fate, error: io::Error) -> io::Result<Option<End>> {
        if fate != Fate::Pass {
            self.shared.spare();
        }
        self.shared.record(exchange);
        Err(error)
    }
}

async fn answer_to<R: AsyncBufRead + Unpin>(request: &Message, from_server: &mut R) -> io::Result<Message> {
    let answer = wire::read_answer(from_server, request.head.method());
    timeout(Duration::from_secs(UPSTREAM_LIMIT_S), answer)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time")))
}
