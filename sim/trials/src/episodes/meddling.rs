//! Whoever else has a say, at random moments: operators who stop, reset, choose functions, speeds and modes.
//!
//! **Invariant:** in manual mode nothing moves unless the enabling device is said to be held, so it mostly is.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_safety::{Function, Input};
use servomesh_sim::harness::Cell;
use servomesh_types::OperatingMode;

/// An operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meddler {
    /// How likely it does something in a period; 0 for never.
    likely: f64,
    manual: bool,
    held: bool,
    periods: u32,
}

impl Meddler {
    /// Draws one; most leave the cell alone.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        Self {
            likely: if rng.random_bool(0.3) {
                rng.random_range(0.005..0.05)
            } else {
                0.0
            },
            manual: false,
            held: false,
            periods: 0,
        }
    }

    /// Before the first setpoint: some episodes are played in manual mode, some at a lower speed.
    pub(super) fn begin(&mut self, cell: &mut Cell, rng: &mut ChaCha8Rng) {
        if rng.random_bool(0.1) {
            self.select(cell, true);
            self.hold(cell, true);
        }
        if !self.manual && rng.random_bool(0.1) {
            self.set_speed_scale(cell, rng.random_range(0.05..1.0));
        }
    }

    /// Does something, or not.
    pub(super) fn act(&mut self, cell: &mut Cell, rng: &mut ChaCha8Rng) {
        self.periods += 1;
        if self.manual && self.held && self.periods.is_multiple_of(REPEATED_EVERY) {
            self.hold(cell, true);
        }
        if !rng.random_bool(self.likely) {
            return;
        }
        let ask = |cell: &mut Cell, function| {
            cell.ask_safety(|request| Input::Function {
                request,
                group: "arm".to_owned(),
                function,
            });
        };
        match rng.random_range(0..12) {
            0 => {
                cell.stop();
            }
            1 | 2 => {
                cell.reset();
            }
            3 => ask(cell, Function::TorqueOff),
            4 => ask(cell, Function::Stop1),
            5 => ask(cell, Function::Stop2),
            6 => ask(cell, Function::Reduced(true)),
            7 => ask(cell, Function::Reduced(false)),
            8 => self.set_speed_scale(cell, rng.random_range(0.0..1.0)),
            9 => self.set_speed_scale(cell, 1.0),
            10 => self.select(cell, !self.manual),
            _ => self.hold(cell, !self.held),
        }
    }

    /// Lets the machine be moved again, if that needs a hand.
    pub(super) fn permit(&mut self, cell: &mut Cell) {
        if self.manual {
            self.hold(cell, true);
        }
    }

    fn set_speed_scale(self, cell: &mut Cell, scale: f64) {
        cell.ask_safety(|request| Input::SetSpeedScale {
            request,
            group: "arm".to_owned(),
            scale,
        });
    }

    fn select(&mut self, cell: &mut Cell, manual: bool) {
        self.manual = manual;
        let mode = if manual {
            OperatingMode::Manual
        } else {
            OperatingMode::Automatic
        };
        cell.ask_safety(|request| Input::SelectMode { request, mode });
    }

    fn hold(&mut self, cell: &mut Cell, held: bool) {
        self.held = held;
        cell.ask_safety(|_| Input::Enabling { held });
    }
}

/// How often the enabling device says that it is held \[periods\].
const REPEATED_EVERY: u32 = 25;
