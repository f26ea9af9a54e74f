//! Commands that run to the end without asking anything.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// An error when it cannot be started or does not succeed. Its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let status = command.stdin(Stdio::null()).env("DEBIAN_FRONTEND", "noninteractive").status();
    let status = status.with_context(|| format!("{name} cannot be started"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Standard output, without the white space around it.
pub(crate) fn said(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_or_is_missing_is_named() {
        assert!(run(&mut Command::new("true")).is_ok());
        assert!(run(&mut Command::new("false")).unwrap_err().to_string().starts_with("false failed"));
        assert!(said(&mut Command::new("no-such-program-here")).unwrap_err().to_string().contains("cannot be started"));
        assert_eq!(said(Command::new("echo").arg(" a ")).unwrap(), "a");
    }
}
