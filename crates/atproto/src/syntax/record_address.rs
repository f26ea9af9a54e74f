use url::Url;

use super::{AtIdentifier, AtUri, Nsid, RecordKey, SyntaxError};

const KIND: &str = "the address of a record";

/// The address of a record as people paste it: an at-uri, or a page that shows the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordAddress {
    /// Whose record it is.
    pub author: AtIdentifier,
    /// The kind of record.
    pub collection: Nsid,
    /// Its key in that collection.
    pub rkey: RecordKey,
}

impl RecordAddress {
    /// Reads `at://AUTHOR/COLLECTION/RKEY`, or the path of a page such as `https://bsky.app/profile/AUTHOR/post/RKEY`. Of a
    /// page any host is taken, since other apps use the same paths; nothing is fetched.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(given: &str) -> Result<Self, SyntaxError> {
        Self::of_uri(given).or_else(|| Self::of_page(given)).ok_or_else(|| {
            let rule =
                "it must be at://AUTHOR/COLLECTION/KEY or a page such as https://bsky.app/profile/AUTHOR/post/KEY";
            SyntaxError::new(KIND, rule, given)
        })
    }

    fn of_uri(given: &str) -> Option<Self> {
        let uri = AtUri::parse(given).ok()?;
        Some(Self { author: uri.authority(), collection: uri.collection()?, rkey: uri.rkey()? })
    }

    fn of_page(given: &str) -> Option<Self> {
        let url = Url::parse(given).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let segments: Vec<_> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let (author, collection, rkey) = match segments.as_slice() {
            ["profile", author, "post", rkey] => (author, "app.bsky.feed.post", rkey),
            ["profile", author, "feed", rkey] => (author, "app.bsky.feed.generator", rkey),
            ["profile", author, "lists", rkey] => (author, "app.bsky.graph.list", rkey),
            ["starter-pack" | "start", author, rkey] => (author, "app.bsky.graph.starterpack", rkey),
            _ => return None,
        };
        Some(Self {
            author: AtIdentifier::parse(author).ok()?,
            collection: Nsid::parse(collection).ok()?,
            rkey: RecordKey::parse(rkey).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RecordAddress;

    #[test]
    fn pages_and_uris_lead_to_the_same_record() {
        for (page, collection) in [
            ("profile/alice.test/post", "app.bsky.feed.post"),
            ("profile/alice.test/feed", "app.bsky.feed.generator"),
            ("profile/alice.test/lists", "app.bsky.graph.list"),
            ("start/alice.test", "app.bsky.graph.starterpack"),
        ] {
            let page = RecordAddress::parse(&format!("https://bsky.app/{page}/3ke6kg3wk2222")).unwrap();
            let uri = RecordAddress::parse(&format!("at://alice.test/{collection}/3ke6kg3wk2222")).unwrap();
            assert_eq!(page, uri);
        }
    }

    #[test]
    fn what_names_no_record_is_refused() {
        for given in
            ["", "hello", "https://bsky.app/profile/alice.test", "at://alice.test/app.bsky.feed.post", "ftp://x/"]
        {
            assert!(RecordAddress::parse(given).unwrap_err().to_string().contains("bsky.app/profile"), "{given}");
        }
    }
}
