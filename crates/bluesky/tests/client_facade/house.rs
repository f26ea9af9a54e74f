//! A client of the network, and what it wrote.

use std::sync::Arc;

use serde_json::{Value, json};
use skein_atproto::record::cid_of_blob;
use skein_bluesky::Client;
use skein_bluesky::client::{Builder, Image};
use skein_bluesky::journal::MemoryJournal;
use skein_net::AllowPrivate;

use crate::network::{APP_PASSWORD, HANDLE, Network, Reply, http, now};

pub(crate) struct House {
    pub(crate) network: Network,
    pub(crate) journal: Arc<MemoryJournal>,
    pub(crate) client: Client,
}

impl House {
    /// Logged in as Alice.
    pub(crate) async fn new() -> Self {
        let (network, journal) = (Network::start().await, Arc::new(MemoryJournal::new()));
        let client = builder(&network, &journal).without_retries().login(HANDLE, APP_PASSWORD).await.unwrap();
        Self { network, journal, client }
    }

    /// The writes of the only call that wrote.
    pub(crate) fn writes(&self) -> Vec<Value> {
        let seen = self.network.seen("applyWrites");
        assert_eq!(seen.len(), 1);
        let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
        assert_eq!(body["validate"], true);
        body["writes"].as_array().unwrap().clone()
    }

    pub(crate) fn record(&self) -> Value {
        self.writes()[0]["value"].clone()
    }

    /// The next upload is of these bytes.
    pub(crate) fn takes(&self, bytes: &[u8]) {
        let link = json!({"$link": cid_of_blob(bytes).as_str()});
        let blob = json!({"$type": "blob", "ref": link, "mimeType": "image/png", "size": bytes.len()});
        self.network.order("uploadBlob", Reply::Json(200, json!({ "blob": blob })));
    }
}

pub(crate) fn builder(network: &Network, journal: &Arc<MemoryJournal>) -> Builder {
    Client::builder()
        .journal(journal.clone())
        .environment(network.environment())
        .http(http(AllowPrivate::None))
        .clock(Arc::new(now))
        .random(Arc::new(|| 7))
        .owner("facade")
        .service(network.pds())
}

pub(crate) fn image(bytes: &[u8], alt: &str) -> Image {
    Image { bytes: bytes.to_vec().into(), mime: "image/png".to_owned(), alt: alt.to_owned(), width: 4, height: 3 }
}
