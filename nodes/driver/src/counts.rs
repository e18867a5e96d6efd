//! Decides what an encoder's count means: in which turn it is, and from where it counts.
//!
//! | [`Counting`] | after power-on | in use |
//! |---|---|---|
//! | multi-turn | knows where it is | counts on |
//! | single-turn | reads within one turn: the turn is the one within the joint's limits, any one where it has none | counts on through the wrap |
//! | incremental | knows nothing until the joint is homed | counts on |
//!
//! A count that is read becomes one that goes on without a wrap, [`Ticks`] from the actuator's offset; goals go back the other way.
//!
//! **Invariant:** a joint that does not know where it is gets no turn: between two that are equally likely none is taken.

use crate::actuator::Actuator;
use crate::bus::Ticks;
use crate::config::Config;
use crate::homing::Homing;
use arrayvec::ArrayVec;
use servomesh_types::fault::Exceeded;
use servomesh_types::{Fault, JointLimits, JointSet, JointVec, MAX_JOINTS};

/// How an encoder counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Counting {
    /// It knows its turn after power-on.
    #[default]
    MultiTurn,
    /// It reads within one turn after power-on, and may wrap in use.
    SingleTurn {
        /// Counts of one turn of the encoder.
        counts: i64,
    },
    /// It counts from where it was switched on: the joint has to be homed.
    Incremental(Homing),
}

/// Where each joint's count stands.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    joints: ArrayVec<Count, MAX_JOINTS>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// As it was read last.
    raw: i64,
    /// From what is read to what goes on without a wrap.
    shift: i64,
    known: bool,
}

impl Counts {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            joints: config.joints().iter().map(|_| Count::default()).collect(),
        }
    }

    /// A joint's count without a wrap.
    ///
    /// # Errors
    /// [`Fault::Position`] if a single-turn encoder reads between two turns that are as likely.
    pub(crate) fn read(&mut self, config: &Config, joint: usize, raw: Ticks) -> Result<Ticks, Fault> {
        let params = &config.joints()[joint];
        let count = &mut self.joints[joint];
        if let Counting::SingleTurn { counts } = params.counting {
            if count.known {
                let way = (raw.0 - count.raw).rem_euclid(counts);
                let way = if 2 * way > counts { way - counts } else { way };
                count.shift += count.raw + way - raw.0;
            } else {
                let limits = &config.group().joints[joint].limits;
                let turns = turns_within(&params.actuator, limits, raw, counts).map_err(|exceeded| {
                    Fault::Position(Exceeded {
                        joint: joint as u8,
                        ..exceeded
                    })
                })?;
                count.shift = turns * counts;
                count.known = true;
            }
            count.raw = raw.0;
        }
        Ok(Ticks(raw.0.saturating_add(count.shift)))
    }

    /// A count that a drive latched lately, without a wrap.
    pub(crate) fn continued(&self, joint: usize, raw: Ticks) -> Ticks {
        Ticks(raw.0.saturating_add(self.joints[joint].shift))
    }

    /// What an encoder has to read for a count without a wrap.
    pub(crate) fn raw(&self, joint: usize, ticks: f64) -> f64 {
        ticks - self.joints[joint].shift as f64
    }

    /// Takes over that a joint was at `position` when its count without a wrap was `ticks`.
    pub(crate) fn home(&mut self, actuator: &Actuator, joint: usize, ticks: Ticks, position: f64) {
        let count = &mut self.joints[joint];
        count.shift += actuator.ticks(position).round() as i64 - ticks.0;
        count.known = true;
    }

    /// The drives may have lost their counts.
    pub(crate) fn forget(&mut self) {
        self.joints.fill(Count::default());
    }

    /// Joints that have to be homed.
    pub(crate) fn unhomed(&self, config: &Config) -> JointSet {
        let mut unhomed = JointSet::EMPTY;
        for (i, (joint, count)) in config.joints().iter().zip(&self.joints).enumerate() {
            if matches!(joint.counting, Counting::Incremental(_)) && !count.known {
                unhomed.insert(i);
            }
        }
        unhomed
    }

    /// Goals as the encoders count.
    pub(crate) fn raws(&self, ticks: &JointVec) -> JointVec {
        JointVec::from_fn(ticks.len(), |i| self.raw(i, ticks[i]))
    }
}

/// How many turns of the encoder to add, so that the joint is within its limits, or as near to them as can be.
fn turns_within(actuator: &Actuator, limits: &JointLimits, raw: Ticks, counts: i64) -> Result<i64, Exceeded> {
    if is_endless(limits) {
        return Ok(0);
    }
    let turn = actuator.distance(counts);
    let middle = 0.5 * (limits.lower() + limits.upper());
    let turns = ((middle - actuator.position(raw)) / turn).round();
    let position = actuator.position(raw) + turns * turn;
    let (value, most) = (position - middle, (0.5 - DOUBTFUL) * turn.abs());
    if value.abs() > most {
        return Err(Exceeded {
            joint: 0,
            value: position,
            limit: if value > 0.0 {
                limits.upper()
            } else {
                limits.lower()
            },
        });
    }
    Ok(turns as i64)
}

/// Whether a joint turns on without end, so that no turn is another than the next.
pub(crate) fn is_endless(limits: &JointLimits) -> bool {
    limits.lower().is_infinite() && limits.upper().is_infinite()
}

/// What a single-turn joint may move at most, in turns of its encoder: the rest tells one end of the range from the other.
pub(crate) const WIDEST_RANGE: f64 = 0.9;
/// Of a turn to each side of the place opposite to the middle of the range: there it could be either turn.
const DOUBTFUL: f64 = 0.025;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Direction;

    fn servo(direction: Direction, offset: f64) -> Actuator {
        Actuator {
            torque_constant: 1.0,
            gear_ratio: 1.0,
            efficiency: 1.0,
            rotor_inertia: 1e-4,
            ticks_per_unit: 4096.0 / std::f64::consts::TAU,
            direction,
            offset,
            current_limit_a: 1.0,
        }
    }

    #[test]
    fn of_all_turns_the_one_within_the_limits_is_taken() {
        let limits = JointLimits::new((-2.0, 2.5), 3.0, 10.0, 200.0, 50.0).unwrap();
        for direction in [Direction::Same, Direction::Reversed] {
            for offset in [-3.0, 0.0, 1.0, 10.0] {
                let servo = servo(direction, offset);
                for tenths in -20..=25 {
                    let position = 0.1 * f64::from(tenths);
                    let read = servo.ticks(position).round().rem_euclid(4096.0) as i64;
                    let turns = turns_within(&servo, &limits, Ticks(read), 4096).unwrap();
                    let found = servo.position(Ticks(read + turns * 4096));
                    assert!(
                        (found - position).abs() < 1e-3,
                        "{position}: {found}, offset {offset}"
                    );
                }
            }
        }
    }

    #[test]
    fn opposite_to_the_range_no_turn_is_taken() {
        let limits = JointLimits::new((-2.5, 2.5), 3.0, 10.0, 200.0, 50.0).unwrap();
        let servo = servo(Direction::Same, 0.0);
        assert!(turns_within(&servo, &limits, Ticks(2048), 4096).is_err());
        assert!(turns_within(&servo, &limits, Ticks(2060), 4096).is_err());
        assert_eq!(turns_within(&servo, &limits, Ticks(1800), 4096), Ok(0));
        assert_eq!(turns_within(&servo, &limits, Ticks(2300), 4096), Ok(-1));
    }
}
