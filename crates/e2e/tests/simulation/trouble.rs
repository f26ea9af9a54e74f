//! What goes wrong on the way to a host, drawn from the dice of the run.

use skein_sandbox::Fault;
use skein_testkit::SeededEntropy;

use crate::plan::{Plan, Theme};

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// It arrives and is answered.
    Fine,
    /// The connection is refused: it never leaves.
    Refused,
    /// It never arrives, and there is no answer.
    LostBefore,
    /// It arrives; its answer is lost.
    LostAfter,
    /// Its sender is told at once that the connection broke; it arrives so many milliseconds later.
    Late(u64),
    /// It arrives so many milliseconds later, and its sender waits until the time is out.
    LateAwaited(u64),
    /// It arrives so many milliseconds later, and is answered.
    Slow(u64),
    /// A proxy answers 503 for a host that never sees it.
    Unavailable,
    /// The host does this.
    Host(Fault),
}

impl Fate {
    /// Its name among the counts.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Fine => "none".to_owned(),
            Self::Refused => "connection refused".to_owned(),
            Self::LostBefore => "request lost".to_owned(),
            Self::LostAfter => "answer lost".to_owned(),
            Self::Late(_) => "request late, connection broken".to_owned(),
            Self::LateAwaited(_) => "request late, time out".to_owned(),
            Self::Slow(_) => "slow host".to_owned(),
            Self::Unavailable => "503".to_owned(),
            Self::Host(fault) => match fault {
                Fault::RateLimited { .. } => "429 with reset".to_owned(),
                other => format!("{other:?}"),
            },
        }
    }

    /// The fate of a write.
    pub(crate) fn of_write(plan: &Plan, dice: &SeededEntropy) -> Self {
        let hit = dice.below(1_000) < plan.bad_writes;
        if plan.theme == Theme::Accounts || plan.theme == Theme::Rich && dice.below(10) == 0 {
            return match dice.below(9) {
                0 | 1 => Self::Host(Fault::RevokedPassword),
                2..=4 => Self::Host(Fault::ExpiredToken),
                _ => Self::Fine,
            };
        }
        if !hit {
            return Self::Fine;
        }
        let lost = plan.theme == Theme::Late || plan.theme == Theme::Rich && dice.below(3) == 0;
        if lost { Self::lost(dice) } else { Self::failing(dice) }
    }

    fn lost(dice: &SeededEntropy) -> Self {
        let late_ms = [300, 5_000, 60_000, 900_000][usize::try_from(dice.below(4)).unwrap_or(0)];
        let late_ms = 1 + dice.below(late_ms);
        match dice.below(10) {
            0 | 1 => Self::LostBefore,
            2 => Self::LostAfter,
            3..=6 => Self::Late(late_ms),
            7 | 8 => Self::LateAwaited(late_ms),
            _ => Self::Host(Fault::CutAfter),
        }
    }

    /// What can happen to writes alone has more weight than what happens to reads too.
    fn failing(dice: &SeededEntropy) -> Self {
        match dice.below(23) {
            0 => Self::Refused,
            1 => Self::Slow(1 + dice.below(45_000)),
            2 => Self::Unavailable,
            3 => Self::Host(Fault::ServerErrorBefore),
            4 => Self::Host(Fault::BadGatewayBefore),
            5 => Self::Host(Fault::RateLimited { reset_after_s: reset_after_s(dice) }),
            6 | 7 => Self::Host(Fault::ServerErrorAfter),
            8 | 9 => Self::Host(Fault::BadGatewayAfter),
            10 | 11 => Self::Host(Fault::InvalidSwap),
            12 | 13 => Self::Host(Fault::BlobNotFound),
            14 | 15 => Self::Host(Fault::Garbled),
            16 | 17 => Self::Host(Fault::EmptyAnswer),
            18 | 19 => Self::Host(Fault::CutBefore),
            _ => Self::Host(Fault::NotImplemented),
        }
    }

    /// The fate of an upload.
    pub(crate) fn of_upload(plan: &Plan, dice: &SeededEntropy) -> Self {
        match dice.below(6) {
            0 if plan.bad_writes > 0 => Self::Host(Fault::NotImplemented),
            _ => Self::of_read(plan, dice),
        }
    }

    /// The fate of a login.
    pub(crate) fn of_login(plan: &Plan, dice: &SeededEntropy) -> Self {
        if plan.bad_reads > 0 && dice.below(2) == 0 {
            return Self::Host(Fault::RevokedPassword);
        }
        Self::of_read(plan, dice)
    }

    /// The fate of anything else.
    pub(crate) fn of_read(plan: &Plan, dice: &SeededEntropy) -> Self {
        if dice.below(1_000) >= plan.bad_reads {
            return Self::Fine;
        }
        match dice.below(7) {
            0 => Self::Refused,
            1 => Self::LostAfter,
            2 => Self::Slow(1 + dice.below(20_000)),
            3 => Self::Unavailable,
            4 => Self::Host(Fault::ServerErrorBefore),
            5 => Self::Host(Fault::BadGatewayBefore),
            _ => Self::Host(Fault::RateLimited { reset_after_s: reset_after_s(dice) }),
        }
    }
}

fn reset_after_s(dice: &SeededEntropy) -> u32 {
    let most = if dice.below(3) == 0 { 1_800 } else { 60 };
    1 + u32::try_from(dice.below(most)).unwrap_or(1)
}
