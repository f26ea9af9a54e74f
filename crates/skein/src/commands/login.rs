//! `skein login`: connects an account with an app password.

use secrecy::SecretString;
use serde_json::json;
use skein_bluesky::identity::IdentityError;
use skein_bluesky::session::{LoggedIn, LoginError, LoginRequest};
use skein_domain::{Account, Category, Fault, Platform, StateName};
use skein_intake::Connected;
use std::io::{BufRead, IsTerminal, Read};
use url::Url;

use crate::app::App;
use crate::config::{Config, Credentials};
use crate::exit::{Exit, Failure, NOTHING_CHANGED, sentence};
use crate::render::outcome::nothing_runs;
use crate::screen::{Line, Tone};
use crate::text::{clean, count};
use crate::wiring::House;

const PASSWORD_MAX_BYTES: u64 = 1_024;
const RELEASE_COUNT_AT_MOST: usize = 1_000;
const HOW_TO_MAKE_ONE: &str = "Create an app password in the app under Settings, Privacy and security, App passwords.";

/// The command line of `login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The account: a handle such as alice.bsky.social, or a DID
    pub(crate) handle: String,
    /// The server that knows the handle, when the public network does not
    #[arg(long, value_name = "URL")]
    pub(crate) service: Option<Url>,
    /// Where the password comes from.
    #[arg(long, help = "Read the password from standard input [default: SKEIN_PASSWORD, else a prompt]")]
    pub(crate) password_stdin: bool,
    /// Take the account's main password, which can do everything. It is never stored
    #[arg(long)]
    pub(crate) allow_main_password: bool,
    /// The sign-in code that the server sent by email, with a main password
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// Connects an account, and lets go what waited for that.
pub(crate) async fn run(app: &App, args: Args) -> Result<Exit, Failure> {
    let house = app.house().await?;
    let password = password(&args, &house.config)?;
    let mut request = LoginRequest::new(args.handle, password);
    request.service = args.service;
    request.allow_main_password = args.allow_main_password;
    request.auth_factor_token = args.code.map(SecretString::from);
    let waited = waiting_for_login(&house).await?;
    let (account, logged_in) = connect_asking(&house, request).await?;
    let released = waited.saturating_sub(waiting_for_login(&house).await?);
    if app.screen.is_json() {
        app.screen.object(&json!({ "account": account, "active": logged_in.active, "released": released }));
    } else {
        show(app, &account, &logged_in, released);
        if released > 0 && !house.intake.engine_is_alive().await? {
            app.screen.line(nothing_runs());
        }
    }
    Ok(Exit::Done)
}

fn show(app: &App, account: &Account, logged_in: &LoggedIn, released: usize) {
    let screen = &app.screen;
    screen.line(Line::of(Tone::Good, "Connected").and(Tone::Plain, format!(" @{}.", account.handle)));
    screen.line(Line::from("  ").and(Tone::Faint, "identity  ").and(Tone::Plain, &account.identity));
    screen.line(Line::from("  ").and(Tone::Faint, "server    ").and(Tone::Plain, &account.host));
    screen.line(
        Line::from("  ").and(Tone::Faint, "kept      ").and(Tone::Plain, "the session, encrypted; not the password"),
    );
    if !logged_in.active {
        let status = logged_in.status.as_deref().unwrap_or("not active");
        screen.line(Line::of(
            Tone::Warn,
            format!("The server says that the account is {status}: it cannot publish now."),
        ));
    }
    if logged_in.with_main_password {
        screen.line(Line::of(Tone::Warn, "This session was made with the main password, so it can do everything."));
    }
    if account.held {
        screen.line(Line::of(
            Tone::Warn,
            format!("It is held: nothing goes out until `skein release {}`.", account.handle),
        ));
    }
    if released > 0 {
        screen.line(format!(
            "{} now.",
            count(released, "post that waited for this goes on", "posts that waited for this go on")
        ));
    }
}

/// Deliveries that wait until their account is connected again.
async fn waiting_for_login(house: &House) -> Result<usize, Failure> {
    let blocked = house.intake.list(vec![StateName::Blocked], RELEASE_COUNT_AT_MOST).await?;
    let waits = |view: &skein_intake::DeliveryView| view.state == StateName::Blocked && view.error.is_some();
    Ok(blocked.iter().flat_map(|post| &post.deliveries).filter(|delivery| waits(delivery)).count())
}

/// The same as `connect`; at a terminal the code is asked for that the server sends.
async fn connect_asking(house: &House, request: LoginRequest) -> Result<(Account, LoggedIn), Failure> {
    let asks = std::io::stdin().is_terminal() && request.auth_factor_token.is_none();
    match house.sessions.login(request.clone()).await {
        Err(LoginError::AuthFactorTokenRequired { server }) if asks => {
            let code = rpassword::prompt_password(format!("Sign-in code that {} sent by email: ", clean(&server)));
            let code = code.map_err(|error| no_password(&format!("The code cannot be read: {error}.")))?;
            connect(house, LoginRequest { auth_factor_token: Some(code.trim().into()), ..request }).await
        }
        Err(error) => Err(refused(&error)),
        Ok(logged_in) => kept(house, logged_in).await,
    }
}

/// Logs in and connects the account.
pub(crate) async fn connect(house: &House, request: LoginRequest) -> Result<(Account, LoggedIn), Failure> {
    let logged_in = house.sessions.login(request).await.map_err(|error| refused(&error))?;
    kept(house, logged_in).await
}

async fn kept(house: &House, logged_in: LoggedIn) -> Result<(Account, LoggedIn), Failure> {
    let identity = logged_in.did.as_str().to_owned();
    let handle = logged_in.handle.as_ref().map_or_else(|| identity.clone(), |handle| handle.as_str().to_owned());
    let host = logged_in.pds.as_str().trim_end_matches('/').to_owned();
    let account = house.intake.connect(Connected { platform: Platform::Bluesky, identity, handle, host }).await?;
    Ok((account, logged_in))
}

/// Connects the account of the environment, when there is one there and none here.
pub(crate) async fn connect_from_environment(app: &App, house: &House) -> Result<(), Failure> {
    let Some(Credentials { handle, password }) = &house.config.credentials else { return Ok(()) };
    if !house.intake.accounts().await?.is_empty() {
        return Ok(());
    }
    let (account, _) = connect(house, LoginRequest::new(handle.clone(), password.clone())).await?;
    app.screen
        .line(format!("Connected @{} from the environment; its session is kept, the password is not.", account.handle));
    Ok(())
}

fn password(args: &Args, config: &Config) -> Result<SecretString, Failure> {
    if args.password_stdin {
        let mut line = String::new();
        let mut input = std::io::stdin().lock().take(PASSWORD_MAX_BYTES);
        input.read_line(&mut line).map_err(|error| no_password(&format!("Standard input cannot be read: {error}.")))?;
        let password = line.trim_end_matches(['\r', '\n']).to_owned();
        return if password.is_empty() { Err(no_password("Standard input is empty.")) } else { Ok(password.into()) };
    }
    if let Some(password) = &config.password {
        return Ok(password.clone());
    }
    if !std::io::stdin().is_terminal() {
        return Err(no_password("No password was given."));
    }
    let typed = rpassword::prompt_password(format!("App password of {}: ", clean(&args.handle)))
        .map_err(|error| no_password(&format!("The password cannot be read: {error}.")))?;
    if typed.is_empty() { Err(no_password("No password was given.")) } else { Ok(typed.into()) }
}

fn no_password(message: &str) -> Failure {
    let fault = Fault::content("password_missing", "password", message)
        .next("Set SKEIN_PASSWORD, or pipe it in with `--password-stdin`, or log in at a terminal.");
    Failure::new(Exit::Usage, fault, NOTHING_CHANGED)
}

/// Why a login did not happen, in words: what was wrong, what was kept, what to do.
fn refused(error: &LoginError) -> Failure {
    let told = |code: &str, category, message: String| Fault::new(code, category, message);
    let fault = match error {
        LoginError::Identifier(reason) => {
            let fault = Fault::content("handle_invalid", "handle", sentence(&reason.to_string()))
                .next("Give a whole handle such as alice.bsky.social, or a DID.");
            return Failure::new(Exit::Refused, fault, NOTHING_CHANGED);
        }
        LoginError::Journal(reason) => {
            return Failure::system("session_not_stored", sentence(&reason.to_string())).next("Log in again.");
        }
        LoginError::Identity(reason) => of_identity(reason),
        LoginError::MainPassword { sent } => main_password(*sent),
        LoginError::WrongPassword { did, server } => {
            told("wrong_password", Category::AuthExpired, format!("{server} does not accept this password for {did}."))
                .next(format!("Check it. {HOW_TO_MAKE_ONE}"))
        }
        LoginError::AuthFactorTokenRequired { server } => {
            told("code_needed", Category::AuthExpired, format!("{server} sent a sign-in code by email."))
                .next("Log in again with `--code CODE`, or use an app password, which needs none.")
        }
        LoginError::WrongCode { server } => {
            told("wrong_code", Category::AuthExpired, format!("{server} does not accept this sign-in code."))
                .next("Log in without a code to be sent another, or use an app password, which needs none.")
        }
        LoginError::TakenDown { did } => {
            told("account_taken_down", Category::AccountIssue, format!("{did} was taken down by its server."))
                .next("The server's operator can say why.")
        }
        LoginError::Deactivated { did } => {
            told("account_deactivated", Category::AccountIssue, format!("{did} is deactivated."))
                .next("Reactivate it in the app, then log in again.")
        }
        LoginError::RateLimited { server, until } => {
            told("rate_limited", Category::RateLimit, format!("{server} takes no more logins until {until}."))
                .retry_at(*until)
                .next("Wait until then; each further try counts as well.")
        }
        LoginError::Unreachable { error, transient } => {
            let message = format!("The account's server could not be asked: {}", sentence(&error.to_string()));
            told("host_unreachable", Category::PlatformError, message).next(if *transient {
                "The password may be right. Try again later; `skein doctor` checks the network."
            } else {
                "If you trust this server, name it with `--service URL`."
            })
        }
        LoginError::Other(reason) => told("login_failed", Category::PlatformError, sentence(reason)),
    };
    Failure::new(Exit::Account, fault, NOTHING_CHANGED)
}

fn main_password(sent: bool) -> Fault {
    let (is, kept) =
        if sent { ("is", "The session made with it was ended.") } else { ("looks like", "It was not sent anywhere.") };
    let message = format!("This {is} the account's main password, which can do everything. {kept}");
    Fault::new("main_password", Category::AuthExpired, message)
        .next(format!("{HOW_TO_MAKE_ONE} Or allow the main password with `--allow-main-password`; it is never stored."))
}

fn of_identity(reason: &IdentityError) -> Fault {
    let (code, category) = match reason {
        IdentityError::CouldNotAsk { .. } => ("host_unreachable", Category::PlatformError),
        IdentityError::NotFound { .. } => ("handle_unknown", Category::AccountIssue),
        _ => ("identity_unclear", Category::AccountIssue),
    };
    let message = format!("{} The password was not sent anywhere.", sentence(&reason.to_string()));
    let fault = Fault::new(code, category, message);
    if category == Category::PlatformError { fault.next("`skein doctor` checks the network.") } else { fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_atproto::syntax::Did;

    #[test]
    fn a_refused_login_says_what_was_kept_and_what_to_do() {
        let did = Did::parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz").unwrap();
        let errors = [
            LoginError::MainPassword { sent: false },
            LoginError::MainPassword { sent: true },
            LoginError::WrongPassword { did: did.clone(), server: "pds.example".to_owned() },
            LoginError::AuthFactorTokenRequired { server: "pds.example".to_owned() },
            LoginError::WrongCode { server: "pds.example".to_owned() },
            LoginError::TakenDown { did: did.clone() },
            LoginError::Deactivated { did },
            LoginError::RateLimited { server: "pds.example".to_owned(), until: jiff::Timestamp::UNIX_EPOCH },
        ];
        for error in errors {
            let failure = refused(&error);
            assert_eq!((failure.exit, failure.aftermath.as_str()), (Exit::Account, NOTHING_CHANGED), "{error}");
            assert!(failure.faults[0].next_step.is_some(), "{error}");
        }
    }

    #[test]
    fn a_main_password_that_was_not_sent_is_said_so() {
        let failure = refused(&LoginError::MainPassword { sent: false });
        assert!(failure.faults[0].message.ends_with("It was not sent anywhere."));
    }
}
