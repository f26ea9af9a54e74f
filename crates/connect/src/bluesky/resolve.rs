//! Looking up all that a draft refers to, once, at submission: what is found here is what will be published.

use futures_util::future::join_all;
use jiff::Timestamp;
use skein_atproto::richtext::{self, Feature};
use skein_atproto::syntax::{Did, Handle};
use skein_bluesky::identity::IdentityError;
use skein_domain::delivery::{PICTURES_LEAD_MS, TEXT_LEAD_MS};
use skein_domain::outcome::Obstacle;
use skein_domain::ports::Stamp;
use skein_domain::{Account, Attached, Category, Draft, Fault, Resolved, Warning};
use std::collections::BTreeMap;
use std::time::Duration;

use super::BlueskyConnector;
use super::capabilities::MAX_BODY_BYTES;
use super::check::{alt_warnings, check_captions, check_mentions};
use super::content::{Content, PartContent};
use super::film_uploads::{self, VIDEOS_MAX};
use super::langs::of_draft;
use super::layout::{LaidOut, LaidPart, lay_out};
use super::prepare::freeze;
use super::publish::did_of;
use super::said;
use super::target::{Address, NoTarget, Role};

/// How long the server of a post that is answered or quoted is asked whether it is still there. It was when this was submitted,
/// so a server that is slow now holds nothing up.
const VERIFY_WITHIN_MS: u64 = 3_000;

/// What became of each mentioned handle.
type Mentioned = BTreeMap<Handle, Result<Did, IdentityError>>;

impl BlueskyConnector {
    pub(crate) async fn resolve_draft(
        &self,
        account: &Account,
        draft: &Draft,
        attached: &Attached,
    ) -> Result<Resolved, Vec<Fault>> {
        let mut faults = Vec::new();
        faults.extend(check_videos(videos(attached)));
        let LaidOut { parts: laid, mut warnings } = lay_out(draft);
        let (langs, not_guessed) = of_draft(draft, &laid);
        let reply = match read(draft.reply_to.as_deref(), Role::Answered, &mut faults) {
            Some(address) => told(self.find_reply(&address).await, &mut faults),
            None => None,
        };
        let quote = match read(draft.quote.as_deref(), Role::Quoted, &mut faults) {
            Some(address) => match did_of(account) {
                Ok(by) => told(self.find_quote(&address, &by).await, &mut faults),
                Err(fault) => told(Err(NoTarget::Missing(fault)), &mut faults),
            },
            None => None,
        };
        let gates = self.find_gates(draft, &mut faults).await;
        let mentioned = self.look_up_mentions(&laid, &mut faults).await;
        let mut parts = Vec::with_capacity(laid.len());
        for (index, LaidPart { text, detected, media, .. }) in laid.into_iter().enumerate() {
            let lookup = |handle: &Handle| mentioned.get(handle).and_then(|found| found.as_ref().ok().cloned());
            let (facets, unresolved) = richtext::resolve_mentions(detected, lookup);
            warnings.extend(unresolved.iter().map(|handle| plain_mention(index, handle)));
            warnings.extend(alt_warnings(index, &media));
            // Told by the check already; a record cannot be made of them.
            check_captions(index, &media, &mut faults);
            let pictures = attached.pictures.get(index).cloned().unwrap_or_default();
            let card = attached.cards.get(index).cloned().flatten();
            let video = attached.videos.get(index).cloned().flatten();
            parts.push(PartContent { text, facets, pictures, card, video });
        }
        warnings.extend(not_guessed);
        let (labels, tags) = (said::labels(draft), draft.tags.clone());
        let content = Content { parts, reply, quote, langs, labels, tags, gates };
        match content.to_value() {
            Ok(value) if faults.is_empty() => {
                check_size(account, &content).map_err(|fault| vec![fault])?;
                Ok(Resolved { content: value, lead_ms: lead_ms(attached), warnings })
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
    pub(crate) async fn verify(&self, account: &Account, content: &Content) -> Result<(), Obstacle> {
        let (reply, quote) = (content.reply.as_ref().map(|reply| &reply.parent), content.quote.as_ref());
        let by = did_of(account).map_err(Obstacle::Refused)?;
        let answered = async {
            match reply {
                Some(parent) => self.still_answerable(parent).await,
                None => Ok(()),
            }
        };
        let quoted = async {
            match quote {
                Some(quote) => self.still_quotable(quote, &by).await,
                None => Ok(()),
            }
        };
        // Somebody else's server must not make this or another post of the account late.
        let bound = Duration::from_millis(VERIFY_WITHIN_MS);
        let (answered, quoted) =
            tokio::join!(tokio::time::timeout(bound, answered), tokio::time::timeout(bound, quoted));
        let in_time = [answered, quoted].into_iter().flatten();
        let (refused, unasked): (Vec<_>, Vec<_>) =
            in_time.filter_map(Result::err).partition(|error| matches!(error, NoTarget::Missing(_)));
        // It was there when this was submitted; who cannot be asked now is no reason to be late.
        for error in unasked {
            let fault = error.into_fault();
            tracing::warn!(code = fault.code, "what is answered or quoted could not be looked at again");
        }
        refused.into_iter().next().map_or(Ok(()), |error| Err(error.into()))
    }
}

fn videos(attached: &Attached) -> usize {
    attached.videos.iter().flatten().count()
}

fn check_videos(given: usize) -> Option<Fault> {
    if given <= VIDEOS_MAX {
        return None;
    }
    let message = format!("A thread can have {VIDEOS_MAX} videos, and this one has {given}.");
    let fault = Fault::content("too_many_videos", "parts", message);
    Some(fault.over(format!("{VIDEOS_MAX} videos"), format!("{given} videos")).next("Make two threads of it."))
}

fn lead_ms(attached: &Attached) -> i64 {
    match attached {
        attached if attached.has_videos() => film_uploads::lead_ms(videos(attached)),
        attached if attached.has_files() => PICTURES_LEAD_MS,
        _ => TEXT_LEAD_MS,
    }
}

/// The address in a field; one that cannot be read is told.
fn read(given: Option<&str>, role: Role, faults: &mut Vec<Fault>) -> Option<Address> {
    Address::parse(given?, role).map_err(|fault| faults.push(fault)).ok()
}

/// What was found; why nothing was is told.
fn told<T>(found: Result<T, NoTarget>, faults: &mut Vec<Fault>) -> Option<T> {
    found.map_err(|error| faults.push(error.into_fault())).ok()
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
    let bytes = freeze(account, content, Stamp { first_created_at: at, clock_id: 0, frozen_at: at }, None)?.body.len();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_videos_than_can_be_held_are_refused_at_the_door() {
        assert_eq!(check_videos(10), None);
        let fault = check_videos(11).unwrap();
        let told = (fault.code.as_str(), fault.field.as_deref(), fault.limit.as_deref(), fault.given.as_deref());
        assert_eq!(told, ("too_many_videos", Some("parts"), Some("10 videos"), Some("11 videos")));
    }
}
