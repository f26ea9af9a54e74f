//! Finding a post by what people type: an id, its beginning, `last`, `ref:` and its name, or the id of a delivery.

use skein_domain::ports::LedgerError;
use skein_domain::{DeliveryId, Draft, Fault, Post, PostId, PostName, StateName, parts_among};

use crate::{Intake, IntakeError};

/// How many posts are looked at to tell that a prefix is ambiguous.
const LOOK_AT_MOST: usize = 5;

/// What a reference means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The post.
    pub post: Post,
    /// Only this delivery of it, when the reference named one.
    pub only: Option<DeliveryId>,
}

impl Intake {
    /// The post, or the one delivery of it, that a reference means.
    pub async fn find(&self, reference: &str) -> Result<Found, IntakeError> {
        match DeliveryId::parse(reference) {
            Ok(id) => {
                let delivery = self.ledger.delivery(&id).await.map_err(|error| missing(error, reference))?;
                Ok(Found { post: self.ledger.post(&delivery.post).await?, only: Some(id) })
            }
            Err(_) => Ok(Found { post: self.find_post(reference).await?, only: None }),
        }
    }

    /// The post that a reference means.
    pub async fn find_post(&self, reference: &str) -> Result<Post, IntakeError> {
        if let Ok(id) = DeliveryId::parse(reference) {
            let delivery = self.ledger.delivery(&id).await.map_err(|error| missing(error, reference))?;
            return Ok(self.ledger.post(&delivery.post).await?);
        }
        if let Some(name) = reference.strip_prefix(PostName::PREFIX) {
            let name = PostName::parse(name).map_err(IntakeError::NotFound)?;
            let found = self.ledger.post_named(&self.workspace, &name).await?;
            return found.ok_or_else(|| IntakeError::NotFound(no_post(reference)));
        }
        if reference.trim().is_empty() {
            return Err(IntakeError::NotFound(no_post(reference)));
        }
        let prefix = match reference {
            "last" => String::new(),
            given if given.starts_with(PostId::PREFIX) => given.to_owned(),
            given => format!("{}{given}", PostId::PREFIX),
        };
        let mut found = self.ledger.posts(&self.workspace, &prefix, LOOK_AT_MOST).await?;
        match found.len() {
            0 => Err(IntakeError::NotFound(no_post(reference))),
            1 => Ok(found.remove(0)),
            _ if reference == "last" => Ok(found.remove(0)),
            _ => {
                let ids: Vec<_> = found.iter().map(|post| post.id.as_str()).collect();
                let fault = Fault::content("post_ambiguous", "post", format!("`{reference}` could be several posts."));
                Err(IntakeError::NotFound(fault.given(reference).next(format!("Say more of it: {}", ids.join(", ")))))
            }
        }
    }

    /// A draft whose reply target or quote names an own post gets the address of that post's record: one answers its last
    /// part, and quotes its first. What cannot be found is left out, and told.
    pub(crate) async fn with_own_posts(&self, draft: &Draft) -> Result<(Draft, Vec<Fault>), IntakeError> {
        let (mut draft, mut faults) = (draft.clone(), Vec::new());
        for (field, target) in [("reply_to", &mut draft.reply_to), ("quote", &mut draft.quote)] {
            let Some(name) = target.take_if(|target| names_own_post(target)) else { continue };
            match self.own_record(field, &name).await? {
                Ok(uri) => *target = Some(uri),
                Err(fault) => faults.push(fault),
            }
        }
        Ok((draft, faults))
    }

    async fn own_record(&self, field: &str, name: &str) -> Result<Result<String, Fault>, IntakeError> {
        let post = match self.find_post(name).await {
            Ok(post) => post,
            Err(IntakeError::NotFound(fault)) => return Ok(Err(Fault { field: Some(field.to_owned()), ..fault })),
            Err(error) => return Err(error),
        };
        let deliveries = self.deliveries_of(&post.id).await?;
        let record =
            deliveries.iter().filter(|delivery| delivery.state.name() == StateName::Published).find_map(|delivery| {
                let mut parts = parts_among(&delivery.prepared.as_ref()?.records);
                if field == "quote" { parts.next() } else { parts.next_back() }
            });
        let (code, nobody) = match field {
            "quote" => ("quote_not_published", "nothing can quote it yet"),
            _ => ("reply_target_not_published", "nothing can answer it yet"),
        };
        Ok(record.map(|record| record.uri.clone()).ok_or_else(|| {
            Fault::content(code, field, format!("The post {} is not published, so {nobody}.", post.id))
                .given(name)
                .next("Wait until it is out, or put both into one thread.")
        }))
    }
}

/// Whether a reply target or a quote is meant to be found in the ledger rather than on a platform.
pub(crate) fn names_own_post(target: &str) -> bool {
    target.starts_with(PostId::PREFIX) || target.starts_with(PostName::PREFIX) || target == "last"
}

fn missing(error: LedgerError, reference: &str) -> IntakeError {
    match error {
        LedgerError::NotFound(_) => IntakeError::NotFound(no_post(reference)),
        other => other.into(),
    }
}

fn no_post(reference: &str) -> Fault {
    Fault::content("post_unknown", "post", format!("There is no post `{reference}`."))
        .given(reference)
        .next("`skein queue list --all` shows what there is.")
}
