//! Posts a file of texts, one a line, and remembers everything in a database: session, budget, call log.
//!
//! `posts HANDLE SERVICE PLC FOLDER TEXTS [--without-log]`, with the app password in `SKEIN_PASSWORD`. A second run uses the
//! session of the first one.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use skein_bluesky::Environment;
use skein_bluesky::client::{Client, Post};
use skein_domain::ports::Entropy;
use skein_journal::StoreJournal;
use skein_store::{DatabaseUrl, MasterKey, Store};

/// The randomness of the operating system.
struct Machine;

impl Entropy for Machine {
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "whoever writes a program chooses its randomness"
    )]
    fn fill(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system has random bytes");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("posts: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let (&[handle, service, plc, folder, texts], without_log) = (match arguments {
        [given @ .., "--without-log"] => (given, true),
        given => (given, false),
    }) else {
        return Err("usage: posts HANDLE SERVICE PLC FOLDER TEXTS [--without-log]".into());
    };
    let folder = Path::new(folder);
    let key = MasterKey::load_or_create(&folder.join("master.key"), &Machine)?;
    let store = Store::open(&DatabaseUrl::from(folder.join("skein.db").as_path()), key, Arc::new(Machine)).await?;
    let journal = StoreJournal::new(&store);
    let journal = if without_log { journal.without_call_log() } else { journal };

    let client = Client::builder()
        .journal(Arc::new(journal))
        .environment(Environment { plc_url: plc.parse()?, ..Environment::default() })
        .service(service.parse()?)
        .login(handle, std::env::var("SKEIN_PASSWORD")?)
        .await?;
    for text in std::fs::read_to_string(texts)?.lines() {
        client.post(Post::new(text).langs(["en"])).await?;
    }
    client.flush().await;
    store.close().await;
    Ok(())
}
