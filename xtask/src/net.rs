//! `cargo xtask net`

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Misuse, Outcome, flags, install};

pub(crate) const USAGE: &str = "\
cargo xtask net [--rate-limits]

Starts the reference PDS and a PLC directory on this machine, with the accounts alice.test and bob.test, and says how to
use them. Ctrl-C ends both and forgets everything. The first start installs 570 npm packages into target/.

  --rate-limits   with the limits of the public network";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Outcome, Misuse> {
    let [rate_limits] = flags(arguments, ["--rate-limits"])?;
    Ok(net(workspace, rate_limits))
}

fn net(workspace: &Workspace, rate_limits: bool) -> Outcome {
    let folder =
        install::prepare(workspace.root(), install::PDS, true).context("the reference PDS cannot be installed")?;
    let mut command = install::server_command(&folder);
    command.env("SKEIN_PDS_ACCOUNTS", "alice.test,bob.test");
    if rate_limits {
        command.env("SKEIN_PDS_RATE_LIMITS", "1");
    }
    let mut server = command.spawn().context("the reference PDS cannot be started")?;
    let mut stdout = BufReader::new(server.stdout.take().context("the server has no stdout")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    if line.is_empty() {
        bail!("the reference PDS ended before it was ready ({})", server.wait()?);
    }
    let ready = serde_json::from_str(&line).context("the server said something else than that it is ready")?;
    println!("{}", directions(&ready));
    // `wait` would close its stdin, by which the server knows that it is still wanted.
    let stdin = server.stdin.take();
    let status = server.wait()?;
    drop(stdin);
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn directions(ready: &Value) -> String {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let (pds, plc) = (text(ready, "pds_url"), text(ready, "plc_url"));
    let mut accounts = String::new();
    let mut logins = String::new();
    for account in ready["accounts"].as_array().into_iter().flatten() {
        let [handle, did, password] = ["handle", "did", "app_password"].map(|field| text(account, field));
        // Writing to a String cannot fail.
        writeln!(accounts, "  {handle:<12}{did}   app password {password}").ok();
        writeln!(logins, "  SKEIN_PASSWORD={password} skein login {handle} --service {pds}").ok();
    }
    format!(
        "The network is up: PDS {pds}, PLC directory {plc}. Ctrl-C ends it and forgets everything.\n\n\
         {accounts}\nPaste into another terminal:\n\n  export SKEIN_PLC_URL={plc}\n  export SKEIN_ALLOW_PRIVATE=1\n{logins}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_can_be_pasted() {
        let ready = serde_json::json!({
            "pds_url": "http://localhost:1", "plc_url": "http://localhost:2",
            "accounts": [{"handle": "alice.test", "did": "did:plc:a", "password": "main", "app_password": "aa-bb"}],
        });
        let text = directions(&ready);
        assert!(text.contains("\n  export SKEIN_PLC_URL=http://localhost:2\n"), "{text}");
        assert!(
            text.contains("\n  SKEIN_PASSWORD=aa-bb skein login alice.test --service http://localhost:1\n"),
            "{text}"
        );
        assert!(!text.contains("main"), "the main password is not for use: {text}");
    }
}
