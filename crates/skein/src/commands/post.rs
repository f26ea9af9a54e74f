//! `skein post`: one text, now or at a time.

use skein_domain::Part;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::parts::read_text;
use crate::submit::{Options, submit};

/// The command line of `post`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text, or - for standard input
    pub(crate) text: String,
    /// When, where and how.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Posts one text.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let text = read_text(&args.text)?;
    Box::pin(submit(app, vec![Part { text }], args.options)).await
}
