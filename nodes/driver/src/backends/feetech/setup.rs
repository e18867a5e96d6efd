//! What one servo is asked and told before it may move, an exchange at a time.
//!
//! ```text
//! table ► torque off ─┬─ EPROM differs: unlock ► EPROM … ► lock ─┬─► table once more ► done
//!                     └──────────────────────────────────────────┘
//! ```
//!
//! A servo may be set to answer no write, and what it answers to one says nothing of whether it took it. So only what reads back counts.
//!
//! **Invariant:** EPROM is written only where it holds something else, and a servo is set up only once it is locked again.
//! **Invariant:** a servo that is set up has no torque.

use super::layout::{byte_order, counts};
use super::series::Setting;
use super::servo::Identity;
use super::settings::{Mode, ServoSettings};
use crate::backends::problem::Problem;
use crate::backends::serial::Ask;
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::packet::OVERHEAD;
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::sts3215::{
    MAX_ANGLE, MAX_VOLTAGE, MIN_ANGLE, MODEL_NUMBER, PRESENT_CURRENT, PRESENT_VOLTAGE, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::Register;
use servomesh_fieldbus::feetech::{Error, MODELS};
use std::f64::consts::TAU;

/// How far a servo has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Setup {
    step: Step,
    tries: u8,
    /// How often what was written did not read back.
    rounds: u8,
    /// EPROM that differs, the last to be written first.
    writes: ArrayVec<Setting, 3>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Table,
    TorqueOff,
    Unlock,
    Eprom,
    Lock,
    Verify,
    Done,
}

impl Setup {
    pub(super) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Begins anew.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Writes the next instruction for a servo.
    pub(super) fn ask(&self, servo: &ServoSettings, buffer: &mut [u8]) -> Result<Ask, Error> {
        let (id, series) = (servo.id, servo.series());
        let lock = series.model().lock.address;
        let mut data = ArrayVec::<u8, 2>::new();
        let (address, bytes): (u8, &[u8]) = match self.step {
            Step::Table | Step::Verify | Step::Done => {
                let read = Instruction::Read {
                    address: 0,
                    length: TABLE as u8,
                };
                return Ok(Ask {
                    sent: read.encode(id, buffer)?.len(),
                    answer: OVERHEAD + TABLE,
                });
            }
            Step::TorqueOff => (TORQUE_ENABLE.address, series.torque_off()),
            Step::Unlock => (lock, &[0]),
            Step::Lock => (lock, &[1]),
            Step::Eprom => match self.writes.last() {
                Some((register, counts)) => {
                    data.extend((0..register.size).map(|_| 0));
                    register.put(series.order(), *counts, &mut data)?;
                    (register.address, &data)
                }
                None => (lock, &[1]),
            },
        };
        let write = Instruction::Write { address, data: bytes };
        Ok(Ask {
            sent: write.encode(id, buffer)?.len(),
            answer: OVERHEAD,
        })
    }

    /// What it answered to the last instruction; what it is goes into `identity`.
    ///
    /// # Errors
    /// [`Problem`]: it can't be driven; the setup begins anew.
    pub(super) fn answer(
        &mut self,
        servo: &ServoSettings,
        identity: &mut Option<Identity>,
        status: &Status<'_>,
    ) -> Result<(), Problem> {
        self.tries = 0;
        let next = match self.step {
            Step::Table => self.look(servo, identity, status.data),
            Step::Verify => self.verify(servo, identity, status.data),
            _ => Ok(self.after_write()),
        };
        match next {
            Ok(step) => self.step = step,
            Err(_) => self.restart(),
        }
        next.map(|_| ())
    }

    /// Nothing came, or nothing that could be read.
    ///
    /// # Errors
    /// [`Problem`]: it was asked often enough; the setup begins anew.
    pub(super) fn missing(&mut self, servo: &ServoSettings, baud: u32, garbled: bool) -> Result<(), Problem> {
        if !matches!(self.step, Step::Table | Step::Verify | Step::Done) {
            self.step = self.after_write();
            return Ok(());
        }
        self.tries += 1;
        if self.tries < TRIES {
            return Ok(());
        }
        self.restart();
        Err(Problem::unheard(servo.id, &servo.joint, baud, FINDER, garbled))
    }

    fn look(
        &mut self,
        servo: &ServoSettings,
        identity: &mut Option<Identity>,
        table: &[u8],
    ) -> Result<Step, Problem> {
        *identity = Some(identify(servo, table)?);
        self.writes = differing(servo, table);
        Ok(Step::TorqueOff)
    }

    fn after_write(&mut self) -> Step {
        match self.step {
            Step::TorqueOff if self.writes.is_empty() && self.rounds == 0 => Step::Verify,
            Step::TorqueOff if self.writes.is_empty() => Step::Lock,
            Step::TorqueOff => Step::Unlock,
            Step::Unlock => Step::Eprom,
            Step::Eprom => {
                self.writes.pop();
                if self.writes.is_empty() {
                    Step::Lock
                } else {
                    Step::Eprom
                }
            }
            Step::Lock => Step::Verify,
            step => step,
        }
    }

    /// Whether all reads back as it was written; else everything is written once more.
    fn verify(
        &mut self,
        servo: &ServoSettings,
        identity: &mut Option<Identity>,
        table: &[u8],
    ) -> Result<Step, Problem> {
        *identity = Some(identify(servo, table)?);
        let series = servo.series();
        let holds =
            |register: &Register, wanted: i32| counts(series.order(), register, 0, table) == Some(wanted);
        let differing = differing(servo, table);
        let what = if !holds(&TORQUE_ENABLE, 0) {
            "to switch its torque off"
        } else if !differing.is_empty() {
            "its EPROM settings"
        } else if !holds(series.model().lock, 1) {
            "to lock its EPROM"
        } else {
            return Ok(Step::Done);
        };
        self.rounds += 1;
        if self.rounds < TRIES {
            self.writes = differing;
            return Ok(Step::TorqueOff);
        }
        let reason = match differing.first() {
            Some((register, counts)) => {
                format!("register {} does not become {counts}", register.address)
            }
            None => "it reads back what it held before".to_owned(),
        };
        Err(Problem::Refused {
            id: servo.id,
            joint: servo.joint.clone(),
            what,
            reason,
        })
    }
}

/// What a servo is by its registers, if it is what it should be and can do what its joint may.
fn identify(servo: &ServoSettings, table: &[u8]) -> Result<Identity, Problem> {
    let (id, joint, series) = (servo.id, || servo.joint.clone(), servo.series());
    let number = |register: &Register| counts(series.order(), register, 0, table);
    let Some([first, second]) = table
        .get(usize::from(MODEL_NUMBER.address)..)
        .and_then(<[u8]>::first_chunk)
    else {
        return Err(Problem::Garbled {
            id,
            joint: joint(),
            finder: FINDER,
        });
    };
    let found = MODELS
        .into_iter()
        .find(|model| model.number == model.order.get([*first, *second]));
    let model = byte_order(table)
        .unwrap_or(ByteOrder::Little)
        .get([*first, *second]);
    let fits = match &servo.model {
        Some(wanted) => found.is_some_and(|found| found.name == wanted),
        None => *first == STS_SERIES,
    };
    if !fits && (servo.model.is_some() || found.is_some()) {
        let wanted = servo.model.as_deref().unwrap_or("any servo of the series STS");
        return Err(Problem::OtherModel {
            id,
            joint: joint(),
            found: found.map_or_else(|| format!("model number {model}"), |found| found.name.to_owned()),
            wanted: wanted.to_owned(),
        });
    }
    if !fits {
        return Err(Problem::UnknownModel {
            id,
            joint: joint(),
            number: model,
            known: "STS series and the SCS0009",
        });
    }
    let si = |register: &Register| number(register).map_or(0.0, |counts| register.to_si(counts));
    let limits = [&MIN_ANGLE, &MAX_ANGLE].map(|register| number(register).unwrap_or(0));
    let identity = Identity {
        highest_v: si(&MAX_VOLTAGE),
        voltage_v: si(&PRESENT_VOLTAGE),
        ends: series.ends(servo.mode, limits),
    };
    check_limits(servo, &identity)?;
    Ok(identity)
}

fn check_limits(servo: &ServoSettings, identity: &Identity) -> Result<(), Problem> {
    let wider = |what, wanted: f64, own: f64, unit| Problem::WiderThanServo {
        id: servo.id,
        joint: servo.joint.clone(),
        what,
        wanted,
        own,
        unit,
    };
    let (series, fastest) = (servo.series(), servo.motor.fastest(identity.voltage_v));
    // A servo that has just started has not measured its supply yet, but has when it is looked at once more.
    if identity.voltage_v > 0.0 && servo.ticks_per_s > fastest {
        let velocity = |ticks_per_s: f64| ticks_per_s * TAU / series.turn();
        return Err(wider(
            "a velocity of",
            velocity(servo.ticks_per_s),
            velocity(fastest),
            "rad/s",
        ));
    }
    let is_within_ends = servo.mode == Mode::Position || series.wraps().is_none();
    if let (true, Some((lower, upper))) = (is_within_ends, servo.range_ticks) {
        // Which turn the joint counts in is the driver's matter.
        let shift = series.wraps().map_or(0.0, |turn| {
            let turn = f64::from(turn);
            (0.5 * (lower + upper) / turn).floor() * turn
        });
        let (lowest, highest) = identity.ends;
        if lower - shift < lowest {
            return Err(wider("the lower end at", lower - shift, lowest, "ticks"));
        }
        if upper - shift > highest {
            return Err(wider("the upper end at", upper - shift, highest, "ticks"));
        }
    }
    Ok(())
}

/// The EPROM that holds something else than it should.
fn differing(servo: &ServoSettings, table: &[u8]) -> ArrayVec<Setting, 3> {
    let series = servo.series();
    let held = |register: &Register| counts(series.order(), register, 0, table);
    let mut wanted = series.eprom(servo.mode, held);
    wanted.retain(|(register, counts)| held(register) != Some(*counts));
    wanted
}

/// Registers from 0 on that are looked at. Two servos with one id differ in the last of them: positions, temperatures, voltages.
pub(super) const TABLE: usize = PRESENT_CURRENT.end();
/// The low byte of the model numbers of STS servos, which share one memory table: STS3215 is 777, STS3250 is 2825.
pub(super) const STS_SERIES: u8 = 9;
/// What lists the servos of a bus.
const FINDER: &str = "`servomesh scan --protocol feetech`";
/// How often something is asked before its servo counts as absent: one lost reply in ten makes that once in a thousand.
const TRIES: u8 = 3;

#[cfg(test)]
mod tests;
