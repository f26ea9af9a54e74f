//! People are told: by a real mail server and a real program, through kills and through a server that is away.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use skein_e2e::rig::Rig;
use skein_sandbox::{Fault, FaultOrder};
use skein_testkit::smtp::{Mail, SmtpOrder, SmtpServer};

use crate::{APPLY_WRITES, Scene};

/// An installation that tells by mail and by a program, which writes each notice to a file of its own.
struct Told {
    scene: Scene,
    mail: SmtpServer,
    hook: String,
}

impl Told {
    /// The program does this, besides, once it has written the notice.
    async fn set(and_then: &str) -> Self {
        let (scene, mail) = (Scene::set().await, SmtpServer::start().await.unwrap());
        let text = format!("#!/bin/sh\ncat > \"${{0%/*}}/got.$SKEIN_NOTICE_ID.$$\"\n{and_then}\n");
        let hook = scene.rig.file("hook", &text);
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { scene, mail, hook }
    }

    fn rig(&self) -> &Rig {
        &self.scene.rig
    }

    fn settings(&self) -> Vec<(String, String)> {
        [
            ("SKEIN_SMTP_URL", self.mail.url()),
            ("SKEIN_NOTICE_FROM", "Skein <skein@goose.test>".to_owned()),
            ("SKEIN_NOTICE_TO", "ops@goose.test".to_owned()),
            ("SKEIN_NOTICE_COMMAND", self.hook.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn serve(&self) -> skein_e2e::rig::Serve {
        let settings = self.settings();
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.rig().serve(&settings)
    }

    /// A post that the server refuses with an answer that is final.
    async fn refused(&self) {
        self.scene.order(FaultOrder::new(APPLY_WRITES, Fault::NotImplemented));
        self.rig().run(&["post", "A goose that does not fly", "--at", "in 1s"]).await.exits(6);
    }

    /// What the program was given, once for each run.
    fn given(&self) -> Vec<Value> {
        let folder = std::path::Path::new(&self.hook).parent().unwrap();
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let got = files.filter(|entry| entry.file_name().to_str().unwrap().starts_with("got."));
        got.map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap()).collect()
    }
}

fn id(mail: &Mail) -> String {
    mail.header("Message-ID").unwrap()
}

/// Waits until the engine's log has a line with these words.
async fn says(serve: &mut skein_e2e::rig::Serve, words: &str) {
    while let Some(line) = serve.line().await {
        if line.contains(words) {
            return;
        }
    }
    panic!("the engine ended without saying `{words}`");
}

/// Waits until nothing is left to tell.
async fn nothing_waits(rig: &Rig) {
    loop {
        let waiting = rig.run(&["notices", "--json"]).await.exits(0).json();
        if waiting.as_array().unwrap().is_empty() {
            return;
        }
    }
}

#[tokio::test]
async fn a_post_that_is_refused_is_told_once_by_every_door() {
    let told = Told::set("").await;
    let mut serve = told.serve();
    told.refused().await;
    serve.reaches("failed").await;
    let mails = told.mail.wait_for(1).await;
    nothing_waits(told.rig()).await;
    serve.end().await;
    assert_eq!(told.mail.mails().len(), 1);
    assert_eq!(mails[0].to, ["ops@goose.test"]);
    assert_eq!(mails[0].header("Subject").as_deref(), Some("Skein: A post of @alice.test failed"));
    let text = mails[0].text();
    let post = told.rig().run(&["queue", "show", "last", "--json"]).await.exits(0).json();
    let post = post["id"].as_str().unwrap();
    for words in ["“A goose that does not fly”", "The post is kept.", &format!("skein queue retry {post}")] {
        assert!(text.contains(words), "`{words}` is missing:\n{text}");
    }
    let given = told.given();
    let [given] = given.as_slice() else { panic!("{given:?}") };
    assert_eq!(
        (&given["kind"], &given["post"], &given["handle"]),
        (&"failed".into(), &post.into(), &"alice.test".into())
    );
    assert_eq!(id(&mails[0]), format!("<{}@goose.test>", given["id"].as_str().unwrap()));
    let kept = told.rig().run(&["notices", "--all", "--json"]).await.exits(0).json();
    assert_eq!((&kept[0]["stage"], &kept[0]["attempts"]), (&"handed_on".into(), &0.into()), "{kept:#}");
    let told_by: Vec<_> = kept[0]["told"].as_array().unwrap().iter().map(|door| door.as_str().unwrap()).collect();
    assert_eq!(told_by, ["log", "mail", "command"]);
}

#[tokio::test]
async fn an_engine_that_is_killed_between_telling_and_noting_it_tells_again_under_the_same_id() {
    let told = Told::set("").await;
    told.mail.order(SmtpOrder::Unanswered);
    let mut serve = told.serve();
    told.refused().await;
    serve.reaches("failed").await;
    told.mail.wait_for(1).await;
    serve.kill().await;
    let again = told.serve();
    let mails = told.mail.wait_for(2).await;
    nothing_waits(told.rig()).await;
    again.end().await;
    assert_eq!((told.mail.mails().len(), id(&mails[0])), (2, id(&mails[1])));
    assert_eq!(mails[0].data, mails[1].data);
}

#[tokio::test]
async fn a_program_that_kills_its_engine_is_run_again() {
    let told = Told::set("[ -e \"$0.done\" ] || { : > \"$0.done\"; kill -9 $PPID; }").await;
    let mut serve = told.serve();
    told.refused().await;
    serve.reaches("failed").await;
    serve.dies().await;
    let again = told.serve();
    nothing_waits(told.rig()).await;
    again.end().await;
    let given = told.given();
    assert_eq!((given.len(), &given[0]["id"]), (2, &given[1]["id"]));
}

#[tokio::test]
async fn a_mail_server_that_is_away_gets_the_notice_when_it_is_back() {
    let mut told = Told::set("").await;
    let address = told.mail.address();
    let elsewhere = SmtpServer::start().await.unwrap();
    drop(std::mem::replace(&mut told.mail, elsewhere));
    let mut settings = told.settings();
    settings[0].1 = format!("smtp://{address}");
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut serve = told.rig().serve(&settings);
    told.refused().await;
    serve.reaches("failed").await;
    says(&mut serve, "notices were not handed on").await;
    // The line of the log comes a moment before what it says is kept.
    while told.rig().run(&["notices", "--json"]).await.exits(0).json()[0]["trouble"].is_null() {}
    let waiting = told.rig().run(&["notices"]).await.exits(0).stdout;
    assert!(waiting.contains("failed") && waiting.contains("mail: "), "{waiting}");
    let back = SmtpServer::start_at(address).await.unwrap();
    back.wait_for(1).await;
    nothing_waits(told.rig()).await;
    serve.end().await;
    assert_eq!((back.mails().len(), told.given().len()), (1, 1), "the program is not run again");
}

#[tokio::test]
async fn an_account_that_is_lost_is_told_once_for_all_its_posts() {
    let told = Told::set("").await;
    told.scene.order(FaultOrder::new(APPLY_WRITES, Fault::RevokedPassword));
    let mut serve = told.serve();
    for text in ["one", "two", "three"] {
        told.rig().run(&["post", text, "--at", "in 1s"]).await.exits(6);
    }
    for _ in 0..3 {
        serve.reaches("blocked").await;
    }
    told.mail.wait_for(1).await;
    nothing_waits(told.rig()).await;
    serve.end().await;
    let mails = told.mail.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].header("Subject").as_deref(), Some("Skein: The account @alice.test needs a login"));
    assert!(mails[0].text().contains("skein login alice.test"), "{}", mails[0].text());
    let given = told.given();
    assert_eq!(
        (given.len(), &given[0]["kind"], &given[0]["error"]["code"]),
        (1, &"needs_reconnect".into(), &"needs_login".into())
    );
}

#[tokio::test]
async fn what_waits_for_nobody_else_is_told_by_a_pass_for_cron() {
    let told = Told::set("").await;
    told.scene.order(FaultOrder::new(APPLY_WRITES, Fault::NotImplemented));
    // The person sees this one; whoever reads the mail does not.
    told.rig().run(&["post", "Refused at once"]).await.exits(1);
    let listed = told.rig().run(&["notices"]).await.exits(0).stdout;
    assert!(listed.contains("waits for an engine"), "{listed}");
    let settings = told.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    told.rig().run_with(&["work", "--once"], &settings, "").await.exits(0);
    assert_eq!((told.mail.mails().len(), told.given().len()), (1, 1));
    let pruned = told.rig().run(&["prune", "--older-than", "0s", "--json"]).await.exits(0).json();
    assert_eq!(pruned["notices"], 1, "{pruned}");
}

#[tokio::test]
async fn doors_are_tried_on_demand_and_what_was_given_up_is_told_again() {
    let told = Told::set("").await;
    let settings = told.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let run = async |arguments: &[&str]| told.rig().run_with(arguments, &settings, "").await;
    let tried = run(&["notices", "--test", "--json"]).await.exits(0).json();
    assert!(tried["doors"].as_array().unwrap().iter().all(|door| door["told"] == true), "{tried:#}");
    assert_eq!(told.mail.mails()[0].header("Subject").as_deref(), Some("Skein: A test notice"));
    assert_eq!(told.given()[0]["kind"], "test");
    told.mail.order(SmtpOrder::Refused);
    let tried = run(&["notices", "--test"]).await.exits(1);
    assert!(tried.stdout.contains("not told") && tried.stdout.contains("nobody of that name"), "{tried:#?}");

    told.mail.order(SmtpOrder::Refused);
    told.scene.order(FaultOrder::new(APPLY_WRITES, Fault::NotImplemented));
    run(&["post", "Refused at once"]).await.exits(1);
    run(&["work", "--once"]).await.exits(0);
    let listed = run(&["notices"]).await.exits(0).stdout;
    assert!(listed.contains("given up") && listed.contains("nobody of that name"), "{listed}");
    let doctor = run(&["doctor"]).await.exits(0).stdout;
    assert!(doctor.contains("1 notice was given up"), "{doctor}");
    assert_eq!(run(&["notices", "--retry", "--json"]).await.exits(0).json()["retried"], 1);
    run(&["work", "--once"]).await.exits(0);
    let doctor = run(&["doctor"]).await.exits(0).stdout;
    assert!(doctor.contains("e-mail to 1 address"), "{doctor}");
    assert_eq!(told.mail.mails().len(), 2);
    let settings_of_one = [("SKEIN_SMTP_URL", "smtp://mail.test")];
    let refused = told.rig().run_with(&["serve"], &settings_of_one, "").await.exits(2);
    assert!(refused.stderr.contains("SKEIN_NOTICE_FROM"), "{refused:#?}");
}
