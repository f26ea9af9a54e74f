//! From a file to a server: every table in one transaction of the server, and after that the file refuses to be used.
//!
//! The order is what keeps a post from going out twice. The file is closed to writers while it is copied, and marked before the server
//! keeps the copy: whenever this is cut off, at most one of the two is a database that can be opened with something in it.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, Sqlite, SqliteConnection, Transaction};

use crate::database_url::Target;
use crate::dialect::{postgres, sqlite};
use crate::instants::micros;
use crate::{DatabaseUrl, StoreError};

/// Rows of one statement, and about how much of them is in memory.
const PIECE_ROWS: usize = 512;
const PIECE_BYTES: usize = 4 * 1024 * 1024;
/// An engine that was seen within this time may still be there, in milliseconds.
const SEEN_LATELY_MS: i64 = 10_000;
/// Signs of life of engines, which stay where they were.
const LEFT_BEHIND: &str = "engines";
/// What a database has that nothing was ever kept in.
const THERE_FROM_THE_START: [&str; 2] = ["workspaces", "vault_keys"];

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Tables that have rows, and how many.
    pub rows: Vec<(String, u64)>,
}

/// How a column is written on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Small,
    Bytes,
}

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

/// Copies the database in a file to an empty one of a server, and marks the file: whoever opens it or writes to it from then on is told
/// where it went. A copy that was cut off between the two may be made again.
///
/// # Errors
/// [`StoreError::InUse`], [`StoreError::NotEmpty`] and [`StoreError::MovedAlready`] before anything is copied; [`StoreError::Unsure`] when the server did not say
/// whether it keeps the copy. After any other error the server has nothing of it.
pub async fn move_to_server(from: &Path, to: &DatabaseUrl, now: Timestamp) -> Result<Moved, StoreError> {
    let Target::Server(options) = to.target() else {
        return Err(StoreError::BadAddress("it is a file".to_owned()));
    };
    let of_file = |why: StoreError| why.opening(&DatabaseUrl::from(from));
    let of_server = |why: StoreError| why.opening(to);
    match sqlite::open(from).await {
        Ok(pools) => pools.close().await,
        // Cut off after the mark.
        Err(StoreError::Moved { place }) if place == to.to_string() => {}
        Err(error) => return Err(of_file(error)),
    }
    let mut file = SqliteConnection::connect_with(&sqlite::writer_options(from)).await.map_err(sqlite::trouble)?;
    let mut source = file.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await.map_err(sqlite::trouble)?;
    refuse_in_use(&mut source, now).await?;
    let tables = tables(&mut source).await?;
    let mut session = connect(options).await.map_err(of_server)?;
    let mut target = session.begin().await.map_err(postgres::trouble)?;
    match take_empty(&mut target, &tables, now).await {
        Err(StoreError::NotEmpty { .. }) if is_copy(&mut source, &mut target).await? => {
            return Err(StoreError::MovedAlready { place: to.to_string() });
        }
        taken => taken.map_err(of_server)?,
    }
    let mut rows = Vec::new();
    for table in &tables {
        let copied = copy(&mut source, &mut target, table).await?;
        compare(&mut source, &mut target, table).await?;
        if copied > 0 {
            rows.push((table.name.clone(), copied));
        }
    }
    set_sequences(&mut target, &tables).await?;
    mark(&mut source, &tables, to).await?;
    source.commit().await.map_err(sqlite::trouble)?;
    target
        .commit()
        .await
        .map_err(|error| StoreError::Unsure { place: to.to_string(), why: Box::new(postgres::trouble(error)) })?;
    Ok(Moved { rows })
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    postgres::open(options).await?.close().await;
    let mut session = postgres::connect(options).await?;
    // The file may be slow, and nobody else waits here.
    run(
        &mut session,
        "SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'; SET synchronous_commit = on",
    )
    .await?;
    Ok(session)
}

async fn run(session: &mut PgConnection, sql: &str) -> Result<u64, StoreError> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await;
    done.map(|done| done.rows_affected()).map_err(postgres::trouble)
}

/// Who was seen since then is alive.
fn seen_lately(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_millis(SEEN_LATELY_MS)).unwrap_or(Timestamp::MIN)
}

/// Whoever publishes from the file must be gone. A command that writes is not seen here, and waits until this is done.
async fn refuse_in_use(source: &mut Transaction<'_, Sqlite>, now: Timestamp) -> Result<(), StoreError> {
    let lately = seen_lately(now);
    let seen: Option<String> = sqlx::query_scalar(
        "SELECT owner FROM engines WHERE seen_at > $1
         UNION ALL SELECT lease_owner FROM lanes WHERE lease_until > $2 LIMIT 1",
    )
    .bind(micros(lately))
    .bind(micros(now))
    .fetch_optional(&mut **source)
    .await
    .map_err(sqlite::trouble)?;
    seen.map_or(Ok(()), |owner| Err(StoreError::InUse { owner }))
}

/// All tables with something to copy, each behind those that it refers to.
async fn tables(source: &mut Transaction<'_, Sqlite>) -> Result<Vec<Table>, StoreError> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
           AND name NOT LIKE '!_%' ESCAPE '!' AND name <> $1 ORDER BY name",
    )
    .bind(LEFT_BEHIND)
    .fetch_all(&mut **source)
    .await
    .map_err(sqlite::trouble)?;
    let mut waiting = Vec::new();
    for name in names {
        let needs: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_list($1)")
            .bind(&name)
            .fetch_all(&mut **source)
            .await
            .map_err(sqlite::trouble)?;
        let columns: Vec<(String, String)> = sqlx::query_as("SELECT name, upper(type) FROM pragma_table_info($1)")
            .bind(&name)
            .fetch_all(&mut **source)
            .await
            .map_err(sqlite::trouble)?;
        let columns = columns.into_iter().map(|(column, kind)| Ok((column, Kind::of(&kind)?)));
        waiting.push((Table { columns: columns.collect::<Result<_, StoreError>>()?, name }, needs));
    }
    in_order(waiting)
}

fn in_order(mut waiting: Vec<(Table, Vec<String>)>) -> Result<Vec<Table>, StoreError> {
    let (mut ordered, mut known) = (Vec::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let ready = |(_, needs): &(Table, Vec<String>)| needs.iter().all(|needed| known.contains(needed));
        let (next, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
        if next.is_empty() {
            return Err(StoreError::Invalid("the tables refer to each other in a circle".to_owned()));
        }
        known.extend(next.iter().map(|(table, _)| table.name.clone()));
        ordered.extend(next.into_iter().map(|(table, _)| table));
        waiting = later;
    }
    Ok(ordered)
}

/// Keeps everybody else out of the server's tables, and makes sure that there is nothing in them.
async fn take_empty(
    target: &mut Transaction<'_, Postgres>,
    tables: &[Table],
    now: Timestamp,
) -> Result<(), StoreError> {
    let names: Vec<String> = tables.iter().map(|table| quoted(&table.name)).chain([quoted(LEFT_BEHIND)]).collect();
    run(target, &format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "))).await?;
    // An engine that was killed there has left nothing else.
    let gone = micros(seen_lately(now));
    run(target, &format!("DELETE FROM {} WHERE seen_at <= {gone}", quoted(LEFT_BEHIND))).await?;
    for name in &names {
        if THERE_FROM_THE_START.iter().any(|table| *name == quoted(table)) {
            continue;
        }
        let there: bool = sqlx::query_scalar(AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {name})")))
            .fetch_one(&mut **target)
            .await
            .map_err(postgres::trouble)?;
        if there {
            return Err(StoreError::NotEmpty { table: name.trim_matches('"').to_owned() });
        }
    }
    for table in THERE_FROM_THE_START {
        run(target, &format!("DELETE FROM {}", quoted(table))).await?;
    }
    Ok(())
}

/// Whether what is there came from this file. The check value of the key has a nonce that no other database has.
async fn is_copy(
    source: &mut Transaction<'_, Sqlite>,
    target: &mut Transaction<'_, Postgres>,
) -> Result<bool, StoreError> {
    const CHECK: &str = "SELECT check_value FROM vault_keys";
    let here: Option<Vec<u8>> =
        sqlx::query_scalar(CHECK).fetch_optional(&mut **source).await.map_err(sqlite::trouble)?;
    let there: Option<Vec<u8>> =
        sqlx::query_scalar(CHECK).fetch_optional(&mut **target).await.map_err(postgres::trouble)?;
    Ok(here.is_some() && here == there)
}

/// Copies the rows of a table in pieces. Returns how many.
async fn copy(
    source: &mut Transaction<'_, Sqlite>,
    target: &mut Transaction<'_, Postgres>,
    table: &Table,
) -> Result<u64, StoreError> {
    let columns = table.columns.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ");
    let all = format!("SELECT {columns} FROM {}", quoted(&table.name));
    let mut rows = sqlx::query(AssertSqlSafe(all)).fetch(&mut **source);
    let (mut piece, mut copied) = (Piece::of(table), 0);
    while let Some(row) = rows.try_next().await.map_err(sqlite::trouble)? {
        piece.take(&row).map_err(sqlite::trouble)?;
        if piece.rows >= PIECE_ROWS || piece.bytes >= PIECE_BYTES {
            copied += std::mem::replace(&mut piece, Piece::of(table)).write(target).await?;
        }
    }
    if piece.rows > 0 {
        copied += piece.write(target).await?;
    }
    Ok(copied)
}

/// Both sides count, within their transactions.
async fn compare(
    source: &mut Transaction<'_, Sqlite>,
    target: &mut Transaction<'_, Postgres>,
    table: &Table,
) -> Result<(), StoreError> {
    let count = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
    let here: i64 =
        sqlx::query_scalar(AssertSqlSafe(count.clone())).fetch_one(&mut **source).await.map_err(sqlite::trouble)?;
    let there: i64 =
        sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut **target).await.map_err(postgres::trouble)?;
    if here == there {
        return Ok(());
    }
    Err(StoreError::Invalid(format!("the copy of the table {} has {there} rows instead of {here}", table.name)))
}

/// Numbers that the server hands out go on behind those that were copied.
async fn set_sequences(target: &mut Transaction<'_, Postgres>, tables: &[Table]) -> Result<(), StoreError> {
    let numbered: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND is_identity = 'YES'",
    )
    .fetch_all(&mut **target)
    .await
    .map_err(postgres::trouble)?;
    let is_ours = |(table, _): &(String, String)| tables.iter().any(|own| own.name == *table);
    for (table, column) in numbered.into_iter().filter(is_ours) {
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('{}', '{column}'), (SELECT COALESCE(MAX({}), 0) + 1 FROM {}), false)",
            quoted(&table),
            quoted(&column),
            quoted(&table)
        );
        run(target, &set).await?;
    }
    Ok(())
}

/// From here on the file cannot be opened by any version of Skein, and refuses what a process writes that has it open.
async fn mark(source: &mut Transaction<'_, Sqlite>, tables: &[Table], to: &DatabaseUrl) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, 1, x'', 0)",
    )
    .bind(sqlite::MOVED)
    .bind(to.to_string())
    .execute(&mut **source)
    .await
    .map_err(sqlite::trouble)?;
    let told = StoreError::Moved { place: to.to_string() }.to_string().replace('\'', "''");
    for table in tables.iter().map(|table| table.name.as_str()).chain([LEFT_BEHIND]) {
        for act in ["INSERT", "UPDATE", "DELETE"] {
            let refuse = format!(
                "CREATE TRIGGER IF NOT EXISTS {} BEFORE {act} ON {} BEGIN SELECT RAISE(ABORT, '{told}'); END",
                quoted(&format!("moved_{table}_{act}")),
                quoted(table)
            );
            sqlx::query(AssertSqlSafe(refuse)).execute(&mut **source).await.map_err(sqlite::trouble)?;
        }
    }
    Ok(())
}

impl Kind {
    fn of(declared: &str) -> Result<Self, StoreError> {
        match declared {
            "TEXT" => Ok(Self::Text),
            "BIGINT" | "INTEGER" => Ok(Self::Number),
            "SMALLINT" => Ok(Self::Small),
            "BLOB" => Ok(Self::Bytes),
            other => Err(StoreError::Invalid(format!("a column of the kind {other} cannot be copied"))),
        }
    }

    fn array(self) -> &'static str {
        match self {
            Self::Text => "text[]",
            Self::Number => "bigint[]",
            Self::Small => "smallint[]",
            Self::Bytes => "bytea[]",
        }
    }
}

/// Some rows on their way, column by column.
struct Piece<'t> {
    table: &'t Table,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

enum Values {
    Text(Vec<Option<String>>),
    Number(Vec<Option<i64>>),
    Small(Vec<Option<i16>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl<'t> Piece<'t> {
    fn of(table: &'t Table) -> Self {
        let values = |kind| match kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Number => Values::Number(Vec::new()),
            Kind::Small => Values::Small(Vec::new()),
            Kind::Bytes => Values::Bytes(Vec::new()),
        };
        Self { table, columns: table.columns.iter().map(|(_, kind)| values(*kind)).collect(), rows: 0, bytes: 0 }
    }

    fn take(&mut self, row: &SqliteRow) -> Result<(), sqlx::Error> {
        for (index, values) in self.columns.iter_mut().enumerate() {
            match values {
                Values::Text(texts) => {
                    let text: Option<String> = row.try_get_unchecked(index)?;
                    self.bytes += text.as_ref().map_or(0, String::len);
                    texts.push(text);
                }
                Values::Number(numbers) => numbers.push(row.try_get_unchecked(index)?),
                Values::Small(numbers) => numbers.push(row.try_get_unchecked(index)?),
                Values::Bytes(all) => {
                    let bytes: Option<Vec<u8>> = row.try_get_unchecked(index)?;
                    self.bytes += bytes.as_ref().map_or(0, Vec::len);
                    all.push(bytes);
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    async fn write(self, target: &mut Transaction<'_, Postgres>) -> Result<u64, StoreError> {
        let columns: Vec<String> = self.table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let kinds = self.table.columns.iter().enumerate();
        let arrays: Vec<String> = kinds.map(|(index, (_, kind))| format!("${}::{}", index + 1, kind.array())).collect();
        let text = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM UNNEST({})",
            quoted(&self.table.name),
            columns.join(", "),
            arrays.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for values in self.columns {
            query = match values {
                Values::Text(texts) => query.bind(texts),
                Values::Number(numbers) => query.bind(numbers),
                Values::Small(numbers) => query.bind(numbers),
                Values::Bytes(bytes) => query.bind(bytes),
            };
        }
        let done = query.execute(&mut **target).await.map_err(postgres::trouble);
        let name = &self.table.name;
        done.map(|done| done.rows_affected()).map_err(|why| match why {
            StoreError::Invalid(why) => StoreError::Invalid(format!("a row of {name} does not fit there: {why}")),
            other => other,
        })
    }
}

/// A name of the schema, as both databases read it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_follows_what_it_refers_to() {
        let table = |name: &str, needs: &[&str]| {
            (Table { name: name.to_owned(), columns: vec![] }, needs.iter().map(|&need| need.to_owned()).collect())
        };
        let given = vec![table("a", &["c", "b"]), table("b", &["c"]), table("c", &[])];
        let ordered: Vec<_> = in_order(given).unwrap().into_iter().map(|table| table.name).collect();
        assert_eq!(ordered, ["c", "b", "a"]);
        assert!(in_order(vec![table("a", &["b"]), table("b", &["a"])]).is_err());
    }

    #[test]
    fn only_kinds_that_both_databases_have_are_copied() {
        assert_eq!(Kind::of("INTEGER").unwrap().array(), "bigint[]");
        assert!(Kind::of("REAL").unwrap_err().to_string().contains("REAL"));
    }
}
