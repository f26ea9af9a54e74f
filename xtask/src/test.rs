//! `cargo xtask test`

mod setup;
pub(crate) mod stage;
pub(crate) mod summary;

use std::process::ExitCode;

use crate::workspace::Workspace;
use crate::{Misuse, Outcome, flags, install, tidy};

use self::stage::Stages;
use self::summary::Tally;

pub(crate) const USAGE: &str = "\
cargo xtask test [--fast] [--install]

Everything that must be green before a commit: format, tidy, clippy, cargo-deny, all tests, documentation tests. A stage
that fails does not stop the later ones. The last line is `N passed, N failed`, exit code 1 when anything failed.

  --fast      leaves out what needs servers (tests with real_pds, real_network, real_postgres or real_s3 in their name),
              what needs ffmpeg (real_ffmpeg) and cargo-deny
  --install   installs what is missing: the Debian packages git, nodejs, npm, ffmpeg, postgresql and redis-server (as
              root), cargo-nextest and cargo-deny into target/tools, the npm packages of the reference PDS and of the
              whole reference network into target/, and moto from PyPI (python3 and pip) where there is no moto_server";

/// What --fast leaves out, by what stands in the name of a test.
const SLOW_TESTS: [&str; 5] = ["real_pds", "real_network", "real_postgres", "real_s3", "real_ffmpeg"];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let [fast, install] = flags(arguments, ["--fast", "--install"])?;
    Ok(Ok(test(workspace, fast, install)))
}

fn test(workspace: &Workspace, fast: bool, may_install: bool) -> ExitCode {
    let mut stages = Stages::default();
    if may_install {
        stages.run("install", || {
            setup::install(workspace, fast);
            Ok(Tally::default())
        });
    }
    stages.run("fmt", || stage::gate(workspace.cargo(["fmt", "--all", "--check"])));
    stages.run("tidy", || tidy::check(workspace).map(Tally::of_gate));
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    stages.run("clippy", || stage::gate(workspace.cargo(clippy)));
    if fast {
        stages.note("cargo-deny: left out by --fast");
    } else if setup::has_subcommand(workspace, "deny") {
        let deny = ["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
        stages.run("deny", || stage::gate(workspace.cargo(deny)));
    } else {
        stages.skip("deny", "cargo-deny is missing; run `cargo xtask test --install`");
    }
    stages.run("tests", || tests(workspace, fast, may_install));
    stages.run("doc tests", || stage::counted(workspace.cargo(["test", "--doc", "--workspace"]), summary::libtest));
    if stages.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tests(workspace: &Workspace, fast: bool, may_install: bool) -> anyhow::Result<Tally> {
    let with_nextest = setup::has_subcommand(workspace, "nextest");
    let mut command = if with_nextest {
        // Some tests wait for minutes without doing anything, so there is one more of them than there are cores.
        let at_once = std::thread::available_parallelism().map_or(2, usize::from) + 1;
        let mut command = workspace.cargo(["nextest", "run", "--workspace", "--no-tests=pass"]);
        command.args(["--test-threads", &at_once.to_string()]);
        command
    } else {
        println!("cargo-nextest is missing: cargo test instead; `cargo xtask test --install` installs it");
        workspace.cargo(["test", "--workspace", "--all-targets", "--no-fail-fast"])
    };
    match (fast, with_nextest) {
        (true, true) => drop(
            command.args(["-E", &format!("not ({})", SLOW_TESTS.map(|name| format!("test({name})")).join(" or "))]),
        ),
        (true, false) => drop(command.arg("--").args(SLOW_TESTS.iter().flat_map(|name| ["--skip", name]))),
        (false, _) => {}
    }
    if may_install {
        command.env(install::MAY_INSTALL_VARIABLE, "1");
    }
    stage::counted(command, if with_nextest { summary::nextest } else { summary::libtest })
}
