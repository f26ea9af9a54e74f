//! `skein demo`: a small network on this machine, a thread at its instant, and a cable that is cut at the worst moment.

mod network;
mod show;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::serve::stop_on_signals;
use crate::app::App;
use crate::exit::{Exit, Failure};
use network::DemoNetwork;

/// The command line of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port of the network on 127.0.0.1 [default: 2580, or a free one if that is taken]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// End after the show, instead of keeping the network up
    #[arg(long)]
    pub(crate) exit_when_done: bool,
}

/// Starts the network and the engine, plays the show, and stays up until Ctrl-C.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let demo = DemoNetwork::start(app, args.port).await?;
    let stop = CancellationToken::new();
    // The second signal is for those who cannot wait: the network is a pretend one, so nothing is lost.
    let hurry = stop_on_signals(&stop)?;
    let engine = {
        let (engine, stop) = (demo.house.engine.clone(), stop.clone());
        tokio::spawn(async move { engine.run(stop).await })
    };
    let played = tokio::select! {
        played = play(app, &demo, &args) => played,
        () = stop.cancelled() => Ok(()),
    };
    if played.is_ok() && !args.exit_when_done {
        stop.cancelled().await;
    }
    stop.cancel();
    app.screen.settle();
    tokio::select! {
        ended = engine => ended
            .map_err(|error| Failure::system("engine", format!("The engine broke: {error}.")))?
            .map_err(Failure::from)?,
        () = hurry.cancelled() => {}
    }
    demo.end().await;
    played.map(|()| Exit::Done)
}

async fn play(app: &App, demo: &DemoNetwork, args: &Args) -> Result<(), Failure> {
    show::opening(app, demo);
    let thread = show::thread(app, demo).await?;
    let cut = show::cut_cable(app, demo).await?;
    if app.screen.is_json() {
        app.screen.object(&json!({
            "url": demo.url(),
            "account": demo.alice.handle,
            "records": demo.records().await?.len(),
            "thread": thread,
            "cut": cut,
        }));
    }
    show::closing(app, demo, args.exit_when_done);
    Ok(())
}
