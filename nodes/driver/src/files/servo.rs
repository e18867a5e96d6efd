//! A servo's entry in the servos file, and the tolerances and gains that suit it.

use crate::actuator::{Actuator, Direction};
use crate::bus::Closes;
use crate::config::{Friction, JointParams};
use crate::counts::Counting;
use crate::gains::Gains;
use crate::homing::{Homing, Mark};
use serde::Deserialize;
use servomesh_types::{Drivetrain, Encoder, JointKind};
use std::f64::consts::TAU;

/// A servo, as far as a driver has to know it; the rest of its entry is for the simulation.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Servo {
    torque_constant_nm_per_a: f64,
    max_current_a: f64,
    rotor_inertia_kgm2: f64,
    gear_ratio: f64,
    efficiency: f64,
    friction: ServoFriction,
    encoder_ticks: f64,
    #[serde(default)]
    encoder: ServoEncoder,
    thermal: Thermal,
    voltage_window_v: Option<[f64; 2]>,
    #[serde(default)]
    counting: ServoCounting,
    #[serde(default)]
    reversed: bool,
    #[serde(default)]
    offset: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct ServoFriction {
    coulomb: f64,
    viscous: f64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ServoEncoder {
    noise: f64,
    delay_s: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Thermal {
    limit_degc: f64,
}

/// How a servo's encoder counts, as people write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ServoCounting {
    #[default]
    MultiTurn,
    SingleTurn {
        counts: i64,
    },
    Incremental {
        mark: ServoMark,
        velocity: f64,
        effort: f64,
        travel: f64,
        position: f64,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ServoMark {
    Stop,
    Index,
    Drive { method: i8, zero_velocity: f64 },
}

impl ServoCounting {
    fn counting(&self) -> Counting {
        match *self {
            Self::MultiTurn => Counting::MultiTurn,
            Self::SingleTurn { counts } => Counting::SingleTurn { counts },
            Self::Incremental {
                mark,
                velocity,
                effort,
                travel,
                position,
            } => Counting::Incremental(Homing {
                mark: match mark {
                    ServoMark::Stop => Mark::Stop,
                    ServoMark::Index => Mark::Index,
                    ServoMark::Drive {
                        method,
                        zero_velocity,
                    } => Mark::Drive {
                        method,
                        zero_velocity,
                    },
                },
                velocity,
                effort,
                travel,
                position,
            }),
        }
    }
}

impl Servo {
    /// What its group announces of it.
    pub(super) fn drivetrain(&self, kind: JointKind) -> Drivetrain {
        Drivetrain {
            armature: self.rotor_inertia_kgm2 * self.gear_ratio.powi(2),
            coulomb: self.friction.coulomb,
            viscous: self.friction.viscous,
            efficiency: self.efficiency,
            encoder: Encoder {
                resolution: units_per_count(kind) / self.encoder_ticks,
                noise: self.encoder.noise,
                delay_s: self.encoder.delay_s,
            },
        }
    }

    /// What the driver's core has to know of it.
    pub(super) fn params(&self, kind: JointKind, velocity_limit: f64, rate_hz: f64) -> JointParams {
        let (following_limit, near_tolerance) = match kind {
            JointKind::Revolute => (FOLLOWING_RAD, NEAR_RAD),
            JointKind::Prismatic => (FOLLOWING_M, NEAR_M),
        };
        JointParams {
            actuator: Actuator {
                torque_constant: self.torque_constant_nm_per_a,
                gear_ratio: self.gear_ratio,
                efficiency: self.efficiency,
                rotor_inertia: self.rotor_inertia_kgm2,
                ticks_per_unit: self.encoder_ticks / units_per_count(kind),
                direction: if self.reversed {
                    Direction::Reversed
                } else {
                    Direction::Same
                },
                offset: self.offset,
                current_limit_a: self.max_current_a,
            },
            counting: self.counting.counting(),
            closes: Closes::Current,
            friction: Friction {
                coulomb: self.friction.coulomb,
                viscous: self.friction.viscous,
                full_speed: COULOMB_SHARE * velocity_limit,
            },
            load_inertia: 0.0,
            gains: Gains::for_rate(rate_hz),
            following_limit,
            near_tolerance,
            winding_limit_degc: self.thermal.limit_degc - HEADROOM_K,
            voltage_window_v: self.voltage_window_v.unwrap_or(JointParams::ANY_VOLTAGE),
        }
    }
}

/// Ticks are counted by the turn, or by the metre.
fn units_per_count(kind: JointKind) -> f64 {
    match kind {
        JointKind::Revolute => TAU,
        JointKind::Prismatic => 1.0,
    }
}

/// A joint at 3 rad/s that falls this far behind has lost 30 ms.
const FOLLOWING_RAD: f64 = 0.1;
const FOLLOWING_M: f64 = 0.02;
/// What a joint moves within the age of the measurement that a first command was made from.
const NEAR_RAD: f64 = 0.05;
const NEAR_M: f64 = 0.01;
/// Of the velocity limit: compensation that fades in over less would be a blow at each reversal.
const COULOMB_SHARE: f64 = 0.003;
/// The driver speaks before the drive trips.
const HEADROOM_K: f64 = 5.0;
