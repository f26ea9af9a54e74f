//! What the fake platform shows of a draft before it is published: the same bytes that it will freeze.

use jiff::Timestamp;
use serde_json::Value;
use skein_domain::ports::Stamp;
use skein_domain::{Account, Draft, Fault, PartPreview, Preview, RecordPreview};

use super::{faults_of, frozen, texts_of_content};

pub(super) fn of_draft(draft: &Draft) -> Preview {
    Preview {
        parts: draft.parts.iter().map(|part| part_of(&part.text)).collect(),
        faults: faults_of(draft).into_iter().map(Into::into).collect(),
        ..Preview::default()
    }
}

pub(super) fn parts(content: &Value) -> Result<Vec<PartPreview>, Fault> {
    Ok(texts_of_content(content)?.into_iter().map(part_of).collect())
}

pub(super) fn records(account: &Account, content: &Value, due: Timestamp) -> Result<Vec<RecordPreview>, Fault> {
    let stamp = Stamp { first_created_at: due, clock_id: 0, frozen_at: due };
    let prepared = frozen(account, &texts_of_content(content)?, stamp);
    let body: Value = serde_json::from_str(&prepared.body).unwrap_or_default();
    let record = |value: &Value| RecordPreview {
        account: account.handle.clone(),
        collection: "app.bsky.feed.post".to_owned(),
        value: value.clone(),
        not_fixed: ["/created_at", "/parent"]
            .into_iter()
            .filter(|at| value.pointer(at).is_some())
            .map(str::to_owned)
            .collect(),
    };
    Ok(body["writes"].as_array().into_iter().flatten().map(record).collect())
}

fn part_of(text: &str) -> PartPreview {
    PartPreview {
        text: text.to_owned(),
        graphemes: text.chars().count(),
        bytes: text.len(),
        facets: Vec::new(),
        media: Vec::new(),
        card: None,
        video: None,
    }
}
