//! The ports: what the middle needs from the outside. The edges implement them; the binary wires them.

mod clock;
mod connector;
mod entropy;
mod figures;
mod ledger;
mod ledger_methods;
mod local_file;
mod media_files;
mod notifier;
mod originals;
mod outbox;

pub use clock::Clock;
pub use connector::{ArmedStep, Connector, FenceFrom, Limits, Stamp};
pub use entropy::Entropy;
pub use figures::{Figures, LeaseStep, Uncounted};
pub use ledger::{
    Change, Claim, ClaimRequest, Guard, LaneClock, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
pub use local_file::LocalFile;
pub use media_files::{ContentHash, MediaError, MediaFiles};
pub use notifier::{NotTold, Notifier};
pub use originals::{CAPTION_INPUT_MAX_BYTES, FILE_TOO_LARGE, Originals};
pub use outbox::{HeldNotice, KeptNotice, NoticeFilter, Outbox, SettledNotice, Stage};
