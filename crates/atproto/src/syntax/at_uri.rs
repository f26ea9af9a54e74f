use super::identifier::identifier_traits;
use super::{AtIdentifier, Did, Nsid, RecordKey, SyntaxError};

const KIND: &str = "an at-uri";
const MAX_BYTES: usize = 8192;

/// The address of an account, a collection or a record: `at://authority/collection/rkey`, without query or fragment.
///
/// The text stays as it was given (a handle in it is not lower-cased), since records are hashed with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtUri {
    text: String,
    authority: AtIdentifier,
    collection: Option<Nsid>,
    rkey: Option<RecordKey>,
}

identifier_traits!(AtUri);

impl AtUri {
    /// Reads an at-uri in the strict form that records use.
    ///
    /// # Errors
    /// The rule broken, by the whole or by one of its parts.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| SyntaxError::new(KIND, rule, text);
        if text.len() > MAX_BYTES {
            return Err(refuse("it may be at most 8192 characters long"));
        }
        let rest = text.strip_prefix("at://").ok_or_else(|| refuse("it must begin with at://"))?;
        if rest.ends_with('/') {
            return Err(refuse("it must not end with a slash"));
        }
        let mut segments = rest.split('/');
        let authority = AtIdentifier::parse(segments.next().unwrap_or_default())
            .map_err(|_| refuse("after at:// there must be a DID or a handle"))?;
        let collection = segments
            .next()
            .map(Nsid::parse)
            .transpose()
            .map_err(|_| refuse("the collection must be an NSID, such as app.bsky.feed.post"))?;
        let rkey = segments
            .next()
            .map(RecordKey::parse)
            .transpose()
            .map_err(|_| refuse("after the collection there must be a record key"))?;
        if segments.next().is_some() {
            return Err(refuse("nothing may follow the record key"));
        }
        Ok(Self { text: text.to_owned(), authority, collection, rkey })
    }

    /// The address of one record.
    pub fn record(did: &Did, collection: &Nsid, rkey: &RecordKey) -> Self {
        Self {
            text: format!("at://{did}/{collection}/{rkey}"),
            authority: AtIdentifier::Did(did.clone()),
            collection: Some(collection.clone()),
            rkey: Some(rkey.clone()),
        }
    }

    /// The whole address as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whose repository it is in.
    pub fn authority(&self) -> AtIdentifier {
        self.authority.clone()
    }

    /// The collection, if it names one.
    pub fn collection(&self) -> Option<Nsid> {
        self.collection.clone()
    }

    /// The record key, if it names a record.
    pub fn rkey(&self) -> Option<RecordKey> {
        self.rkey.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{AtIdentifier, AtUri, Did, Nsid, RecordKey};

    #[test]
    fn the_parts_come_back_out() {
        let did = Did::parse("did:plc:abc123").unwrap();
        let collection = Nsid::parse("app.bsky.feed.post").unwrap();
        let rkey = RecordKey::parse("3jzfcijpj2z2a").unwrap();
        let uri = AtUri::record(&did, &collection, &rkey);
        assert_eq!(uri.as_str(), "at://did:plc:abc123/app.bsky.feed.post/3jzfcijpj2z2a");
        assert_eq!(uri, AtUri::parse(uri.as_str()).unwrap());
        assert_eq!(uri.authority(), AtIdentifier::Did(did));
        assert_eq!(uri.collection(), Some(collection));
        assert_eq!(uri.rkey(), Some(rkey));
    }

    #[test]
    fn a_short_address_has_no_collection_and_keeps_its_text() {
        let uri = AtUri::parse("at://Alice.Test").unwrap();
        assert_eq!(uri.as_str(), "at://Alice.Test");
        assert_eq!(uri.authority().as_str(), "alice.test");
        assert_eq!((uri.collection(), uri.rkey()), (None, None));
    }
}
