//! One schema in two databases: what each of them says about its tables.

use std::collections::BTreeSet;

use crate::scene::{Raw, Scene};

/// A column, as far as both databases can tell the same about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Column {
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) is_nullable: bool,
    has_default: bool,
}

pub(crate) async fn columns(raw: &Raw) -> BTreeSet<Column> {
    let rows: Vec<(String, String, String, i64, i64)> = raw
        .rows(raw.either(
            r#"SELECT t.name, c.name, upper(c.type), 1 - c."notnull", c.dflt_value IS NOT NULL
               FROM sqlite_master t JOIN pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE '!_%' ESCAPE '!' AND t.name NOT LIKE 'sqlite%'"#,
            "SELECT table_name::text, column_name::text, upper(data_type), (is_nullable = 'YES')::int::bigint,
                    (column_default IS NOT NULL)::int::bigint
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '!_%' ESCAPE '!'",
        ))
        .await;
    let column = |(table, name, kind, is_nullable, has_default): (String, String, String, i64, i64)| {
        // What the two call differently.
        let kind = match kind.as_str() {
            "BYTEA" => "BLOB".to_owned(),
            "INTEGER" => "BIGINT".to_owned(),
            _ => kind,
        };
        Column { table, name, kind, is_nullable: is_nullable == 1, has_default: has_default == 1 }
    };
    rows.into_iter().map(column).collect()
}

/// The names of the CHECK constraints.
pub(crate) async fn checks(raw: &Raw) -> BTreeSet<String> {
    if let Raw::Server(_) = raw {
        let sql =
            "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace";
        return raw.rows::<(String,)>(sql).await.into_iter().map(|(name,)| name).collect();
    }
    let tables: Vec<(String,)> = raw.rows("SELECT sql FROM sqlite_master WHERE type = 'table'").await;
    let names = tables.iter().flat_map(|(sql,)| sql.split("CONSTRAINT ").skip(1));
    names.map(|rest| rest.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Each index: its table, its columns in order, whether it is unique, and the condition of its rows.
async fn indexes(raw: &Raw) -> BTreeSet<(String, String, i64, String)> {
    let rows: Vec<(String, String, i64, String)> = raw
        .rows(raw.either(
            r#"SELECT t.name, (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)),
                      i."unique", coalesce((SELECT sql FROM sqlite_master m WHERE m.type = 'index' AND m.name = i.name), '')
               FROM sqlite_master t JOIN pragma_index_list(t.name) i
               WHERE t.type = 'table' AND t.name NOT LIKE '!_%' ESCAPE '!' AND t.name NOT LIKE 'sqlite%'"#,
            "SELECT t.relname::text,
                    (SELECT string_agg(a.attname::text, ',' ORDER BY k.place)
                     FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, place)
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number),
                    i.indisunique::int::bigint, coalesce(' WHERE ' || pg_get_expr(i.indpred, t.oid), '')
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '!_%' ESCAPE '!'",
        ))
        .await;
    let told = |(table, columns, unique, sql): (String, String, i64, String)| {
        (table, columns, unique, sql.split_once(" WHERE ").map(|(_, condition)| bare(condition)).unwrap_or_default())
    };
    rows.into_iter().map(told).collect()
}

/// The words of a condition that both databases write alike: the names and texts in it.
fn bare(condition: &str) -> String {
    let condition = condition.replace("::text", " ").replace("ARRAY", " ").replace("= ANY", "IN");
    let words = condition.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn real_postgres_has_the_schema_that_sqlite_has() {
    let file = Scene::file();
    file.store().await;
    let databases = std::sync::Arc::new(crate::servers::Databases::start().await);
    let (one, other) = (file.raw().await, Scene::server(&databases).await.raw().await);
    assert_eq!(columns(&one).await, columns(&other).await);
    assert_eq!(checks(&one).await, checks(&other).await);
    // The key of `story` is the row itself on SQLite, without an index.
    let of_server: BTreeSet<_> =
        indexes(&other).await.into_iter().filter(|(_, columns, ..)| columns != "seq").collect();
    assert_eq!(indexes(&one).await, of_server);
    let unsorted: Vec<(String,)> = other
        .rows(
            "SELECT t.relname || '.' || a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
             WHERE t.relnamespace = 'public'::regnamespace AND a.atttypid = 'text'::regtype
               AND a.attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C')",
        )
        .await;
    assert_eq!(unsorted, [], "sorted otherwise than on SQLite");
}
