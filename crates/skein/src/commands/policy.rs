//! `skein policy`: what holds for posts that are late or fail, where they say nothing themselves.

use skein_domain::{GivenPolicy, Policy, ShownPolicy};
use skein_intake::IntakeError;

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED};
use crate::policy_options::PolicyOptions;
use crate::screen::{Line, Tone};

/// The command line of `policy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What shall hold from now on.
    #[command(flatten)]
    pub(crate) options: PolicyOptions,
    /// As it was before anything was set
    #[arg(long, conflicts_with_all = ["late", "on_failure", "retry_for"])]
    pub(crate) reset: bool,
}

/// Shows what holds, after setting what is given.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let given = GivenPolicy::from(args.options);
    let changes = args.reset || !given.is_empty();
    let policy = if args.reset {
        house.intake.forget_policy().await?;
        Policy::default()
    } else if changes {
        house.intake.set_policy(&given).await.map_err(refused)?
    } else {
        house.intake.policy().await?
    };
    let shown = ShownPolicy::from(policy);
    if app.screen.is_json() {
        app.screen.object(&shown);
        return Ok(Exit::Done);
    }
    let head = if changes { "From now on" } else { "What holds" };
    app.screen.line(Line::of(Tone::Strong, head).and(Tone::Plain, " for a post that says nothing itself:"));
    app.screen.line(format!("  {}", shown.sentence()));
    if changes {
        app.screen.line(Line::of(Tone::Faint, "Posts that are kept already stay as they are."));
    }
    Ok(Exit::Done)
}

fn refused(error: IntakeError) -> Failure {
    let is_refused = matches!(error, IntakeError::Refused(_));
    let failure = Failure::from(error);
    if is_refused { failure.leaving(NOTHING_CHANGED) } else { failure }
}
