//! Many deliveries at once: what a hundred lanes write in the same moment costs one statement, and one flush to the disk.

use super::row::{Columns, Lasting, lasting_names, names};
use crate::StoreError;
use crate::dialect::Connection;
use crate::statement::{pieces, rows_of_values, sql_of_parts};

/// Values of a row without what lasts.
const WIDTH: usize = 14;
/// Values of a row with it.
const WHOLE_WIDTH: usize = WIDTH + 4;

/// A row as it shall be, with what lasts if that changes, and the version that it replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replaced<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) lasting: Option<&'a Lasting>,
    pub(crate) from_version: i64,
}

/// How much of a row is written. A column that is named makes SQLite write every index anew in which it is, changed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// The last step: it is over.
    End,
    /// A step to a state that is not over, from one that is not.
    Step,
}

impl Replaced<'_> {
    fn extent(&self) -> Extent {
        match self.lasting {
            Some(_) => Extent::Whole,
            None if self.columns.is_over => Extent::End,
            None => Extent::Step,
        }
    }
}

/// Replaces each. Returns how many rows still were as they were thought to be.
pub(crate) async fn replace_many(connection: &mut Connection, replaced: &[Replaced<'_>]) -> Result<u64, StoreError> {
    let mut done = 0;
    for extent in [Extent::Whole, Extent::End, Extent::Step] {
        let rows: Vec<_> = replaced.iter().filter(|replaced| replaced.extent() == extent).collect();
        for piece in pieces(&rows) {
            let mut statement = sql_of_parts(replace_sql(extent, piece.len()));
            for new in piece {
                statement = new.columns.bind(statement).bind(new.from_version);
                if let Some(lasting) = new.lasting {
                    statement = lasting.bind(statement).bind(i16::from(new.columns.is_over));
                }
            }
            done += statement.execute(connection).await?;
        }
    }
    Ok(done)
}

fn replace_sql(extent: Extent, count: usize) -> String {
    let (columns, width, further) = match extent {
        Extent::Whole => (
            concat!(names!(), ", from_version, ", lasting_names!(), ", is_over"),
            WHOLE_WIDTH,
            "due = new.due, content = new.content, prepared = new.prepared, is_over = new.is_over,",
        ),
        Extent::End => (concat!(names!(), ", from_version"), WIDTH, "is_over = 1,"),
        Extent::Step => (concat!(names!(), ", from_version"), WIDTH, ""),
    };
    let values = rows_of_values(count, width);
    format!(
        "WITH new ({columns}) AS (VALUES {values})
         UPDATE deliveries SET {further} version = new.version, grace_ms = new.grace_ms, state = new.state,
             state_json = new.state_json, wake_at = new.wake_at, armed_at = new.armed_at, settled_at = new.settled_at,
             attempts = new.attempts, lead_ms = new.lead_ms
         FROM new
         WHERE deliveries.id = new.id AND deliveries.version = new.from_version AND deliveries.post = new.post
           AND deliveries.account = new.account AND deliveries.lane = new.lane"
    )
}
