//! The developer's commands: `cargo xtask demo`, `test`, `tidy`, `net`, `bench`, `fuzz`, `simulate`. One file each.

mod bench;
mod debian;
mod demo;
mod fuzz;
#[path = "../../crates/testkit/src/real_pds/install.rs"]
mod install;
mod installed;
mod net;
mod pypi;
mod simulate;
mod test;
mod tidy;
mod unattended;
mod workspace;

use std::process::ExitCode;

use crate::workspace::Workspace;

const USAGE: &str = "\
cargo xtask COMMAND

  demo       builds Skein and starts its demo
  test       everything that must be green before a commit
  tidy       the house rules that no compiler checks
  net        a real Bluesky PDS with two accounts, on this machine
  bench      Skein measured beside its peers
  fuzz       every property test with many more cases
  simulate   engine and use cases through thousands of seeded runs in which everything goes wrong

`cargo xtask COMMAND --help` says more.";

/// How a command ends when it was called as it should be.
type Outcome = anyhow::Result<ExitCode>;

/// What is wrong with a command line; shown with the usage, exit code 2.
#[derive(Debug, PartialEq, Eq)]
struct Misuse(String);

struct Command {
    name: &'static str,
    usage: &'static str,
    run: fn(&Workspace, &[String]) -> Result<Outcome, Misuse>,
}

const COMMANDS: [Command; 7] = [
    Command { name: "demo", usage: demo::USAGE, run: demo::run },
    Command { name: "test", usage: test::USAGE, run: test::run },
    Command { name: "tidy", usage: tidy::USAGE, run: tidy::run },
    Command { name: "net", usage: net::USAGE, run: net::run },
    Command { name: "bench", usage: bench::USAGE, run: bench::run },
    Command { name: "fuzz", usage: fuzz::USAGE, run: fuzz::run },
    Command { name: "simulate", usage: simulate::USAGE, run: simulate::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else { return misused("a command is missing", USAGE) };
    if is_help(name) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return misused(&format!("there is no command {name:?}"), USAGE);
    };
    if rest.first().is_some_and(|first| is_help(first)) {
        println!("{}", command.usage);
        return ExitCode::SUCCESS;
    }
    match (command.run)(&Workspace::here(), rest) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
        Err(Misuse(what)) => misused(&what, command.usage),
    }
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "--help" | "-h" | "help")
}

fn misused(what: &str, usage: &str) -> ExitCode {
    eprintln!("error: {what}\n\n{usage}");
    ExitCode::from(2)
}

/// For commands that take flags only: which of `known` are set.
fn flags<const N: usize>(arguments: &[String], known: [&str; N]) -> Result<[bool; N], Misuse> {
    let mut set = [false; N];
    for argument in arguments {
        match known.iter().position(|flag| flag == argument) {
            Some(index) => set[index] = true,
            None => return Err(Misuse(format!("{argument:?} is not an option of this command"))),
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_known_or_refused() {
        let given = |flags: &[&str]| flags.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>();
        assert_eq!(flags(&given(&["--b"]), ["--a", "--b"]), Ok([false, true]));
        assert_eq!(flags(&[], ["--a"]), Ok([false]));
        assert!(flags(&given(&["--a", "--c"]), ["--a", "--b"]).unwrap_err().0.contains("--c"));
    }
}
