//! The log: one structured line a notice, without words of people.

use async_trait::async_trait;
use skein_domain::Letter;
use skein_domain::ports::{NotTold, Notifier};

/// The log of this process. It always takes what it is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    fn name(&self) -> &'static str {
        "log"
    }

    async fn tell(&self, letters: &[Letter]) -> Vec<Result<(), NotTold>> {
        letters.iter().for_each(line);
        vec![Ok(()); letters.len()]
    }
}

fn line(letter: &Letter) {
    tracing::warn!(
        notice = letter.id,
        kind = letter.kind,
        at = %letter.at,
        account = letter.account,
        post = letter.post,
        delivery = letter.delivery,
        code = letter.error.as_ref().map(|error| error.code.as_str()),
        "notice"
    );
}
