//! The proxy in front of a plain server that tells, for each connection, which bytes came.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Cutter, Exchange, Fate, Odds, Place, Plan, by_place};
use crate::proxy::wire;

const REQUEST: &str = "POST /xrpc/com.atproto.repo.applyWrites HTTP/1.1\r\nHost: x\r\nContent-Length: 127\r\n\r\n\
    {\"repo\":\"did:plc:a\",\"writes\":[{\"$type\":\"com.atproto.repo.applyWrites#create\"},{\"$type\":\"com.atproto.repo.applyWrites#delete\"}]}";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello there";
const NOTHING: Odds = Odds { pass: 0, ..Odds::CALM };

/// What a connection brought to the server.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    bytes: Vec<u8>,
    reset: bool,
}

/// A server that answers every whole request of [`REQUEST`]'s length, and tells about a connection when it ends.
async fn server() -> (String, UnboundedReceiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(attend(connection, tell.clone()));
        }
    });
    (address, told)
}

async fn attend(mut connection: TcpStream, tell: UnboundedSender<Came>) {
    let mut bytes = Vec::new();
    let reset = answer_all(&mut connection, &mut bytes).await.is_err();
    // The test may have ended.
    tell.send(Came { bytes, reset }).ok();
}

async fn answer_all(connection: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut answered = 0;
    while connection.read_buf(bytes).await? > 0 {
        while bytes.len() >= (answered + 1) * REQUEST.len() {
            answered += 1;
            connection.write_all(ANSWER.as_bytes()).await?;
        }
    }
    Ok(())
}

async fn cutter(odds: Odds, cuts: usize) -> (Cutter, UnboundedReceiver<Came>) {
    let (address, told) = server().await;
    let cutter = Cutter::start(&address, Plan::new(5, cuts).with_odds(odds)).await.unwrap();
    (cutter, told)
}

/// What a client sees that sends one request on a connection of its own: the bytes, and whether they end in a reset.
async fn asked(cutter: &Cutter) -> (Vec<u8>, bool) {
    let mut connection = TcpStream::connect(("127.0.0.1", cutter.port())).await.unwrap();
    connection.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        match connection.read_buf(&mut bytes).await {
            Ok(0) => return (bytes, false),
            Ok(_) if bytes.len() == ANSWER.len() => connection.shutdown().await.ok().unwrap_or_default(),
            Ok(_) => {}
            Err(error) => return (bytes, error.kind() == ErrorKind::ConnectionReset),
        }
    }
}

fn only(log: &[Exchange]) -> &Exchange {
    let [exchange] = log else { panic!("one exchange was made: {log:#?}") };
    exchange
}

#[tokio::test]
async fn before_the_storm_many_exchanges_pass_on_one_connection() {
    let (cutter, mut told) = cutter(Odds { in_request: 1, ..NOTHING }, 10).await;
    let mut connection = BufReader::new(TcpStream::connect(("127.0.0.1", cutter.port())).await.unwrap());
    for _ in 0..3 {
        connection.write_all(REQUEST.as_bytes()).await.unwrap();
        let answer = wire::read_answer(&mut connection, "POST").await.unwrap();
        assert_eq!(answer.bytes(), ANSWER.as_bytes());
    }
    drop(connection);
    assert_eq!(told.recv().await.unwrap(), Came { bytes: REQUEST.repeat(3).into_bytes(), reset: false });
    let log = cutter.log();
    assert!(log.iter().all(|exchange| exchange.arrived && exchange.number.is_none() && exchange.cut.is_none()));
    assert!(log.iter().all(|exchange| exchange.status == Some(200)));
    assert_eq!(log[0].points, Some(("did:plc:a".to_owned(), 4)), "a create and a delete");
}

#[tokio::test]
async fn a_cut_request_arrives_up_to_the_cut() {
    let (cutter, mut told) = cutter(Odds { in_request: 1, ..NOTHING }, 100).await;
    cutter.begin();
    let mut seen = Vec::new();
    for number in 0..100 {
        assert_eq!(asked(&cutter).await, (Vec::new(), true));
        let Fate::InRequest(point) = cutter.shared.plan.fate(number) else { panic!("only requests are cut") };
        let kept = point.offset(REQUEST.len());
        assert_eq!(told.recv().await.unwrap(), Came { bytes: REQUEST.as_bytes()[..kept].to_vec(), reset: true });
        seen.push(kept);
    }
    assert!(cutter.log().iter().all(|exchange| !exchange.arrived && exchange.status.is_none()));
    let places = by_place(&cutter.log());
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), [Place::RequestHead, Place::RequestBody]);
    assert_eq!(places.values().sum::<usize>(), 100);
}

#[tokio::test]
async fn a_whole_request_arrives_although_its_client_is_cut() {
    for (odds, place, reset) in [
        (Odds { unanswered: 1, ..NOTHING }, Place::Unanswered, true),
        (Odds { unheard: 1, ..NOTHING }, Place::Unheard, false),
    ] {
        let (cutter, mut told) = cutter(odds, 1).await;
        cutter.begin();
        assert_eq!(asked(&cutter).await, (Vec::new(), true));
        assert_eq!(told.recv().await.unwrap(), Came { bytes: REQUEST.as_bytes().to_vec(), reset }, "{place:?}");
        let log = cutter.log();
        assert_eq!((only(&log).arrived, only(&log).cut), (true, Some(place)));
    }
}

#[tokio::test]
async fn a_cut_answer_is_seen_up_to_the_cut() {
    let (cutter, mut told) = cutter(Odds { in_answer: 1, ..NOTHING }, 100).await;
    cutter.begin();
    for number in 0..100 {
        let Fate::InAnswer(point) = cutter.shared.plan.fate(number) else { panic!("only answers are cut") };
        let kept = point.offset(ANSWER.len());
        assert_eq!(asked(&cutter).await, (ANSWER.as_bytes()[..kept].to_vec(), true));
        assert_eq!(told.recv().await.unwrap(), Came { bytes: REQUEST.as_bytes().to_vec(), reset: true });
    }
    assert!(cutter.log().iter().all(|exchange| exchange.arrived && exchange.status == Some(200)));
    assert_eq!(by_place(&cutter.log()).into_keys().collect::<Vec<_>>(), [Place::AnswerHead, Place::AnswerBody]);
}

#[tokio::test]
async fn a_cut_after_the_answer_shows_all_of_it() {
    let (cutter, mut told) = cutter(Odds { after_answer: 1, ..NOTHING }, 1).await;
    cutter.begin();
    assert_eq!(asked(&cutter).await.0, ANSWER.as_bytes());
    assert!(told.recv().await.unwrap().reset);
    assert_eq!(only(&cutter.log()).cut, Some(Place::AfterAnswer));
}

#[tokio::test]
async fn when_its_cuts_are_spent_everything_passes() {
    let (cutter, _told) = cutter(Odds::default(), 20).await;
    cutter.begin();
    for _ in 0..100 {
        asked(&cutter).await;
    }
    let log = cutter.log();
    assert_eq!((log.len(), cutter.cuts()), (100, 20));
    for exchange in &log {
        let number = exchange.number.unwrap();
        let planned = match cutter.shared.plan.fate(number) {
            Fate::Pass => None,
            Fate::InRequest(_) => Some(vec![Place::RequestHead, Place::RequestBody]),
            Fate::Unanswered => Some(vec![Place::Unanswered]),
            Fate::Unheard => Some(vec![Place::Unheard]),
            Fate::InAnswer(_) => Some(vec![Place::AnswerHead, Place::AnswerBody]),
            Fate::AfterAnswer => Some(vec![Place::AfterAnswer]),
        };
        let spent = log.iter().filter(|other| other.cut.is_some() && other.number < exchange.number).count() == 20;
        match exchange.cut {
            Some(place) => assert!(planned.is_some_and(|planned| planned.contains(&place)), "{exchange:?}"),
            None => assert!(planned.is_none() || spent, "{exchange:?}"),
        }
    }
    assert!(log[99].cut.is_none() && log[99].arrived);
}

#[tokio::test]
async fn a_server_that_closes_by_itself_costs_no_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let plan = Plan::new(5, 1).with_odds(Odds { in_answer: 1, ..NOTHING });
    let cutter = Cutter::start(&address, plan).await.unwrap();
    cutter.begin();
    let silent = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_exact(&mut vec![0; REQUEST.len()]).await.unwrap();
    };
    let (seen, ()) = tokio::join!(asked(&cutter), silent);
    assert!(seen.0.is_empty());
    let log = cutter.log();
    assert_eq!((only(&log).arrived, only(&log).status, only(&log).cut), (true, None, None));
    assert_eq!(cutter.shared.cuts_left.load(std::sync::atomic::Ordering::SeqCst), 1);
}
