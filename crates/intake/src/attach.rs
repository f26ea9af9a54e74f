//! What is shown beneath the texts of a submission: its pictures, videos and link cards, fitted by the platform and kept.

use skein_domain::ports::{Connector, Originals};
use skein_domain::{Attached, Card, Draft, Fault, MadeCard, Warning};

use crate::Intake;
use crate::pictures::{Pictures, Purpose};

/// What was attached, and what its author should know of it.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) attached: Attached,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) faults: Vec<Fault>,
}

impl Intake {
    /// Pictures first, then cards: no page is asked for a post that is refused anyway.
    pub(crate) async fn attach(
        &self,
        connector: &dyn Connector,
        draft: &Draft,
        originals: &dyn Originals,
        purpose: Purpose,
        is_refused: bool,
    ) -> Found {
        let Pictures { of_parts: pictures, videos, mut warnings, mut faults } =
            self.fit_pictures(connector, draft, originals, purpose).await;
        let mut cards = Vec::new();
        if !is_refused && faults.is_empty() {
            let made = connector.cards(draft, originals).await;
            warnings.extend(made.warnings);
            faults.extend(made.faults);
            for card in made.of_parts {
                let kept = match card {
                    Some(card) => self.keep_card(card, purpose).await.map(Some),
                    None => Ok(None),
                };
                cards.push(kept.unwrap_or_else(|fault| {
                    faults.push(fault);
                    None
                }));
            }
        }
        Found { attached: Attached { pictures, cards, videos }, warnings, faults }
    }

    async fn keep_card(&self, card: MadeCard, purpose: Purpose) -> Result<Card, Fault> {
        let MadeCard { url, title, description, thumb } = card;
        let thumb = match thumb {
            Some(fitted) => Some(self.keep_picture(fitted, "", purpose).await?),
            None => None,
        };
        Ok(Card { url, title, description, thumb })
    }
}
