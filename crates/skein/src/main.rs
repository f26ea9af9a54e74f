//! The `skein` command.

use std::process::ExitCode;

/// In a burst of small pieces that come and go on several threads this one is quicker than the system's, and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    skein::run(std::env::args_os(), skein::Hooks::default())
}
