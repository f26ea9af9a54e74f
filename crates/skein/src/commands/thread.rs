//! `skein thread`: several parts, published in one commit, now or at a time.

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::parts::read_parts;
use crate::submit::{Options, submit};

/// The command line of `thread`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A file, or - for standard input; its parts are split by lines that are exactly ---
    pub(crate) file: String,
    /// When, where and how.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Posts a thread.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let written = read_parts(&args.file, args.options.layout.markdown)?;
    Box::pin(submit(app, written, args.options)).await
}
