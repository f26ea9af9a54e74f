//! Options that say what holds for posts that are late or fail: of one post, or of the workspace.

use skein_domain::GivenPolicy;

/// The options.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PolicyOptions {
    /// How late it may still go out, such as 30m, 2h or PT2H; then it is missed
    #[arg(long, value_name = "LENGTH")]
    pub(crate) late: Option<String>,
    /// What follows a failure that may pass: retry, or give-up
    #[arg(long, value_name = "WHAT")]
    pub(crate) on_failure: Option<String>,
    /// After such a failure try again until so long after its time, such as 20m; then it has failed
    #[arg(long, value_name = "LENGTH")]
    pub(crate) retry_for: Option<String>,
}

impl From<PolicyOptions> for GivenPolicy {
    fn from(options: PolicyOptions) -> Self {
        let PolicyOptions { late, on_failure, retry_for } = options;
        Self { late, on_failure, retry_for }
    }
}
