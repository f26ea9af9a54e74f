//! The command line, as it is written.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

use crate::commands::{
    accounts, backup, call, counts, delete, demo, feed, hold, limits, log, login, migrate_to, notices, policy, post,
    preview, profile, prune, queue, receipt, restore, serve, show, thread, verify, work,
};

/// Schedule to Bluesky and beyond. On time, never twice, with proof.
#[derive(Debug, Parser)]
#[command(name = "skein", version, max_term_width = 100, disable_help_subcommand = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed in part or whole, 2 usage, 3 refused by validation, 4 account,
5 outcome unknown, 6 kept and not yet out.

Start with `skein demo`: a small network on this machine, and nothing leaves it.";

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Global {
    /// Print one JSON object on standard output, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Use the sandbox of a running `skein demo`; nothing leaves this machine
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Where everything is kept.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help = "The data folder [default: SKEIN_DATA, else ~/.local/share/skein]"
    )]
    pub(crate) data: Option<PathBuf>,
    /// Where posts, accounts and sessions are kept.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The database: sqlite:PATH or postgres://USER@HOST/DATABASE [default: SKEIN_DATABASE_URL, else skein.db in the \
                data folder]. A password belongs into the variable: others see command lines"
    )]
    pub(crate) database: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect an account with an app password
    Login(login::Args),
    /// List, hold, release, remove or verify accounts
    Accounts(accounts::Args),
    /// Post a text now, or at a time
    Post(post::Args),
    /// Post a thread now, or at a time: parts are split by lines of ---
    Thread(thread::Args),
    /// See what would be published, and every fault, before anything is
    Preview(preview::Args),
    /// See and change what waits
    Queue(queue::Args),
    /// Show the proof that a post was published
    Receipt(receipt::Args),
    /// Delete a post where it was published
    Delete(delete::Args),
    /// Check the signed proof of a post, also of somebody else's
    Verify(verify::Args),
    /// Show a profile, or mark one's own as automated
    Profile(profile::Args),
    /// Count likes, reposts, answers, quotes and bookmarks of posts
    Counts(counts::Args),
    /// Show what somebody posted, newest first
    Feed(feed::Args),
    /// Show a post, what it answers and what answers it
    Show(show::Args),
    /// Ask any XRPC query, such as app.bsky.actor.getProfile actor=bsky.app
    Get(call::Get),
    /// Call any XRPC procedure as an account
    Call(call::Call),
    /// Show the requests that left this machine
    Log(log::Args),
    /// Show what accounts have used of their hosts' limits
    Limits(limits::Args),
    /// Show what people were not told yet, and try how they are told
    Notices(notices::Args),
    /// Forget old rows of the call log, old profiles and old notices
    Prune(prune::Args),
    /// Copy database, pictures and videos into a folder, while everything goes on
    Backup(backup::Args),
    /// Put a backup into an empty data folder, with everything held
    Restore(restore::Args),
    /// Move the database to a PostgreSQL server, or pictures and videos to a bucket
    MigrateTo(migrate_to::Args),
    /// Show or set what holds for posts that are late or fail
    Policy(policy::Args),
    /// Stop everything of an account, or of all, that is not on its way
    Hold(hold::Args),
    /// Let an account, or all, go on
    Release(hold::Args),
    /// Run the engine: posts go out at their time until Ctrl-C
    Serve(serve::Args),
    /// Run a worker beside others on the same database, or once for cron and timers
    Work(work::Args),
    /// See it work: a sandbox, a sample account, a thread, a cut cable
    Demo(demo::Args),
    /// Check clock, database, key, disk, network and engine
    Doctor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use skein_domain::ReplyGate;

    fn parse(words: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("skein").chain(words.iter().copied()))
    }

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_every_command_may_stand_anywhere() {
        for words in [["--json", "post", "hi"], ["post", "--json", "hi"], ["post", "hi", "--json"]] {
            assert!(parse(&words).unwrap().global.json, "{words:?}");
        }
    }

    #[test]
    fn a_post_takes_its_options() {
        let cli =
            parse(&["post", "-", "--at", "fri 18:30", "--tz", "Europe/Paris", "--account", "a", "--account", "b"]);
        let Command::Post(args) = cli.unwrap().command else { panic!("not a post") };
        assert_eq!(args.text.as_deref(), Some("-"));
        assert_eq!(args.options.account, ["a", "b"]);
        assert_eq!(args.options.at.as_deref(), Some("fri 18:30"));
    }

    #[test]
    fn a_post_says_what_stands_beside_its_text() {
        let words = ["post", "hi", "--quote", "last", "--label", "porn", "--tag", "a", "--tag", "b", "--lang", "auto"];
        let cli = parse(&[&words[..], &["--reply-gate", "mentioned,followers", "--no-quotes"]].concat());
        let Command::Post(args) = cli.unwrap().command else { panic!("not a post") };
        let draft = args.options.submission(Vec::new(), jiff::tz::TimeZone::UTC).draft;
        assert_eq!(
            (draft.quote.as_deref(), &*draft.labels, &*draft.langs),
            (Some("last"), &["porn".to_owned()][..], &["auto".to_owned()][..])
        );
        assert_eq!(draft.tags, ["a", "b"]);
        assert_eq!((draft.gates.replies, draft.gates.no_quotes), (ReplyGate::read("mentioned,followers"), true));
        for option in [
            &["--quote", "last"][..],
            &["--label", "porn"],
            &["--tag", "a"],
            &["--no-quotes"],
            &["--reply-gate", "nobody"],
        ] {
            assert!(parse(&[&["preview", "hi"], option].concat()).is_ok(), "{option:?}");
            assert!(parse(&[&["preview", "--lines"], option].concat()).is_err(), "{option:?}");
        }
        let Command::Post(args) = parse(&["post", "hi"]).unwrap().command else { panic!("not a post") };
        assert!(args.options.submission(Vec::new(), jiff::tz::TimeZone::UTC).draft.gates.is_open());
    }

    #[test]
    fn a_mistyped_option_is_never_taken_for_the_text() {
        assert!(parse(&["post", "--oops"]).is_err());
        assert!(parse(&["post", "--", "--oops"]).is_ok());
    }

    #[test]
    fn a_preview_is_of_a_text_a_thread_or_lines() {
        for words in
            [&["hi"][..], &["-", "--offline"], &["--thread", "notes.txt", "--at", "9am"], &["--lines", "--offline"]]
        {
            assert!(parse(&[&["preview"], words].concat()).is_ok(), "{words:?}");
        }
        for words in
            [&[][..], &["--offline"], &["hi", "--thread", "notes.txt"], &["hi", "--lines"], &["--lines", "--at", "9am"]]
        {
            assert!(parse(&[&["preview"], words].concat()).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_proof_goes_where_it_is_told_and_is_checked_from_anywhere() {
        for words in
            [&["receipt", "last"][..], &["receipt", "last", "--proof"], &["receipt", "--proof", "-o", "-", "last"]]
        {
            assert!(parse(words).is_ok(), "{words:?}");
        }
        assert!(parse(&["receipt", "last", "-o", "a.json"]).is_err(), "-o belongs to --proof");
        assert!(parse(&["verify", "a.json", "--offline"]).is_ok());
        assert!(parse(&["verify"]).is_err());
    }

    #[test]
    fn a_mark_is_on_or_off_and_of_an_own_account() {
        for words in [
            &["profile"][..],
            &["profile", "bsky.app"],
            &["profile", "--account", "a"],
            &["profile", "--bot", "on"],
            &["profile", "--bot", "off", "--account", "a"],
        ] {
            assert!(parse(words).is_ok(), "{words:?}");
        }
        for words in [&["profile", "--bot"][..], &["profile", "--bot", "yes"], &["profile", "bsky.app", "--bot", "on"]]
        {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn reads_have_their_bounds() {
        for words in [
            &["counts", "last", "at://a/app.bsky.feed.post/b"][..],
            &["feed"],
            &["feed", "bsky.app", "--limit", "100", "--cursor-name", "mine", "--rewind", "--only", "media"],
            &["show", "last", "--depth", "50", "--parents", "0"],
        ] {
            assert!(parse(words).is_ok(), "{words:?}");
        }
        for words in [
            &["counts"][..],
            &["feed", "--limit", "101"],
            &["feed", "--limit", "0"],
            &["feed", "--rewind"],
            &["feed", "bsky.app", "--account", "a"],
            &["show"],
            &["show", "last", "--depth", "51"],
            &["show", "last", "--parents", "81"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn notices_are_listed_tried_or_sent_again() {
        for words in
            [&["notices"][..], &["notices", "--all", "--limit", "500"], &["notices", "--test"], &["notices", "--retry"]]
        {
            assert!(parse(words).is_ok(), "{words:?}");
        }
        for words in
            [&["notices", "--test", "--retry"][..], &["notices", "--limit", "0"], &["notices", "--test", "--all"]]
        {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn posts_and_the_workspace_say_what_holds_when_something_is_late_or_fails() {
        let options = ["--late", "2h", "--on-failure", "retry", "--retry-for", "20m"];
        for words in [&["post", "hi"][..], &["thread", "notes.txt"], &["preview", "hi"], &["policy"]] {
            assert!(parse(&[words, &options].concat()).is_ok(), "{words:?}");
        }
        for option in options.chunks(2) {
            assert!(parse(&[&["preview", "--lines"], option].concat()).is_err(), "{option:?}");
            assert!(parse(&[&["policy", "--reset"], option].concat()).is_err(), "{option:?}");
        }
        assert!(parse(&["policy"]).is_ok() && parse(&["policy", "--reset"]).is_ok());
        let Command::Post(args) = parse(&[&["post", "hi"], &options[..]].concat()).unwrap().command else {
            panic!("not a post")
        };
        let given = args.options.submission(Vec::new(), jiff::tz::TimeZone::UTC).policy;
        let said = [given.late, given.on_failure, given.retry_for].map(Option::unwrap_or_default);
        assert_eq!(said, ["2h", "retry", "20m"]);
    }

    #[test]
    fn a_move_needs_one_time() {
        assert!(parse(&["queue", "move", "last", "tomorrow 9am"]).is_ok());
        assert!(parse(&["queue", "move", "last", "--at", "tomorrow 9am"]).is_ok());
        assert!(parse(&["queue", "move", "last"]).is_err());
        assert!(parse(&["queue", "move", "last", "9am", "--at", "10am"]).is_err());
    }

    #[test]
    fn a_review_needs_one_decision() {
        assert!(parse(&["queue", "review", "last", "--accept"]).is_ok());
        assert!(parse(&["queue", "review", "last"]).is_err());
        assert!(parse(&["queue", "review", "last", "--accept", "--resend"]).is_err());
    }

    #[test]
    fn a_door_has_an_address_or_is_off() {
        for words in [
            &["serve"][..],
            &["serve", "--listen", "off"],
            &["serve", "--listen", "127.0.0.1:0", "--no-engine"],
            &["work", "--listen", "[::1]:7534"],
        ] {
            assert!(parse(words).is_ok(), "{words:?}");
        }
        for words in [
            &["serve", "--listen"][..],
            &["serve", "--listen", "7534"],
            &["serve", "--listen", "localhost:7534"],
            &["work", "--no-engine"],
            &["work", "--once", "--listen", "127.0.0.1:0"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn lists_are_what_queue_and_accounts_do_by_themselves() {
        assert!(parse(&["queue"]).is_ok());
        assert!(parse(&["accounts"]).is_ok());
        assert!(parse(&["work", "--for", "50s"]).is_err(), "--for belongs to --once");
        assert!(parse(&["work", "--once", "--for", "50s"]).is_ok());
    }
}
