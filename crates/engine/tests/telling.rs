//! Handing notices on, on simulated time: to every door, at least once, in order, and never for ever.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use skein_domain::ports::{Change, KeptNotice, Ledger, NotTold, NoticeFilter, Notifier, Outbox, Stage};
use skein_domain::story::Line;
use skein_domain::{Account, Delivery, Event, Letter, Standing, Waiting};
use skein_engine::{Engine, Outlet, Parts, Settings};
use skein_testkit::samples::{at_ms, fault};
use skein_testkit::{MemoryLedger, MemoryMedia, Samples, SeededEntropy, SimClock};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What a door does with its next letters; without an order it takes them.
enum Order {
    Fail,
    Refuse,
    /// It has a defect.
    Break,
    /// It takes them, and its answer waits for a permit.
    Hold,
}

struct Door {
    name: &'static str,
    rests_ms: i64,
    orders: Mutex<VecDeque<Order>>,
    got: Mutex<Vec<Vec<Letter>>>,
    permits: Semaphore,
}

impl Door {
    fn new(name: &'static str, rests_ms: i64) -> Arc<Self> {
        Arc::new(Self { name, rests_ms, orders: Mutex::default(), got: Mutex::default(), permits: Semaphore::new(0) })
    }

    fn order(&self, order: Order) {
        self.orders.lock().unwrap().push_back(order);
    }

    /// The ids of the letters that it was given, each time that it was asked.
    fn got(&self) -> Vec<Vec<String>> {
        let ids = |letters: &Vec<Letter>| letters.iter().map(|letter| letter.id.clone()).collect();
        self.got.lock().unwrap().iter().map(ids).collect()
    }
}

#[async_trait]
impl Notifier for Door {
    fn name(&self) -> &'static str {
        self.name
    }

    fn rests_ms(&self) -> i64 {
        self.rests_ms
    }

    async fn tell(&self, letters: &[Letter]) -> Vec<Result<(), NotTold>> {
        self.got.lock().unwrap().push(letters.to_vec());
        let order = self.orders.lock().unwrap().pop_front();
        let said = match order {
            None => Ok(()),
            Some(Order::Fail) => Err(NotTold::for_now("it is closed")),
            Some(Order::Refuse) => Err(NotTold::for_good("it takes no such thing")),
            Some(Order::Break) => panic!("the door broke, as it was told to"),
            Some(Order::Hold) => {
                self.permits.acquire().await.unwrap().forget();
                Ok(())
            }
        };
        letters.iter().map(|_| said.clone()).collect()
    }
}

struct World {
    clock: SimClock,
    ledger: Arc<MemoryLedger>,
    samples: Samples,
    doors: Vec<Arc<Door>>,
}

impl World {
    fn new(doors: &[&Arc<Door>]) -> Self {
        let doors = doors.iter().map(|door| Arc::clone(door)).collect();
        Self { clock: SimClock::new(at_ms(0)), ledger: Arc::default(), samples: Samples::new(3), doors }
    }

    fn engine(&self) -> Engine {
        let clock = Arc::new(self.clock.clone());
        let parts = Parts {
            ledger: self.ledger.clone(),
            media: Arc::new(MemoryMedia::new(clock.clone())),
            connectors: HashMap::new(),
            clock,
            entropy: Arc::new(SeededEntropy::new(5)),
            owner: "worker".to_owned(),
            settings: Settings::default(),
        };
        let doors = self.doors.iter().map(|door| Arc::clone(door) as Arc<dyn Notifier>).collect();
        Engine::new(parts).telling(Outlet { outbox: self.ledger.clone(), doors })
    }

    async fn account(&self) -> Account {
        self.ledger.connect_account(self.samples.new_account("goose.example")).await.unwrap()
    }

    /// A post that fails at this instant; its delivery as it is then.
    async fn failed(&self, account: &Account) -> Delivery {
        let post = self.samples.post(&["A goose."], at_ms(0));
        let delivery = self.samples.delivery(&post, account);
        self.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        self.changed(&delivery, Event::Refused { fault: fault("refused") }).await
    }

    async fn changed(&self, delivery: &Delivery, event: Event) -> Delivery {
        use skein_domain::ports::Clock as _;
        let line = Line { delivery: delivery.id.clone(), at: self.clock.now(), event: event.clone() };
        let change = Change::between(delivery, delivery.after(event).unwrap(), vec![line]);
        self.ledger.save(&change).await.unwrap();
        change.delivery
    }

    async fn kept(&self) -> Vec<KeptNotice> {
        self.ledger.notices(&NoticeFilter { handed_on: true, at_most: 1_000 }).await.unwrap()
    }

    fn advance(&self, ms: i64) {
        self.clock.advance(SignedDuration::from_millis(ms));
    }

    /// Lets everything that can run do so, without time.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn every_door_gets_a_notice_once_and_then_it_is_over() {
    let (log, mail) = (Door::new("log", 0), Door::new("mail", 0));
    let world = World::new(&[&log, &mail]);
    let account = world.account().await;
    let lost = Standing::NeedsReconnect { fault: fault("ended") };
    world.ledger.set_standing(&account.id, &lost, at_ms(0)).await.unwrap();
    world.failed(&account).await;
    let engine = world.engine();
    assert_eq!(engine.tell_due().await.unwrap(), 2);
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    assert_eq!((log.got().len(), log.got()), (1, mail.got()));
    let letters = log.got.lock().unwrap().concat();
    let kinds: Vec<_> = letters.iter().map(|letter| letter.kind.as_str()).collect();
    assert_eq!(kinds, ["needs_reconnect", "failed"]);
    assert_eq!(letters[1].excerpt.as_deref(), Some("A goose."));
    for kept in world.kept().await {
        assert_eq!((kept.stage, kept.attempts), (Stage::HandedOn { at: at_ms(0) }, 0));
    }
}

#[tokio::test]
async fn a_door_that_fails_is_tried_again_and_no_other_is_told_twice() {
    let (log, mail) = (Door::new("log", 0), Door::new("mail", 0));
    let world = World::new(&[&log, &mail]);
    world.failed(&world.account().await).await;
    mail.order(Order::Fail);
    let engine = world.engine();
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    let kept = world.kept().await.remove(0);
    assert_eq!((kept.attempts, kept.trouble.as_deref()), (1, Some("mail: it is closed")));
    assert_eq!(kept.told, ["log"]);
    let Stage::Waiting { wake_at } = kept.stage else { panic!("{kept:?}") };
    assert!((at_ms(5_000)..at_ms(10_000)).contains(&wake_at), "{wake_at}");
    assert_eq!(engine.tell_due().await.unwrap(), 0, "not before its pause is over");
    world.clock.set(wake_at);
    assert_eq!(engine.tell_due().await.unwrap(), 1);
    assert_eq!((log.got().len(), mail.got().len()), (1, 2));
    assert_eq!(mail.got()[0], mail.got()[1]);
}

#[tokio::test]
async fn a_door_with_a_defect_keeps_nobody_from_anything() {
    let (log, mail) = (Door::new("log", 0), Door::new("mail", 0));
    let world = World::new(&[&mail, &log]);
    world.failed(&world.account().await).await;
    mail.order(Order::Break);
    let engine = world.engine();
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    let kept = world.kept().await.remove(0);
    assert_eq!((kept.told, kept.trouble.as_deref()), (vec!["log".to_owned()], Some("mail: a defect stopped it")));
    world.advance(10_000);
    assert_eq!(engine.tell_due().await.unwrap(), 1);
}

#[tokio::test]
async fn what_happened_later_to_a_post_is_told_later() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    let failed = world.failed(&world.account().await).await;
    mail.order(Order::Fail);
    let engine = world.engine();
    engine.tell_due().await.unwrap();
    let retried = world.changed(&failed, Event::Retried { wake_at: at_ms(1) }).await;
    world.changed(&retried, Event::PastGrace { late_by_ms: 7 }).await;
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    assert_eq!(mail.got().len(), 1, "it waits behind the one that failed");
    world.advance(10_000);
    assert_eq!(engine.tell_due().await.unwrap(), 2);
    let letters = mail.got.lock().unwrap().concat();
    let kinds: Vec<_> = letters.iter().map(|letter| letter.kind.as_str()).collect();
    assert_eq!(kinds, ["failed", "failed", "missed"]);
}

#[tokio::test]
async fn what_was_missed_is_told_with_what_stood_in_its_way() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    let failed = world.failed(&world.account().await).await;
    let retried = world.changed(&failed, Event::Retried { wake_at: at_ms(1) }).await;
    let waiting = Waiting::Retry { fault: fault("media_gone") };
    let waits = world.changed(&retried, Event::Waits { until: at_ms(2), waiting }).await;
    world.changed(&waits, Event::PastGrace { late_by_ms: 7 }).await;
    let engine = world.engine();
    assert_eq!(engine.tell_due().await.unwrap(), 2);
    let letters = mail.got.lock().unwrap().concat();
    let codes: Vec<_> = letters.iter().map(|letter| letter.error.as_ref().unwrap().code.as_str()).collect();
    assert_eq!(codes, ["refused", "media_gone"]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_told_by_the_others() {
    let (log, mail) = (Door::new("log", 0), Door::new("mail", 0));
    let world = World::new(&[&log, &mail]);
    world.failed(&world.account().await).await;
    mail.order(Order::Refuse);
    let engine = world.engine();
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    let kept = world.kept().await.remove(0);
    assert_eq!((kept.stage, kept.told), (Stage::GivenUp { at: at_ms(0) }, vec!["log".to_owned()]));
    assert_eq!(kept.trouble.as_deref(), Some("mail: it takes no such thing"));
    world.ledger.retry_notices(at_ms(0)).await.unwrap();
    assert_eq!(engine.tell_due().await.unwrap(), 1);
    assert_eq!((log.got().len(), mail.got().len()), (1, 2));
}

#[tokio::test]
async fn what_fails_again_and_again_is_given_up() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    world.failed(&world.account().await).await;
    let engine = world.engine();
    let attempts = Settings::default().notice_attempts_at_most;
    for _ in 0..attempts {
        mail.order(Order::Fail);
        engine.tell_due().await.unwrap();
        world.advance(7_200_000);
    }
    assert_eq!(engine.tell_due().await.unwrap(), 0);
    let kept = world.kept().await.remove(0);
    assert_eq!((kept.stage.name(), kept.attempts, mail.got().len()), ("given_up", attempts, attempts as usize));
}

#[tokio::test]
async fn what_comes_while_a_door_rests_goes_together() {
    let (command, mail) = (Door::new("command", 0), Door::new("mail", 60_000));
    let world = World::new(&[&command, &mail]);
    let account = world.account().await;
    let engine = world.engine();
    for _ in 0..4 {
        world.failed(&account).await;
        engine.tell_due().await.unwrap();
        world.advance(10_000);
    }
    assert_eq!((command.got().len(), mail.got().len()), (4, 1));
    assert_eq!(world.ledger.next_notice().await.unwrap(), Some(at_ms(60_000)));
    world.advance(20_000);
    assert_eq!(engine.tell_due().await.unwrap(), 3);
    assert_eq!(mail.got().last().unwrap().len(), 3, "{:?}", mail.got());
    assert!(world.kept().await.iter().all(|kept| kept.attempts == 0), "to rest is no failure");
}

#[tokio::test]
async fn a_notice_whose_teller_is_gone_is_told_again_under_the_same_id() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    world.failed(&world.account().await).await;
    mail.order(Order::Hold);
    let first = world.engine();
    {
        let telling = first.tell_due();
        tokio::pin!(telling);
        tokio::select! {
            biased;
            _ = &mut telling => panic!("its answer is held"),
            () = world.settle() => {}
        }
        // Dropped here: gone between telling and writing that down.
    }
    let second = world.engine();
    assert_eq!(second.tell_due().await.unwrap(), 0, "its lease still holds");
    world.advance(Settings::default().lease_ms);
    assert_eq!(second.tell_due().await.unwrap(), 1);
    let got = mail.got();
    assert_eq!((got.len(), &got[0]), (2, &got[1]));
}

#[tokio::test]
async fn a_slow_door_keeps_its_lease() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    world.failed(&world.account().await).await;
    mail.order(Order::Hold);
    let (first, second) = (world.engine(), world.engine());
    let telling = tokio::spawn(async move { first.tell_due().await });
    for _ in 0..20 {
        world.settle().await;
        world.advance(Settings::default().lease_ms / 3);
    }
    world.settle().await;
    assert_eq!(second.tell_due().await.unwrap(), 0);
    mail.permits.add_permits(1);
    assert_eq!(telling.await.unwrap().unwrap(), 1);
    assert_eq!(mail.got().len(), 1);
}

#[tokio::test]
async fn a_running_engine_gathers_what_happens_within_a_short_time() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    let account = world.account().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (world.engine(), stop.clone());
        async move { engine.run(stop).await }
    });
    world.settle().await;
    for _ in 0..3 {
        world.failed(&account).await;
    }
    for _ in 0..100 {
        if mail.got().is_empty() {
            world.advance(500);
            world.settle().await;
        }
    }
    assert_eq!(mail.got().iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_door_that_hangs_does_not_keep_a_process_from_its_end() {
    let mail = Door::new("mail", 0);
    let world = World::new(&[&mail]);
    world.failed(&world.account().await).await;
    mail.order(Order::Hold);
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (world.engine(), stop.clone());
        async move { engine.run(stop).await }
    });
    for _ in 0..10 {
        world.settle().await;
        world.advance(1_000);
    }
    assert_eq!(mail.got().len(), 1);
    stop.cancel();
    world.settle().await;
    assert!(!running.is_finished(), "it is given some time");
    world.advance(Settings::default().notices_end_within_ms);
    running.await.unwrap().unwrap();
    assert_eq!(world.kept().await[0].stage.name(), "waiting", "the next process tells it again");
}
