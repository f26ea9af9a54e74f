//! Connected accounts.

use skein_domain::ports::NewAccount;
use skein_domain::{Account, AccountId, Platform, Standing, WorkspaceId};

use super::{from_json, to_json, unreadable};
use crate::StoreError;
use crate::dialect::Connection;
use crate::instants::{instant, micros};
use crate::statement::{places, questions, sql, sql_of_parts};

const ACTIVE: &str = "active";
const NEEDS_RECONNECT: &str = "needs_reconnect";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    workspace: String,
    platform: String,
    identity: String,
    handle: String,
    host: String,
    standing: String,
    standing_fault: Option<String>,
    held: i16,
    connected_at: i64,
}

impl Row {
    fn read(self) -> Result<Account, StoreError> {
        let row = format!("account {}", self.id);
        let standing = match (self.standing.as_str(), self.standing_fault) {
            (ACTIVE, None) => Standing::Active,
            (NEEDS_RECONNECT, Some(fault)) => {
                Standing::NeedsReconnect { fault: from_json(&fault, &row, "standing_fault")? }
            }
            (other, _) => return Err(unreadable(&row, "standing", format_args!("`{other}` with the wrong fault"))),
        };
        Ok(Account {
            id: AccountId::parse(&self.id).map_err(|error| unreadable(&row, "id", error))?,
            workspace: WorkspaceId::parse(&self.workspace).map_err(|error| unreadable(&row, "workspace", error))?,
            platform: Platform::parse(&self.platform)
                .ok_or_else(|| unreadable(&row, "platform", format_args!("`{}` is unknown", self.platform)))?,
            identity: self.identity,
            handle: self.handle,
            host: self.host,
            standing,
            held: self.held != 0,
            connected_at: instant(self.connected_at).map_err(|error| unreadable(&row, "connected_at", error))?,
        })
    }
}

pub(crate) async fn connect(connection: &mut Connection, new: &NewAccount) -> Result<Account, StoreError> {
    sql(
        "INSERT INTO accounts (id, workspace, platform, identity, handle, host, standing, standing_fault, held, connected_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'active', NULL, 0, $7)
         ON CONFLICT (workspace, platform, identity) DO UPDATE
         SET handle = excluded.handle, host = excluded.host, standing = 'active', standing_fault = NULL
         RETURNING id, workspace, platform, identity, handle, host, standing, standing_fault, held, connected_at",
    )
    .bind(new.id.as_str())
    .bind(new.workspace.as_str())
    .bind(new.platform.as_str())
    .bind(&new.identity)
    .bind(&new.handle)
    .bind(&new.host)
    .bind(micros(new.at))
    .fetch_one::<Row>(connection)
    .await?
    .read()
}

pub(crate) async fn list(connection: &mut Connection, workspace: &WorkspaceId) -> Result<Vec<Account>, StoreError> {
    sql("SELECT id, workspace, platform, identity, handle, host, standing, standing_fault, held, connected_at
         FROM accounts WHERE workspace = $1 ORDER BY handle, id")
    .bind(workspace.as_str())
    .fetch_all::<Row>(connection)
    .await?
    .into_iter()
    .map(Row::read)
    .collect()
}

pub(crate) async fn called(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    names: &[String],
) -> Result<Vec<Account>, StoreError> {
    // PostgreSQL keeps no NUL in a text, so nothing is called so; to ask for it would be an error.
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.contains('\0')).collect();
    let mut called: Vec<Account> = Vec::new();
    for piece in questions(&names) {
        let (places, lowered) = (places(2, piece.len()), places(2 + piece.len(), piece.len()));
        let text = format!(
            "SELECT id, workspace, platform, identity, handle, host, standing, standing_fault, held, connected_at
             FROM accounts WHERE workspace = $1 AND (id IN ({places}) OR identity IN ({places}) OR lower(handle) IN ({lowered}))
             ORDER BY handle, id"
        );
        let mut query = sql_of_parts(text).bind(workspace.as_str());
        for name in &piece {
            query = query.bind(**name);
        }
        for name in piece {
            query = query.bind(name.to_ascii_lowercase());
        }
        for row in query.fetch_all::<Row>(connection).await? {
            let account = row.read()?;
            // Two names may be of one account.
            if called.iter().all(|other| other.id != account.id) {
                called.push(account);
            }
        }
    }
    Ok(called)
}

pub(crate) async fn get(connection: &mut Connection, id: &AccountId) -> Result<Account, StoreError> {
    find(connection, id, "").await
}

/// What somebody relies on, or is about to do, so that others may not until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// It stays: nobody removes it.
    Staying,
    /// It is changed: nobody else changes or removes it.
    Changing,
    /// It is removed: nobody does anything to it, or adds to what it has.
    Removing,
}

pub(crate) async fn get_locked(connection: &mut Connection, id: &AccountId, lock: Lock) -> Result<Account, StoreError> {
    let clause = match lock {
        Lock::Staying => "FOR KEY SHARE",
        Lock::Changing => "FOR NO KEY UPDATE",
        Lock::Removing => "FOR UPDATE",
    };
    find(connection, id, clause).await
}

async fn find(connection: &mut Connection, id: &AccountId, clause: &'static str) -> Result<Account, StoreError> {
    sql("SELECT id, workspace, platform, identity, handle, host, standing, standing_fault, held, connected_at
         FROM accounts WHERE id = $1")
    .bind(id.as_str())
    .locking(clause)
    .fetch_optional::<Row>(connection)
    .await?
    .ok_or_else(|| missing(id))?
    .read()
}

/// How many of these accounts may write now. They stay so until the transaction ends: whoever holds one waits, and then finds
/// what was armed.
pub(crate) async fn count_usable(connection: &mut Connection, ids: &[&str]) -> Result<usize, StoreError> {
    let mut usable = 0;
    for piece in questions(ids) {
        let text = format!(
            "SELECT id FROM accounts WHERE id IN ({}) AND held = 0 AND standing = 'active' ORDER BY id",
            places(1, piece.len())
        );
        let mut query = sql_of_parts(text).locking("FOR SHARE");
        for id in piece {
            query = query.bind(*id);
        }
        usable += query.fetch_all::<(String,)>(connection).await?.len();
    }
    Ok(usable)
}

pub(crate) async fn set_held(connection: &mut Connection, id: &AccountId, held: bool) -> Result<(), StoreError> {
    let done = sql("UPDATE accounts SET held = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(i16::from(held))
        .execute(connection)
        .await?;
    if done == 0 { Err(missing(id)) } else { Ok(()) }
}

pub(crate) async fn set_standing(
    connection: &mut Connection,
    id: &AccountId,
    standing: &Standing,
) -> Result<(), StoreError> {
    let (name, fault) = match standing {
        Standing::Active => (ACTIVE, None),
        Standing::NeedsReconnect { fault } => (NEEDS_RECONNECT, Some(to_json(fault, "the fault of the account")?)),
    };
    let done = sql("UPDATE accounts SET standing = $2, standing_fault = $3 WHERE id = $1")
        .bind(id.as_str())
        .bind(name)
        .bind(fault)
        .execute(connection)
        .await?;
    if done == 0 { Err(missing(id)) } else { Ok(()) }
}

pub(crate) async fn remove(connection: &mut Connection, id: &AccountId) -> Result<(), StoreError> {
    let done = sql("DELETE FROM accounts WHERE id = $1").bind(id.as_str()).execute(connection).await?;
    if done == 0 { Err(missing(id)) } else { Ok(()) }
}

fn missing(id: &AccountId) -> StoreError {
    StoreError::NotFound(format!("account {id}"))
}
