//! E-mail, by SMTP.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use skein_domain::Letter;
use skein_domain::ports::{NotTold, Notifier};
use url::{Host, Url};

use crate::words;

/// How long one step of the talk with the server may take, in seconds.
const STEP_WITHIN_S: u64 = 20;
/// How long a mail may take, in seconds.
const MAIL_WITHIN_S: u64 = 60;
/// What happens within so long after a mail is told in one, in milliseconds.
const RESTS_MS: i64 = 60_000;
/// Recipients of one mail.
const RECIPIENTS_AT_MOST: usize = 20;

/// A setting that cannot be used. It never repeats the address of the server, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The address of the server.
    #[error("{0}")]
    Url(String),
    /// The sender.
    #[error("{0}")]
    From(String),
    /// The recipients.
    #[error("{0}")]
    To(String),
}

/// How mail leaves: where, from whom, to whom.
#[derive(Debug, Clone)]
pub struct MailSettings {
    url: SecretString,
    /// Whose certificate is asked for; `None` where the talk is not encrypted.
    tls: Option<Encryption>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Encryption {
    host: String,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// From the first byte on.
    Wrapped,
    /// By STARTTLS, or not at all.
    Required,
    /// By STARTTLS where the server has it.
    Opportunistic,
}

const FORM: &str = "it must be `smtps://USER:PASSWORD@HOST`, `smtp://USER:PASSWORD@HOST:587?tls=required`, or `smtp://HOST` \
                    without a password";

impl MailSettings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingError`], which says what is wrong with which of them.
    pub fn parse(url: &str, from: &str, to: &str) -> Result<Self, SettingError> {
        let tls = encryption(url).map_err(SettingError::Url)?;
        let mailbox = |given: &str| -> Result<Mailbox, String> {
            let why =
                |error| format!("`{}` is no address: {error}", given.trim().chars().take(200).collect::<String>());
            given.trim().parse::<Mailbox>().map_err(why)
        };
        let from = mailbox(from).map_err(SettingError::From)?;
        let given: Vec<&str> = to.split(',').filter(|given| !given.trim().is_empty()).collect();
        if !(1..=RECIPIENTS_AT_MOST).contains(&given.len()) {
            let why = format!("it must name 1 to {RECIPIENTS_AT_MOST} addresses, and names {}", given.len());
            return Err(SettingError::To(why));
        }
        let to = given.into_iter().map(mailbox).collect::<Result<_, _>>().map_err(SettingError::To)?;
        Ok(Self { url: url.into(), tls, from, to })
    }

    /// How many addresses get each mail.
    pub fn recipients(&self) -> usize {
        self.to.len()
    }

    fn transport(
        &self,
        hello: &str,
        extra_ca: Option<&[u8]>,
    ) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(self.url.expose_secret())?
            .hello_name(ClientId::Domain(hello.to_owned()))
            .timeout(Some(Duration::from_secs(STEP_WITHIN_S)));
        let (Some(tls), Some(extra_ca)) = (&self.tls, extra_ca) else { return Ok(builder.build()) };
        let parameters =
            TlsParameters::builder(tls.host.clone()).add_root_certificate(Certificate::from_pem(extra_ca)?).build()?;
        let tls = match tls.how {
            How::Wrapped => Tls::Wrapper(parameters),
            How::Required => Tls::Required(parameters),
            How::Opportunistic => Tls::Opportunistic(parameters),
        };
        Ok(builder.tls(tls).build())
    }
}

/// Checks an address, and says how the talk there is encrypted. The words never repeat it.
fn encryption(url: &str) -> Result<Option<Encryption>, String> {
    let url = Url::parse(url).map_err(|error| format!("{FORM} ({error})"))?;
    let host = url.host().filter(|host| !host.to_string().is_empty()).ok_or(FORM)?;
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(FORM.to_owned());
    }
    let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let tls = match options.as_slice() {
        [] => None,
        [(name, value)] if name == "tls" => Some(value.as_str()),
        _ => return Err(format!("behind its `?` stands only `tls`; {FORM}")),
    };
    let how = match (url.scheme(), tls) {
        ("smtps", None) => Some(How::Wrapped),
        ("smtp", None) => None,
        ("smtp", Some("required")) => Some(How::Required),
        ("smtp", Some("opportunistic")) => Some(How::Opportunistic),
        ("smtp" | "smtps", Some(_)) => {
            return Err("`tls` is `required` or `opportunistic`, and belongs to `smtp://` only".to_owned());
        }
        _ => return Err(FORM.to_owned()),
    };
    match (url.username().is_empty(), url.password()) {
        (true, None) => {}
        (false, Some(_)) if matches!(how, Some(How::Wrapped | How::Required)) || is_this_machine(&host) => {}
        (false, Some(_)) => {
            return Err("a password is sent encrypted only: use `smtps://`, or add `?tls=required`".to_owned());
        }
        _ => return Err("it has a user and a password, or neither".to_owned()),
    }
    Ok(how.map(|how| Encryption { host: host.to_string(), how }))
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        // What is no special scheme keeps its host as it was written.
        Host::Domain(name) => {
            *name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Sends notices by e-mail, each to all recipients; several of them in one mail.
pub struct MailNotifier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl MailNotifier {
    /// A door that asks nobody yet. `hello` is the name of this machine, as servers are told; `extra_ca` are certificate authorities,
    /// as PEM, that are trusted beside the system's.
    ///
    /// # Errors
    /// When there is nothing that certificates can be checked with.
    pub fn new(settings: MailSettings, hello: &str, extra_ca: Option<&[u8]>) -> Result<Self, SettingError> {
        let transport = settings.transport(hello, extra_ca).map_err(|why| SettingError::Url(told(&why)))?;
        Ok(Self { transport, from: settings.from, to: settings.to })
    }

    fn message(&self, letters: &[Letter], to: &[Mailbox]) -> Result<Message, lettre::error::Error> {
        let (subject, text) = words::mail(letters);
        let at = letters.iter().map(|letter| letter.at).max().unwrap_or_default();
        let id = format!("<{}@{}>", words::id(letters), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(id))
            .date(SystemTime::from(at))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        to.iter().fold(message, |message, to| message.to(to.clone())).body(text)
    }

    /// To all at once. A server that refuses one of several recipients takes nothing: then to each alone, and it is told when anybody has it.
    async fn send(&self, letters: &[Letter]) -> Result<(), NotTold> {
        let refused = match self.send_to(letters, &self.to).await {
            Err(refused) if refused.is_final && self.to.len() > 1 => refused,
            sent => return sent,
        };
        let mut is_told = false;
        for to in &self.to {
            match self.send_to(letters, std::slice::from_ref(to)).await {
                Ok(()) => is_told = true,
                Err(why) if !why.is_final && !is_told => return Err(why),
                Err(why) => tracing::warn!(to = %to.email, %why, "this recipient was not told"),
            }
        }
        if is_told { Ok(()) } else { Err(refused) }
    }

    async fn send_to(&self, letters: &[Letter], to: &[Mailbox]) -> Result<(), NotTold> {
        let message = self.message(letters, to).map_err(|why| NotTold::for_good(why.to_string()))?;
        let sent = tokio::time::timeout(Duration::from_secs(MAIL_WITHIN_S), self.transport.send(message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) if is_final(&why) => Err(NotTold::for_good(told(&why))),
            Ok(Err(why)) => Err(NotTold::for_now(told(&why))),
            Err(_) => Err(NotTold::for_now(format!("the mail server did not take it within {MAIL_WITHIN_S} s"))),
        }
    }
}

#[async_trait]
impl Notifier for MailNotifier {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn rests_ms(&self) -> i64 {
        RESTS_MS
    }

    async fn tell(&self, letters: &[Letter]) -> Vec<Result<(), NotTold>> {
        if letters.is_empty() {
            return Vec::new();
        }
        vec![self.send(letters).await; letters.len()]
    }
}

/// Whether the server will say the same next time. A login that was refused (53x) is a matter of settings, which a person repairs
/// while the notices wait.
fn is_final(why: &smtp::Error) -> bool {
    why.status().is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion && code.category != Category::Unspecified3
    })
}

/// An error with what led to it, on one line.
fn told(why: &smtp::Error) -> String {
    let mut words = why.to_string();
    let mut source = why.source();
    while let Some(inner) = source {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        source = inner.source();
    }
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// So that no robot answers (RFC 3834).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "Skein <skein@example.com>";
    const TO: &str = "ops@example.com, Ann <ann@example.org>";

    fn refusal(url: &str) -> String {
        let refused = MailSettings::parse(url, FROM, TO).unwrap_err();
        assert!(matches!(refused, SettingError::Url(_)), "{refused:?}");
        refused.to_string()
    }

    #[test]
    fn settings_are_read() {
        for (url, how) in [
            ("smtps://me:secret@mail.example", Some(How::Wrapped)),
            ("smtps://me%40example.com:se%2Fcret@mail.example:4650", Some(How::Wrapped)),
            ("smtp://me:secret@mail.example:587?tls=required", Some(How::Required)),
            ("smtp://mail.example?tls=opportunistic", Some(How::Opportunistic)),
            ("smtp://mail.example:25", None),
            ("smtp://me:secret@127.0.0.1:2525", None),
            ("smtp://me:secret@localhost", None),
        ] {
            let settings = MailSettings::parse(url, FROM, TO).unwrap();
            assert_eq!(settings.tls.map(|tls| tls.how), how, "{url}");
            assert_eq!(settings.to.len(), 2);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_the_password() {
        for (url, words) in [
            ("mail.example", "smtps://"),
            ("http://me:hunter2@mail.example", "smtps://"),
            ("smtp://me:hunter2@mail.example", "encrypted only"),
            ("smtp://me:hunter2@mail.example?tls=opportunistic", "encrypted only"),
            ("smtp://me:hunter2@mail.example?tls=yes", "`required` or `opportunistic`"),
            ("smtps://me:hunter2@mail.example?tls=required", "belongs to `smtp://` only"),
            ("smtps://me:hunter2@mail.example?retries=3", "only `tls`"),
            ("smtps://me@mail.example", "a user and a password"),
            ("smtps://me:hunter2@mail.example/inbox", "smtps://"),
        ] {
            let told = refusal(url);
            assert!(told.contains(words) && !told.contains("hunter2"), "{url}: {told}");
        }
        let url = "smtps://me:hunter2@mail.example";
        let shown = format!("{:?}", MailSettings::parse(url, FROM, TO).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            matches!(MailSettings::parse(url, "nobody", TO), Err(SettingError::From(why)) if why.contains("nobody"))
        );
        assert!(
            matches!(MailSettings::parse(url, FROM, "a@b.example, c"), Err(SettingError::To(why)) if why.contains('c'))
        );
        let many = ["a@b.example"; RECIPIENTS_AT_MOST + 1].join(",");
        for to in ["", " , ", &many] {
            assert!(matches!(MailSettings::parse(url, FROM, to), Err(SettingError::To(_))), "{to}");
        }
    }
}
