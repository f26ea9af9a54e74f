//! The body of `POST /v1/posts` as it is written, as far as it is built. Unknown fields are refused by name.

mod beside;
mod media;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use skein_domain::{Draft, Fault, Format, GivenPolicy, Part, Preview, PreviewFault, Split};

use crate::Submission;

/// The fields of the body, and of a part in `thread`.
const FIELDS: &str = "text, media, thread, format, split, numbering, shorten, langs, reply_to, quote, ref, reply_gate, allow_quotes, \
                      card, content_labels, record_tags, accounts, scheduled_at, timezone, late, on_failure, retry_for";
const PART_FIELDS: &str = "text, media";

/// The longest name of a field that is repeated to whoever wrote it.
const NAME_MAX_CHARS: usize = 200;

const WRONG_TYPE: &str = "wrong_type";
const NO_URL: &str = "media_without_url";
const CAPTION_NO_URL: &str = "caption_without_url";

/// What a body asks for, with what could not be understood in it.
#[derive(Debug)]
pub struct Body {
    /// What is asked for; what could not be understood is empty in it.
    pub submission: Submission,
    /// Fields that are unknown or hold something else than they should; every one at once.
    pub faults: Vec<PreviewFault>,
}

impl Body {
    /// Reads a body; `default_zone` is the zone of whoever asks.
    ///
    /// # Errors
    /// `not_an_object`, when it is no JSON object.
    pub fn read(body: Value, default_zone: &TimeZone) -> Result<Self, Fault> {
        let Value::Object(fields) = body else {
            let fault = Fault::new("not_an_object", skein_domain::Category::UserContent, "A post is a JSON object.");
            return Err(fault.given(kind_of(&body)).next("Write it as {\"text\": \"…\"}."));
        };
        let mut reader = Reader::default();
        let mut submission = nothing_asked(default_zone);
        let (mut first, mut media, mut thread) = (None, Vec::new(), Vec::new());
        let (mut is_split, mut is_numbered) = (false, false);
        for (name, value) in fields {
            match name.as_str() {
                _ if value.is_null() && FIELDS.split(", ").any(|field| field == name) => {}
                "text" => first = Some(reader.part_text("text", 0, value)),
                "media" => media = reader.media("media", 0, value),
                "thread" => thread = reader.list("thread", value),
                "format" => submission.draft.layout.format = reader.format(value),
                "split" => is_split = reader.flag("split", &value),
                "numbering" => is_numbered = reader.flag("numbering", &value),
                "shorten" => submission.draft.layout.shorten = reader.flag("shorten", &value),
                "langs" => submission.draft.langs = reader.langs(value),
                "reply_to" => submission.draft.reply_to = reader.text("reply_to", value),
                "ref" => submission.name = reader.text("ref", value),
                "quote" => submission.draft.quote = reader.text("quote", value),
                "reply_gate" => submission.draft.gates.replies = reader.reply_gate(value),
                "allow_quotes" => submission.draft.gates.no_quotes = !reader.flag_or("allow_quotes", &value, true),
                "card" => submission.draft.card = reader.card(value),
                "content_labels" => submission.draft.labels = reader.texts("content_labels", value),
                "record_tags" => submission.draft.tags = reader.texts("record_tags", value),
                "accounts" => submission.accounts = reader.texts("accounts", value),
                "scheduled_at" => submission.at = reader.text("scheduled_at", value),
                "timezone" => submission.zone = reader.text("timezone", value),
                "late" => submission.policy.late = reader.text("late", value),
                "on_failure" => submission.policy.on_failure = reader.text("on_failure", value),
                "retry_for" => submission.policy.retry_for = reader.text("retry_for", value),
                _ => reader.faults.push(unknown(&name, "", FIELDS).into()),
            }
        }
        if first.is_some() || !media.is_empty() {
            submission.draft.parts.push(Part { text: first.unwrap_or_default(), media });
        }
        for (index, part) in thread.into_iter().enumerate() {
            let part = reader.thread_part(index, submission.draft.parts.len(), part);
            submission.draft.parts.push(part);
        }
        submission.draft.layout.split = reader.split(is_split, is_numbered);
        Ok(Self { submission, faults: reader.faults })
    }

    /// The body `{"text": "…"}`.
    pub fn of_text(text: String, default_zone: &TimeZone) -> Self {
        let mut submission = nothing_asked(default_zone);
        submission.draft.parts.push(Part::text(text));
        Self { submission, faults: Vec::new() }
    }

    /// Puts the faults of a body before those of what it asks for. A text that could not be read is not called empty too,
    /// and there are no records of a body that was not understood. Where the texts are `split` the parts of the preview are
    /// not those of the body, so its faults name a field alone.
    pub fn add_faults(mut faults: Vec<PreviewFault>, split: Split, preview: &mut Preview) {
        if faults.is_empty() {
            return;
        }
        let of_text = |fault: &PreviewFault| fault.part.is_some() || fault.fault.field.as_deref() == Some("thread");
        let is_unread =
            |fault: &PreviewFault| [WRONG_TYPE, NO_URL, CAPTION_NO_URL].contains(&fault.fault.code.as_str());
        let unread = faults.iter().filter(|fault| is_unread(fault) && of_text(fault));
        let unread: Vec<_> = unread.map(|fault| fault.part).collect();
        let is_cut = split != Split::Never;
        let is_unread = |part| if is_cut { !unread.is_empty() } else { unread.contains(&part) };
        preview.faults.retain(|fault| !(fault.fault.code == "empty_text" && is_unread(fault.part)));
        for fault in faults.iter_mut().filter(|_| is_cut) {
            fault.part = None;
        }
        preview.faults.splice(0..0, faults);
        preview.records = None;
    }
}

fn nothing_asked(default_zone: &TimeZone) -> Submission {
    Submission {
        draft: Draft::default(),
        name: None,
        accounts: Vec::new(),
        at: None,
        zone: None,
        default_zone: default_zone.clone(),
        policy: GivenPolicy::default(),
    }
}

#[derive(Default)]
struct Reader {
    faults: Vec<PreviewFault>,
}

impl Reader {
    fn text(&mut self, field: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            other => {
                self.faults.push(wrong_type(field, "a text", &other).into());
                None
            }
        }
    }

    fn flag(&mut self, field: &str, value: &Value) -> bool {
        self.flag_or(field, value, false)
    }

    fn flag_or(&mut self, field: &str, value: &Value, unread: bool) -> bool {
        value.as_bool().unwrap_or_else(|| {
            self.faults.push(wrong_type(field, "true or false", value).into());
            unread
        })
    }

    fn format(&mut self, value: Value) -> Format {
        match self.text("format", value).as_deref() {
            None | Some("plain") => Format::Plain,
            Some("markdown") => Format::Markdown,
            Some(other) => {
                let fault = Fault::content("unknown_format", "format", "A text is `plain` or `markdown`.").given(other);
                self.faults.push(fault.into());
                Format::Plain
            }
        }
    }

    fn split(&mut self, is_split: bool, is_numbered: bool) -> Split {
        match (is_split, is_numbered) {
            (false, false) => Split::Never,
            (true, false) => Split::Parts,
            (true, true) => Split::Numbered,
            (false, true) => {
                let message = "Only the parts of a text that is split are numbered.";
                let fault = Fault::content("numbering_without_split", "numbering", message);
                self.faults.push(fault.next("Add \"split\": true, or leave out `numbering`.").into());
                Split::Never
            }
        }
    }

    /// The text of a part; empty where it is none, so that the parts keep their numbers.
    fn part_text(&mut self, field: &str, part: usize, value: Value) -> String {
        match value {
            Value::String(text) => text,
            other => {
                self.faults.push(PreviewFault::in_part(part, wrong_type(field, "a text", &other)));
                String::new()
            }
        }
    }

    fn list(&mut self, field: &str, value: Value) -> Vec<Value> {
        match value {
            Value::Array(items) => items,
            other => {
                self.faults.push(wrong_type(field, "a list", &other).into());
                Vec::new()
            }
        }
    }

    fn texts(&mut self, field: &str, value: Value) -> Vec<String> {
        let items = self.list(field, value).into_iter().enumerate();
        items.filter_map(|(index, item)| self.text(&format!("{field}[{index}]"), item)).collect()
    }

    fn thread_part(&mut self, index: usize, part: usize, value: Value) -> Part {
        let place = format!("thread[{index}]");
        let fields = match value {
            Value::Object(fields) => fields,
            other => {
                self.faults.push(PreviewFault::in_part(part, wrong_type(&place, "an object", &other)));
                Map::new()
            }
        };
        let mut read = Part::default();
        for (name, value) in fields {
            match name.as_str() {
                "text" => read.text = self.part_text(&format!("{place}.text"), part, value),
                "media" => read.media = self.media(&format!("{place}.media"), part, value),
                _ => {
                    let fault = unknown(&name, &format!("{place}."), PART_FIELDS);
                    self.faults.push(PreviewFault::in_part(part, fault));
                }
            }
        }
        read
    }
}

fn unknown(name: &str, before: &str, known: &str) -> Fault {
    let name: String = name.chars().take(NAME_MAX_CHARS).collect();
    let message = format!("There is no field `{before}{name}`.");
    Fault::content("unknown_field", format!("{before}{name}"), message).given(name).next(format!("Known are: {known}."))
}

fn wrong_type(field: &str, expected: &str, given: &Value) -> Fault {
    let given = kind_of(given);
    let message = format!("`{field}` must be {expected}, and it is {given}.");
    Fault::content(WRONG_TYPE, field, message).over(expected, given)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
