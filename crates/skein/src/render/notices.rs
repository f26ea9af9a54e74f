//! Notices, for people and for programs.

use serde_json::{Value, json};
use skein_domain::ports::{KeptNotice, Stage};

use super::times::Eye;
use crate::screen::{Line, Tone};
use crate::text::columns;

/// A notice as a program gets it.
pub(crate) fn object(kept: &KeptNotice) -> Value {
    let notice = &kept.notice;
    let (post, delivery) = notice.delivery.as_ref().map(|(post, delivery)| (post.as_str(), delivery.as_str())).unzip();
    let (wake_at, over_at) = match kept.stage {
        Stage::Waiting { wake_at } => (Some(wake_at), None),
        Stage::HandedOn { at } | Stage::GivenUp { at } => (None, Some(at)),
    };
    json!({
        "id": notice.id.as_str(),
        "kind": notice.news.name(),
        "at": notice.at,
        "account": notice.account.as_str(),
        "post": post,
        "delivery": delivery,
        "error": notice.news.fault().map(|fault| json!({ "code": fault.code, "message": fault.message })),
        "stage": kept.stage.name(),
        "wake_at": wake_at,
        "over_at": over_at,
        "attempts": kept.attempts,
        "told": kept.told,
        "trouble": kept.trouble,
    })
}

/// One row a notice, newest first.
pub(crate) fn table(kept: &[KeptNotice], all: bool, eye: &Eye) -> Vec<Line> {
    if kept.is_empty() {
        let words = if all { "There are no notices." } else { "No notice waits, and none was given up." };
        return vec![Line::of(Tone::Faint, words)];
    }
    let mut rows = vec![["when", "notice", "of", "stands", "failed", "why"].map(str::to_owned).to_vec()];
    rows.extend(kept.iter().map(|kept| {
        vec![
            eye.short(kept.notice.at),
            kept.notice.news.name().replace('_', " "),
            kept.notice.subject().to_owned(),
            stands(&kept.stage, eye),
            kept.attempts.to_string(),
            kept.trouble.clone().unwrap_or_default(),
        ]
    }));
    let mut set = columns(&rows).into_iter();
    let mut lines: Vec<Line> = set.next().map(|head| Line::of(Tone::Faint, head)).into_iter().collect();
    for (kept, text) in kept.iter().zip(set) {
        let tone = if matches!(kept.stage, Stage::GivenUp { .. }) { Tone::Bad } else { Tone::Plain };
        lines.push(Line::of(tone, text));
    }
    if kept.iter().any(|kept| matches!(kept.stage, Stage::GivenUp { .. })) {
        lines.push(Line::of(Tone::Faint, "`skein notices --retry` tries again what was given up."));
    }
    lines.push(Line::of(Tone::Faint, format!("Times are in {}.", eye.zone_name(eye.now))));
    lines
}

fn stands(stage: &Stage, eye: &Eye) -> String {
    match stage {
        Stage::Waiting { wake_at } if *wake_at <= eye.now => "waits for an engine".to_owned(),
        Stage::Waiting { wake_at } => format!("tried {}", eye.short(*wake_at)),
        Stage::HandedOn { .. } => "told".to_owned(),
        Stage::GivenUp { .. } => "given up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{after_ms, due, eye, plain};
    use skein_domain::{AccountId, News, Notice, NoticeId};

    fn kept(stage: Stage) -> KeptNotice {
        let account = AccountId::parse("acc_00000000000000000000000000").unwrap();
        let id = NoticeId::parse("ntc_1").unwrap();
        let notice = Notice { id, at: due(), account, delivery: None, news: News::Missed { late_by_ms: 1 } };
        KeptNotice { notice, stage, attempts: 2, told: vec!["log".to_owned()], trouble: Some("mail: 451".to_owned()) }
    }

    #[test]
    fn a_notice_is_a_row_that_says_where_it_stands_and_why() {
        let eye = Eye { now: after_ms(5_000), ..eye() };
        let given_up = plain(&table(&[kept(Stage::GivenUp { at: due() })], false, &eye));
        assert!(given_up.contains("given up") && given_up.contains("mail: 451"), "{given_up}");
        assert!(given_up.contains("--retry"), "{given_up}");
        let waiting = plain(&table(&[kept(Stage::Waiting { wake_at: due() })], false, &eye));
        assert!(waiting.contains("waits for an engine") && !waiting.contains("--retry"), "{waiting}");
        assert!(plain(&table(&[], true, &eye)).contains("no notices"));
    }

    #[test]
    fn a_program_gets_every_field() {
        let object = object(&kept(Stage::Waiting { wake_at: after_ms(1) }));
        assert_eq!(
            (&object["kind"], &object["stage"], &object["attempts"]),
            (&"missed".into(), &"waiting".into(), &2.into())
        );
        assert_eq!((&object["wake_at"], &object["over_at"]), (&json!(after_ms(1)), &Value::Null));
        assert_eq!((&object["told"], &object["trouble"]), (&json!(["log"]), &"mail: 451".into()));
    }
}
