use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value, json};

use super::{Facet, RecordError, ReplyRef, record_cid};
use crate::syntax::{Cid, Datetime, Language};

/// A post (`app.bsky.feed.post`). Empty lists and `None` are left out when it is written, never null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// At most 300 graphemes and 3000 bytes; may be empty where there is an embed. Not checked here.
    pub text: String,
    /// Mentions, links and tags within the text.
    pub facets: Vec<Facet>,
    /// What this post answers.
    pub reply: Option<ReplyRef>,
    /// Pictures, video, a card or a quote, as JSON with its `$type`.
    pub embed: Option<Value>,
    /// At most 3.
    pub langs: Vec<Language>,
    /// Self-labels, as JSON with its `$type` (`com.atproto.label.defs#selfLabels`).
    pub labels: Option<Value>,
    /// At most 8 hashtags beside those in the text, without `#`.
    pub tags: Vec<String>,
    /// When it says that it was written.
    pub created_at: Datetime,
    /// Fields that this type does not know, kept so that reading and writing loses nothing.
    pub extra: Map<String, Value>,
}

impl Post {
    /// The collection that posts are kept in, and their `$type`.
    pub const NSID: &'static str = "app.bsky.feed.post";

    /// A post of text alone.
    pub fn new(text: impl Into<String>, created_at: Datetime) -> Self {
        Self {
            text: text.into(),
            facets: Vec::new(),
            reply: None,
            embed: None,
            langs: Vec::new(),
            labels: None,
            tags: Vec::new(),
            created_at,
            extra: Map::new(),
        }
    }

    /// The record as JSON, `$type` first. What `extra` names like a field of this type is left out.
    pub fn to_value(&self) -> Value {
        let known = [
            ("$type", Some(json!(Self::NSID))),
            ("text", Some(json!(self.text))),
            ("facets", list(&self.facets)),
            ("reply", self.reply.as_ref().map(|reply| json!(reply))),
            ("embed", self.embed.clone()),
            ("langs", list(&self.langs)),
            ("labels", self.labels.clone()),
            ("tags", list(&self.tags)),
            ("createdAt", Some(json!(self.created_at))),
        ];
        let is_known = |name: &str| known.iter().any(|(key, _)| *key == name);
        let extra = self.extra.iter().filter(|(key, _)| !is_known(key));
        let extra: Vec<_> = extra.map(|(key, value)| (key.clone(), value.clone())).collect();
        let present = known.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(present.chain(extra).collect())
    }

    /// The CID that a server will give this post.
    ///
    /// # Errors
    /// Those of [`super::to_dag_cbor`]: what stands in `embed`, `labels` or `extra` may be no record data.
    pub fn cid(&self) -> Result<Cid, RecordError> {
        record_cid(&self.to_value())
    }
}

/// A list, or nothing: an empty one is left out of a record.
fn list<T: Serialize>(items: &[T]) -> Option<Value> {
    (!items.is_empty()).then(|| json!(items))
}

impl Serialize for Post {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

/// A post as it is read: anything that is missing is allowed to be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadPost {
    #[serde(rename = "$type")]
    kind: String,
    text: String,
    #[serde(default)]
    facets: Vec<Facet>,
    reply: Option<ReplyRef>,
    embed: Option<Value>,
    #[serde(default)]
    langs: Vec<Language>,
    labels: Option<Value>,
    #[serde(default)]
    tags: Vec<String>,
    created_at: Datetime,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Post {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReadPost { kind, text, facets, reply, embed, langs, labels, tags, created_at, extra } =
            ReadPost::deserialize(deserializer)?;
        if kind != Self::NSID {
            return Err(de::Error::custom(format_args!("expected a record of type {}, not {kind:?}", Self::NSID)));
        }
        Ok(Self { text, facets, reply, embed, langs, labels, tags, created_at, extra })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Post;
    use crate::record::{ByteSlice, Facet, FacetFeature};
    use crate::syntax::Datetime;

    fn hello() -> Post {
        Post::new("hello world", Datetime::parse("2024-01-01T00:00:00.000Z").unwrap())
    }

    #[test]
    fn what_is_missing_is_absent_and_never_null() {
        let expected =
            json!({"$type": "app.bsky.feed.post", "text": "hello world", "createdAt": "2024-01-01T00:00:00.000Z"});
        assert_eq!(hello().to_value(), expected);
        assert_eq!(serde_json::to_value(hello()).unwrap(), expected);
    }

    #[test]
    fn a_facet_is_written_without_a_type_and_its_features_with_one() {
        let mut post = hello();
        post.facets.push(Facet {
            index: ByteSlice { byte_start: 0, byte_end: 5 },
            features: vec![FacetFeature::Tag { tag: "hello".into() }],
        });
        assert_eq!(
            post.to_value()["facets"],
            json!([{
                "index": {"byteStart": 0, "byteEnd": 5},
                "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "hello"}],
            }])
        );
    }

    #[test]
    fn fields_and_features_that_are_not_known_here_survive() {
        let record = json!({
            "$type": "app.bsky.feed.post",
            "text": "hello",
            "facets": [{
                "index": {"byteStart": 0, "byteEnd": 5},
                "features": [{"$type": "com.example.facet#colour", "value": "red"}],
            }],
            "createdAt": "2024-01-01T00:00:00Z",
            "com.example.mood": {"level": 3},
        });
        let post: Post = serde_json::from_value(record.clone()).unwrap();
        assert_eq!(post.extra["com.example.mood"]["level"], 3);
        assert_eq!(post.to_value(), record);
    }

    #[test]
    fn extra_cannot_replace_a_known_field() {
        let mut post = hello();
        post.extra.insert("text".into(), Value::Null);
        post.extra.insert("$type".into(), json!("com.example.other"));
        assert_eq!(post.to_value(), hello().to_value());
    }

    #[test]
    fn a_record_of_another_type_is_no_post() {
        let record = json!({"$type": "app.bsky.feed.like", "text": "", "createdAt": "2024-01-01T00:00:00Z"});
        assert!(serde_json::from_value::<Post>(record).is_err());
    }
}
