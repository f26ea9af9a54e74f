//! Addresses that were allotted to deliveries: no two deliveries of a lane ever share one.

use std::collections::HashMap;

use skein_domain::RecordRef;

use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::{pieces, places, questions, rows_of_values, sql_of_parts};

/// A delivery of a lane, with the addresses that it shall have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allotment<'a> {
    pub(crate) lane: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) records: &'a [RecordRef],
}

/// Makes the given addresses those of each delivery, in place of what it had before.
pub(crate) async fn allot(connection: &mut Connection, allotments: &[Allotment<'_>]) -> Result<(), StoreError> {
    let had = of_deliveries(connection, allotments).await?;
    let none = Vec::new();
    let changed = |allotment: &&Allotment<'_>| had.get(allotment.delivery).unwrap_or(&none) != allotment.records;
    let changed: Vec<_> = allotments.iter().filter(changed).copied().collect();
    let replaced: Vec<_> = changed.iter().filter(|allotment| had.contains_key(allotment.delivery)).copied().collect();
    for piece in pieces(&replaced) {
        let text = format!("DELETE FROM records WHERE delivery IN ({})", places(1, piece.len()));
        let statement =
            piece.iter().fold(sql_of_parts(text), |statement, allotment| statement.bind(allotment.delivery));
        statement.execute(connection).await?;
    }
    let rows: Vec<_> = changed
        .iter()
        .flat_map(|allotment| allotment.records.iter().enumerate().map(move |(part, record)| (allotment, part, record)))
        .collect();
    for piece in pieces(&rows) {
        let text = format!(
            "INSERT INTO records (lane, uri, cid, delivery, part) VALUES {} ON CONFLICT (lane, uri) DO NOTHING",
            rows_of_values(piece.len(), 5)
        );
        let mut statement = sql_of_parts(text);
        for (allotment, part, record) in piece {
            let part = i64::try_from(*part).unwrap_or(i64::MAX);
            statement =
                statement.bind(allotment.lane).bind(&record.uri).bind(&record.cid).bind(allotment.delivery).bind(part);
        }
        if statement.execute(connection).await? != u64::try_from(piece.len()).unwrap_or(u64::MAX) {
            let uris: Vec<&str> = piece.iter().map(|(_, _, record)| record.uri.as_str()).collect();
            let lane = piece.first().map_or("", |(allotment, ..)| allotment.lane);
            return Err(StoreError::Invalid(format!(
                "one of these addresses is already allotted in lane {lane}: {}",
                uris.join(", ")
            )));
        }
    }
    Ok(())
}

/// The addresses of deliveries that have any, in the order of their parts.
async fn of_deliveries(
    connection: &mut Connection,
    allotments: &[Allotment<'_>],
) -> Result<HashMap<String, Vec<RecordRef>>, StoreError> {
    let mut had: HashMap<String, Vec<RecordRef>> = HashMap::new();
    for piece in questions(allotments) {
        let text = format!(
            "SELECT delivery, uri, cid FROM records WHERE delivery IN ({}) ORDER BY delivery, part",
            places(1, piece.len())
        );
        let query = piece.iter().fold(sql_of_parts(text), |query, allotment| query.bind(allotment.delivery));
        for (delivery, uri, cid) in query.fetch_all::<(String, String, String)>(connection).await? {
            had.entry(delivery).or_default().push(RecordRef { uri, cid });
        }
    }
    Ok(had)
}
