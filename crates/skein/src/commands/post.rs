//! `skein post`: one text with its pictures or its video, now or at a time.

use skein_domain::Part;

use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::parts::{Written, read_text};
use crate::pictures::Pictures;
use crate::submit::{Options, submit};

/// The command line of `post`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The text, or - for standard input
    #[arg(required_unless_present_any = ["image", "video"])]
    pub(crate) text: Option<String>,
    /// Its pictures, or its video.
    #[command(flatten)]
    pub(crate) pictures: Pictures,
    /// When, where and how.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Posts one text.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let text = args.text.as_deref().map(read_text).transpose()?.unwrap_or_default();
    let part = Part { text, media: args.pictures.0 };
    Box::pin(submit(app, Written::one(part), args.options)).await
}
