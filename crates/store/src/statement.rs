//! A statement: its text stands once, and whoever has the connection carries it out with types of its own.

use std::borrow::Cow;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, SqlSafeStr, SqlStr};

use crate::StoreError;
use crate::dialect::{Connection, Native};

/// What is bound to a placeholder. A missing value is bound with the type of its column, as PostgreSQL wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'q> {
    /// TEXT.
    Text(Option<Cow<'q, str>>),
    /// BIGINT.
    Number(Option<i64>),
    /// SMALLINT.
    Small(i16),
    /// BLOB, or BYTEA.
    Bytes(&'q [u8]),
}

/// A row that both drivers can read.
pub(crate) trait Readable: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Readable for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A statement with what is bound to it.
#[must_use = "a statement does nothing by itself"]
pub(crate) struct Statement<'q> {
    text: SqlStr,
    lock: &'static str,
    values: Vec<Value<'q>>,
}

/// A statement of fixed text, with `$1` for the first value that is bound.
pub(crate) fn sql<'q>(text: &'static str) -> Statement<'q> {
    Statement { text: text.into_sql_str(), lock: "", values: Vec::new() }
}

/// A statement whose text is put together from fixed parts and placeholders, never from what anybody gave.
pub(crate) fn sql_of_parts<'q>(text: String) -> Statement<'q> {
    Statement { text: AssertSqlSafe(text).into_sql_str(), lock: "", values: Vec::new() }
}

/// Sizes of the pieces in which many rows are written: few, so that the database keeps the plans of all these statements.
const PIECES: [usize; 4] = [64, 16, 4, 1];

/// Cuts rows into pieces of those sizes, the largest first.
pub(crate) fn pieces<T>(mut rows: &[T]) -> Vec<&[T]> {
    let mut pieces = Vec::new();
    for size in PIECES {
        while let Some((piece, rest)) = rows.split_at_checked(size) {
            pieces.push(piece);
            rows = rest;
        }
    }
    pieces
}

/// Cuts keys that are asked for into pieces of those sizes, the last one filled up with its last key: asking twice for one costs less
/// than asking twice.
pub(crate) fn questions<T>(keys: &[T]) -> Vec<Vec<&T>> {
    let mut questions = Vec::new();
    for piece in keys.chunks(PIECES[0]) {
        let size = PIECES.into_iter().rev().find(|size| *size >= piece.len()).unwrap_or(piece.len());
        let mut question: Vec<&T> = piece.iter().collect();
        question.extend(piece.last().into_iter().cycle().take(size - piece.len()));
        questions.push(question);
    }
    questions
}

/// `($1, $2), ($3, $4)` for two rows of two values.
pub(crate) fn rows_of_values(rows: usize, width: usize) -> String {
    let row = |row: usize| format!("({})", places(row * width + 1, width));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `$3, $4` for two placeholders from the third on.
pub(crate) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Small(number) => query.bind(number),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl<'q> Statement<'q> {
    /// Binds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Keeps the rows that it finds as they are until the transaction ends, by a clause such as `FOR UPDATE`. SQLite needs
    /// none: whoever writes there has the whole file.
    pub(crate) fn locking(mut self, clause: &'static str) -> Self {
        self.lock = clause;
        self
    }

    /// Carries it out. Returns how many rows it wrote.
    pub(crate) async fn execute(self, on: &mut Connection) -> Result<u64, StoreError> {
        let done = match on.native() {
            Native::Sqlite(on) => {
                let query = sqlx::query(self.text);
                bound!(query, self.values).execute(on).await.map(|done| done.rows_affected())
            }
            Native::Postgres(on) => {
                let query = sqlx::query(locked(self.text, self.lock));
                bound!(query, self.values).execute(on).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| on.trouble(error))
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional<R: Readable>(self, on: &mut Connection) -> Result<Option<R>, StoreError> {
        let row = match on.native() {
            Native::Sqlite(on) => bound!(sqlx::query_as::<_, R>(self.text), self.values).fetch_optional(on).await,
            Native::Postgres(on) => {
                let query = sqlx::query_as::<_, R>(locked(self.text, self.lock));
                bound!(query, self.values).fetch_optional(on).await
            }
        };
        row.map_err(|error| on.trouble(error))
    }

    /// All rows.
    pub(crate) async fn fetch_all<R: Readable>(self, on: &mut Connection) -> Result<Vec<R>, StoreError> {
        let rows = match on.native() {
            Native::Sqlite(on) => bound!(sqlx::query_as::<_, R>(self.text), self.values).fetch_all(on).await,
            Native::Postgres(on) => {
                let query = sqlx::query_as::<_, R>(locked(self.text, self.lock));
                bound!(query, self.values).fetch_all(on).await
            }
        };
        rows.map_err(|error| on.trouble(error))
    }

    /// The only row.
    pub(crate) async fn fetch_one<R: Readable>(self, on: &mut Connection) -> Result<R, StoreError> {
        let row = self.fetch_optional(on).await?;
        row.ok_or_else(|| StoreError::Database("a statement that always gives a row gave none".to_owned()))
    }

    /// The first column of the first row, if there is one.
    pub(crate) async fn fetch_value<T>(self, on: &mut Connection) -> Result<Option<T>, StoreError>
    where
        (T,): Readable,
    {
        Ok(self.fetch_optional::<(T,)>(on).await?.map(|(value,)| value))
    }
}

fn locked(text: SqlStr, clause: &str) -> SqlStr {
    if clause.is_empty() { text } else { AssertSqlSafe(format!("{} {clause}", text.as_str())).into_sql_str() }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(text: &'q String) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl<'q> From<Cow<'q, str>> for Value<'q> {
    fn from(text: Cow<'q, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(text: Option<&'q str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'q> From<Option<Cow<'q, str>>> for Value<'q> {
    fn from(text: Option<Cow<'q, str>>) -> Self {
        Self::Text(text)
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(text: &'q Option<String>) -> Self {
        Self::from(text.as_deref())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<i16> for Value<'_> {
    fn from(number: i16) -> Self {
        Self::Small(number)
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_pieces_of_few_sizes() {
        let rows = [0; 64 + 64 + 16 + 4 + 1 + 1];
        let sizes = |rows: &[i32]| pieces(rows).iter().map(|piece| piece.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&rows), [64, 64, 16, 4, 1, 1]);
        assert_eq!((sizes(&[]), sizes(&rows[..3])), (vec![], vec![1, 1, 1]));
    }

    #[test]
    fn keys_are_asked_for_in_as_few_pieces_as_can_be() {
        let keys: Vec<i32> = (0..64 + 10).collect();
        let asked = questions(&keys);
        assert_eq!(asked.iter().map(Vec::len).collect::<Vec<_>>(), [64, 16]);
        assert!(keys.iter().all(|key| asked.concat().contains(&key)));
        assert!(asked[1][10..].iter().all(|filled| **filled == 73));
        assert_eq!(questions(&keys[..5])[0].len(), 16);
        assert!(questions::<i32>(&[]).is_empty());
    }

    #[test]
    fn placeholders_are_numbered_through_all_rows() {
        assert_eq!(rows_of_values(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
