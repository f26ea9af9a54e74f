//! The `skein` command with its ledger wrapped, so that a test can have it killed at a chosen write. Without
//! `SKEIN_E2E_KILL_AT` it is the command as it is shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    skein::run(
        std::env::args_os(),
        skein::Hooks { decorate_ledger: Some(skein_e2e::kill_ledger::decorate), ..skein::Hooks::default() },
    )
}
