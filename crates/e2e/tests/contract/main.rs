//! One list of calls, answered by the sandbox and by the reference PDS: both must answer alike.
//!
//! Every case asserts what it expects. The tests named `real_pds_…` run the case on both and compare each call: status,
//! error, message, media type, and the shape of the JSON. Where they differ, the sandbox is wrong.
#![cfg(test)]

mod cases;
mod host;
mod shape;
mod wire;

use host::Host;

/// Two tests for a case: on the sandbox alone, and on both with the answers compared.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        mod sandbox {
            $(#[tokio::test]
            async fn $name() {
                let host = super::Host::sandbox(super::cases::$name::LIMITS).await;
                super::cases::$name::case(&host).await;
            })+
        }

        mod real_pds {
            $(#[tokio::test]
            async fn $name() {
                let limits = super::cases::$name::LIMITS;
                let (sandbox, real) = (super::Host::sandbox(limits).await, super::Host::real_pds(limits).await);
                super::cases::$name::case(&sandbox).await;
                super::cases::$name::case(&real).await;
                super::shape::assert_alike(&sandbox.transcript(), &real.transcript());
            })+
        }
    };
}

cases!(
    accepted_records,
    account_states,
    app_passwords,
    apply_writes,
    blobs,
    deletes,
    identity,
    login_limit,
    malformed_calls,
    put_record,
    reads,
    refused_records,
    service_auth,
    sessions,
    swap_commit,
    thread_of_five,
    write_limit,
    writes,
);
