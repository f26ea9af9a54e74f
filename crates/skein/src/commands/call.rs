//! `skein get` and `skein call`: any method of the protocol, with session and log.

use serde_json::{Map, Value};
use skein_atproto::syntax::{Did, Nsid};
use skein_bluesky::cursor::{Begin, CursorKey, DEFAULT_PAGES, PageError, Pages};
use skein_bluesky::session::SessionError;
use skein_bluesky::xrpc::{Auth, CallError, Response, WRITE_TIMEOUT_MS, XrpcClient};
use skein_domain::{Category, Fault};
use std::io::{Read, Write};
use std::time::Duration;
use url::Url;

use crate::app::App;
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::screen::{Line, Tone};
use crate::text::escape_json;
use crate::wiring::{House, now_of};

/// The largest body that is sent: what Bluesky's own hosts take of a blob.
const DATA_MAX_BYTES: u64 = 52_428_800;

/// The most pages that are read at once.
const PAGES_MOST: usize = 10_000;

const PROXY_HELP: &str =
    "Have the account's server pass it on to another service, such as did:web:api.bsky.app#bsky_appview";

/// The command line of `get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// The method, such as app.bsky.actor.getProfile
    #[arg(value_parser = method)]
    pub(crate) method: Nsid,
    /// Parameters; the same name several times is a list
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Ask as this account, at its own server [default: nobody, at the public AppView]
    #[arg(long, value_name = "HANDLE", conflicts_with = "host")]
    pub(crate) account: Option<String>,
    /// Ask this server, as nobody
    #[arg(long, value_name = "URL")]
    pub(crate) host: Option<Url>,
    /// Have the account's server pass it on to another service.
    #[arg(long, value_name = "DID#SERVICE", requires = "account", help = PROXY_HELP, value_parser = service)]
    pub(crate) proxy: Option<String>,
    /// Go on where the last reader of this name stopped, and remember where this one does
    #[arg(long, value_name = "NAME")]
    pub(crate) cursor: Option<String>,
    /// Begin anew, whatever is remembered
    #[arg(long, requires = "cursor")]
    pub(crate) rewind: bool,
    /// Read on to the end of the list, one page a line
    #[arg(long)]
    pub(crate) all: bool,
    /// At most so many pages
    #[arg(long, value_name = "N", requires = "all", default_value_t = DEFAULT_PAGES, value_parser = pages)]
    pub(crate) pages: usize,
}

/// The command line of `call`.
#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// The method, such as com.atproto.repo.createRecord
    #[arg(value_parser = method)]
    pub(crate) method: Nsid,
    /// Members of the input; a value that is JSON is taken as JSON
    #[arg(value_name = "NAME=VALUE", value_parser = pair, conflicts_with = "body")]
    pub(crate) members: Vec<(String, String)>,
    /// The whole input from a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<String>,
    /// What the input is
    #[arg(long, value_name = "TYPE", default_value = "application/json", requires = "body")]
    pub(crate) content_type: String,
    /// As which account [default: the only one there is]
    #[arg(long, value_name = "HANDLE")]
    pub(crate) account: Option<String>,
    /// Have the account's server pass it on to another service.
    #[arg(long, value_name = "DID#SERVICE", help = PROXY_HELP, value_parser = service)]
    pub(crate) proxy: Option<String>,
}

fn method(text: &str) -> Result<Nsid, String> {
    Nsid::parse(text).map_err(|error| error.to_string())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() { Err("write NAME=VALUE".to_owned()) } else { Ok((name.to_owned(), value.to_owned())) }
}

fn service(text: &str) -> Result<String, String> {
    match text.split_once('#') {
        Some((did, id)) if Did::parse(did).is_ok() && !id.is_empty() => Ok(text.to_owned()),
        _ => Err("give a DID and the id of a service, such as did:web:api.bsky.app#bsky_appview".to_owned()),
    }
}

fn pages(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(pages @ 1..=PAGES_MOST) => Ok(pages),
        _ => Err(format!("give a number from 1 to {PAGES_MOST}")),
    }
}

/// Asks a query, and prints its answer.
pub(crate) async fn get(app: &App, args: Get) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let did = match &args.account {
        Some(account) => Some(house.acting(Some(account)).await?),
        None => None,
    };
    if args.cursor.is_none() && !args.all {
        return print(app, ask(&house, &args, did.as_ref(), None).await);
    }
    let key =
        CursorKey { account: did.clone(), method: args.method.clone(), name: args.cursor.clone().unwrap_or_default() };
    let remembers = args.cursor.is_some();
    let begin = if remembers && !args.rewind { Begin::Kept } else { Begin::Start };
    let count = if args.all { args.pages } else { 1 };
    let next = |cursor| ask(&house, &args, did.as_ref(), cursor);
    let pages = Pages::open(house.journal.clone(), now_of(&house.clock), key, begin, count, next).await;
    let mut pages = pages.map_err(|error| unread(&error))?;
    while let Some(page) = pages.next().await.map_err(|error| unread(&error))? {
        show(app, &page.response, true)?;
        // A page that could not be printed is not taken: it comes again.
        if app.screen.is_broken() {
            break;
        }
        if remembers {
            pages.taken(&page).await.map_err(|error| unread(&error))?;
        }
    }
    Ok(Exit::Done)
}

/// One query, at `cursor` where one is given.
async fn ask(house: &House, args: &Get, did: Option<&Did>, cursor: Option<String>) -> Result<Response, SessionError> {
    let mut parameters: Vec<(&str, &str)> =
        args.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
    let (method, parameters) = (args.method.as_str(), &parameters);
    if let Some(did) = did {
        let proxy = args.proxy.as_deref();
        let sessions = house.sessions.retrying(house.retry());
        return sessions.call(did, |me| async move { me.through(proxy)?.get(method, parameters).await }).await;
    }
    // Whoever types an address in means it.
    let host = args.host.as_ref().unwrap_or(&house.config.network.appview_url);
    let xrpc = XrpcClient::new(house.http.clone()).allowing(host).retrying(&house.retry());
    xrpc.get(host, method, parameters, Auth::None).await.map_err(SessionError::Call)
}

/// Calls a procedure, and prints its answer. Sent again only where the server did not act on it: a token that ended, a
/// connection that was refused, a rate limit that ends soon.
pub(crate) async fn call(app: &App, args: Call) -> Result<Exit, Failure> {
    let body = match &args.body {
        Some(file) => read(file)?,
        None => members(args.members).to_string().into_bytes(),
    };
    let house = app.house().await?;
    let did = house.acting(args.account.as_deref()).await?;
    let (method, kind, proxy) = (args.method.as_str(), args.content_type.as_str(), args.proxy.as_deref());
    let body = bytes::Bytes::from(body);
    let body = &body;
    let send = |me: skein_bluesky::session::Authorized| async move {
        me.through(proxy)?.post(method, kind, body.clone(), Duration::from_millis(WRITE_TIMEOUT_MS)).await
    };
    print(app, house.sessions.retrying(house.retry()).call(&did, send).await)
}

impl House {
    /// The identity of the account that is named, or of the only one there is.
    pub(crate) async fn acting(&self, named: Option<&str>) -> Result<Did, Failure> {
        let accounts = self.intake.accounts().await?;
        let name = named.map(|name| name.trim_start_matches('@'));
        let meant = |account: &&skein_domain::Account| {
            name.is_none_or(|name| account.handle.eq_ignore_ascii_case(name) || account.identity == name)
        };
        let mut found = accounts.iter().filter(meant);
        let refused = |code: &str, message: &str| {
            let fault = Fault::content(code, "account", message).given(named.unwrap_or_default());
            Failure::new(Exit::Account, fault, NOTHING_CHANGED)
        };
        match (found.next(), found.next()) {
            (Some(one), None) => Did::parse(&one.identity)
                .map_err(|error| Failure::system("stored_data_unreadable", sentence(&error.to_string()))),
            (Some(_), Some(_)) => {
                Err(refused("account_needed", "Several accounts are connected.").next("Name one with --account."))
            }
            (None, _) => Err(refused("account_unknown", "No such account is connected.")
                .next("See `skein accounts`, or connect it with `skein login`.")),
        }
    }
}

fn members(pairs: Vec<(String, String)>) -> Value {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    Value::Object(pairs.into_iter().map(|(name, text)| (name, value(text))).collect::<Map<_, _>>())
}

fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: &std::io::Error| {
        let fault = Fault::content("input_unreadable", "body", format!("{file} cannot be read: {error}."));
        Failure::new(Exit::Usage, fault, NOTHING_CHANGED)
    };
    let mut bytes = Vec::new();
    let mut from: Box<dyn Read> = if file == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| unreadable(&error))?)
    };
    from.as_mut().take(DATA_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > DATA_MAX_BYTES {
        let fault = Fault::content("input_too_large", "body", "The input is too large.")
            .over(format!("{DATA_MAX_BYTES} bytes"), "more");
        return Err(Failure::new(Exit::Refused, fault, NOTHING_CHANGED));
    }
    Ok(bytes)
}

/// The answer as it came: JSON set for people where a person looks, everything else byte for byte.
fn print(app: &App, answered: Result<Response, SessionError>) -> Result<Exit, Failure> {
    let response = answered.map_err(|error| failed(&error))?;
    show(app, &response, false)?;
    Ok(Exit::Done)
}

fn show(app: &App, response: &Response, on_a_line: bool) -> Result<(), Failure> {
    let json = serde_json::from_slice::<Value>(&response.body).ok();
    match json {
        Some(value) if on_a_line => app.screen.object_line(&value),
        Some(value) if app.screen.is_json() || !app.screen.is_terminal() => app.screen.object(&value),
        Some(value) => app.screen.lines(escape_json(&format!("{value:#}")).lines().map(Line::from)),
        None => std::io::stdout()
            .write_all(&response.body)
            .map_err(|error| Failure::system("output", format!("The answer cannot be written: {error}.")))?,
    }
    if !app.screen.is_json() && app.screen.is_terminal() {
        let call = response.call.as_deref().map(|call| format!(", {call}")).unwrap_or_default();
        let host = response.url.host_str().unwrap_or_default();
        let took = response.duration.as_millis();
        app.screen.note(Line::of(Tone::Faint, format!("{} from {host} in {took} ms{call}", response.status.as_u16())));
    }
    Ok(())
}

/// A list that could not be read on.
pub(super) fn unread(error: &PageError) -> Failure {
    match error {
        PageError::Call(error) => failed(error),
        PageError::Journal(error) => Failure::system("database", sentence(&error.to_string())),
    }
}

/// An error names the row of the log that tells more.
pub(super) fn failed(error: &SessionError) -> Failure {
    let call = match error {
        SessionError::Call(error) | SessionError::Unreachable { error, .. } => error.call(),
        _ => None,
    };
    if let SessionError::Call(CallError::RateLimitExceeded(shortage)) = error {
        let fault = Fault::new("rate_limited", Category::RateLimit, sentence(&shortage.to_string()));
        let fault = fault.over(shortage.limit_words(), shortage.wanted);
        let fault = shortage.fits_at.map_or_else(|| fault.clone(), |at| fault.clone().retry_at(at));
        return Failure::new(Exit::Failed, fault, NOTHING_CHANGED).next("`skein limits` shows what is left.");
    }
    let (exit, code, category) = match error {
        SessionError::Call(CallError::Unknown { .. } | CallError::Malformed { .. }) => {
            (Exit::Unknown, "no_answer", Category::Unknown)
        }
        SessionError::Call(CallError::Answer(answer)) if answer.response.status.as_u16() == 429 => {
            (Exit::Failed, "rate_limited", Category::RateLimit)
        }
        SessionError::Call(CallError::Answer(_)) => (Exit::Failed, "server_refused", Category::PlatformRejected),
        SessionError::Call(CallError::NotCounted(_)) => (Exit::Failed, "database", Category::SystemError),
        SessionError::Call(CallError::NotSent { .. }) | SessionError::Unreachable { .. } => {
            (Exit::Failed, "host_unreachable", Category::PlatformError)
        }
        _ => (Exit::Account, "session_unusable", Category::AuthExpired),
    };
    let failure = Failure::new(exit, Fault::new(code, category, sentence(&error.to_string())), "");
    match call {
        Some(call) => failure.next(format!("`skein log show {call}` tells more.")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_are_json_are_taken_as_json() {
        let pairs = [("a", "1"), ("b", "true"), ("c", "[1]"), ("d", "words"), ("e", "\"1\""), ("f", "")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let expected = json!({"a": 1, "b": true, "c": [1], "d": "words", "e": "1", "f": ""});
        assert_eq!(members(pairs), expected);
    }

    #[test]
    fn a_parameter_has_a_name_and_may_hold_anything() {
        assert_eq!(pair("uri=at://a?b=c").unwrap(), ("uri".to_owned(), "at://a?b=c".to_owned()));
        assert!(pair("alone").is_err() && pair("=x").is_err());
    }
}
