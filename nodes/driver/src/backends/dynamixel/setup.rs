//! What one servo is asked and told before it may move, an exchange at a time.
//!
//! ```text
//! level ► ping ► table ► torque off ► disarm ► indirect addresses ► read them back ► arm ► read it back ► done
//!           ▲                     │
//!           └── settings … ◄──────┘ where they differ
//! ```
//!
//! Torque goes off first: EEPROM is locked otherwise, and a driver begins with its group off.
//! **Invariant:** EEPROM is written only where it holds something else.
//! **Invariant:** what was written is read back, since the answer to a write may be a late one to another; what is read is known by its length.

use super::layout;
use super::servo::Servo;
use super::settings::ServoSettings;
use crate::backends::problem::Problem;
use crate::backends::serial::Ask;
use arrayvec::ArrayVec;
use servomesh_fieldbus::dynamixel::{EncodeError, Field, Instruction, Mode, Model, Status};
use std::f64::consts::TAU;

/// How far a servo has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Setup {
    step: Step,
    tries: u8,
    /// How often its settings were written.
    rounds: u8,
    /// Registers that differ, the last to be written first.
    writes: ArrayVec<(Field, i32), WRITES>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    /// Whatever it was told before: it shall answer to everything.
    #[default]
    Level,
    Ping,
    Table,
    TorqueOff,
    Settings,
    Disarm,
    Indirect,
    Mapped,
    Arm,
    Verify,
    Done,
}

impl Setup {
    pub(super) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// How often the last instruction was not answered.
    pub(super) fn tries(&self) -> u8 {
        self.tries
    }

    /// Begins anew.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Arms the watchdog of a servo that is set up once more: it may have tripped.
    pub(super) fn rearm(&mut self) {
        self.step = Step::Disarm;
    }

    /// Writes the next instruction for `servo`; `watchdog` is what its bus watchdog is armed with.
    pub(super) fn ask(&self, servo: &Servo, watchdog: u8, buffer: &mut [u8]) -> Result<Ask, EncodeError> {
        let write = |field: Field, data| Instruction::Write {
            address: field.address(),
            data,
        };
        let mut value = [0; 4];
        let indirect;
        let (instruction, parameters) = match self.step {
            Step::Level => (write(Field::StatusReturnLevel, &[ANSWERS_ALL]), 0),
            Step::Ping | Step::Done => (Instruction::Ping, 3),
            Step::Table => (
                Instruction::Read {
                    address: 0,
                    length: TABLE as u16,
                },
                TABLE,
            ),
            Step::TorqueOff => (write(Field::TorqueEnable, &[0]), 0),
            Step::Settings => match self.writes.last() {
                Some(&(field, counts)) => {
                    value = counts.to_le_bytes();
                    (write(field, &value[..usize::from(field.size())]), 0)
                }
                None => (Instruction::Ping, 3),
            },
            Step::Disarm => (write(Field::BusWatchdog, &[0]), 0),
            Step::Indirect => {
                indirect = wanted_indirect(servo);
                let (address, data) = (servo.indirect_addresses(), &indirect);
                (Instruction::Write { address, data }, 0)
            }
            Step::Mapped => {
                let (address, length) = (servo.indirect_addresses(), wanted_indirect(servo).len());
                let read = Instruction::Read {
                    address,
                    length: length as u16,
                };
                (read, length)
            }
            Step::Arm => {
                value[0] = watchdog;
                (write(Field::BusWatchdog, &value[..1]), 0)
            }
            Step::Verify => {
                let (address, length) = (Field::BusWatchdog.address(), Field::BusWatchdog.size());
                (Instruction::Read { address, length }, usize::from(length))
            }
        };
        let sent = instruction.encode(servo.id, buffer)?;
        let answer = AROUND_STATUS + parameters;
        Ok(Ask { sent, answer })
    }

    /// What it answered to the last instruction; `watchdog` is what its bus watchdog is armed with.
    ///
    /// # Errors
    /// [`Problem`]: it can't be driven; the setup begins anew.
    pub(super) fn answer(
        &mut self,
        servo: &ServoSettings,
        model: &mut Option<&'static Model>,
        status: &Status<'_>,
        watchdog: u8,
    ) -> Result<(), Problem> {
        self.tries = 0;
        let next = self.judge(servo, model, status, watchdog);
        match next {
            Ok(step) => self.step = step,
            Err(_) => self.restart(),
        }
        next.map(|_| ())
    }

    fn judge(
        &mut self,
        servo: &ServoSettings,
        model: &mut Option<&'static Model>,
        status: &Status<'_>,
        watchdog: u8,
    ) -> Result<Step, Problem> {
        let (id, joint) = (servo.id, || servo.joint.clone());
        if let (Some(reason), false) = (status.error.number, self.step == Step::Level) {
            let what = match self.step {
                Step::Settings => "its settings",
                Step::Indirect | Step::Mapped => "indirect addresses",
                Step::Arm | Step::Disarm => "its bus watchdog",
                _ => "to be read",
            };
            let joint = joint();
            return Err(Problem::Refused {
                id,
                joint,
                what,
                reason: reason.to_string(),
            });
        }
        Ok(match self.step {
            Step::Level => Step::Ping,
            Step::Ping => {
                let pong = status.pong().ok_or_else(|| Problem::Garbled {
                    id,
                    joint: joint(),
                    finder: FINDER,
                })?;
                *model = Some(identify(servo, pong.model, pong.firmware)?);
                Step::Table
            }
            Step::Table => {
                if status.parameters.len() != TABLE {
                    return Err(Problem::Garbled {
                        id,
                        joint: joint(),
                        finder: FINDER,
                    });
                }
                let found = model.ok_or_else(|| Problem::Garbled {
                    id,
                    joint: joint(),
                    finder: FINDER,
                })?;
                self.writes = compare(servo, found, status.parameters)?;
                Step::TorqueOff
            }
            Step::TorqueOff => match self.writes.last() {
                None => Step::Disarm,
                Some(&(field, wanted)) if self.rounds == ROUNDS => {
                    return Err(Problem::Keeps {
                        id,
                        joint: joint(),
                        what: format!("{field:?}"),
                        wanted,
                    });
                }
                Some(_) => Step::Settings,
            },
            Step::Settings => {
                self.writes.pop();
                if self.writes.is_empty() {
                    self.rounds += 1;
                    Step::Table
                } else {
                    Step::Settings
                }
            }
            Step::Disarm => Step::Indirect,
            Step::Indirect => Step::Mapped,
            Step::Mapped => {
                let wanted = model.map(|model| layout::indirect(model, servo.mode));
                if wanted.as_deref() == Some(status.parameters) {
                    Step::Arm
                } else {
                    Step::Indirect
                }
            }
            Step::Arm => Step::Verify,
            Step::Verify if status.parameters != [watchdog] => Step::Disarm,
            Step::Verify | Step::Done => Step::Done,
        })
    }

    /// Nothing came, or nothing that could be read.
    ///
    /// # Errors
    /// [`Problem`]: it was asked often enough; the setup begins anew.
    pub(super) fn missing(&mut self, servo: &ServoSettings, baud: u32, garbled: bool) -> Result<(), Problem> {
        if self.step == Step::Level {
            self.step = Step::Ping; // at level 0 or 1 it answers to no write
            return Ok(());
        }
        self.tries += 1;
        if self.tries < TRIES {
            return Ok(());
        }
        self.restart();
        Err(Problem::unheard(servo.id, &servo.joint, baud, FINDER, garbled))
    }
}

/// What its indirect addresses should hold.
fn wanted_indirect(servo: &Servo) -> ArrayVec<u8, { 2 * layout::ENTRIES }> {
    let mode = servo.settings.mode;
    servo
        .model
        .map(|model| layout::indirect(model, mode))
        .unwrap_or_default()
}

/// What a servo is by its answer to a ping, if it is what it should be.
fn identify(servo: &ServoSettings, number: u16, firmware: u8) -> Result<&'static Model, Problem> {
    let (id, joint) = (servo.id, || servo.joint.clone());
    let found = Model::of(number, firmware);
    let wanted = servo.model.as_deref().and_then(Model::named);
    let Some(model) = found else {
        return Err(Problem::UnknownModel {
            id,
            joint: joint(),
            number,
            known: "X series",
        });
    };
    if let Some(wanted) = wanted.filter(|wanted| wanted.number != number) {
        return Err(Problem::OtherModel {
            id,
            joint: joint(),
            found: model.name.to_owned(),
            wanted: wanted.name.to_owned(),
        });
    }
    if !model.modes.contains(&servo.mode) {
        return Err(Problem::NoMode {
            id,
            joint: joint(),
            model: model.name,
            mode: servo.mode.name(),
            possible: model
                .modes
                .iter()
                .map(|mode| mode.name())
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    Ok(model)
}

/// The registers that hold something else than they should.
fn compare(
    servo: &ServoSettings,
    model: &'static Model,
    table: &[u8],
) -> Result<ArrayVec<(Field, i32), WRITES>, Problem> {
    let wider = |what, wanted: f64, own: f64, unit| Problem::WiderThanServo {
        id: servo.id,
        joint: servo.joint.clone(),
        what,
        wanted,
        own,
        unit,
    };
    let fastest = model.motor.no_load_velocity;
    let wanted = servo.ticks_per_s * TAU / f64::from(model.ticks_per_turn);
    if wanted > fastest {
        return Err(wider("a velocity of", wanted, fastest, "rad/s"));
    }
    if servo.mode == Mode::Position {
        let limit = |field: Field| f64::from(field.get(table).unwrap_or(0));
        let (lowest, highest) = (limit(Field::MinPositionLimit), limit(Field::MaxPositionLimit));
        let (lower, upper) = servo.range_ticks.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        if lower < lowest {
            return Err(wider("the lower end at", lower, lowest, "ticks"));
        }
        if upper > highest {
            return Err(wider("the upper end at", upper, highest, "ticks"));
        }
    }
    let mut writes = ArrayVec::new();
    for (field, counts) in servo.registers(model) {
        let Some(register) = model.register(field) else {
            continue;
        };
        if !register.takes(counts) {
            let si = |counts: i32| register.to_si(counts);
            return Err(wider(
                "a current limit of",
                si(counts),
                si(register.max),
                register.scale.unit,
            ));
        }
        if field.get(table) != Some(counts) {
            writes.push((field, counts));
        }
    }
    Ok(writes)
}

/// How many registers may have to be written.
pub(super) const WRITES: usize = 5;
/// Registers from 0 on that are looked at: up to the temperature.
pub(super) const TABLE: usize = 147;
/// Header, id, length, code, error and CRC of an answer.
pub(super) const AROUND_STATUS: usize = 11;
/// Status return level: answers to every instruction.
const ANSWERS_ALL: u8 = 2;
/// What lists the servos of a bus.
const FINDER: &str = "`servomesh scan`";
/// How often something is asked before its servo counts as absent: one lost reply in ten makes that once in a thousand.
const TRIES: u8 = 3;
/// How often settings are written before a servo is believed to keep what it holds.
const ROUNDS: u8 = 2;
