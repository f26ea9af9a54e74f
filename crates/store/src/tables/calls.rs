//! The call log.

use std::borrow::Cow;

use jiff::Timestamp;

use super::unreadable;
use crate::StoreError;
use crate::calls::{CallFilter, LoggedCall};
use crate::dialect::Connection;
use crate::instants::{instant, micros, micros_opt};
use crate::statement::{sql, sql_of_parts};

/// Sorts after every character of an id.
const AFTER_EVERY_ID: &str = "~";

/// Rows of one statement. There are as many statements, all of them kept prepared.
pub(crate) const ROWS_AT_ONCE: usize = 16;

const COLUMNS: &str = "id, at, account, work, verb, method, host, input, request_bytes, status, error, message, \
                       response_bytes, duration, points, rate_limit, rate_remaining, rate_reset, rate_policy, attempt";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    at: i64,
    account: Option<String>,
    work: Option<String>,
    verb: String,
    method: String,
    host: String,
    input: Option<String>,
    request_bytes: i64,
    status: Option<i64>,
    error: Option<String>,
    message: Option<String>,
    response_bytes: Option<i64>,
    duration: i64,
    points: i64,
    rate_limit: Option<i64>,
    rate_remaining: Option<i64>,
    rate_reset: Option<i64>,
    rate_policy: Option<String>,
    attempt: i64,
}

impl Row {
    fn read(self) -> Result<LoggedCall, StoreError> {
        let row = format!("call {}", self.id);
        let rate_reset = self.rate_reset.map(instant).transpose();
        Ok(LoggedCall {
            at: instant(self.at).map_err(|error| unreadable(&row, "at", error))?,
            rate_reset: rate_reset.map_err(|error| unreadable(&row, "rate_reset", error))?,
            id: self.id,
            account: self.account,
            work: self.work,
            verb: self.verb,
            method: self.method,
            host: self.host,
            input: self.input,
            request_bytes: self.request_bytes,
            status: self.status,
            error: self.error,
            message: self.message,
            response_bytes: self.response_bytes,
            duration_us: self.duration,
            points: self.points,
            rate_limit: self.rate_limit,
            rate_remaining: self.rate_remaining,
            rate_policy: self.rate_policy,
            attempt: self.attempt,
        })
    }
}

/// Keeps at most [`ROWS_AT_ONCE`] rows.
pub(crate) async fn insert(connection: &mut Connection, rows: &[LoggedCall]) -> Result<(), StoreError> {
    let width = COLUMNS.split(',').count();
    let row = |number: usize| {
        let places: Vec<String> = (1..=width).map(|place| format!("${}", number * width + place)).collect();
        format!("({})", places.join(", "))
    };
    let places: Vec<String> = (0..rows.len()).map(row).collect();
    let mut insert = sql_of_parts(format!("INSERT INTO calls ({COLUMNS}) VALUES {}", places.join(", ")));
    for call in rows {
        insert = insert
            .bind(&call.id)
            .bind(micros(call.at))
            .bind(&call.account)
            .bind(&call.work)
            .bind(&call.verb)
            .bind(&call.method)
            .bind(&call.host)
            .bind(call.input.as_deref().map(without_nul))
            .bind(call.request_bytes)
            .bind(call.status)
            .bind(call.error.as_deref().map(without_nul))
            .bind(call.message.as_deref().map(without_nul))
            .bind(call.response_bytes)
            .bind(call.duration_us)
            .bind(call.points)
            .bind(call.rate_limit)
            .bind(call.rate_remaining)
            .bind(micros_opt(call.rate_reset))
            .bind(call.rate_policy.as_deref().map(without_nul))
            .bind(call.attempt);
    }
    insert.execute(connection).await?;
    Ok(())
}

/// What a server said may hold a NUL, which no text of PostgreSQL can; the row must not be lost for it.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Walks back in time over an index, so the newest rows come without sorting.
pub(crate) async fn list(connection: &mut Connection, filter: &CallFilter) -> Result<Vec<LoggedCall>, StoreError> {
    let mut conditions = vec!["at >= $1"];
    if filter.failed {
        conditions.push("(status IS NULL OR status < 200 OR status >= 300)");
    }
    if filter.method.is_some() {
        conditions.push(r"lower(method) LIKE $2 ESCAPE '!'");
    }
    if filter.account.is_some() {
        conditions.push("account = $3");
    }
    if filter.work.is_some() {
        conditions.push("work = $4");
    }
    let sql =
        format!("SELECT {COLUMNS} FROM calls WHERE {} ORDER BY at DESC, id DESC LIMIT $5", conditions.join(" AND "));
    sql_of_parts(sql)
        .bind(filter.since.map_or(i64::MIN, micros))
        .bind(filter.method.as_deref().map(pattern))
        .bind(&filter.account)
        .bind(&filter.work)
        .bind(i64::try_from(filter.at_most).unwrap_or(i64::MAX))
        .fetch_all::<Row>(connection)
        .await?
        .into_iter()
        .map(Row::read)
        .collect()
}

/// Matches whatever holds this text, however it is written.
fn pattern(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().flat_map(escaped).collect();
    format!("%{plain}%")
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c])
}

pub(crate) async fn find(connection: &mut Connection, prefix: &str) -> Result<Vec<LoggedCall>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2");
    sql_of_parts(sql)
        .bind(prefix)
        .bind(format!("{prefix}{AFTER_EVERY_ID}"))
        .fetch_all::<Row>(connection)
        .await?
        .into_iter()
        .map(Row::read)
        .collect()
}

pub(crate) async fn prune(connection: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    sql("DELETE FROM calls WHERE at < $1").bind(micros(before)).execute(connection).await
}
