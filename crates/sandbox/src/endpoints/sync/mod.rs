//! `com.atproto.sync.*`.

pub(super) mod get_blob;
pub(super) mod get_latest_commit;

use crate::network::{Account, AccountState, Network};
use crate::xrpc::{Refusal, Request};

/// An account whose repository may be read; its owner may read it in any state.
pub(super) fn readable_account<'a>(
    network: &'a Network,
    repo: &str,
    request: &Request,
) -> Result<&'a Account, Refusal> {
    let not_found = || Refusal::new(400, "RepoNotFound", format!("Could not find repo for DID: {repo}"));
    let account = network.account(repo).ok_or_else(not_found)?;
    if request.did() == account.did.as_str() {
        return Ok(account);
    }
    match account.state {
        AccountState::Active => Ok(account),
        AccountState::Takendown => Err(Refusal::new(400, "RepoTakendown", format!("Repo has been takendown: {repo}"))),
        AccountState::Deactivated => {
            Err(Refusal::new(400, "RepoDeactivated", format!("Repo has been deactivated: {repo}")))
        }
    }
}
