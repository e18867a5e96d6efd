//! Homing that a drive does by itself (mode HM, "hm"): the objects for it, the mode, the start, what its statusword says of it, and back.
//!
//! ```text
//!   own mode ──► objects, mode 6 ──► mode is there ──► start bit ──► attained, or an error ──► own mode
//!                                                          └──────── not wanted any more ────────┘
//! ```
//!
//! One object at a time is asked or told, in the spare time of cycles, while the drive goes on in the mode that it has. The start bit is set in process data.
//!
//! **Invariant:** the start bit is set only while homing is wanted, and only once the drive has said that it is in the mode.
//! **Invariant:** home is believed only from a statusword that was sampled after the start was obeyed.
//!
//! Source: IEC 61800-7-201 (CiA 402-2), homing mode.

use super::drive::Drive;
use super::objects::{
    HOME_OFFSET, HOMING_ACCELERATION, HOMING_METHOD, MAX_TORQUE, MODE, MODE_DISPLAY, SEARCH_VELOCITY,
    ZERO_VELOCITY,
};
use super::problem::Problem;
use super::sdo::{Outcome, Value};
use super::settings::DriveSettings;
use super::setup::PER_RATED;
use crate::bus::{DriveHoming, Ticks};
use servomesh_fieldbus::canopen::sdo::{Abort, Address};
use servomesh_fieldbus::cia402::{Mode, status};

/// How a drive homes its joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomingSettings {
    /// The method's number, object 6098h: the standard's above 0, its maker's below.
    pub method: i8,
    /// How fast it looks for a switch or a stop [counts/s].
    pub search: f64,
    /// How fast it looks for the zero behind [counts/s].
    pub zero: f64,
    /// [counts/s²].
    pub acceleration: f64,
    /// The most current meanwhile \[A\].
    pub most_a: f64,
    /// What its position is at home \[counts\].
    pub home: f64,
}

/// How far one drive's homing is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Homing {
    stage: Stage,
    /// How it ended, until it is not wanted any more.
    ended: Option<DriveHoming>,
    /// It has no object for a home offset: its position is 0 at home.
    home_is_zero: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// In its own mode.
    #[default]
    Own,
    /// So many objects were told.
    Preparing(usize),
    /// Asked so often whether it has the mode.
    Entering(u8),
    /// So many samples came since the start bit was set.
    Running(u8),
    /// On the way back: so many objects were told.
    Leaving(usize),
    /// Asked so often whether it has its own mode again.
    Returning(u8),
}

impl Homing {
    /// Whether it is on its way, there or back.
    pub(super) fn is_under_way(self) -> bool {
        self.stage != Stage::Own
    }

    /// Whether an object is to be asked or told.
    pub(super) fn has_request(self) -> bool {
        !matches!(self.stage, Stage::Own | Stage::Running(_))
    }

    /// Whether the start bit is set.
    pub(super) fn starts(self) -> bool {
        matches!(self.stage, Stage::Running(_))
    }

    /// Whether the drive is, or may be, in another mode than its own.
    pub(super) fn report(self) -> DriveHoming {
        match (self.ended, self.stage) {
            (Some(ended), _) => ended,
            (None, Stage::Own | Stage::Leaving(_) | Stage::Returning(_)) => DriveHoming::Idle,
            (None, _) => DriveHoming::Running,
        }
    }
}

impl Drive {
    /// The core wants it homed, or not any more.
    pub(super) fn want_home(&mut self, wanted: bool) {
        let homing = &mut self.homing;
        if !wanted {
            homing.ended = None;
            if matches!(
                homing.stage,
                Stage::Preparing(_) | Stage::Entering(_) | Stage::Running(_)
            ) {
                homing.stage = Stage::Leaving(0);
            }
        } else if self.settings.homing.is_none() {
            homing.ended = Some(DriveHoming::Failed);
        } else if homing.stage == Stage::Own && homing.ended.is_none() && self.is_enabled() {
            self.homing.stage = Stage::Preparing(0);
        }
    }

    /// Asks or tells the next object of its homing. Nothing may be under way.
    pub(super) fn ask_for_homing(&mut self) {
        let told = match self.homing.stage {
            Stage::Preparing(at) => self.object_there(at),
            Stage::Leaving(at) => self.object_back(at),
            Stage::Entering(_) | Stage::Returning(_) => return self.sdo.read(MODE_DISPLAY),
            Stage::Own | Stage::Running(_) => None,
        };
        if let Some((object, value)) = told {
            self.sdo.write(object, value);
        }
    }

    /// Takes the answer to an object of its homing.
    ///
    /// # Errors
    /// [`Problem`]: it does not home.
    pub(super) fn homing_told(&mut self, outcome: Outcome) -> Result<(), Problem> {
        let absent = matches!(outcome, Outcome::Refused(Abort::NoSuchObject | Abort::NoSuchPart));
        match (self.homing.stage, outcome) {
            // What did not come is asked or told again in the next spare time.
            (_, Outcome::Missing | Outcome::Garbled) => Ok(()),
            (Stage::Preparing(at), Outcome::Refused(reason)) => {
                let object = self.object_there(at).map_or(HOMING_METHOD, |(object, _)| object);
                if absent && [ZERO_VELOCITY, HOMING_ACCELERATION, HOME_OFFSET, MAX_TORQUE].contains(&object) {
                    self.homing.home_is_zero |= object == HOME_OFFSET;
                    self.next_object(at);
                    return Ok(());
                }
                self.homing.stage = Stage::Leaving(0);
                let which = self.which();
                self.end_homing(match self.settings.homing {
                    Some(homing) if object == HOMING_METHOD => Problem::NoHomingMethod {
                        which,
                        method: homing.method,
                        reason,
                    },
                    _ => Problem::Refused {
                        which,
                        object,
                        reason,
                    },
                })
            }
            (Stage::Preparing(at), Outcome::Done(_)) => {
                self.next_object(at);
                Ok(())
            }
            (Stage::Entering(_), Outcome::Done(mode)) if mode.bits == code(Mode::Homing) => {
                self.homing.stage = Stage::Running(0);
                Ok(())
            }
            (Stage::Entering(tries), _) if tries < MODE_TRIES => {
                self.homing.stage = Stage::Entering(tries + 1);
                Ok(())
            }
            (Stage::Entering(_), _) => {
                self.homing.stage = Stage::Leaving(0);
                let (which, mode) = (self.which(), Mode::Homing);
                self.end_homing(Problem::ModeRefused { which, mode })
            }
            (Stage::Leaving(at), _) => {
                self.homing.stage = match self.object_back(at + 1) {
                    Some(_) => Stage::Leaving(at + 1),
                    None => Stage::Returning(0),
                };
                Ok(())
            }
            (Stage::Returning(_), Outcome::Done(mode)) if mode.bits == code(self.settings.mode) => {
                self.homing.stage = Stage::Own;
                Ok(())
            }
            (Stage::Returning(tries), _) if tries < MODE_TRIES => {
                self.homing.stage = Stage::Returning(tries + 1);
                Ok(())
            }
            (Stage::Returning(_), _) => {
                self.homing.stage = Stage::Leaving(0);
                let (which, mode) = (self.which(), self.settings.mode);
                Err(Problem::ModeRefused { which, mode })
            }
            (Stage::Own | Stage::Running(_), _) => Ok(()),
        }
    }

    /// Looks at what its newest statusword says of its homing.
    ///
    /// # Errors
    /// [`Problem`]: it has ended with an error.
    pub(super) fn watch_homing(&mut self, statusword: u16) -> Result<(), Problem> {
        let Stage::Running(samples) = self.homing.stage else {
            return Ok(());
        };
        if samples < SAMPLES_UNTIL_OBEYED {
            self.homing.stage = Stage::Running(samples + 1);
            return Ok(());
        }
        if statusword & status::MODE_13 != 0 {
            self.homing.stage = Stage::Leaving(0);
            let which = self.which();
            return self.end_homing(Problem::HomingError { which });
        }
        if statusword & status::MODE_12 != 0 && statusword & status::TARGET_REACHED != 0 {
            let home = self.settings.homing.map_or(0.0, |homing| homing.home);
            let home = if self.homing.home_is_zero { 0.0 } else { home };
            self.homing.ended = Some(DriveHoming::Attained(Ticks(home.round() as i64)));
            self.homing.stage = Stage::Leaving(0);
        }
        Ok(())
    }

    fn end_homing(&mut self, problem: Problem) -> Result<(), Problem> {
        self.homing.ended = Some(DriveHoming::Failed);
        Err(problem)
    }

    fn next_object(&mut self, at: usize) {
        self.homing.stage = match self.object_there(at + 1) {
            Some(_) => Stage::Preparing(at + 1),
            None => Stage::Entering(0),
        };
    }

    /// What it is told before it homes, the mode last.
    fn object_there(&self, at: usize) -> Option<(Address, Value)> {
        let homing = self.settings.homing?;
        let whole = |number: f64| Value::u32(number.abs().round().clamp(1.0, f64::from(u32::MAX)) as u32);
        let home = homing.home.round() as i32; // saturates
        let objects = [
            (HOMING_METHOD, Value::u8(homing.method.cast_unsigned())),
            (SEARCH_VELOCITY, whole(homing.search)),
            (ZERO_VELOCITY, whole(homing.zero)),
            (HOMING_ACCELERATION, whole(homing.acceleration)),
            (HOME_OFFSET, Value::u32(home.cast_unsigned())),
            (MAX_TORQUE, self.most_torque(homing.most_a)),
            (MODE, mode_value(Mode::Homing)),
        ];
        objects.get(at).copied()
    }

    /// What it is told to be as it was.
    fn object_back(&self, at: usize) -> Option<(Address, Value)> {
        let DriveSettings {
            mode,
            current_limit_a,
            ..
        } = self.settings;
        let objects = [
            (MODE, mode_value(mode)),
            (MAX_TORQUE, self.most_torque(current_limit_a)),
        ];
        objects.get(at).copied()
    }

    fn most_torque(&self, most_a: f64) -> Value {
        let most = most_a / self.setup.found.rated_a * PER_RATED;
        Value::u16(most.round().clamp(0.0, f64::from(u16::MAX)) as u16)
    }
}

fn code(mode: Mode) -> u32 {
    u32::from(mode.code().cast_unsigned())
}

fn mode_value(mode: Mode) -> Value {
    Value::u8(mode.code().cast_unsigned())
}

/// How often a drive is asked whether it has a mode.
const MODE_TRIES: u8 = 50;
/// The start bit goes out in one cycle and is obeyed with the SYNC of the next, whose sample is of before; drives take up to a few milliseconds more.
const SAMPLES_UNTIL_OBEYED: u8 = 4;
