//! E-mail.

use skein_domain::Letter;
use skein_domain::ports::{NotTold, Notifier as _};
use skein_notices::{MailNotifier, MailSettings};
use skein_testkit::smtp::{SmtpOrder, SmtpServer};

use crate::letter;

fn door(url: &str) -> MailNotifier {
    let settings = MailSettings::parse(url, "Skein <skein@goose.test>", "ops@goose.test, ann@goose.test").unwrap();
    MailNotifier::new(settings, "worker.test", None).unwrap()
}

async fn tell(server: &SmtpServer, letters: &[Letter]) -> Vec<Result<(), NotTold>> {
    door(&server.url()).tell(letters).await
}

#[tokio::test]
async fn a_notice_is_one_mail_to_all_with_an_id_that_stays() {
    let server = SmtpServer::start().await.unwrap();
    for _ in 0..2 {
        assert_eq!(tell(&server, &[letter(7)]).await, [Ok(())]);
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), &*mail.to),
        ("skein@goose.test", &["ops@goose.test".to_owned(), "ann@goose.test".to_owned()][..])
    );
    assert_eq!(mail.header("Subject").as_deref(), Some("Skein: A post of @alice.test failed"));
    assert_eq!(mail.header("Message-ID").as_deref(), Some("<ntc_7@goose.test>"));
    assert_eq!(mails[1].header("Message-ID"), mail.header("Message-ID"));
    assert_eq!(mail.header("Date").as_deref(), Some("Sun, 01 Mar 2026 09:00:00 +0000"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let text = mail.text();
    for words in ["“Grüße”", "It was not published: no.", "skein queue show post_a", "ntc_7"] {
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn many_notices_are_one_mail() {
    let server = SmtpServer::start().await.unwrap();
    let letters: Vec<Letter> = (0..500).map(letter).collect();
    let told = tell(&server, &letters).await;
    assert!(told.len() == 500 && told.iter().all(Result::is_ok));
    let mails = server.mails();
    assert_eq!((mails.len(), server.connections()), (1, 1));
    assert_eq!(mails[0].header("Subject").as_deref(), Some("Skein: 500 notices (500 failed)"));
    assert!(mails[0].text().contains("And 480 more."), "{}", mails[0].text());
}

#[tokio::test]
async fn a_server_that_is_busy_gone_or_cuts_is_tried_again_and_one_that_refuses_is_not() {
    let server = SmtpServer::start().await.unwrap();
    let mut said = Vec::new();
    // Who is refused among several is asked for alone.
    let never = [SmtpOrder::Refused; 3];
    for orders in [&[SmtpOrder::Busy][..], &[SmtpOrder::Cut], &never] {
        for order in orders {
            server.order(*order);
        }
        said.push(tell(&server, &[letter(1)]).await.remove(0).unwrap_err());
    }
    assert_eq!(said.iter().map(|said| said.is_final).collect::<Vec<_>>(), [false, false, true]);
    assert!(said[0].why.contains("451") && said[0].why.contains("later, please"), "{said:?}");
    assert!(said[2].why.contains("550") && said[2].why.contains("nobody of that name"), "{said:?}");
    assert_eq!(tell(&server, &[letter(1)]).await, [Ok(())]);

    let (address, url) = (server.address(), server.url());
    drop(server);
    // The listener goes away with its task, in which connections may still be let in for a moment.
    let gone = door(&url).tell(&[letter(2)]).await.remove(0).unwrap_err();
    assert!(!gone.is_final, "{gone:?}");
    let back = SmtpServer::start_at(address).await.unwrap();
    assert_eq!(tell(&back, &[letter(2)]).await, [Ok(())]);
}

#[tokio::test]
async fn a_recipient_who_is_gone_keeps_the_others_from_nothing() {
    let server = SmtpServer::start().await.unwrap();
    for _ in ["with all", "alone"] {
        server.order(SmtpOrder::Refused);
    }
    assert_eq!(tell(&server, &[letter(1)]).await, [Ok(())]);
    let mails = server.mails();
    assert_eq!(mails.iter().map(|mail| mail.to.join(" ")).collect::<Vec<_>>(), ["ann@goose.test"]);
}

#[tokio::test]
async fn a_password_is_shown_to_the_server_only_and_a_refused_one_may_be_repaired() {
    let server = SmtpServer::start().await.unwrap();
    let url = format!("smtp://me%40goose.test:hunter2@{}", server.address());
    assert_eq!(door(&url).tell(&[letter(1)]).await, [Ok(())]);
    assert_eq!(server.logins(), ["me@goose.test:hunter2"]);
    server.order(SmtpOrder::LoginRefused);
    let refused = door(&url).tell(&[letter(1)]).await.remove(0).unwrap_err();
    assert!(!refused.is_final && refused.why.contains("535"), "{refused:?}");
    assert!(!refused.why.contains("hunter2"), "{refused:?}");
}

#[tokio::test]
async fn encryption_that_is_required_is_not_left_out() {
    let server = SmtpServer::start().await.unwrap();
    let url = format!("smtp://localhost:{}?tls=required", server.address().port());
    let refused = door(&url).tell(&[letter(1)]).await.remove(0).unwrap_err();
    assert!(!refused.is_final && server.mails().is_empty(), "{refused:?}");
    let url = format!("smtp://localhost:{}?tls=opportunistic", server.address().port());
    assert_eq!(door(&url).tell(&[letter(1)]).await, [Ok(())]);
}
