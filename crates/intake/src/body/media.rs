//! Pictures and videos of a part: each an address, or an object that says more.

use serde_json::{Map, Value};
use skein_domain::{Fault, Media, NamedCaption, PreviewFault};

use super::{CAPTION_NO_URL, NO_URL, Reader, unknown, wrong_type};

const MEDIA_FIELDS: &str = "url, alt, captions";
const CAPTION_FIELDS: &str = "lang, url";

impl Reader {
    /// Pictures and videos, each as an address or as an object; what cannot be read is left out, and told.
    pub(super) fn media(&mut self, field: &str, part: usize, value: Value) -> Vec<Media> {
        let items = self.items(field, part, value).into_iter().enumerate();
        items.filter_map(|(index, item)| self.one_media(&format!("{field}[{index}]"), part, item)).collect()
    }

    fn one_media(&mut self, place: &str, part: usize, value: Value) -> Option<Media> {
        let fields = match value {
            Value::String(source) => Map::from_iter([("url".to_owned(), Value::String(source))]),
            Value::Object(fields) => fields,
            other => {
                self.tell(part, wrong_type(place, "an address, or an object with url and alt", &other));
                return None;
            }
        };
        let (told, mut source, mut alt, mut captions) = (self.faults.len(), None, String::new(), Vec::new());
        for (name, value) in fields {
            match name.as_str() {
                "url" => source = Some(self.part_text(&format!("{place}.url"), part, value)),
                "alt" | "captions" if value.is_null() => {}
                "alt" => alt = self.part_text(&format!("{place}.alt"), part, value),
                "captions" => captions = self.captions(&format!("{place}.captions"), part, value),
                _ => self.tell(part, unknown(&name, &format!("{place}."), MEDIA_FIELDS)),
            }
        }
        // A url that is no text has its fault already.
        let is_told = self.faults.len() > told;
        if source.as_deref().is_none_or(str::is_empty) && !is_told {
            let fault = Fault::content(NO_URL, format!("{place}.url"), "A picture or video has no `url`.");
            self.tell(part, fault.next("Write where it is: {\"url\": \"…\", \"alt\": \"…\"}."));
        }
        source.filter(|source| !source.is_empty()).map(|source| Media { source, alt, captions })
    }

    fn captions(&mut self, field: &str, part: usize, value: Value) -> Vec<NamedCaption> {
        let items = self.items(field, part, value).into_iter().enumerate();
        items.filter_map(|(index, item)| self.caption(&format!("{field}[{index}]"), part, item)).collect()
    }

    fn caption(&mut self, place: &str, part: usize, value: Value) -> Option<NamedCaption> {
        let Value::Object(fields) = value else {
            self.tell(part, wrong_type(place, "an object with lang and url", &value));
            return None;
        };
        let (told, mut lang, mut source) = (self.faults.len(), String::new(), String::new());
        for (name, value) in fields {
            match name.as_str() {
                "lang" => lang = self.part_text(&format!("{place}.lang"), part, value),
                "url" => source = self.part_text(&format!("{place}.url"), part, value),
                _ => self.tell(part, unknown(&name, &format!("{place}."), CAPTION_FIELDS)),
            }
        }
        if source.is_empty() && self.faults.len() == told {
            let fault = Fault::content(CAPTION_NO_URL, format!("{place}.url"), "Captions have no `url`.");
            self.tell(part, fault.next("Write where they are: {\"lang\": \"en\", \"url\": \"…\"}."));
        }
        Some(NamedCaption { lang, source }).filter(|caption| !caption.source.is_empty())
    }

    /// A list within a part.
    fn items(&mut self, field: &str, part: usize, value: Value) -> Vec<Value> {
        match value {
            Value::Array(items) => items,
            other => {
                self.tell(part, wrong_type(field, "a list", &other));
                Vec::new()
            }
        }
    }

    fn tell(&mut self, part: usize, fault: Fault) {
        self.faults.push(PreviewFault::in_part(part, fault));
    }
}
