//! The `skein` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    skein::run(std::env::args_os(), skein::Hooks::default())
}
