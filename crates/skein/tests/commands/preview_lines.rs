//! `preview --lines`: order, garbage, memory, and every script that people write in.

use crate::installation::{Installation, Scene};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::Output;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// Feeds a command while its answers are read.
async fn feed(mut command: Command, input: Vec<u8>) -> Output {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = tokio::spawn(async move { stdin.write_all(&input).await });
    let output = child.wait_with_output().await.unwrap();
    feeding.await.unwrap().unwrap();
    output
}

async fn answers(skein: &Installation, arguments: &[&str], input: Vec<u8>) -> Vec<Value> {
    let output = feed(skein.command(arguments, &[]), input).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const OFFLINE: [&str; 3] = ["preview", "--lines", "--offline"];

fn code(answer: &Value) -> &str {
    answer["faults"][0]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn answers_are_in_order_with_garbage_between() {
    let garbage: [(&[u8], &str); 8] = [
        (b"", "empty_line"),
        (b"  \r", "empty_line"),
        (b"{\"text\":", "not_json"),
        (b"nonsense", "not_json"),
        (b"{\"text\":\"\xff\xfe\"}", "not_utf8"),
        (b"[\"text\"]", "not_an_object"),
        (b"{\"text\":\"hi\",\"txet\":1}", "unknown_field"),
        (b"{\"text\":7}", "wrong_type"),
    ];
    let mut input = Vec::new();
    for n in 0..5_000 {
        let line = match n % 10 {
            9 => garbage[n / 10 % 8].0.to_vec(),
            _ => format!("{{\"text\":\"number {n} #tag{n} {}\"}}", "x".repeat(n % 250)).into_bytes(),
        };
        input.extend(line);
        input.push(b'\n');
    }
    let too_long = format!("{{\"text\":\"{}\"}}\n{{\"text\":\"the end\"}}", "x".repeat(2 * 1024 * 1024));
    input.extend(too_long.as_bytes());
    let answers = answers(&Installation::alone(), &OFFLINE, input).await;
    assert_eq!(answers.len(), 5_002);
    for (n, answer) in answers[..5_000].iter().enumerate() {
        if n % 10 == 9 {
            assert_eq!(code(answer), garbage[n / 10 % 8].1, "line {n}: {answer}");
            assert_eq!(answer["records"], Value::Null);
        } else {
            assert_eq!(answer["parts"][0]["facets"][0]["value"], format!("tag{n}"), "line {n}");
            assert_eq!(answer["faults"], json!([]));
        }
    }
    assert_eq!((code(&answers[5_000]), &answers[5_000]["parts"]), ("line_too_long", &json!([])));
    assert_eq!(answers[5_001]["parts"][0]["text"], "the end");
}

#[tokio::test]
async fn a_fault_names_the_field_and_the_rest_is_shown() {
    let lines = [
        json!({"text": "one", "video": [], "thread": [{"text": "two", "alt": 1}], "scheduled_at": "2020-01-01T00:00:00Z"}),
        json!({"text": "x", "scheduled_at": "2999-01-01T09:00", "timezone": "Europe/Pariss", "langs": ["no language"]}),
        json!({"reply_to": "last", "thread": [{"text": "only the thread"}], "accounts": ["anybody.test"]}),
    ];
    let input = lines.map(|line| line.to_string()).join("\n").into_bytes();
    let shown = answers(&Installation::alone(), &OFFLINE, input).await;
    let faults = |answer: &Value| -> Vec<Value> {
        answer["faults"].as_array().unwrap().iter().map(|f| json!([f["part"], f["field"], f["code"]])).collect()
    };
    let expected = [
        json!([null, "video", "unknown_field"]),
        json!([1, "thread[0].alt", "unknown_field"]),
        json!([null, "scheduled_at", "time_past"]),
    ];
    assert_eq!(faults(&shown[0]), expected);
    assert_eq!(shown[0]["parts"][1]["text"], "two");
    assert_eq!(
        faults(&shown[1]),
        [json!([null, "timezone", "zone_unknown"]), json!([null, "langs[0]", "lang_invalid"])]
    );
    assert_eq!((faults(&shown[2]), &shown[2]["parts"][0]["text"]), (vec![], &json!("only the thread")));
}

/// What is shown of a text: its graphemes, its bytes, and the words and value of each facet.
type Shown = (u64, u64, Vec<(String, String)>);

/// A text, its graphemes, and the words and value of each facet.
type Case = (&'static str, u64, &'static [(&'static str, &'static str)]);

async fn shown_of(texts: &[&str]) -> Vec<Shown> {
    let input = texts.iter().map(|text| json!({"text": text}).to_string()).collect::<Vec<_>>().join("\n").into_bytes();
    let answers = answers(&Installation::alone(), &OFFLINE, input).await;
    let part = |answer: &Value| {
        let part = &answer["parts"][0];
        let text = part["text"].as_str().unwrap();
        let at = |facet: &Value, end: &str| usize::try_from(facet[end].as_u64().unwrap()).unwrap();
        let facet = |facet: &Value| {
            let words = &text[at(facet, "byteStart")..at(facet, "byteEnd")];
            (words.to_owned(), facet["value"].as_str().unwrap().to_owned())
        };
        let facets = part["facets"].as_array().unwrap().iter().map(facet).collect();
        (part["graphemes"].as_u64().unwrap(), part["bytes"].as_u64().unwrap(), facets)
    };
    answers.iter().map(part).collect()
}

#[tokio::test]
async fn every_script_is_counted_and_linked_like_the_official_app_does() {
    let none: &[(&str, &str)] = &[];
    let cases: &[Case] = &[
        ("👨‍👩‍👧‍👦👩🏽‍🚀🏳️‍🌈🇫🇷", 4, none),
        ("👨‍👩‍👧‍👦 #👨‍👩‍👧‍👦", 4, &[("#👨", "👨")]),
        ("مرحبا #مرحبا بالعالم", 20, &[("#مرحبا", "مرحبا")]),
        (
            "שלום (https://example.com/שלום) @alice.test",
            43,
            &[("https://example.com/שלום", "https://example.com/שלום"), ("@alice.test", "alice.test")],
        ),
        ("नमस्ते #हिन्दी", 7, &[("#हिन्दी", "हिन्दी")]),
        ("＃タグ と #タグ。", 10, &[("＃タグ", "タグ"), ("#タグ", "タグ")]),
        ("a\r\nb #c\r\n#d", 9, &[("#c", "c"), ("#d", "d")]),
        (
            "(see https://en.wikipedia.org/wiki/Rust_(language))",
            51,
            &[("https://en.wikipedia.org/wiki/Rust_(language))", "https://en.wikipedia.org/wiki/Rust_(language))")],
        ),
        ("((https://example.com/a))", 25, &[("https://example.com/a)", "https://example.com/a)")]),
        (
            "(example.com/a) example.com.",
            28,
            &[("example.com/a", "https://example.com/a"), ("example.com", "https://example.com")],
        ),
    ];
    let texts: Vec<_> = cases.iter().map(|(text, ..)| *text).collect();
    for ((text, graphemes, facets), shown) in cases.iter().zip(shown_of(&texts).await) {
        let facets: Vec<_> = facets.iter().map(|(words, value)| ((*words).to_owned(), (*value).to_owned())).collect();
        assert_eq!(shown, (*graphemes, text.len() as u64, facets), "{text}");
    }
}

#[tokio::test]
async fn lines_are_looked_up_and_their_order_is_kept() {
    let scene = Scene::logged_in().await;
    let mut input = String::new();
    for n in 0..60 {
        let mention = ["@alice.test", "@nobody.test", "plain"][n % 3];
        writeln!(input, "{}", json!({"text": format!("{n} {mention}"), "accounts": ["alice.test"]})).unwrap();
    }
    input.push_str("{\"text\":\"x\",\"accounts\":[\"bob.test\"]}\n");
    let shown = answers(&scene.skein, &["preview", "--lines"], input.into_bytes()).await;
    assert_eq!(shown.len(), 61);
    for (n, answer) in shown[..60].iter().enumerate() {
        let record = &answer["records"][0]["value"];
        assert!(record["text"].as_str().unwrap().starts_with(&format!("{n} ")), "line {n}: {answer}");
        assert_eq!(answer["warnings"].as_array().unwrap().len(), usize::from(n % 3 == 1), "line {n}: {answer}");
        if n % 3 == 0 {
            assert_eq!(answer["parts"][0]["facets"][0]["value"], scene.alice.did);
        }
    }
    assert_eq!(code(&shown[60]), "account_unknown");
    assert_eq!(scene.stored().await, 0);
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_next_line_and_a_closed_output_ends_it() {
    let mut child = Installation::alone().command(&OFFLINE, &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in 0..3 {
        stdin.write_all(format!("{{\"text\":\"{n}\"}}\n").as_bytes()).await.unwrap();
        let answer: Value = serde_json::from_str(&stdout.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(answer["parts"][0]["text"], n.to_string());
    }
    drop(stdout);
    stdin.write_all(b"{}\n").await.unwrap();
    let ended = child.wait_with_output().await.unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()), "its input is still open");
    drop(stdin);
}

#[tokio::test]
async fn memory_does_not_grow_with_the_number_of_lines() {
    const FEW: usize = 20_000;
    const MANY: usize = 200_000;
    let mut child = Installation::alone().command(&OFFLINE, &[]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id().unwrap());
    let peak_kib = || -> u64 {
        let status = std::fs::read_to_string(&status).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let mut stdin = child.stdin.take().unwrap();
    let feeding = tokio::spawn(async move {
        let line = "{\"text\":\"A post with @alice.test and #tags 👩‍👩‍👧\"}\n";
        let thousand = line.repeat(1_000);
        for _ in 0..FEW / 1_000 + MANY / 1_000 {
            stdin.write_all(thousand.as_bytes()).await.unwrap();
        }
        stdin
    });
    let mut stdout = child.stdout.take().unwrap();
    let mut chunk = vec![0; 1024 * 1024];
    let (mut seen, mut after_few) = (0, None);
    while seen < FEW + MANY {
        let read = stdout.read(&mut chunk).await.unwrap();
        assert!(read > 0, "it ended after {seen} lines");
        seen += chunk[..read].split(|byte| *byte == b'\n').count() - 1;
        if seen >= FEW {
            after_few.get_or_insert_with(peak_kib);
        }
    }
    let (after_few, after_many) = (after_few.unwrap(), peak_kib());
    assert!(after_many < 64 * 1024, "{after_many} KiB");
    assert!(after_many < after_few + 8 * 1024, "{after_few} KiB after {FEW} lines, {after_many} KiB in the end");
    drop(feeding.await.unwrap());
    assert!(child.wait().await.unwrap().success());
}
