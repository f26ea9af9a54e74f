//! What a seed stands for: how large the run is, and how much goes wrong in it.

use std::time::Duration;

use skein_bluesky::budget::Ceiling;
use skein_testkit::SeededEntropy;

use crate::life::Fortune;

/// What the trouble of a seed is about. Every fourth seed has all of it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Nothing but people.
    Calm,
    /// Processes are killed.
    Crashes,
    /// Answers are lost, requests land late, authors delete at once.
    Late,
    /// Hosts fail, and refuse for their limits.
    Hosts,
    /// Accounts cannot write for a while.
    Accounts,
    /// The database restarts.
    Database,
    /// Clocks jump, and processes stop for longer than their leases.
    Clocks,
    /// Everything.
    Rich,
}

impl Theme {
    const OTHERS: [Self; 8] =
        [Self::Crashes, Self::Late, Self::Hosts, Self::Accounts, Self::Database, Self::Clocks, Self::Late, Self::Hosts];

    fn of(seed: u64) -> Self {
        match seed % 4 {
            3 => Self::Rich,
            _ if seed.is_multiple_of(40) => Self::Calm,
            _ => Self::OTHERS[usize::try_from(seed / 4 % 8).unwrap_or(0)],
        }
    }

    fn is(self, other: Self) -> bool {
        self == other || self == Self::Rich
    }
}

/// One run, before it begins.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The seed.
    pub(crate) seed: u64,
    /// What it is about.
    pub(crate) theme: Theme,
    /// Workers at the same time.
    pub(crate) workers: u64,
    /// Accounts, all of one host.
    pub(crate) accounts: u64,
    /// Posts that are submitted.
    pub(crate) posts: u64,
    /// Things that people do, submissions included.
    pub(crate) steps: u64,
    /// The longest pause between two of them, in milliseconds.
    pub(crate) pause_ms: u64,
    /// How often engines look without being told, in milliseconds.
    pub(crate) look_every_ms: i64,
    /// Writes that go wrong, of a thousand.
    pub(crate) bad_writes: u64,
    /// Reads that go wrong, of a thousand.
    pub(crate) bad_reads: u64,
    /// Ledger calls whose answer is lost although they took effect, of ten thousand.
    pub(crate) lost_commits: u64,
    /// Times that the database restarts.
    pub(crate) restarts: u64,
    /// Times that the wall clock is set.
    pub(crate) jumps: u64,
    /// Nobody works and nobody cares for this time before the calm, in milliseconds.
    pub(crate) silence_ms: u64,
    /// Points that an account may write in an hour, if the host limits that.
    pub(crate) points_per_hour: Option<u64>,
    /// What the operator lets accounts write.
    pub(crate) ceiling: Ceiling,
}

impl Plan {
    /// The run of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let dice = SeededEntropy::new(seed ^ 0x9a1d_5eed);
        let theme = Theme::of(seed);
        let rich = u64::from(theme == Theme::Rich);
        let when = |is: bool, many: u64| if is { many } else { 0 };
        let hosts = theme.is(Theme::Hosts);
        Self {
            seed,
            theme,
            workers: 1 + dice.below(3),
            accounts: 1 + dice.below(2 + rich),
            posts: 2 + rich + dice.below(3 + 2 * rich),
            steps: 5 + dice.below(5 + 6 * rich),
            pause_ms: [2_000, 8_000, 40_000][usize::try_from(dice.below(3)).unwrap_or(0)],
            look_every_ms: [3_000, 10_000, 30_000][usize::try_from(dice.below(3)).unwrap_or(0)],
            bad_writes: when(theme.is(Theme::Late) || hosts, 500 + 200 * dice.below(3)),
            bad_reads: when(hosts || theme.is(Theme::Accounts), 20 + dice.below(60)),
            lost_commits: when(theme.is(Theme::Database), 60),
            restarts: when(theme.is(Theme::Database), 1 + dice.below(3)),
            jumps: when(theme.is(Theme::Clocks) && dice.below(3) > 0, 1 + dice.below(3)),
            silence_ms: if dice.below(3) == 0 { dice.below(7_200_000) } else { 0 },
            points_per_hour: (theme.is(Theme::Hosts) && dice.below(2) == 0).then(|| 5 + dice.below(8)),
            ceiling: Ceiling::default(),
        }
    }

    /// Whether the host must never have to refuse a write for want of points: nobody reads a wrong clock, and no request takes
    /// its points later than it was let go.
    pub(crate) fn keeps_budgets(&self) -> bool {
        self.points_per_hour.is_some() && self.theme == Theme::Hosts
    }

    /// Whether processes may be stopped for a while.
    pub(crate) fn may_pause(&self) -> bool {
        self.theme.is(Theme::Clocks)
    }

    /// The fortune of a process that begins now.
    pub(crate) fn fortune(&self, dice: &SeededEntropy) -> Fortune {
        let dies = self.theme.is(Theme::Crashes) && dice.below(4) > 0;
        let pauses = self.may_pause() && dice.below(3) > 0;
        let (dies_at, paused_at) = (dice.below(240), dice.below(200));
        let span = Duration::from_millis(1_000 + dice.below(60_000));
        Fortune { dies_at: dies.then_some(dies_at), pauses: pauses.then_some((paused_at, span)) }
    }
}
