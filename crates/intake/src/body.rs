//! The body of `POST /v1/posts` as it is written, as far as it is built. Unknown fields are refused by name.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use skein_domain::{Draft, Fault, Format, Media, Part, Preview, PreviewFault, Split};

use crate::Submission;

/// The fields of the body, and of a part in `thread`.
const FIELDS: &str =
    "text, media, thread, format, split, numbering, shorten, langs, reply_to, accounts, scheduled_at, timezone";
const PART_FIELDS: &str = "text, media";
const MEDIA_FIELDS: &str = "url, alt";

/// The longest name of a field that is repeated to whoever wrote it.
const NAME_MAX_CHARS: usize = 200;

const WRONG_TYPE: &str = "wrong_type";
const NO_URL: &str = "media_without_url";

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
                "langs" => submission.draft.langs = reader.texts("langs", value),
                "reply_to" => submission.draft.reply_to = reader.text("reply_to", value),
                "accounts" => submission.accounts = reader.texts("accounts", value),
                "scheduled_at" => submission.at = reader.text("scheduled_at", value),
                "timezone" => submission.zone = reader.text("timezone", value),
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
        let is_unread = |fault: &PreviewFault| [WRONG_TYPE, NO_URL].contains(&fault.fault.code.as_str());
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
        accounts: Vec::new(),
        at: None,
        zone: None,
        default_zone: default_zone.clone(),
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
        value.as_bool().unwrap_or_else(|| {
            self.faults.push(wrong_type(field, "true or false", value).into());
            false
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

    /// Pictures, each as an address or as an object; what cannot be read is left out, and told.
    fn media(&mut self, field: &str, part: usize, value: Value) -> Vec<Media> {
        let Value::Array(items) = value else {
            self.faults.push(PreviewFault::in_part(part, wrong_type(field, "a list", &value)));
            return Vec::new();
        };
        let items = items.into_iter().enumerate();
        items.filter_map(|(index, item)| self.one_media(&format!("{field}[{index}]"), part, item)).collect()
    }

    fn one_media(&mut self, place: &str, part: usize, value: Value) -> Option<Media> {
        let fields = match value {
            Value::String(source) => Map::from_iter([("url".to_owned(), Value::String(source))]),
            Value::Object(fields) => fields,
            other => {
                let fault = wrong_type(place, "an address, or an object with url and alt", &other);
                self.faults.push(PreviewFault::in_part(part, fault));
                return None;
            }
        };
        let (told, mut source, mut alt) = (self.faults.len(), None, String::new());
        for (name, value) in fields {
            match name.as_str() {
                "url" => source = Some(self.part_text(&format!("{place}.url"), part, value)),
                "alt" if value.is_null() => {}
                "alt" => alt = self.part_text(&format!("{place}.alt"), part, value),
                _ => {
                    let fault = unknown(&name, &format!("{place}."), MEDIA_FIELDS);
                    self.faults.push(PreviewFault::in_part(part, fault));
                }
            }
        }
        // A url that is no text has its fault already.
        let is_told = self.faults.len() > told;
        if source.as_deref().is_none_or(str::is_empty) && !is_told {
            let fault = Fault::content(NO_URL, format!("{place}.url"), "A picture has no `url`.");
            self.faults
                .push(PreviewFault::in_part(part, fault.next("Write where it is: {\"url\": \"…\", \"alt\": \"…\"}.")));
        }
        source.filter(|source| !source.is_empty()).map(|source| Media { source, alt })
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
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Body {
        Body::read(body, &TimeZone::UTC).unwrap()
    }

    fn faults(body: &Body) -> Vec<(Option<usize>, &str, &str)> {
        body.faults
            .iter()
            .map(|fault| (fault.part, fault.fault.code.as_str(), fault.fault.field.as_deref().unwrap()))
            .collect()
    }

    fn texts(body: &Body) -> Vec<&str> {
        body.submission.draft.parts.iter().map(|part| part.text.as_str()).collect()
    }

    #[test]
    fn every_field_is_read() {
        let body = read(json!({
            "text": "one", "thread": [{"text": "two"}, {"text": "three"}], "langs": ["en", "de"],
            "reply_to": "post_1", "accounts": ["alice.test"], "scheduled_at": "tomorrow 9am", "timezone": "Europe/Paris",
        }));
        assert_eq!(faults(&body), []);
        assert_eq!(texts(&body), ["one", "two", "three"]);
        let submission = body.submission;
        assert_eq!(submission.draft.langs, ["en", "de"]);
        assert_eq!(submission.draft.reply_to.as_deref(), Some("post_1"));
        assert_eq!(submission.accounts, ["alice.test"]);
        assert_eq!(
            (submission.at.as_deref(), submission.zone.as_deref()),
            (Some("tomorrow 9am"), Some("Europe/Paris"))
        );
    }

    #[test]
    fn pictures_are_addresses_or_objects() {
        let body = read(json!({
            "media": ["a.png", {"url": "https://example.com/b.png", "alt": "B"}, {"url": "c.png", "alt": null}],
            "thread": [{"text": "two", "media": ["d.png"]}],
        }));
        let media = |source: &str, alt: &str| Media { source: source.to_owned(), alt: alt.to_owned() };
        assert_eq!(faults(&body), []);
        assert_eq!(texts(&body), ["", "two"]);
        let parts = body.submission.draft.parts;
        assert_eq!(parts[0].media, [media("a.png", ""), media("https://example.com/b.png", "B"), media("c.png", "")]);
        assert_eq!(parts[1].media, [media("d.png", "")]);
    }

    #[test]
    fn pictures_that_are_none_are_named() {
        let body = read(json!({
            "text": "one", "media": [7, {"alt": "A"}, {"url": 5}, {"url": "e.png", "title": "E"}, {"url": ""}, ""],
            "thread": [{"text": "two", "media": "d.png"}],
        }));
        let expected = [
            (Some(0), "wrong_type", "media[0]"),
            (Some(0), "media_without_url", "media[1].url"),
            (Some(0), "wrong_type", "media[2].url"),
            (Some(0), "unknown_field", "media[3].title"),
            (Some(0), "media_without_url", "media[4].url"),
            (Some(0), "media_without_url", "media[5].url"),
            (Some(1), "wrong_type", "thread[0].media"),
        ];
        assert_eq!(faults(&body), expected);
        assert_eq!(body.submission.draft.parts[0].media.len(), 1);
    }

    #[test]
    fn a_thread_needs_no_text_before_it_and_null_is_absent() {
        let body = read(json!({"text": null, "thread": [{"text": "one"}, {"text": "two"}], "langs": null}));
        assert_eq!((texts(&body), faults(&body)), (vec!["one", "two"], vec![]));
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_named_all_at_once() {
        let body = read(json!({
            "text": 5, "txt": "hi", "langs": ["en", 7], "accounts": "alice.test",
            "thread": [{"text": "two", "video": []}, "three", {"text": []}],
        }));
        let expected = [
            (Some(0), "wrong_type", "text"),
            (None, "unknown_field", "txt"),
            (None, "wrong_type", "langs[1]"),
            (None, "wrong_type", "accounts"),
            (Some(1), "unknown_field", "thread[0].video"),
            (Some(2), "wrong_type", "thread[1]"),
            (Some(3), "wrong_type", "thread[2].text"),
        ];
        assert_eq!(faults(&body), expected);
        assert_eq!(texts(&body), ["", "two", "", ""]);
    }

    #[test]
    fn what_could_not_be_read_is_not_called_empty_too() {
        let body = read(json!({"text": 5, "thread": [{"text": ""}]}));
        let empty = |part: usize| Fault::content("empty_text", format!("parts[{part}].text"), "Empty.").into();
        let mut preview = Preview { faults: vec![empty(0), empty(1)], records: Some(Vec::new()), ..Preview::default() };
        Body::add_faults(body.faults, Split::Never, &mut preview);
        let codes: Vec<_> = preview.faults.iter().map(|fault| (fault.part, fault.fault.code.as_str())).collect();
        assert_eq!(codes, [(Some(0), "wrong_type"), (Some(1), "empty_text")]);
        assert_eq!(preview.records, None);
    }

    #[test]
    fn faults_of_a_text_that_is_cut_name_no_part() {
        let body = read(json!({"text": "long", "thread": [{"text": 5}], "split": true}));
        let split = body.submission.draft.layout.split;
        let faults = ["empty_text", "text_has_nul"].map(|code| Fault::content(code, "parts[7].text", "Wrong.").into());
        let mut preview = Preview { faults: faults.to_vec(), ..Preview::default() };
        Body::add_faults(body.faults, split, &mut preview);
        let told: Vec<_> = preview.faults.iter().map(|fault| (fault.part, fault.fault.code.as_str())).collect();
        assert_eq!(told, [(None, "wrong_type"), (Some(7), "text_has_nul")]);
    }

    #[test]
    fn a_layout_is_read() {
        let layout = |body: Value| {
            let body = read(body);
            assert_eq!(faults(&body), []);
            body.submission.draft.layout
        };
        assert!(layout(json!({"text": "hi", "format": "plain", "split": false, "numbering": null})).is_plain());
        let all =
            layout(json!({"text": "hi", "format": "markdown", "split": true, "numbering": true, "shorten": true}));
        assert_eq!((all.format, all.split, all.shorten), (Format::Markdown, Split::Numbered, true));
        assert_eq!(layout(json!({"split": true})).split, Split::Parts);
        let wrong = read(json!({"format": "html", "split": 1, "numbering": true, "shorten": "yes"}));
        let expected = [
            (None, "unknown_format", "format"),
            (None, "wrong_type", "split"),
            (None, "wrong_type", "shorten"),
            (None, "numbering_without_split", "numbering"),
        ];
        assert_eq!(faults(&wrong), expected);
    }

    #[test]
    fn a_list_that_could_not_be_read_does_not_hide_that_there_is_no_text() {
        let left = |body: Value| {
            let mut preview =
                Preview { faults: vec![Fault::content("empty_text", "parts", "Empty.").into()], ..Preview::default() };
            Body::add_faults(read(body).faults, Split::Never, &mut preview);
            preview.faults.len()
        };
        assert_eq!(left(json!({"langs": 5})), 2);
        assert_eq!(left(json!({"thread": 5})), 1);
    }

    #[test]
    fn only_an_object_is_a_body() {
        for (body, kind) in
            [(json!([]), "a list"), (json!("hi"), "a text"), (json!(null), "null"), (json!(1), "a number")]
        {
            let fault = Body::read(body, &TimeZone::UTC).unwrap_err();
            assert_eq!((fault.code.as_str(), fault.given.as_deref()), ("not_an_object", Some(kind)));
        }
    }
}
