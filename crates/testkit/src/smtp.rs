//! A mail server on this machine: it takes every mail and keeps it, and goes wrong when it is told to.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// How one mail goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpOrder {
    /// It is taken with 451 for an answer: not now.
    Busy,
    /// Its first recipient is refused with 550: never.
    Refused,
    /// The login is refused with 535.
    LoginRefused,
    /// The connection ends before the mail is answered. The mail is not kept.
    Cut,
    /// The mail is kept, and its answer never comes.
    Unanswered,
}

/// A mail that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its sender, as the envelope says.
    pub from: String,
    /// Its recipients, as the envelope says.
    pub to: Vec<String>,
    /// Headers and body, as they came.
    pub data: String,
}

#[derive(Debug, Default)]
struct Desk {
    mails: Vec<Mail>,
    orders: VecDeque<SmtpOrder>,
    /// Who tried to log in, as `user:password`.
    logins: Vec<String>,
    connections: usize,
}

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    arrived: Notify,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next order, if it is this one.
    fn is_ordered(&self, order: SmtpOrder) -> bool {
        let mut desk = self.desk();
        let is_next = desk.orders.front() == Some(&order);
        if is_next {
            desk.orders.pop_front();
        }
        is_next
    }
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl SmtpServer {
    /// A server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> io::Result<Self> {
        Self::start_at("127.0.0.1:0".parse().map_err(io::Error::other)?).await
    }

    /// A server where another one was.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let desk = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let desk = Arc::clone(&desk);
                desk.desk().connections += 1;
                // A client that leaves in the middle ends its own talk only.
                talks.spawn(async move { Talk::with(stream, desk).run().await.ok() });
            }
        });
        Ok(Self { address, shared, serving })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as Skein takes it, without TLS.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The next mail goes wrong like this; orders are met one after the other.
    pub fn order(&self, order: SmtpOrder) {
        self.shared.desk().orders.push_back(order);
    }

    /// Every mail that arrived, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.desk().mails.clone()
    }

    /// Who tried to log in, as `user:password`.
    pub fn logins(&self) -> Vec<String> {
        self.shared.desk().logins.clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.desk().connections
    }

    /// Waits until so many mails have arrived, and returns them.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            arrived.await;
        }
    }
}

impl Mail {
    /// The value of a header; what was folded is on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        let is_it = |line: &str| {
            line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        head.split("\r\n").find_map(is_it)
    }

    /// The body as it was written.
    pub fn text(&self) -> String {
        let body = self.data.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let bytes = match self.header("Content-Transfer-Encoding").as_deref() {
            Some("base64") => BASE64.decode(body.replace("\r\n", "").as_bytes()).unwrap_or_default(),
            Some("quoted-printable") => of_quoted_printable(body),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

fn of_quoted_printable(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = if let (b'=', Some(code)) = (first, code) {
            bytes.push(code);
            after.get(2..).unwrap_or_default()
        } else {
            bytes.push(*first);
            after
        };
    }
    bytes
}

/// One connection.
struct Talk {
    from: BufReader<OwnedReadHalf>,
    to: OwnedWriteHalf,
    shared: Arc<Shared>,
    mail: Mail,
}

fn blank() -> Mail {
    Mail { from: String::new(), to: Vec::new(), data: String::new() }
}

/// What stands between the angle brackets.
fn path(command: &str) -> String {
    let inside = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(path, _)| path.to_owned())
}

impl Talk {
    fn with(stream: TcpStream, shared: Arc<Shared>) -> Self {
        let (from, to) = stream.into_split();
        Self { from: BufReader::new(from), to, shared, mail: blank() }
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.to.write_all(format!("{line}\r\n").as_bytes()).await
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = self.from.read_until(b'\n', &mut line).await?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn run(mut self) -> io::Result<()> {
        self.say("220 mail.test ESMTP").await?;
        while let Some(line) = self.line().await? {
            let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.say("250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
                "AUTH" => self.login(&line).await?,
                "MAIL" => {
                    self.mail = Mail { from: path(&line), ..blank() };
                    self.say("250 ok").await?;
                }
                "RCPT" if self.shared.is_ordered(SmtpOrder::Refused) => {
                    self.say("550 5.1.1 nobody of that name").await?;
                }
                "RCPT" => {
                    self.mail.to.push(path(&line));
                    self.say("250 ok").await?;
                }
                "DATA" => {
                    if !self.data().await? {
                        return Ok(());
                    }
                }
                "QUIT" => return self.say("221 bye").await,
                "NOOP" | "RSET" | "HELO" => self.say("250 ok").await?,
                _ => self.say("502 not known here").await?,
            }
        }
        Ok(())
    }

    async fn login(&mut self, line: &str) -> io::Result<()> {
        let said = line.rsplit(' ').next().unwrap_or_default();
        let said = String::from_utf8(BASE64.decode(said.as_bytes()).unwrap_or_default()).unwrap_or_default();
        let login = said.split('\0').skip(1).collect::<Vec<_>>().join(":");
        self.shared.desk().logins.push(login);
        if self.shared.is_ordered(SmtpOrder::LoginRefused) {
            return self.say("535 5.7.8 wrong user or password").await;
        }
        self.say("235 ok").await
    }

    /// False when this is the end of the connection.
    async fn data(&mut self) -> io::Result<bool> {
        self.say("354 go on").await?;
        let mut data = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        if self.shared.is_ordered(SmtpOrder::Cut) {
            return Ok(false);
        }
        if self.shared.is_ordered(SmtpOrder::Busy) {
            self.say("451 4.3.0 later, please").await?;
            return Ok(true);
        }
        let mail = Mail { data, ..std::mem::replace(&mut self.mail, blank()) };
        self.shared.desk().mails.push(mail);
        self.shared.arrived.notify_waiters();
        if self.shared.is_ordered(SmtpOrder::Unanswered) {
            // Until the client has gone.
            while self.line().await?.is_some() {}
            return Ok(false);
        }
        self.say("250 2.0.0 kept").await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_read_as_it_was_written() {
        let data =
            "Subject: a\r\n b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe, 1 =3D 1\r\n";
        let mail = Mail { data: data.to_owned(), ..blank() };
        assert_eq!((mail.header("subject").as_deref(), mail.header("from")), (Some("a b"), None));
        assert_eq!(mail.text(), "Grüße, 1 = 1\n");
    }
}
