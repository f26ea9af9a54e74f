//! The uploader: what a post needs at its platform is brought there beside the lanes, so that a slow line makes no other post
//! of the account late. A lane only looks whether it is done.

use jiff::Timestamp;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::Connector;
use skein_domain::{Account, Category, Delivery, DeliveryId, Event, Fault, State, Waiting};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::lane::{LaneError, LaneWork};
use crate::turns::waiting_for_video;
use crate::{Engine, later, ms_between};

/// An upload that ends within this time is waited for in the lane, in milliseconds: on a fast line nobody looks twice.
const AT_ONCE_MS: i64 = 100;

/// The longest time between two looks at an upload, in milliseconds.
const LOOK_AT_LEAST_MS: i64 = 1_000;

/// The uploads of this process.
#[derive(Default)]
pub(crate) struct Uploads {
    running: Mutex<HashMap<DeliveryId, Running>>,
}

struct Running {
    began: Timestamp,
    task: JoinHandle<()>,
    result: oneshot::Receiver<Uploaded>,
}

type Uploaded = Result<(), Box<Obstacle>>;

/// Where an upload stands.
enum Stand {
    Running { began: Timestamp },
    Ended(Uploaded),
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any upload is on its way.
    pub(crate) fn any(&self) -> bool {
        self.lock().values().any(|running| !running.task.is_finished())
    }

    /// Whether no delivery waits for a look at its upload.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The upload of a delivery, taken out if it has ended. Others that have ended unseen were for what was canceled.
    fn look(&self, id: &DeliveryId) -> Option<Stand> {
        let mut running = self.lock();
        running.retain(|of, running| of == id || !running.task.is_finished());
        let upload = running.get_mut(id)?;
        let stand = match upload.result.try_recv() {
            Ok(result) => Stand::Ended(result),
            Err(TryRecvError::Empty) => return Some(Stand::Running { began: upload.began }),
            Err(TryRecvError::Closed) => Stand::Ended(Err(Box::new(broke()))),
        };
        running.remove(id);
        Some(stand)
    }
}

impl LaneWork<'_> {
    /// Whether a delivery that is Scheduled can be prepared now. If not, that is noted on it.
    pub(crate) async fn is_uploaded(
        &mut self,
        delivery: &Delivery,
        account: &Account,
        connector: &Arc<dyn Connector>,
    ) -> Result<bool, LaneError> {
        if !connector.needs_upload(account, &delivery.content, delivery.due) {
            return self.is_time_to_freeze(delivery).await;
        }
        let stand = match self.engine.uploads.look(&delivery.id) {
            // The end of an upload from before it was moved, held or logged in again says nothing of now.
            Some(stand) if is_told(delivery) || matches!(stand, Stand::Running { .. }) => stand,
            _ => self.engine.begin_upload(delivery, account, connector).await,
        };
        let obstacle = match stand {
            Stand::Running { began } => {
                self.looks_again(delivery, began).await?;
                return Ok(false);
            }
            Stand::Ended(Err(obstacle)) => *obstacle,
            Stand::Ended(Ok(())) if !connector.needs_upload(account, &delivery.content, delivery.due) => {
                return self.is_time_to_freeze(delivery).await;
            }
            // It says that it is done, and something is missing: brought again after the usual pause.
            Stand::Ended(Ok(())) => Obstacle::Retry { at: None, fault: incomplete() },
        };
        match self.by_policy(delivery, obstacle) {
            Obstacle::Retry { at, fault } => {
                let waiting = waiting_for_video(delivery, self.engine.now());
                let delivery = if is_of_upload(&fault) { &waiting } else { delivery };
                let until = self.retry_at(at, &fault, delivery, delivery.prepare_at());
                self.note(delivery, Event::Waits { until, waiting: Waiting::Retry { fault } }).await?;
            }
            Obstacle::AuthLost(fault) => self.stop_account(delivery, account, fault).await?,
            Obstacle::Refused(fault) => {
                self.note(delivery, Event::Refused { fault }).await?;
            }
        }
        Ok(false)
    }

    /// What takes long is uploaded well ahead. Its bytes are frozen later: they move the clock of the lane, and posts that are
    /// due before it would be dated after it.
    async fn is_time_to_freeze(&self, delivery: &Delivery) -> Result<bool, LaneError> {
        let until = delivery.freeze_at();
        if self.engine.now() >= until {
            return Ok(true);
        }
        self.note(delivery, Event::Waits { until, waiting: Waiting::Uploaded }).await?;
        Ok(false)
    }

    /// Told once, then looked at ever more rarely.
    async fn looks_again(&self, delivery: &Delivery, began: Timestamp) -> Result<(), LaneError> {
        let now = self.engine.now();
        let pause = (ms_between(began, now) / 4).clamp(AT_ONCE_MS, LOOK_AT_LEAST_MS);
        let event = Event::Waits { until: later(now, pause), waiting: Waiting::Uploading };
        let waiting = waiting_for_video(delivery, now);
        if is_told(delivery) { self.note_quietly(&waiting, event).await } else { self.note(&waiting, event).await }
            .map(drop)
    }
}

impl Engine {
    async fn begin_upload(&self, delivery: &Delivery, account: &Account, connector: &Arc<dyn Connector>) -> Stand {
        let (connector, account, content) = (Arc::clone(connector), account.clone(), delivery.content.clone());
        let (due, (done, mut result)) = (delivery.due, oneshot::channel());
        let upload = async move {
            let uploaded = connector.upload(&account, &content, due).await.map_err(Box::new);
            // Nobody waits any more for what was canceled.
            drop(done.send(uploaded));
        };
        let task = tokio::spawn(upload.in_current_span());
        let began = self.now();
        tokio::select! {
            biased;
            ended = &mut result => {
                return Stand::Ended(ended.unwrap_or_else(|_| Err(Box::new(broke()))));
            }
            () = self.parts.clock.pause(AT_ONCE_MS) => {}
        }
        self.uploads.lock().insert(delivery.id.clone(), Running { began, task, result });
        Stand::Running { began }
    }
}

/// Whether it is told on the delivery that its upload runs.
fn is_told(delivery: &Delivery) -> bool {
    matches!(&delivery.state, State::Scheduled { waiting: Some(Waiting::Uploading), .. })
}

/// Whether it is the upload that failed. Where it could not even begin, for want of a session, a post waits no longer than its
/// grace; limits of the platform have bounds of their own.
fn is_of_upload(fault: &Fault) -> bool {
    let of_upload = ["video_", "upload_", "media_"];
    fault.category != Category::RateLimit && of_upload.iter().any(|beginning| fault.code.starts_with(beginning))
}

fn incomplete() -> Fault {
    Fault::new("upload_incomplete", Category::PlatformError, "Something that it needs is not at the platform yet.")
}

fn broke() -> Obstacle {
    let fault = Fault::new("upload_broke", Category::SystemError, "A defect stopped an upload.");
    Obstacle::Retry { at: None, fault }
}
