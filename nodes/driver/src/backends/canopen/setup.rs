//! How far one drive's set-up has come, and what its answers mean.
//!
//! **Invariant:** a drive is written to only after it has said that it is a CiA 402 drive, and that nobody else answers to its id.

use super::objects::{MAX_TORQUE, MODE_DISPLAY};
use super::problem::{Problem, Which};
use super::script::{Fact, Step};
use super::sdo::{Outcome, Sdo, Value};
use super::settings::DriveSettings;
use servomesh_fieldbus::canopen::sdo::{Abort, Address};
use servomesh_fieldbus::cia402::Mode;
use servomesh_types::Stamp;
use std::time::Duration;

/// The set-up of one drive.
#[derive(Debug)]
pub(super) struct Setup {
    script: Vec<Step>,
    at: usize,
    stage: Stage,
    tries: u8,
    /// The step before was answered the first time it was asked.
    at_once: bool,
    /// Something compared was not as it should be.
    differs: bool,
    /// Nothing more before that.
    until: Option<Stamp>,
    pub(super) found: Found,
}

/// What a drive said of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) rated_a: f64,
    lowest: Option<f64>,
    pub(super) supply_v: Option<f64>,
    pub(super) temperature_degc: Option<f64>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Read,
    Write(Value),
    /// This was written: reading whether it was kept.
    ReadAgain(Value),
}

impl Setup {
    /// A set-up that has not begun.
    pub(super) fn new(script: Vec<Step>) -> Self {
        Self {
            script,
            at: 0,
            stage: Stage::Read,
            tries: 0,
            at_once: true,
            differs: false,
            until: None,
            found: Found::default(),
        }
    }

    /// Begins anew.
    pub(super) fn restart(&mut self) {
        let script = std::mem::take(&mut self.script);
        *self = Self::new(script);
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.script.len()
    }

    /// When it goes on without an answer.
    pub(super) fn deadline(&self) -> Option<Stamp> {
        self.until
    }

    /// Goes on as far as it can without an answer: something is asked then, or awaited, or all is done.
    ///
    /// # Errors
    /// [`Problem`]: two drives have one id; the set-up begins anew.
    pub(super) fn advance(
        &mut self,
        now: Stamp,
        drive: &DriveSettings,
        sdo: &mut Sdo,
    ) -> Result<(), Problem> {
        while !sdo.is_busy() && !self.is_done() {
            let waits = self.until.is_some_and(|until| now < until);
            if waits {
                return Ok(());
            }
            let waited = self.until.take().is_some();
            match (self.script[self.at], self.stage) {
                (Step::Listen, _) if waited => {
                    if sdo.unasked() > 0 && self.at_once {
                        self.restart();
                        let which = which(drive);
                        return Err(Problem::Doubled { which });
                    }
                    self.next();
                }
                (Step::Listen, _) => self.until = Some(now + LISTEN),
                (Step::UnlessDiffers(further), _) => {
                    let differs = std::mem::take(&mut self.differs);
                    self.at += if differs { 1 } else { 1 + further };
                }
                (Step::Write(object, value), _) => sdo.write(object, value),
                (step, Stage::Write(value)) => sdo.write(object(step), value),
                (step, Stage::Read | Stage::ReadAgain(_)) => sdo.read(object(step)),
            }
        }
        Ok(())
    }

    /// Takes how the last transfer ended.
    ///
    /// # Errors
    /// [`Problem`]: it can't be driven; the set-up begins anew.
    pub(super) fn answer(
        &mut self,
        now: Stamp,
        drive: &DriveSettings,
        outcome: Outcome,
    ) -> Result<(), Problem> {
        let result = self.judge(now, drive, outcome);
        if result.is_err() {
            self.restart();
        }
        result
    }

    fn judge(&mut self, now: Stamp, drive: &DriveSettings, outcome: Outcome) -> Result<(), Problem> {
        if self.is_done() {
            return Ok(());
        }
        let step = self.script[self.at];
        match outcome {
            Outcome::Done(value) => self.proceed(now, drive, step, value),
            Outcome::Refused(reason) => self.refused(drive, step, reason),
            Outcome::Missing | Outcome::Garbled if self.tries + 1 < TRIES => {
                self.tries += 1;
                self.until = Some(now + SETTLE);
                Ok(())
            }
            Outcome::Missing => Err(Problem::Absent { which: which(drive) }),
            Outcome::Garbled => Err(Problem::Garbled { which: which(drive) }),
        }
    }

    fn refused(&mut self, drive: &DriveSettings, step: Step, reason: Abort) -> Result<(), Problem> {
        let absent = matches!(reason, Abort::NoSuchObject | Abort::NoSuchPart);
        match step {
            Step::Learn(fact) if absent && fact.is_optional() => {}
            Step::Ensure(..) | Step::Unuse(_) | Step::LimitTorque if absent => {}
            Step::Compare { .. } if absent => self.differs = true,
            _ => {
                return Err(Problem::Refused {
                    which: which(drive),
                    object: object(step),
                    reason,
                });
            }
        }
        self.next();
        Ok(())
    }

    fn proceed(&mut self, now: Stamp, drive: &DriveSettings, step: Step, read: Value) -> Result<(), Problem> {
        match (step, self.stage) {
            (Step::Learn(fact), _) => {
                self.learn(drive, fact, read)?;
                self.next();
            }
            (Step::Compare { value, mask, .. }, _) => {
                self.differs |= read.bits & mask != value & mask;
                self.next();
            }
            (Step::Ensure(_, wanted), Stage::Read) => self.want(read, wanted),
            (Step::Insist(_, wanted), Stage::Read) => self.want(read, wanted),
            (Step::Insist(..), Stage::Write(wanted)) => self.stage = Stage::ReadAgain(wanted),
            (Step::Insist(object, _), Stage::ReadAgain(wanted)) => {
                if read.bits != wanted.bits {
                    return Err(Problem::NotKept {
                        which: which(drive),
                        object,
                        found: read.bits,
                        wanted: wanted.bits,
                    });
                }
                self.next();
            }
            (Step::LimitTorque, Stage::Read) => {
                let most = drive.current_limit_a / self.found.rated_a * PER_RATED;
                let most = most.round().clamp(0.0, f64::from(u16::MAX));
                self.want(read, Value::u16(most as u16));
            }
            (Step::Unuse(_), Stage::Read) => self.want(read, Value::u32(read.bits | UNUSED)),
            (Step::AwaitMode, _) if read.bits == u32::from(drive.mode.code().cast_unsigned()) => self.next(),
            (Step::AwaitMode, _) => {
                self.tries += 1;
                if self.tries > MODE_TRIES {
                    return Err(Problem::ModeRefused {
                        which: which(drive),
                        mode: drive.mode,
                    });
                }
                self.until = Some(now + MODE_PAUSE);
            }
            (Step::Write(..) | Step::Ensure(..) | Step::LimitTorque | Step::Unuse(_), _)
            | (Step::Listen | Step::UnlessDiffers(_), _) => self.next(),
        }
        Ok(())
    }

    /// Writes it, if something else stands there.
    fn want(&mut self, read: Value, wanted: Value) {
        if read.bits == wanted.bits {
            self.next();
        } else {
            self.stage = Stage::Write(wanted);
        }
    }

    fn next(&mut self) {
        self.at_once = self.tries == 0;
        self.at += 1;
        (self.stage, self.tries) = (Stage::Read, 0);
    }

    fn learn(&mut self, drive: &DriveSettings, fact: Fact, read: Value) -> Result<(), Problem> {
        let which = || which(drive);
        let wider = |what, wanted: f64, own: f64, unit| Problem::WiderThanDrive {
            which: which(),
            what,
            wanted,
            own,
            unit,
        };
        let other = |what, wanted| Problem::OtherDrive {
            which: which(),
            what,
            found: read.bits,
            wanted,
        };
        match fact {
            Fact::Profile if read.bits & 0xFFFF != PROFILE => {
                return Err(Problem::NoDrive {
                    which: which(),
                    profile: (read.bits & 0xFFFF) as u16,
                });
            }
            Fact::Vendor(wanted) if read.bits != wanted => return Err(other("vendor", wanted)),
            Fact::Product(wanted) if read.bits != wanted => return Err(other("product code", wanted)),
            Fact::Modes if read.bits & drive.mode.bit() == 0 => {
                return Err(Problem::NoMode {
                    which: which(),
                    mode: drive.mode,
                    has: read.bits,
                });
            }
            Fact::Modes if drive.homing.is_some() && read.bits & Mode::Homing.bit() == 0 => {
                return Err(Problem::NoMode {
                    which: which(),
                    mode: Mode::Homing,
                    has: read.bits,
                });
            }
            Fact::RatedCurrent if read.bits == 0 => return Err(Problem::NoRating { which: which() }),
            Fact::RatedCurrent => self.found.rated_a = f64::from(read.bits) * 1e-3,
            Fact::MaxCurrent => {
                let own = f64::from(read.bits) / PER_RATED * self.found.rated_a;
                if drive.current_limit_a > own * ROUNDING {
                    return Err(wider("a current limit of", drive.current_limit_a, own, "A"));
                }
            }
            Fact::MaxVelocity => {
                let own = f64::from(read.bits);
                if drive.velocity > own * ROUNDING && own > 0.0 {
                    return Err(wider("a velocity of", drive.velocity, own, "counts/s"));
                }
            }
            Fact::LowestPosition => self.found.lowest = Some(read.signed()),
            Fact::HighestPosition => {
                let (Some(lowest), Some((lower, upper))) = (self.found.lowest, drive.range) else {
                    return Ok(());
                };
                let highest = read.signed();
                // Both at one place: the drive has none.
                if lowest < highest && lower < lowest - 1.0 {
                    return Err(wider("the lower end at", lower, lowest, "counts"));
                }
                if lowest < highest && upper > highest + 1.0 {
                    return Err(wider("the upper end at", upper, highest, "counts"));
                }
            }
            Fact::Supply => self.found.supply_v = Some(f64::from(read.bits) * 1e-3),
            Fact::Temperature(_) => {
                let per_count = drive.thermometer.map(|thermometer| thermometer.degc_per_count);
                self.found.temperature_degc = per_count.map(|per_count| read.signed() * per_count);
            }
            Fact::Profile | Fact::Serial | Fact::Vendor(_) | Fact::Product(_) | Fact::Modes => {}
        }
        Ok(())
    }
}

fn which(drive: &DriveSettings) -> Which {
    Which {
        id: drive.id,
        joint: drive.joint.clone(),
    }
}

/// The object that a step is about.
fn object(step: Step) -> Address {
    match step {
        Step::Learn(fact) => fact.object(),
        Step::Write(object, _) | Step::Ensure(object, _) | Step::Insist(object, _) => object,
        Step::Unuse(object) | Step::Compare { object, .. } => object,
        Step::LimitTorque => MAX_TORQUE,
        Step::AwaitMode | Step::Listen | Step::UnlessDiffers(_) => MODE_DISPLAY,
    }
}

/// The profile's number in the device type.
const PROFILE: u32 = 402;
/// Torques and currents are counted in thousandths of the rated ones.
pub(super) const PER_RATED: f64 = 1e3;
/// Of a COB-ID: the PDO is not used.
const UNUSED: u32 = 1 << 31;
/// Limits are whole counts.
const ROUNDING: f64 = 1.001;
/// How long after an answer a second one is waited for: drives differ by less in how quick they are.
const LISTEN: Duration = Duration::from_millis(5);
/// Answers to what was asked before are over by then, and are none to what is asked next.
pub(super) const SETTLE: Duration = Duration::from_millis(10);
/// How often something is asked before its drive counts as absent.
const TRIES: u8 = 3;
/// How often a drive is asked whether it has its mode, and how long in between.
const MODE_TRIES: u8 = 20;
const MODE_PAUSE: Duration = Duration::from_millis(5);
