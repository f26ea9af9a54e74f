//! A database with accounts that are logged in at the stub, and posts that are due.

use std::error::Error;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use skein_e2e::desk::Desk;
use url::Url;

use crate::{Done, people};

/// So many logins and submissions run at the same time.
const AT_ONCE: usize = 32;
const APP_PASSWORD: &str = "aaaa-bbbb-cccc-dddd";

pub(crate) struct Wanted<'a> {
    pub(crate) database: &'a str,
    pub(crate) key: &'a str,
    pub(crate) stub: Url,
    pub(crate) accounts: u32,
    pub(crate) posts: u32,
    /// Milliseconds since the epoch.
    pub(crate) first_due_ms: i64,
    pub(crate) spread_ms: i64,
}

#[tokio::main]
pub(crate) async fn run(wanted: &Wanted<'_>) -> Done {
    let desk = Desk::open(wanted.database, Path::new(wanted.key), &wanted.stub, &wanted.stub).await?;
    stream::iter((0..wanted.accounts).map(Ok::<_, Box<dyn Error>>))
        .try_for_each_concurrent(AT_ONCE, |number| {
            let desk = desk.clone();
            async move { desk.log_in(&people::handle(number), APP_PASSWORD, &wanted.stub).await }
        })
        .await?;
    let submitted = stream::iter(0..wanted.posts)
        .map(|number| submit(&desk, wanted, number))
        .buffer_unordered(AT_ONCE)
        .try_fold(0, |count, ()| async move { Ok(count + 1) })
        .await?;
    println!("{submitted} posts of {} accounts", wanted.accounts);
    Ok(())
}

async fn submit(desk: &Desk, wanted: &Wanted<'_>, number: u32) -> Done {
    let into_spread = i64::from(number) * wanted.spread_ms / i64::from(wanted.posts.max(1));
    let due = Timestamp::from_millisecond(wanted.first_due_ms + into_spread)?;
    let text = people::text(number, due.as_microsecond());
    desk.submit(&text, &people::handle(number % wanted.accounts.max(1)), due).await
}
