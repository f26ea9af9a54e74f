//! The methods of the ledger as a list, for whoever wraps one: written out in each wrapper, one would be forgotten in some and take the
//! default of the trait.

/// Calls a macro with every method of [`Ledger`](crate::ports::Ledger) that answers with a result, in the order of the trait, each as
/// `method(name: type, …) -> what it gives;`. Who calls it depends on `jiff`. `changed` is not among them: it only waits.
#[macro_export]
macro_rules! every_ledger_method {
    ($with:ident) => {
        $with! {
            connect_account(account: $crate::ports::NewAccount) -> $crate::Account;
            accounts(workspace: &$crate::WorkspaceId) -> Vec<$crate::Account>;
            accounts_called(workspace: &$crate::WorkspaceId, names: &[String]) -> Vec<$crate::Account>;
            account(id: &$crate::AccountId) -> $crate::Account;
            set_held(id: &$crate::AccountId, held: bool) -> ();
            set_standing(id: &$crate::AccountId, standing: &$crate::Standing, now: jiff::Timestamp) -> ();
            remove_account(id: &$crate::AccountId) -> ();
            policy(workspace: &$crate::WorkspaceId) -> $crate::Policy;
            set_policy(workspace: &$crate::WorkspaceId, policy: &$crate::Policy) -> ();
            submit(
                post: &$crate::Post,
                deliveries: &[$crate::Delivery],
                story: &[$crate::story::Line],
                files: &[$crate::ports::ContentHash]
            ) -> ();
            needs_file(file: &$crate::ports::ContentHash) -> bool;
            post(id: &$crate::PostId) -> $crate::Post;
            post_named(workspace: &$crate::WorkspaceId, name: &$crate::PostName) -> Option<$crate::Post>;
            posts(workspace: &$crate::WorkspaceId, prefix: &str, at_most: usize) -> Vec<$crate::Post>;
            delivery(id: &$crate::DeliveryId) -> $crate::Delivery;
            queue(filter: &$crate::ports::QueueFilter) -> Vec<$crate::Delivery>;
            count_awake(at_most: usize) -> usize;
            count_states(at_most: usize) -> Vec<($crate::StateName, usize)>;
            story(id: &$crate::DeliveryId) -> Vec<$crate::story::Line>;
            next_wake() -> Option<jiff::Timestamp>;
            claim(request: &$crate::ports::ClaimRequest) -> Option<$crate::ports::Claim>;
            claim_due(request: &$crate::ports::ClaimRequest, at_most: usize) -> Vec<$crate::ports::Claim>;
            due_run(
                claim: &$crate::ports::Claim,
                now: jiff::Timestamp,
                limits: &$crate::ports::RunLimits
            ) -> Vec<$crate::Delivery>;
            unsettled(lane: &$crate::Lane, but: &$crate::DeliveryId) -> Option<$crate::Delivery>;
            renew(claim: &$crate::ports::Claim, until: jiff::Timestamp) -> ();
            release(claim: &$crate::ports::Claim) -> ();
            save(change: &$crate::ports::Change) -> ();
            beat(owner: &str, now: jiff::Timestamp) -> ();
            last_beat() -> Option<jiff::Timestamp>;
            end_beat(owner: &str) -> ();
        }
    };
}
