//! What can be said about a draft without asking anybody: every fault at once.

use skein_atproto::richtext;
use skein_atproto::syntax::Language;
use skein_domain::{Draft, Fault, Layout, Media, NamedCaption, Split, Warning};
use std::borrow::Cow;

use super::capabilities::{ALT_GRAPHEMES, LIMITS, MAX_MENTIONS};
use super::layout::LaidPart;
use super::target::{Address, Role};
use super::{card, gates, said};

/// Checks a draft, which was laid out, against what Bluesky takes.
pub(crate) fn check(draft: &Draft, parts: &[LaidPart]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if parts.is_empty() {
        faults.push(empty("parts", "The post has no text."));
    }
    if parts.len() > LIMITS.parts {
        let message = format!("A thread can have {} parts, and this one has {}.", LIMITS.parts, parts.len());
        let fault = Fault::content("too_many_parts", "parts", message);
        faults.push(fault.over(format!("{} parts", LIMITS.parts), format!("{} parts", parts.len())));
    }
    for (index, part) in parts.iter().enumerate() {
        let name = match parts.len() {
            1 => Cow::Borrowed("The post"),
            several => Cow::Owned(format!("Part {} of {several}", index + 1)),
        };
        let says_more = !part.media.is_empty() || (index == 0 && (draft.quote.is_some() || draft.card.url().is_some()));
        check_text(index, &name, part, says_more, draft.layout, &mut faults);
        check_media(index, &name, &part.media, &mut faults);
        check_alts(index, &part.media, &mut faults);
        check_captions(index, &part.media, &mut faults);
    }
    said::check(draft, &mut faults);
    card::check(draft, parts.first(), &mut faults);
    let targets = [(&draft.reply_to, Role::Answered), (&draft.quote, Role::Quoted)];
    let unreadable = |(given, role): (&Option<String>, Role)| Address::parse(given.as_deref()?, role).err();
    faults.extend(targets.into_iter().filter_map(unreadable));
    gates::check(draft, parts.len(), &mut faults);
    faults
}

/// Whether so many different accounts may be mentioned.
pub(crate) fn check_mentions(accounts: usize) -> Option<Fault> {
    (accounts > MAX_MENTIONS).then(|| {
        let message = format!("It mentions {accounts} accounts; at most {MAX_MENTIONS} are looked up.");
        let fault = Fault::content("too_many_mentions", "parts", message);
        fault.over(format!("{MAX_MENTIONS} mentions"), format!("{accounts} mentions"))
    })
}

fn check_text(index: usize, name: &str, part: &LaidPart, says_more: bool, layout: Layout, faults: &mut Vec<Fault>) {
    let field = || format!("parts[{index}].text");
    let LaidPart { text, graphemes, .. } = part;
    // Pictures, a quote and a card say enough by themselves.
    if text.is_empty() && !says_more {
        faults.push(empty(&field(), &format!("{name} is empty.")));
    }
    if text.contains('\0') {
        let fault = Fault::content("text_has_nul", field(), format!("{name} holds a NUL character."));
        faults.push(fault.next("Take it out; no network shows it."));
    }
    if *graphemes > LIMITS.text_graphemes {
        let over = graphemes - LIMITS.text_graphemes;
        let message = format!("{name} has {graphemes} characters, {over} more than Bluesky takes.");
        faults.push(
            Fault::content("too_many_graphemes", field(), message)
                .over(format!("{} graphemes", LIMITS.text_graphemes), format!("{graphemes} graphemes"))
                .next(too_long_to_cut(layout).unwrap_or("Shorten it, or have it split into a thread (`split`).")),
        );
    }
    if text.len() > LIMITS.text_bytes {
        let (bytes, most) = (text.len(), LIMITS.text_bytes);
        let message = format!("{name} has {bytes} bytes of UTF-8, and Bluesky takes {most}.");
        faults.push(
            Fault::content("too_many_bytes", field(), message)
                .over(format!("{most} bytes"), format!("{bytes} bytes"))
                .next(too_long_to_cut(layout).unwrap_or(
                    "Shorten it, or have it split into a thread (`split`); emoji of several people take many bytes.",
                )),
        );
    }
}

/// What helps where a text was cut and a part is too long all the same.
fn too_long_to_cut(layout: Layout) -> Option<&'static str> {
    match layout {
        Layout { split: Split::Never, .. } => None,
        Layout { shorten: true, .. } => Some("It holds a link, mention or tag, which is never cut; make that shorter."),
        Layout { .. } => {
            Some("It holds a link, mention or tag, which is never cut; have links shown short (`shorten`).")
        }
    }
}

fn check_media(index: usize, name: &str, media: &[Media], faults: &mut Vec<Fault>) {
    let (count, most) = (media.len(), LIMITS.pictures);
    if count > most {
        let message = format!("{name} has {count} pictures, and a post can show {most}.");
        faults.push(
            Fault::content("too_many_pictures", format!("parts[{index}].media"), message)
                .over(format!("{most} pictures"), format!("{count} pictures"))
                .next("Leave some out, or put them into further parts of a thread."),
        );
    }
}

/// What is said of captions before their files are read.
pub(crate) fn check_captions(index: usize, media: &[Media], faults: &mut Vec<Fault>) {
    for (place, Media { captions, .. }) in media.iter().enumerate() {
        let field = format!("parts[{index}].media[{place}].captions");
        let most = LIMITS.captions;
        if captions.len() > most {
            let message = format!("A video has {} captions, and {most} are taken.", captions.len());
            let fault = Fault::content("too_many_captions", &field, message);
            faults.push(fault.over(format!("{most} captions"), format!("{} captions", captions.len())));
        }
        for (number, caption) in captions.iter().enumerate().take(most) {
            let field = format!("{field}[{number}].lang");
            let same = |other: &NamedCaption| other.lang == caption.lang;
            if let Err(error) = Language::parse(&caption.lang) {
                let fault = Fault::content("caption_lang_invalid", field, format!("{error}.")).given(&caption.lang);
                faults.push(fault.next("Name the language of the captions as en or pt-BR."));
            } else if captions.iter().take(number).any(same) {
                let message = format!("There are two captions in {}.", caption.lang);
                let fault = Fault::content("caption_lang_twice", field, message).given(&caption.lang);
                faults.push(fault.next("Leave one of them out."));
            }
        }
    }
}

fn check_alts(index: usize, media: &[Media], faults: &mut Vec<Fault>) {
    for (place, _) in media.iter().enumerate().filter(|(_, media)| media.alt.contains('\0')) {
        let field = format!("parts[{index}].media[{place}].alt");
        let fault = Fault::content("text_has_nul", field, "An alt text holds a NUL character.");
        faults.push(fault.next("Take it out; no network shows it."));
    }
}

/// What the author of pictures should know about their descriptions.
pub(crate) fn alt_warnings(part: usize, media: &[Media]) -> Vec<Warning> {
    let warning = |(place, media): (usize, &Media)| {
        let field = format!("parts[{part}].media[{place}].alt");
        let graphemes = richtext::graphemes(&media.alt);
        if media.alt.trim().is_empty() {
            let name = media.name();
            let message = format!("{name} has no alt text, so those who cannot see it learn nothing of it.");
            Some(Warning::new("alt_missing", field, message))
        } else if graphemes > ALT_GRAPHEMES {
            let message =
                format!("An alt text has {graphemes} characters; Bluesky's own app takes {ALT_GRAPHEMES} at most.");
            Some(Warning::new("alt_long", field, message))
        } else {
            None
        }
    };
    media.iter().enumerate().filter_map(warning).collect()
}

fn empty(field: &str, message: &str) -> Fault {
    Fault::content("empty_text", field, message).over("at least 1 character", "0 characters").next("Write something.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bluesky::layout::lay_out;
    use skein_domain::{Gates, Part, ReplyGate};

    fn thread(texts: &[&str]) -> Draft {
        let parts = texts.iter().copied().map(Part::text).collect();
        Draft { parts, ..Draft::default() }
    }

    fn checked(draft: &Draft) -> Vec<Fault> {
        check(draft, &lay_out(draft).parts)
    }

    fn codes(draft: &Draft) -> Vec<(String, String)> {
        checked(draft).into_iter().map(|fault| (fault.code, fault.field.unwrap_or_default())).collect()
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_part() {
        let long = "a".repeat(301);
        let heavy = "👨‍👩‍👧‍👦".repeat(130);
        let mut draft = thread(&["fine", "  \n ", &long, &heavy]);
        draft.langs = ["en", "de", "fr", "english!"].map(str::to_owned).to_vec();
        draft.reply_to = Some("nonsense".to_owned());
        draft.quote = Some("more nonsense".to_owned());
        let expected = [
            ("empty_text", "parts[1].text"),
            ("too_many_graphemes", "parts[2].text"),
            ("too_many_bytes", "parts[3].text"),
            ("too_many_langs", "langs"),
            ("lang_invalid", "langs[3]"),
            ("reply_to_unreadable", "reply_to"),
            ("quote_unreadable", "quote"),
        ];
        assert_eq!(codes(&draft), expected.map(|(code, field)| (code.to_owned(), field.to_owned())));
    }

    #[test]
    fn the_limits_themselves_are_fine() {
        assert_eq!(codes(&thread(&[&"a".repeat(300)])), []);
        let heavy = format!("{}{}", "👨‍👩‍👧‍👦".repeat(120), "");
        assert_eq!(heavy.len(), 3_000);
        assert_eq!(codes(&thread(&[&heavy])), []);
        assert_eq!(codes(&thread(&vec!["a"; LIMITS.parts])), []);
    }

    #[test]
    fn a_fault_names_the_limit_and_what_was_given() {
        let fault = checked(&thread(&["ok", &"é".repeat(301)])).remove(0);
        assert_eq!(fault.limit.as_deref(), Some("300 graphemes"));
        assert_eq!(fault.given.as_deref(), Some("301 graphemes"));
        assert_eq!(fault.message, "Part 2 of 2 has 301 characters, 1 more than Bluesky takes.");
    }

    fn with_pictures(text: &str, alts: &[&str]) -> Draft {
        let media = |alt: &&str| Media::new("a.png", *alt);
        let part = Part { text: text.to_owned(), media: alts.iter().map(media).collect() };
        Draft { parts: vec![part], ..Draft::default() }
    }

    #[test]
    fn a_text_that_is_cut_is_too_long_only_where_it_cannot_be() {
        let long = format!("{} https://example.com/{} end", "word ".repeat(100), "x".repeat(300));
        let mut draft = thread(&[&long]);
        draft.layout.split = Split::Numbered;
        let fault = checked(&draft).remove(0);
        assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("too_many_graphemes", Some("parts[2].text")));
        assert!(fault.next_step.is_some_and(|step| step.contains("`shorten`")));
        draft.layout.shorten = true;
        assert_eq!(codes(&draft), []);
    }

    #[test]
    fn pictures_need_no_text_and_are_counted() {
        assert_eq!(codes(&with_pictures("", &["a"; 10])), []);
        let too_many = [("too_many_pictures".to_owned(), "parts[0].media".to_owned())];
        assert_eq!(codes(&with_pictures("hi", &["a"; 11])), too_many);
    }

    #[test]
    fn captions_are_counted_and_their_languages_read() {
        let mut draft = with_pictures("hi", &["a"]);
        let caption = |lang: &str| NamedCaption { lang: lang.to_owned(), source: "a.vtt".to_owned() };
        draft.parts[0].media[0].captions = ["en", "pt-BR", "en", "english!"].map(caption).to_vec();
        let expected = [
            ("caption_lang_twice", "parts[0].media[0].captions[2].lang"),
            ("caption_lang_invalid", "parts[0].media[0].captions[3].lang"),
        ];
        assert_eq!(codes(&draft), expected.map(|(code, field)| (code.to_owned(), field.to_owned())));
        let many: Vec<_> = (b'a'..=b'u').map(|letter| caption(&format!("a{}", char::from(letter)))).collect();
        draft.parts[0].media[0].captions = many;
        let fault = checked(&draft).remove(0);
        let told = (fault.code.as_str(), fault.limit.as_deref(), fault.given.as_deref());
        assert_eq!(told, ("too_many_captions", Some("20 captions"), Some("21 captions")));
        draft.parts[0].media[0].captions.pop();
        assert_eq!(codes(&draft), []);
    }

    #[test]
    fn an_alt_text_that_is_missing_or_long_is_a_warning() {
        let long = "a".repeat(ALT_GRAPHEMES + 1);
        let media = &with_pictures("hi", &["fine", " ", &long]).parts[0].media;
        let told = alt_warnings(7, media);
        let told: Vec<_> = told.iter().map(|warning| (warning.code.as_str(), warning.field.as_str())).collect();
        assert_eq!(told, [("alt_missing", "parts[7].media[1].alt"), ("alt_long", "parts[7].media[2].alt")]);
    }

    #[test]
    fn a_quote_needs_no_text_in_the_first_part() {
        let quote = Some("at://did:plc:abc123/app.bsky.feed.post/3ke6kg3wk2222".to_owned());
        assert_eq!(codes(&Draft { quote: quote.clone(), ..thread(&[""]) }), []);
        let second = [("empty_text".to_owned(), "parts[1].text".to_owned())];
        assert_eq!(codes(&Draft { quote, ..thread(&["", ""]) }), second);
    }

    #[test]
    fn gates_are_checked_with_all_the_rest() {
        let only = |rules: &[&str]| ReplyGate::Only(rules.iter().map(|rule| (*rule).to_owned()).collect());
        let gated =
            |replies, parts: usize| Draft { gates: Gates { replies, no_quotes: true }, ..thread(&vec!["a"; parts]) };
        let told = |draft: &Draft| {
            let told = checked(draft).into_iter().map(|fault| (fault.code, fault.field, fault.limit, fault.given));
            told.collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(told(&gated(only(&["mentioned", "followers", "following"]), 99)), []);
        assert_eq!(told(&gated(ReplyGate::Everyone, 100)), []);
        let over = ("too_many_writes".to_owned(), text("parts"), text("200 writes"), text("201 writes"));
        assert_eq!(told(&gated(ReplyGate::Nobody, 100)), [over]);
        let mut draft = gated(only(&["mentioned", "friends", "followers", "nobody", "following", "mentioned"]), 1);
        draft.reply_to = Some("at://did:plc:abc123/app.bsky.feed.post/3ke6kg3wk2222".to_owned());
        let expected = [
            ("too_many_gate_rules".to_owned(), text("reply_gate"), text("5 rules"), text("6 rules")),
            ("reply_gate_unknown".to_owned(), text("reply_gate[1]"), None, text("friends")),
            ("reply_gate_unknown".to_owned(), text("reply_gate[3]"), None, text("nobody")),
            ("gate_on_reply".to_owned(), text("reply_gate"), None, None),
        ];
        assert_eq!(told(&draft), expected);
        draft.gates.replies = ReplyGate::Everyone;
        assert_eq!(told(&draft), [], "quotes of an answer can be kept away");
        assert_eq!(codes(&gated(only(&[]), 1)), [("reply_gate_empty".to_owned(), "reply_gate".to_owned())]);
    }

    #[test]
    fn nothing_at_all_is_refused() {
        assert_eq!(codes(&thread(&[])), [("empty_text".to_owned(), "parts".to_owned())]);
        assert_eq!(codes(&thread(&["a\0b"])), [("text_has_nul".to_owned(), "parts[0].text".to_owned())]);
        let many = vec!["a"; LIMITS.parts + 1];
        assert_eq!(codes(&thread(&many)), [("too_many_parts".to_owned(), "parts".to_owned())]);
    }
}
