//! Which commands a driver takes.
//!
//! A driver belongs to one epoch at a time. A newer epoch takes over only from near the measured position, since a
//! command from elsewhere was made for a machine that stands elsewhere. An epoch that fell silent, was switched off or met
//! a fault is used up: only a newer one moves the group again.
//!
//! **Invariant:** nothing that is refused changes what the driver does.

use crate::config::Config;
use crate::measurement::Measurement;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Command, CommandMode, Epoch, JointSet, JointVec, Setpoint, Stamp};
use std::fmt;

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// Its epoch is over, or nobody's.
    StaleEpoch,
    /// Its epoch is used up.
    UsedUp,
    /// It is older than the one in use, or the same.
    Overtaken,
    /// It came after its end.
    Expired,
    /// It applies further ahead than the driver looks.
    TooEarly,
    /// Not one value for each joint.
    WrongSize,
    /// NaN, infinite, or a negative effort limit.
    NotANumber { joint: usize },
    /// A first command this far from where the joint is.
    Far {
        joint: usize,
        distance: f64,
        tolerance: f64,
    },
    /// A first command while a drive's supply is outside of its window.
    Unpowered {
        joint: usize,
        voltage_v: f64,
        kind: DriveFault,
    },
    /// A command while a joint does not know where it is.
    Unhomed { joint: usize },
    /// A first command before the drives said where they are.
    Unmeasured,
}

impl Refusal {
    /// Whether people should hear of it; the rest happens on every network and is only counted.
    pub(crate) fn is_notable(&self) -> bool {
        !matches!(self, Self::StaleEpoch | Self::UsedUp | Self::Overtaken)
    }

    /// The joint it concerns, if it is one joint's.
    pub(crate) fn joint(&self) -> Option<usize> {
        match *self {
            Self::NotANumber { joint }
            | Self::Far { joint, .. }
            | Self::Unpowered { joint, .. }
            | Self::Unhomed { joint } => Some(joint),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleEpoch => f.write_str("its epoch is over"),
            Self::UsedUp => f.write_str("its epoch is used up, only a newer one can move the group"),
            Self::Overtaken => f.write_str("a newer one came before it"),
            Self::Expired => f.write_str("it came after the end of its life"),
            Self::TooEarly => f.write_str("its stamp lies too far ahead"),
            Self::WrongSize => f.write_str("it has not one value for each joint"),
            Self::NotANumber { .. } => {
                f.write_str("a value is not a finite number, or an effort limit is negative")
            }
            Self::Far {
                distance, tolerance, ..
            } => {
                write!(
                    f,
                    "it starts {distance:.4} from the measured position, but must start within {tolerance:.4}"
                )
            }
            Self::Unpowered { voltage_v, kind, .. } => {
                write!(f, "{kind}, the drive has {voltage_v:.1} V: {}", kind.advice())
            }
            Self::Unhomed { .. } => f.write_str("it has to be homed first"),
            Self::Unmeasured => f.write_str("the drives have not yet said where they are"),
        }
    }
}

/// Whose commands the driver takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tenure {
    /// That of the newest command accepted.
    pub(crate) epoch: Epoch,
    /// Whether it may no longer move the group.
    pub(crate) used_up: bool,
}

/// Judges a command at `now`. `in_use` is the setpoint that is being followed, if one is.
pub(crate) fn admit(
    config: &Config,
    now: Stamp,
    command: &Command,
    tenure: Tenure,
    in_use: Option<&Setpoint>,
    measured: Option<&Measurement>,
    unhomed: JointSet,
) -> Result<(), Refusal> {
    let tag = &command.setpoint.tag;
    if tag.epoch == Epoch::NONE || tag.epoch < tenure.epoch {
        return Err(Refusal::StaleEpoch);
    }
    if command.mode == CommandMode::Off {
        return Ok(());
    }
    let newer_epoch = tag.epoch > tenure.epoch;
    if tenure.used_up && !newer_epoch {
        return Err(Refusal::UsedUp);
    }
    check_numbers(config, &command.setpoint)?;
    // Nothing is followed for longer than the timeout, whatever it says of itself.
    if now > tag.stamp + tag.valid_for.min(config.command_timeout()) {
        return Err(Refusal::Expired);
    }
    if tag.stamp > now + config.command_timeout() {
        return Err(Refusal::TooEarly);
    }
    match in_use {
        Some(last) if !newer_epoch => {
            if tag.stamp > last.tag.stamp {
                Ok(())
            } else {
                Err(Refusal::Overtaken)
            }
        }
        _ => {
            let measured = measured.ok_or(Refusal::Unmeasured)?;
            check_power(config, measured)?;
            if let Some(joint) = unhomed.iter().next() {
                return Err(Refusal::Unhomed { joint });
            }
            check_near(config, &command.setpoint, measured)
        }
    }
}

fn check_numbers(config: &Config, setpoint: &Setpoint) -> Result<(), Refusal> {
    let joints = config.joint_count();
    let Setpoint {
        position,
        velocity,
        acceleration,
        effort,
        effort_limit,
        ..
    } = setpoint;
    let whole = |vec: &JointVec| vec.len() == joints;
    let optional = |vec: &JointVec| vec.is_empty() || whole(vec);
    if !(whole(position)
        && whole(velocity)
        && whole(acceleration)
        && optional(effort)
        && optional(effort_limit))
    {
        return Err(Refusal::WrongSize);
    }
    let number = |vec: &JointVec, i: usize| vec.get(i).is_none_or(|v| v.is_finite());
    let bad = |&i: &usize| {
        let finite = [position, velocity, acceleration, effort, effort_limit]
            .iter()
            .all(|vec| number(vec, i));
        !finite || effort_limit.get(i).is_some_and(|&limit| limit < 0.0)
    };
    (0..joints)
        .find(bad)
        .map_or(Ok(()), |joint| Err(Refusal::NotANumber { joint }))
}

fn check_power(config: &Config, measured: &Measurement) -> Result<(), Refusal> {
    measured.wrong_voltage(config).map_or(Ok(()), |(joint, kind)| {
        Err(Refusal::Unpowered {
            joint,
            voltage_v: measured.voltage_v[joint],
            kind,
        })
    })
}

/// Compares at the time of the measurement: a machine under way is not where the command wants it now.
fn check_near(config: &Config, setpoint: &Setpoint, measured: &Measurement) -> Result<(), Refusal> {
    let longest = config.command_timeout().as_secs_f64();
    let dt = measured
        .stamp
        .seconds_from(setpoint.tag.stamp)
        .clamp(-longest, longest);
    for (joint, params) in config.joints().iter().enumerate() {
        let then = setpoint.position[joint] + dt * setpoint.velocity[joint];
        let distance = (then - measured.position[joint]).abs();
        let tolerance = params.near_tolerance;
        if distance > tolerance || distance.is_nan() {
            return Err(Refusal::Far {
                joint,
                distance,
                tolerance,
            });
        }
    }
    Ok(())
}
