use std::future::IntoFuture;
use std::pin::Pin;

use super::Client;
use super::answer::Answer;
use super::error::ClientError;
use super::pages::{Bookmark, Reader};
use crate::cursor::{Begin, DEFAULT_PAGES};

/// A query that is asked when it is awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked before it is awaited"]
pub struct Ask {
    pub(super) client: Client,
    pub(super) nsid: String,
    pub(super) params: Vec<(String, String)>,
}

impl Ask {
    pub(super) fn new(client: Client, nsid: &str, params: &[(&str, &str)]) -> Self {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { client, nsid: nsid.to_owned(), params }
    }

    /// One page of a list, from where the last page that was taken under this name ended. The name belongs to the account and
    /// the method, so that accounts and lists do not disturb each other.
    pub fn cursor(self, name: &str) -> Bookmark {
        Bookmark::new(self, name)
    }

    /// The list page by page, from where the last page that was taken under this name ended, at most
    /// [`DEFAULT_PAGES`] of them.
    ///
    /// # Errors
    /// If the method is none, or the journal cannot be read.
    pub async fn pages(self, name: &str) -> Result<Reader, ClientError> {
        Reader::open(self, name, Begin::Kept, DEFAULT_PAGES).await
    }

    async fn send(self) -> Result<Answer, ClientError> {
        let params: Vec<_> = self.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(Answer::of(self.client.fetch(&self.nsid, &params).await?)?)
    }
}

impl IntoFuture for Ask {
    type Output = Result<Answer, ClientError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
