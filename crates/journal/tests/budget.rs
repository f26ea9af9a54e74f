//! The budget on a database file that several processes have open, and in memory alike.
#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test that called it")]

use std::path::Path;
use std::sync::Arc;

use skein_bluesky::Did;
use skein_bluesky::budget::{Answered, Meter, Said, Shortage, Tally, Told};
use skein_bluesky::journal::{BudgetJournal, MemoryJournal};
use skein_journal::StoreJournal;
use skein_store::{DatabaseUrl, MasterKey, MeterRow, Store};
use skein_testkit::SeededEntropy;
use skein_testkit::samples::at_ms;
use tempfile::TempDir;
use tokio::task::JoinSet;

fn writes() -> Meter {
    Meter::writes(&Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap())
}

async fn store(folder: &Path) -> Store {
    let url = DatabaseUrl::from(folder.join("skein.db").as_path());
    let key = MasterKey::generate(&SeededEntropy::new(1));
    Store::open(&url, key, Arc::new(SeededEntropy::new(2))).await.unwrap()
}

async fn process(folder: &Path) -> StoreJournal {
    StoreJournal::new(&store(folder).await)
}

async fn journals() -> (TempDir, Vec<Arc<dyn BudgetJournal>>) {
    let folder = tempfile::tempdir().unwrap();
    let on_store = process(folder.path()).await;
    (folder, vec![Arc::new(MemoryJournal::new()), Arc::new(on_store)])
}

async fn reserve(journal: &dyn BudgetJournal, id: &str, points: u64, ms: i64) -> Result<(), Shortage> {
    let mut reserved = Ok(());
    let mut change = |tallies: &mut [Tally]| {
        reserved = tallies[0].reserve(&writes(), id, points, at_ms(ms), true).map(drop);
    };
    journal.change_tallies(&[writes()], &mut change).await.unwrap();
    reserved
}

async fn used(journal: &dyn BudgetJournal, ms: i64) -> u64 {
    let mut tally = journal.tally(&writes()).await.unwrap().unwrap();
    tally.gauges(&writes(), at_ms(ms))[0].used
}

#[tokio::test]
async fn journals_count_alike() {
    let (_folder, journals) = journals().await;
    for journal in journals {
        assert_eq!(journal.tally(&writes()).await.unwrap(), None);
        reserve(journal.as_ref(), "a", 4_000, 0).await.unwrap();
        assert_eq!(reserve(journal.as_ref(), "b", 1_001, 1).await.unwrap_err().used, 4_000);
        let said = Said { limit: 5_000, remaining: 3_000, window_s: 3_600, resets_at: at_ms(60_000) };
        let told = Told { said: Some(said), closed_until: None };
        let answered = Answered { reservation: Some("a"), points: 4_000, at: at_ms(2), is_counted: true, told };
        let meters = [Meter::calls("pds.example"), writes()];
        let mut change = |tallies: &mut [Tally]| {
            tallies[1].settle(&writes(), &answered);
            tallies[0].settle(&meters[0], &Answered { reservation: None, points: 1, ..answered.clone() });
        };
        journal.change_tallies(&meters, &mut change).await.unwrap();
        assert_eq!(used(journal.as_ref(), 3).await, 2_000);
        let of: Vec<Meter> = journal.tallies().await.unwrap().into_iter().map(|(meter, _)| meter).collect();
        assert_eq!(of.len(), 2);
        assert!(of.contains(&writes()) && of.contains(&Meter::calls("pds.example")));
    }
}

#[tokio::test]
async fn what_was_spent_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    reserve(&process(folder.path()).await, "a", 4_998, 0).await.unwrap();
    let next = process(folder.path()).await;
    let short = reserve(&next, "b", 3, 1_000).await.unwrap_err();
    assert_eq!((short.used, short.wanted), (4_998, 3));
    reserve(&next, "b", 2, 1_000).await.unwrap();
}

#[tokio::test]
async fn whoever_was_overtaken_counts_on_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (process(folder.path()).await, process(folder.path()).await);
    reserve(&one, "a", 100, 0).await.unwrap();
    reserve(&one, "b", 100, 1).await.unwrap();
    reserve(&two, "c", 4_700, 2).await.unwrap();
    assert_eq!(reserve(&one, "d", 101, 3).await.unwrap_err().used, 4_900, "one remembers 200");
    reserve(&one, "e", 100, 4).await.unwrap();
    assert_eq!((used(&one, 5).await, used(&two, 5).await), (5_000, 5_000));
}

#[tokio::test]
async fn two_counts_are_replaced_together_or_none_is() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (process(folder.path()).await, process(folder.path()).await);
    let meters = [Meter::calls("pds.example"), writes()];
    let spend = async |journal: &StoreJournal, points: [u64; 2]| {
        let mut change = |tallies: &mut [Tally]| {
            for ((tally, meter), points) in
                tallies.iter_mut().zip(&meters).zip(points).filter(|(_, points)| *points > 0)
            {
                let spent =
                    Answered { reservation: None, points, at: at_ms(1), is_counted: true, told: Told::default() };
                tally.settle(meter, &spent);
            }
        };
        journal.change_tallies(&meters, &mut change).await.unwrap();
    };
    let mut expected = [0, 0];
    let turns = [
        (&one, [1, 3]),
        (&one, [1, 3]),
        (&two, [5, 0]),
        (&one, [1, 3]),
        (&two, [0, 7]),
        (&one, [2, 0]),
        (&one, [0, 9]),
    ];
    for (journal, points) in turns {
        spend(journal, points).await;
        expected = [expected[0] + points[0], expected[1] + points[1]];
        for reader in [&one, &two] {
            let mut found = Vec::new();
            for meter in &meters {
                found.push(reader.tally(meter).await.unwrap().unwrap().gauges(meter, at_ms(2))[0].used);
            }
            assert_eq!(found, expected);
        }
    }
}

/// What processes spend at once, each in four tasks that try again and again: `once` says what it has spent.
async fn spent_at_once<S>(
    folder: &Path,
    processes: usize,
    tries: usize,
    once: impl Fn(Arc<StoreJournal>, String) -> S + Copy + Send + 'static,
) -> u64
where
    S: Future<Output = u64> + Send,
{
    let mut journals = Vec::new();
    for _ in 0..processes {
        journals.push(Arc::new(process(folder).await));
    }
    let mut spenders = JoinSet::new();
    for (number, journal) in journals.into_iter().enumerate() {
        for task in 0..4 {
            let journal = Arc::clone(&journal);
            spenders.spawn(async move {
                let mut spent = 0;
                for index in 0..tries {
                    spent += once(Arc::clone(&journal), format!("{number}/{task}/{index}")).await;
                }
                spent
            });
        }
    }
    spenders.join_all().await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_spend_at_once_never_overspend() {
    let folder = tempfile::tempdir().unwrap();
    let spent = spent_at_once(folder.path(), 4, 5, |journal, id| async move {
        if reserve(journal.as_ref(), &id, 90, 0).await.is_ok() { 90 } else { 0 }
    })
    .await;
    assert_eq!(spent, 55 * 90, "80 wanted 7,200 points of 5,000");
    assert_eq!(used(&process(folder.path()).await, 0).await, spent);
}

/// As a client reserves what it needs for a post.
async fn reserve_soon(journal: &dyn BudgetJournal, id: &str) -> Result<(), Shortage> {
    let mut reserved = Ok(());
    let mut change = |tallies: &mut [Tally]| {
        reserved = tallies[0].reserve(&writes(), id, 3, at_ms(0), true).map(drop);
    };
    journal.change_tallies_soon(&[writes()], &mut change).await.unwrap();
    reserved
}

async fn settle(journal: &dyn BudgetJournal, id: &str) {
    let answered = Answered { reservation: Some(id), points: 3, at: at_ms(0), is_counted: true, told: Told::default() };
    let mut change = |tallies: &mut [Tally]| tallies[0].settle(&writes(), &answered);
    journal.change_tallies(&[writes()], &mut change).await.unwrap();
}

#[tokio::test]
async fn what_is_reserved_while_plenty_is_left_is_kept_when_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (process(folder.path()).await, process(folder.path()).await);
    reserve(&one, "a", 3_990, 0).await.unwrap();
    reserve_soon(&one, "b").await.unwrap();
    assert_eq!((used(&one, 0).await, used(&other, 0).await), (3_993, 3_990));
    settle(&one, "b").await;
    assert_eq!((used(&one, 0).await, used(&other, 0).await), (3_993, 3_993));
    for (id, kept) in [("c", 3_993), ("d", 3_993), ("e", 4_002), ("f", 4_005)] {
        reserve_soon(&one, id).await.unwrap();
        assert_eq!(used(&other, 0).await, kept, "{id}: of the last thousand nothing waits");
    }
}

#[tokio::test]
async fn nothing_waits_where_little_is_left_of_another_meter() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (process(folder.path()).await, process(folder.path()).await);
    let meters = [writes(), Meter::calls("pds.example")];
    for (calls, kept) in [(1_990, [3, 1_990]), (10, [3, 1_990]), (1, [9, 2_001]), (1, [12, 2_002])] {
        let mut change = |tallies: &mut [Tally]| {
            for ((tally, meter), points) in tallies.iter_mut().zip(&meters).zip([3, calls]) {
                tally.reserve(meter, "a", points, at_ms(0), true).unwrap();
            }
        };
        one.change_tallies_soon(&meters, &mut change).await.unwrap();
        let mut found = Vec::new();
        for meter in &meters {
            found.push(other.tally(meter).await.unwrap().unwrap().gauges(meter, at_ms(0))[0].used);
        }
        assert_eq!(found, kept, "after {calls} calls more");
    }
}

#[tokio::test]
async fn what_waited_is_lost_with_its_process_and_the_server_reminds() {
    let folder = tempfile::tempdir().unwrap();
    let one = process(folder.path()).await;
    reserve(&one, "a", 3, 0).await.unwrap();
    settle(&one, "a").await;
    reserve_soon(&one, "b").await.unwrap();
    drop(one);
    let next = process(folder.path()).await;
    assert_eq!(used(&next, 0).await, 3);
    let said = Said { limit: 5_000, remaining: 4_991, window_s: 3_600, resets_at: at_ms(3_600_000) };
    let told = Told { said: Some(said), closed_until: None };
    reserve_soon(&next, "c").await.unwrap();
    let answered = Answered { reservation: Some("c"), points: 3, at: at_ms(1), is_counted: true, told };
    let mut change = |tallies: &mut [Tally]| tallies[0].settle(&writes(), &answered);
    next.change_tallies(&[writes()], &mut change).await.unwrap();
    assert_eq!(used(&next, 1).await, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_reserve_soon_and_settle_never_overspend() {
    let folder = tempfile::tempdir().unwrap();
    let spent = spent_at_once(folder.path(), 3, 200, |journal, id| async move {
        if reserve_soon(journal.as_ref(), &id).await.is_err() {
            return 0;
        }
        settle(journal.as_ref(), &id).await;
        3
    })
    .await;
    // Four tasks of a process may each have reserved on what waits to be compared; the rest is exact.
    assert!((4_998..=5_000 + 2 * 4 * 3).contains(&spent), "7,200 points were wanted of 5,000, and {spent} spent");
    assert_eq!(used(&process(folder.path()).await, 0).await, spent);
}

#[tokio::test]
async fn a_count_that_cannot_be_read_begins_anew_and_a_meter_of_later_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let budgets = store(folder.path()).await.budgets();
    let key = writes().key().to_owned();
    let rows = [MeterRow { meter: "writes", whose: &key }, MeterRow { meter: "of_later", whose: "x" }];
    budgets.change(&rows, &mut |_| Ok(vec!["{\"windows\":7}".to_owned(), "{}".to_owned()].into())).await.unwrap();
    let journal = process(folder.path()).await;
    reserve(&journal, "a", 3, 0).await.unwrap();
    assert_eq!(used(&journal, 0).await, 3);
    assert_eq!(journal.tallies().await.unwrap().len(), 1);
}
