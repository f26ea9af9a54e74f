//! What every command works with: settings, screen, and the house once it is opened.

use serde::Serialize;
use skein_api::Metrics;
use skein_bluesky::calls::Recorder;
use skein_domain::Fault;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::Global;
use crate::config::{Config, Variables, data_folder};
use crate::exit::{Exit, Failure, exit_of};
use crate::render::times::Eye;
use crate::render::{faults, outcome};
use crate::screen::Screen;
use crate::wiring::{Hooks, House};
use skein_intake::PostView;

/// One run of the program.
pub(crate) struct App {
    /// The options of every command.
    pub(crate) global: Global,
    /// The environment.
    pub(crate) variables: Variables,
    /// What tests wrap around the ports.
    pub(crate) hooks: Hooks,
    /// What people and programs see.
    pub(crate) screen: Screen,
    /// Rows of the call log that are not written yet, of every house that was opened.
    recorders: Mutex<Vec<Arc<Recorder>>>,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: &'a [Fault],
}

impl App {
    /// A run that has done nothing yet.
    pub(crate) fn new(global: Global, variables: Variables, hooks: Hooks, screen: Screen) -> Self {
        Self { global, variables, hooks, screen, recorders: Mutex::default() }
    }

    /// All settings.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::read(&self.global, &self.variables)
    }

    /// The data folder, also of a command that makes the sandbox.
    pub(crate) fn data(&self) -> Result<PathBuf, Failure> {
        data_folder(self.global.data.as_deref(), &self.variables)
    }

    /// Database, network, use cases and engine, opened.
    pub(crate) async fn house(&self) -> Result<House, Failure> {
        self.house_counted(None).await
    }

    /// The same, in a process that is watched.
    pub(crate) async fn house_counted(&self, metrics: Option<&Arc<Metrics>>) -> Result<House, Failure> {
        let house = House::open_counted(self.config()?, &self.hooks, metrics).await?;
        self.recorders.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&house.recorder));
        Ok(house)
    }

    /// What a command leaves to be written is written before the process ends.
    pub(crate) async fn close(&self) {
        let recorders = std::mem::take(&mut *self.recorders.lock().unwrap_or_else(PoisonError::into_inner));
        for recorder in recorders {
            recorder.flush().await;
        }
    }

    /// Who looks at a house, now.
    pub(crate) fn eye(&self, house: &House) -> Eye {
        Eye { now: house.clock.now(), zone: house.config.zone.clone(), width: self.screen.width() }
    }

    /// Tells a failure, to people or to a program.
    pub(crate) fn tell(&self, failure: &Failure) {
        tell(failure, &self.screen);
    }

    /// Shows where a post stands after something was done to it, and returns the exit code that says the same.
    pub(crate) async fn show_outcome(&self, house: &House, view: &PostView) -> Result<Exit, Failure> {
        if self.screen.is_json() {
            self.screen.object(view);
        } else {
            let alive = house.intake.engine_is_alive().await?;
            self.screen.lines(outcome::delivered(view, alive, &self.eye(house)));
        }
        Ok(exit_of(view))
    }
}

/// Tells a failure on a screen.
pub(crate) fn tell(failure: &Failure, screen: &Screen) {
    if screen.is_json() {
        screen.object(&Errors { errors: &failure.faults });
    } else {
        for line in faults::failure(failure, screen.note_width()) {
            screen.note(line);
        }
    }
}
