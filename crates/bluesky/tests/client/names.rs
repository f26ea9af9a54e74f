//! A DNS server over UDP that knows TXT records and says NXDOMAIN to everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skein_net::Dns;
use tokio::net::UdpSocket;

pub(crate) struct Names {
    pub(crate) dns: Dns,
    questions: Arc<AtomicUsize>,
}

impl Names {
    /// `texts`: the TXT records of each name; a name without any is answered with SERVFAIL.
    pub(crate) async fn start(texts: Vec<(&'static str, Vec<&'static str>)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Dns::Server(socket.local_addr().unwrap());
        let questions = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&questions);
        tokio::spawn(async move {
            let mut buffer = [0_u8; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                count.fetch_add(1, Ordering::SeqCst);
                socket.send_to(&answer(&buffer[..length], &texts), peer).await.unwrap();
            }
        });
        Self { dns, questions }
    }

    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

fn answer(query: &[u8], texts: &[(&'static str, Vec<&'static str>)]) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    let name = labels.join(".");
    let is_txt = query[at + 2] == 16;
    let known = texts.iter().find(|(known, _)| *known == name);
    let (code, records): (u8, &[&str]) = match known {
        None => (3, &[]),
        Some((_, records)) if records.is_empty() => (2, &[]),
        Some((_, records)) => (0, if is_txt { records } else { &[] }),
    };
    let mut answer = query[..2].to_vec();
    answer.extend([0x85, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    answer.extend(&query[12..at + 5]);
    for record in records {
        let length = u8::try_from(record.len()).unwrap();
        answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, length + 1, length]);
        answer.extend(record.as_bytes());
    }
    answer
}
