//! Gates: records beside the posts that say who may answer the thread and who may quote its parts.
//!
//! A threadgate has the key of the thread's root and governs all of it. A postgate governs the post of its key alone, so that
//! every part has one, as in the app.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skein_atproto::record::StrongRef;
use skein_atproto::syntax::{AtUri, Datetime};
use skein_domain::{Draft, Fault, ReplyGate};

use super::BlueskyConnector;
use super::capabilities::{MAX_GATE_RULES, MAX_WRITES};
use super::target::{Address, Role};

pub(crate) const THREADGATE: &str = "app.bsky.feed.threadgate";
pub(crate) const POSTGATE: &str = "app.bsky.feed.postgate";
pub(crate) const DISABLE_RULE: &str = "app.bsky.feed.postgate#disableRule";

/// Who may answer, as a threadgate says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "$type")]
pub(crate) enum Allow {
    #[serde(rename = "app.bsky.feed.threadgate#mentionRule")]
    Mentioned,
    #[serde(rename = "app.bsky.feed.threadgate#followerRule")]
    Followers,
    #[serde(rename = "app.bsky.feed.threadgate#followingRule")]
    Following,
    #[serde(rename = "app.bsky.feed.threadgate#listRule")]
    Listed { list: AtUri },
}

/// The gates of a thread.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Gates {
    /// Who may answer; everyone where there is nothing, nobody where it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replies: Option<Vec<Allow>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_quotes: bool,
}

impl Gates {
    pub(crate) fn are_open(&self) -> bool {
        *self == Self::default()
    }

    /// The gates of posts that were made at these instants, each with its collection and the place of its post.
    pub(crate) fn records(&self, posts: &[(StrongRef, Datetime)]) -> Vec<(&'static str, usize, Value)> {
        let of_thread = posts.first().zip(self.replies.as_ref()).map(|((root, at), allow)| {
            let gate = json!({"$type": THREADGATE, "post": root.uri, "allow": allow, "createdAt": at});
            (THREADGATE, 0, gate)
        });
        let gated = if self.no_quotes { posts } else { &[] };
        let of_posts = gated.iter().enumerate().map(|(place, (post, at))| {
            let rules = [json!({"$type": DISABLE_RULE})];
            let gate = json!({"$type": POSTGATE, "post": post.uri, "embeddingRules": rules, "createdAt": at});
            (POSTGATE, place, gate)
        });
        of_thread.into_iter().chain(of_posts).collect()
    }
}

/// A rule as it was written.
enum Rule {
    Known(Allow),
    List(Address),
}

fn read_rule(place: usize, given: &str) -> Result<Rule, Fault> {
    Ok(match given {
        "mentioned" => Rule::Known(Allow::Mentioned),
        "followers" => Rule::Known(Allow::Followers),
        "following" => Rule::Known(Allow::Following),
        address => Rule::List(Address::parse(address, Role::Listed(place))?),
    })
}

/// How many records a draft of so many parts makes, its gates included.
pub(crate) fn records_of(draft: &Draft, parts: usize) -> usize {
    let gates = &draft.gates;
    parts + usize::from(gates.replies != ReplyGate::Everyone) + if gates.no_quotes { parts } else { 0 }
}

/// Checks the gates of a draft of so many parts.
pub(crate) fn check(draft: &Draft, parts: usize, faults: &mut Vec<Fault>) {
    let gates = &draft.gates;
    if let ReplyGate::Only(rules) = &gates.replies {
        if rules.is_empty() {
            let fault = Fault::content("reply_gate_empty", "reply_gate", "The list of who may answer is empty.");
            faults.push(fault.over("1 rule", "0 rules").next("Write `nobody`, or `everyone`."));
        }
        if rules.len() > MAX_GATE_RULES {
            let message = format!("Who may answer has {} rules; Bluesky takes {MAX_GATE_RULES}.", rules.len());
            let fault = Fault::content("too_many_gate_rules", "reply_gate", message);
            faults.push(fault.over(format!("{MAX_GATE_RULES} rules"), format!("{} rules", rules.len())));
        }
        let wrong = |(place, rule): (usize, &String)| read_rule(place, rule).err();
        faults.extend(rules.iter().enumerate().filter_map(wrong));
    }
    let gates_thread = gates.replies != ReplyGate::Everyone;
    if gates_thread && draft.reply_to.is_some() {
        let message = "Who may answer is said by the first post of a thread, and this post answers another.";
        let fault = Fault::content("gate_on_reply", "reply_gate", message);
        faults.push(fault.next("Leave out `reply_gate`; the thread's author decides."));
    }
    let writes = records_of(draft, parts);
    if parts <= MAX_WRITES && writes > MAX_WRITES {
        let message = format!(
            "The thread and its gates take {writes} records in one call, and servers take {MAX_WRITES}: one for each part, \
             one for each part that must not be quoted, one for who may answer."
        );
        faults.push(
            Fault::content("too_many_writes", "parts", message)
                .over(format!("{MAX_WRITES} writes"), format!("{writes} writes"))
                .next("Publish it as two threads, or without gates."),
        );
    }
}

impl BlueskyConnector {
    /// The gates that a draft asks for, with its lists found.
    pub(crate) async fn find_gates(&self, draft: &Draft, faults: &mut Vec<Fault>) -> Gates {
        let rules: &[String] = match &draft.gates.replies {
            ReplyGate::Everyone => return Gates { replies: None, no_quotes: draft.gates.no_quotes },
            ReplyGate::Nobody => &[],
            ReplyGate::Only(rules) => rules.get(..MAX_GATE_RULES).unwrap_or(rules),
        };
        let found = join_all(rules.iter().enumerate().map(|(place, rule)| self.find_rule(place, rule))).await;
        let mut allow: Vec<Allow> = Vec::with_capacity(found.len());
        for rule in found {
            match rule {
                Ok(rule) if allow.contains(&rule) => {}
                Ok(rule) => allow.push(rule),
                Err(fault) => faults.push(fault),
            }
        }
        Gates { replies: Some(allow), no_quotes: draft.gates.no_quotes }
    }

    async fn find_rule(&self, place: usize, given: &str) -> Result<Allow, Fault> {
        match read_rule(place, given)? {
            Rule::Known(allow) => Ok(allow),
            Rule::List(address) => {
                let list =
                    self.find(&address, Role::Listed(place)).await.map_err(super::target::NoTarget::into_fault)?;
                Ok(Allow::Listed { list: list.reference.uri })
            }
        }
    }
}
