//! A web site on this machine: pages and files that tests put there.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Clone)]
enum Answer {
    File { kind: String, bytes: Vec<u8> },
    Redirect { to: String },
    Endless,
}

#[derive(Default)]
struct Shelf {
    answers: HashMap<String, Answer>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Shelf>>;

/// Serves until it is dropped.
pub struct Site {
    address: SocketAddr,
    shelf: Shared,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Site {
    /// A site without pages, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shelf = Shared::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shelf));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shelf, serving })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a page there.
    pub fn page(&self, path: &str, html: &str) -> String {
        self.file(path, "text/html; charset=utf-8", html.as_bytes())
    }

    /// Puts a file there.
    pub fn file(&self, path: &str, kind: &str, bytes: &[u8]) -> String {
        self.put(path, Answer::File { kind: kind.to_owned(), bytes: bytes.to_vec() })
    }

    /// Whoever asks there is sent on.
    pub fn redirect(&self, path: &str, to: &str) -> String {
        self.put(path, Answer::Redirect { to: to.to_owned() })
    }

    /// A page that says how it begins and never ends.
    pub fn endless(&self, path: &str) -> String {
        self.put(path, Answer::Endless)
    }

    /// Every path that was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shelf).asked.clone()
    }

    fn put(&self, path: &str, answer: Answer) -> String {
        lock(&self.shelf).answers.insert(path.to_owned(), answer);
        self.url(path)
    }
}

fn lock(shelf: &Shared) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(State(shelf): State<Shared>, uri: Uri) -> Response {
    let answer = {
        let mut shelf = lock(&shelf);
        shelf.asked.push(uri.path().to_owned());
        shelf.answers.get(uri.path()).cloned()
    };
    match answer {
        None => (StatusCode::NOT_FOUND, "There is nothing here.").into_response(),
        Some(Answer::File { kind, bytes }) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Some(Answer::Redirect { to }) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(Answer::Endless) => {
            let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
            ([(header::CONTENT_TYPE, "text/html")], axum::body::Body::from_stream(pieces)).into_response()
        }
    }
}
