//! A budget that does not hold what a call costs.

use std::fmt;

use jiff::Timestamp;

use super::meter::Meter;

/// `RateLimitExceeded`, as found out here before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// What is counted, and for whom.
    pub meter: Meter,
    /// The size of the window, in the meter's unit.
    pub limit: u64,
    /// How long the window lasts, in seconds.
    pub window_s: i64,
    /// What is used of it.
    pub used: u64,
    /// What the call costs.
    pub wanted: u64,
    /// When it will fit, as far as is known; `None` if it is more than the whole window and will never fit.
    pub fits_at: Option<Timestamp>,
    /// The server refused, whatever the count says.
    pub refused_by_server: bool,
    /// It is the operator's ceiling that does not hold it, and not a limit of the server.
    pub by_operator: bool,
}

impl Shortage {
    /// The limit in a few words, and whose it is where it is not the server's.
    pub fn limit_words(&self) -> String {
        let whose = if self.by_operator { ", the operator's ceiling" } else { "" };
        format!("{} in {} s{whose}", self.limit, self.window_s)
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { meter, limit, used, wanted, .. } = self;
        let (unit, whose, window) = (meter.kind().unit(), meter.key(), window_words(self.window_s));
        write!(f, "RateLimitExceeded: ")?;
        match self.fits_at {
            None if self.by_operator => {
                write!(f, "this takes {wanted} {unit}, and the operator lets {whose} have only {limit} in {window}")
            }
            Some(at) if self.by_operator => write!(
                f,
                "this takes {wanted} {unit}, and {used} of the {limit} that the operator lets {whose} have in {window} are \
                 used; it fits at {at}; nothing was sent"
            ),
            None => write!(f, "this takes {wanted} {unit}, and {whose} has only {limit} in {window}"),
            Some(at) if self.refused_by_server => {
                write!(f, "the server takes nothing of this kind from {whose} before {at}; nothing was sent")
            }
            Some(at) => write!(
                f,
                "this takes {wanted} {unit}, and {used} of the {limit} that {whose} has in {window} are used; it fits at \
                 {at}; nothing was sent"
            ),
        }
    }
}

/// A window's length as people say it.
fn window_words(window_s: i64) -> String {
    match window_s {
        3_600 => "an hour".to_owned(),
        86_400 => "a day".to_owned(),
        300 => "five minutes".to_owned(),
        other => format!("{other} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_says_what_is_used_and_when_it_fits() {
        let meter = Meter::calls("pds.example");
        let fits_at = Some(Timestamp::UNIX_EPOCH);
        let short = Shortage {
            meter,
            limit: 3_000,
            window_s: 300,
            used: 2_999,
            wanted: 2,
            fits_at,
            refused_by_server: false,
            by_operator: false,
        };
        let said = short.to_string();
        assert!(said.contains("2999 of the 3000") && said.contains("five minutes"), "{said}");
        assert!(said.contains("fits at 1970-01-01T00:00:00Z"), "{said}");
        assert_eq!(short.limit_words(), "3000 in 300 s");
        let of_operator = Shortage { by_operator: true, ..short.clone() };
        assert_eq!(of_operator.limit_words(), "3000 in 300 s, the operator's ceiling");
        let of_operator = of_operator.to_string();
        assert!(of_operator.contains("that the operator lets pds.example have") && of_operator.contains("fits at"));
        let never = Shortage { fits_at: None, wanted: 3_001, ..short };
        assert!(never.to_string().contains("has only 3000"), "{never}");
        let never = Shortage { by_operator: true, ..never };
        assert!(never.to_string().contains("the operator lets pds.example have only 3000"), "{never}");
    }
}
