//! Once: a post that has a name is kept once, however often it is submitted.

use serde::Serialize;
use skein_domain::ports::ContentHash;
use skein_domain::{Category, Draft, Fault, GivenPolicy, Named, PostName, Warning};

use crate::submit::without_secrets;
use crate::{Intake, IntakeError, Submission, Submitted};

/// What makes two submissions the same. The zone of whoever asks is none of it: the same words from another machine are
/// the same post. Pictures are compared by their names.
#[derive(Serialize)]
struct Asked<'a> {
    draft: Draft,
    accounts: &'a [String],
    at: Option<&'a str>,
    zone: Option<&'a str>,
    /// Only where one was given: what the workspace says may change in between.
    #[serde(skip_serializing_if = "GivenPolicy::is_empty")]
    policy: &'a GivenPolicy,
}

/// The name of a submission, with the hash of what it asks for.
pub(crate) fn named(submission: &Submission) -> Result<Option<Named>, Fault> {
    let Some(name) = submission.name.as_deref() else { return Ok(None) };
    let name = PostName::parse(name)?;
    let asked = Asked {
        draft: without_secrets(&submission.draft),
        accounts: &submission.accounts,
        at: submission.at.as_deref(),
        zone: submission.zone.as_deref(),
        policy: &submission.policy,
    };
    let body = serde_json::to_vec(&asked).map_err(|error| {
        Fault::new("submission_unwritable", Category::SystemError, format!("It cannot be written down: {error}."))
    })?;
    Ok(Some(Named { name, body: ContentHash::of(&body) }))
}

impl Intake {
    /// The post that has this name already, as the answer to whoever submits it again.
    ///
    /// # Errors
    /// `Conflict`, when that post is another one.
    pub(crate) async fn first_of(&self, named: &Named) -> Result<Option<Submitted>, IntakeError> {
        let Some(first) = self.ledger.post_named(&self.workspace, &named.name).await? else { return Ok(None) };
        if first.named.as_ref() != Some(named) {
            let message = format!("The ref `{}` is the name of another post, {}.", named.name, first.id);
            let fault = Fault::content("ref_taken", "ref", message).given(named.name.as_str());
            return Err(IntakeError::Conflict(
                fault.next(format!("Choose another ref; `skein queue show {}` shows that post.", first.id)),
            ));
        }
        let message = format!("It was submitted before, as {}; nothing else was kept.", first.id);
        let deliveries = self.deliveries_of(&first.id).await?;
        Ok(Some(Submitted {
            post: first,
            deliveries,
            warnings: vec![Warning::new("submitted_before", "ref", message)],
        }))
    }
}
