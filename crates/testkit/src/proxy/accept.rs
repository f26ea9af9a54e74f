//! Taking connections in, for every proxy of the tests.

use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const MAX_CONNECTIONS: usize = 256;

/// Accepts until the proxy is dropped; that drops the connections' tasks too.
pub(crate) async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if connections.len() < MAX_CONNECTIONS {
            let served = serve(client);
            // Either side may go away at any moment, since tests bring that about; the log says what became of the request.
            connections.spawn(async move { drop(served.await) });
        }
    }
}
