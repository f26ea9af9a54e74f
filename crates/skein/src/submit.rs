//! Submitting from the command line: what `post`, `thread` and `preview` share.

use jiff::tz::TimeZone;
use skein_domain::{
    CardChoice, Category, Delivery, Draft, Fault, Format, Gates, Layout, Part, PostId, ReplyGate, Split, StateName,
    Warning,
};
use skein_engine::Patience;
use skein_intake::{PostView, Submission, Submitted};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::commands::login::connect_from_environment;
use crate::commands::serve::stop_on_signals;
use crate::exit::{Exit, Failure, NOTHING_STORED};
use crate::fixing::fix_videos;
use crate::parts::Written;
use crate::policy_options::PolicyOptions;
use crate::render::outcome;
use crate::render::times::Eye;
use crate::screen::{Line, Tone};
use crate::wiring::House;

/// How long a command works on its own post before it leaves the rest to an engine.
/// What it uploads it waits for longer: a video is encoded somewhere else, which may take its time.
const PATIENCE: Patience = Patience { within_ms: 60_000, uploading_within_ms: 2_700_000 };

/// The options of `post`, `thread` and `preview`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Options {
    /// When: 2026-12-01 09:00, tomorrow 9am, fri 18:30, in 20m, or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The time zone of TIME, such as Europe/Paris [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Which account, by handle; may be repeated [default: the only one there is]
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Vec<String>,
    /// What it answers: an address on bsky.app, an at-uri, or an own post
    #[arg(long, value_name = "REF")]
    pub(crate) reply_to: Option<String>,
    /// What it quotes: an address on bsky.app, an at-uri, or an own post; a feed, a list or a starter pack too
    #[arg(long, value_name = "REF")]
    pub(crate) quote: Option<String>,
    /// Your own name of it: the same post under the same name is published once, however often this runs
    #[arg(long, value_name = "NAME")]
    pub(crate) r#ref: Option<String>,
    /// The page whose link card it shows [default: that of the first link, where there are no pictures]
    #[arg(long, value_name = "URL", conflicts_with = "no_card")]
    pub(crate) card: Option<String>,
    /// Show no link card
    #[arg(long)]
    pub(crate) no_card: bool,
    /// The language it is in, such as en; auto to have it guessed; may be repeated
    #[arg(long, value_name = "LANG")]
    pub(crate) lang: Vec<String>,
    /// What it warns of: sexual, nudity, porn, graphic-media, !no-unauthenticated; may be repeated
    #[arg(long, value_name = "LABEL")]
    pub(crate) label: Vec<String>,
    /// A hashtag beside those in the text, without #; may be repeated
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Who may answer: everyone, nobody, or some of mentioned,followers,following and addresses of lists
    #[arg(long, value_name = "WHO")]
    pub(crate) reply_gate: Option<String>,
    /// Nobody may quote it
    #[arg(long)]
    pub(crate) no_quotes: bool,
    /// Have ffmpeg encode a video again that cannot be posted as it is
    #[arg(long)]
    pub(crate) fix: bool,
    /// What holds when it is late or fails.
    #[command(flatten)]
    pub(crate) policy: PolicyOptions,
    /// What is made of its texts.
    #[command(flatten)]
    pub(crate) layout: LayoutOptions,
}

/// What is made of texts.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct LayoutOptions {
    /// It is written in Markdown: [words](address) becomes a link, ![what it shows](file) a picture
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Cut what is too long into a thread: at paragraphs, else sentences, else words
    #[arg(long)]
    pub(crate) split: bool,
    /// Number the parts: (1/5)
    #[arg(long, requires = "split")]
    pub(crate) numbering: bool,
    /// Show addresses short, as Bluesky's own app does; they lead to where they lead
    #[arg(long)]
    pub(crate) shorten: bool,
}

impl From<LayoutOptions> for Layout {
    fn from(options: LayoutOptions) -> Self {
        let split = match (options.split, options.numbering) {
            (false, _) => Split::Never,
            (true, false) => Split::Parts,
            (true, true) => Split::Numbered,
        };
        let format = if options.markdown { Format::Markdown } else { Format::Plain };
        Self { format, split, shorten: options.shorten }
    }
}

impl Options {
    /// What these options ask for, with the zone of this machine.
    pub(crate) fn submission(self, parts: Vec<Part>, default_zone: TimeZone) -> Submission {
        Submission {
            draft: Draft {
                parts,
                reply_to: self.reply_to,
                quote: self.quote,
                langs: self.lang,
                labels: self.label,
                tags: self.tag,
                gates: Gates {
                    replies: self.reply_gate.as_deref().map(ReplyGate::read).unwrap_or_default(),
                    no_quotes: self.no_quotes,
                },
                card: match (self.card, self.no_card) {
                    (Some(url), _) => CardChoice::Page(url),
                    (None, true) => CardChoice::Never,
                    (None, false) => CardChoice::FirstLink,
                },
                layout: self.layout.into(),
            },
            name: self.r#ref,
            accounts: self.account,
            at: self.at,
            zone: self.tz,
            default_zone,
            policy: self.policy.into(),
        }
    }
}

/// Checks and keeps a post; sends it here when it has no time.
pub(crate) async fn submit(app: &App, written: Written, options: Options) -> Result<Exit, Failure> {
    let house = app.house().await?;
    // Encoding takes long, and `in 20m` was said before it.
    let asked_at = house.clock.now();
    connect_from_environment(app, &house).await?;
    let fix = options.fix;
    let submission = options.submission(written.parts, house.config.zone.clone());
    let originals = house.originals(written.folder);
    let stop = CancellationToken::new();
    let _again = stop_on_signals(&stop)?;
    if fix && !house.intake.check(&submission, asked_at).await? {
        fix_videos(app, &submission.draft, &originals, &stop).await?;
    }
    let admitted = stop.run_until_cancelled(house.intake.admit(&submission, &originals, asked_at)).await;
    let admitted = admitted.filter(|_| !stop.is_cancelled()).ok_or_else(stopped)??;
    // From here on it is kept or not, and whoever stops it is told which.
    let submitted = house.intake.keep(admitted).await?;
    let id = submitted.post.id.clone();
    Box::pin(follow(app, &house, submitted, &stop)).await.map_err(|failure| kept(failure, &id))
}

/// Ctrl-C before anything was kept.
pub(crate) fn stopped() -> Failure {
    let fault = Fault::new("interrupted", Category::Unknown, "Stopped before the post was kept.");
    Failure::new(Exit::Failed, fault, NOTHING_STORED)
}

/// Whatever fails from here on, the post is kept, and whoever posted it must not post it again.
fn kept(failure: Failure, post: &PostId) -> Failure {
    failure.leaving(format!("Your post is kept as {post}; `skein queue show {post}` tells where it stands."))
}

/// Shows what was kept, after sending it here when its time has come.
async fn follow(app: &App, house: &House, submitted: Submitted, stop: &CancellationToken) -> Result<Exit, Failure> {
    let Submitted { post, deliveries, warnings } = submitted;
    let submitted_at = post.submitted_at;
    if post.due > house.clock.now() {
        let view = house.intake.view(post, warnings).await?;
        if app.screen.is_json() {
            app.screen.object(&view);
        } else {
            let alive = house.intake.engine_is_alive().await?;
            // Ten days from the submission are ten days, also when looking up its mentions took a second.
            let eye = Eye { now: submitted_at, ..app.eye(house) };
            app.screen.lines(outcome::scheduled(&view, alive, &eye));
        }
        return Ok(Exit::Kept);
    }
    let view = deliver_now(app, house, &post.id, (&deliveries, warnings), stop).await?;
    let exit = app.show_outcome(house, &view).await?;
    house.engine.sweep_briefly().await;
    Ok(exit)
}

/// Works on the deliveries of a post in this process for a while, and tells where it stands then.
async fn deliver_now(
    app: &App,
    house: &House,
    post: &PostId,
    (deliveries, warnings): (&[Delivery], Vec<Warning>),
    stop: &CancellationToken,
) -> Result<PostView, Failure> {
    let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.id.clone()).collect();
    let has_video = deliveries.iter().any(Delivery::has_long_upload);
    let words = if has_video { "Publishing, once its video is uploaded and encoded …" } else { "Publishing …" };
    app.screen.update(Line::of(Tone::Faint, words));
    let delivered = stop.run_until_cancelled(house.engine.deliver(&ids, PATIENCE)).await;
    app.screen.settle();
    match delivered {
        Some(delivered) => drop(delivered?),
        None => return Err(interrupted(house, post).await?),
    }
    let found = house.ledger.post(post).await?;
    Ok(house.intake.view(found, warnings).await?)
}

/// Ctrl-C ends the command, not the post: whoever pressed it must know, or the next engine surprises them.
async fn interrupted(house: &House, post: &PostId) -> Result<Failure, Failure> {
    let deliveries = house.intake.deliveries_of(post).await?;
    let sent = deliveries.iter().any(|delivery| {
        matches!(delivery.state.name(), StateName::Publishing | StateName::Settling | StateName::Published)
    });
    let (exit, message) = if sent {
        (Exit::Unknown, "Stopped while it was on its way: it may be public.")
    } else {
        (Exit::Kept, "Stopped before it was sent. It goes out as soon as an engine runs.")
    };
    let fault = Fault::new("interrupted", Category::Unknown, message)
        .next(format!("`skein queue cancel {post}` stops what has not been sent."));
    Ok(Failure::new(exit, fault, ""))
}
