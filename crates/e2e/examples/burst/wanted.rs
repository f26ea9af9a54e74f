//! What a run is to be.

use crate::Failed;

/// Who works, and where the queue is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    SkeinOnSqlite,
    SkeinOnPostgres,
    PeerOnPostgres,
    PeerOnRedis,
}

impl Who {
    fn parse(word: &str) -> Result<Self, Failed> {
        match word {
            "skein-on-sqlite" => Ok(Self::SkeinOnSqlite),
            "skein-on-postgres" => Ok(Self::SkeinOnPostgres),
            "peer-on-postgres" => Ok(Self::PeerOnPostgres),
            "peer-on-redis" => Ok(Self::PeerOnRedis),
            _ => Err(format!("{word:?} is nobody who works").into()),
        }
    }

    pub(crate) fn is_skein(self) -> bool {
        matches!(self, Self::SkeinOnSqlite | Self::SkeinOnPostgres)
    }
}

/// One run.
pub(crate) struct Wanted {
    pub(crate) who: Who,
    pub(crate) accounts: u32,
    pub(crate) posts: u32,
    /// The due instants are spread over so many milliseconds; 0 is one instant.
    pub(crate) spread_ms: i64,
    /// The first is due so long after the start: time to hand in all posts and to start the workers.
    pub(crate) lead_ms: i64,
    /// The stub takes so long to answer.
    pub(crate) delay_ms: u64,
    /// So many `skein work`; without a number it is one `skein serve`.
    pub(crate) workers: Option<u32>,
    /// A program with its first arguments: `skein`, or a peer's script.
    pub(crate) command: Vec<String>,
}

impl Wanted {
    /// `WHO [--OPTION NUMBER]… -- COMMAND…`
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, Failed> {
        let split = arguments.iter().position(|word| *word == "--").ok_or("there is no `--` before the command")?;
        let (options, command) = (&arguments[..split], &arguments[split + 1..]);
        let (who, options) = options.split_first().ok_or("nobody is named who works")?;
        let mut wanted = Self {
            who: Who::parse(who)?,
            accounts: 1_000,
            posts: 10_000,
            spread_ms: 0,
            lead_ms: 90_000,
            delay_ms: 0,
            workers: None,
            command: command.iter().map(|&word| word.to_owned()).collect(),
        };
        for pair in options.chunks(2) {
            let [option, number] = pair else { return Err(format!("{pair:?} has no number").into()) };
            match *option {
                "--accounts" => wanted.accounts = number.parse()?,
                "--posts" => wanted.posts = number.parse()?,
                "--spread-ms" => wanted.spread_ms = number.parse()?,
                "--lead-ms" => wanted.lead_ms = number.parse()?,
                "--delay-ms" => wanted.delay_ms = number.parse()?,
                "--workers" => wanted.workers = Some(number.parse()?),
                _ => return Err(format!("{option:?} is not an option").into()),
            }
        }
        if wanted.command.is_empty() || wanted.accounts == 0 || wanted.posts == 0 {
            return Err("a command, accounts and posts are needed".into());
        }
        Ok(wanted)
    }

    /// The instant of a post when the first has the given one, both in milliseconds since the epoch.
    pub(crate) fn due_ms(&self, first_due_ms: i64, number: u32) -> i64 {
        first_due_ms + i64::from(number) * self.spread_ms / i64::from(self.posts)
    }
}
