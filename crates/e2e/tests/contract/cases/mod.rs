//! The cases. Each has `LIMITS` (whether rate limits are on) and `case`.

pub(crate) mod accepted_records;
pub(crate) mod account_states;
pub(crate) mod app_passwords;
pub(crate) mod apply_writes;
pub(crate) mod blobs;
pub(crate) mod deletes;
pub(crate) mod identity;
pub(crate) mod login_limit;
pub(crate) mod malformed_calls;
pub(crate) mod put_record;
pub(crate) mod reads;
pub(crate) mod refused_records;
pub(crate) mod service_auth;
pub(crate) mod sessions;
pub(crate) mod swap_commit;
pub(crate) mod thread_of_five;
pub(crate) mod write_limit;
pub(crate) mod writes;
