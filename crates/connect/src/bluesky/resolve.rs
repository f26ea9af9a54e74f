//! Looking up all that a draft refers to, once, at submission: what is found here is what will be published.

use futures_util::future::join_all;
use jiff::Timestamp;
use skein_atproto::richtext::{self, Feature};
use skein_atproto::syntax::{Did, Handle, Language};
use skein_bluesky::identity::IdentityError;
use skein_domain::delivery::{PICTURES_LEAD_MS, TEXT_LEAD_MS};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::Stamp;
use skein_domain::{Account, Category, Draft, Fault, Picture, Resolved, Warning};
use std::collections::BTreeMap;
use std::time::Duration;

use super::BlueskyConnector;
use super::capabilities::MAX_BODY_BYTES;
use super::check::{alt_warnings, check_mentions};
use super::content::{Content, PartContent};
use super::layout::{LaidOut, LaidPart, lay_out};
use super::prepare::freeze;
use super::reply::{NoTarget, ReplyTarget};

/// How long the server of a post that is answered is asked whether it is still there. It was when the answer was submitted,
/// so a server that is slow now does not hold the answer up.
const VERIFY_WITHIN_MS: u64 = 3_000;

/// What became of each mentioned handle.
type Mentioned = BTreeMap<Handle, Result<Did, IdentityError>>;

impl BlueskyConnector {
    pub(crate) async fn resolve_draft(
        &self,
        account: &Account,
        draft: &Draft,
        pictures: &[Vec<Picture>],
    ) -> Result<Resolved, Vec<Fault>> {
        let mut faults = Vec::new();
        let LaidOut { parts: laid, mut warnings } = lay_out(draft);
        let reply = match draft.reply_to.as_deref().map(ReplyTarget::parse).transpose() {
            Ok(None) => None,
            Ok(Some(target)) => match self.find_reply(&target).await {
                Ok(reply) => Some(reply),
                Err(NoTarget::Missing(fault) | NoTarget::Unasked(fault)) => {
                    faults.push(fault);
                    None
                }
            },
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let mentioned = self.look_up_mentions(&laid, &mut faults).await;
        let mut parts = Vec::with_capacity(laid.len());
        for (index, LaidPart { text, detected, media, .. }) in laid.into_iter().enumerate() {
            let lookup = |handle: &Handle| mentioned.get(handle).and_then(|found| found.as_ref().ok().cloned());
            let (facets, unresolved) = richtext::resolve_mentions(detected, lookup);
            warnings.extend(unresolved.iter().map(|handle| plain_mention(index, handle)));
            warnings.extend(alt_warnings(index, &media));
            parts.push(PartContent { text, facets, pictures: pictures.get(index).cloned().unwrap_or_default() });
        }
        let langs = draft.langs.iter().filter_map(|lang| Language::parse(lang).ok()).collect();
        let content = Content { parts, reply, langs };
        let parsed = content;
        match parsed.to_value() {
            Ok(content) if faults.is_empty() => {
                check_size(account, &parsed).map_err(|fault| vec![fault])?;
                let lead_ms = if pictures.iter().all(Vec::is_empty) { TEXT_LEAD_MS } else { PICTURES_LEAD_MS };
                Ok(Resolved { content, lead_ms, warnings })
            }
            Ok(_) => Err(faults),
            Err(fault) => Err([faults, vec![fault]].concat()),
        }
    }

    async fn look_up_mentions(&self, laid: &[LaidPart], faults: &mut Vec<Fault>) -> Mentioned {
        let handles = mentioned(laid);
        if let Some(fault) = check_mentions(handles.len()) {
            faults.push(fault);
            return Mentioned::new();
        }
        let lookups = handles.into_iter().map(|handle| async {
            let found = self.identities.resolve_handle(&handle, None).await;
            (handle, found)
        });
        let mentioned: Mentioned = join_all(lookups).await.into_iter().collect();
        for (handle, found) in &mentioned {
            if let Err(error) = found
                && error.is_transient()
            {
                faults.push(unasked(handle, error));
            }
        }
        mentioned
    }

    /// Verifies, when a delivery is prepared, that what was looked up at submission still holds.
    pub(crate) async fn verify(&self, content: &Content) -> Result<(), Obstacle> {
        let Some(reply) = &content.reply else { return Ok(()) };
        // Somebody else's server must not make this or another post of the account late.
        let bound = Duration::from_millis(VERIFY_WITHIN_MS);
        let Ok(verified) = tokio::time::timeout(bound, self.still_there(&reply.parent)).await else { return Ok(()) };
        verified.map_err(|error| match error {
            NoTarget::Missing(fault) => Obstacle::Refused(fault),
            NoTarget::Unasked(fault) => Obstacle::Retry { at: None, fault },
        })
    }
}

/// The handles that texts mention, each once.
pub(crate) fn mentioned(laid: &[LaidPart]) -> Vec<Handle> {
    let mut handles: Vec<Handle> = laid
        .iter()
        .flat_map(|part| &part.detected)
        .filter_map(|found| match &found.feature {
            Feature::Mention { handle } => Handle::parse(handle).ok(),
            _ => None,
        })
        .collect();
    handles.sort();
    handles.dedup();
    handles
}

/// Measures the request as it will be frozen: its length does not depend on the instant.
fn check_size(account: &Account, content: &Content) -> Result<(), Fault> {
    let at = Timestamp::UNIX_EPOCH;
    let bytes = freeze(account, content, Stamp { first_created_at: at, clock_id: 0, frozen_at: at })?.body.len();
    if bytes <= MAX_BODY_BYTES {
        return Ok(());
    }
    let message = format!("The thread takes {bytes} bytes in one call, and servers take {MAX_BODY_BYTES}.");
    Err(Fault::content("thread_too_large", "parts", message)
        .over(format!("{MAX_BODY_BYTES} bytes"), format!("{bytes} bytes"))
        .next("Publish it as two threads, or shorten the alt texts of its pictures."))
}

/// A mention of nobody.
pub(crate) fn plain_mention(index: usize, handle: &str) -> Warning {
    Warning::new(
        "mention_unresolved",
        format!("parts[{index}].text"),
        format!("No account is called @{handle}, so it stays plain text."),
    )
}

fn unasked(handle: &Handle, error: &IdentityError) -> Fault {
    let message = format!("Whether @{handle} exists could not be asked: {error}.");
    Fault { field: Some("parts".to_owned()), ..Fault::new("mention_unasked", Category::PlatformError, message) }
        .next("Nothing is wrong with what you wrote; try again later, or leave out the @.")
}
