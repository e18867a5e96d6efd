//! Which figures of a joint can be.

use super::{ConfigError, JointParams};
use crate::bus::Closes;
use crate::counts::{Counting, WIDEST_RANGE, is_endless};
use crate::gains::{Gains, MIN_PHASE_MARGIN_DEG};
use crate::homing::{Homing, Mark};
use crate::notch::is_below_nyquist;
use servomesh_types::{JointDescription, JointLimits};

/// A joint's figures.
pub(super) fn check_joint(name: &str, joint: &JointParams, rate_hz: f64) -> Result<(), ConfigError> {
    let owner = || format!("joint {name}");
    let actuator = &joint.actuator;
    for (field, value) in [
        ("torque_constant", actuator.torque_constant),
        ("gear_ratio", actuator.gear_ratio),
        ("rotor_inertia", actuator.rotor_inertia),
        ("ticks_per_unit", actuator.ticks_per_unit),
        ("current_limit_a", actuator.current_limit_a),
        ("efficiency", actuator.efficiency),
        ("friction.full_speed", joint.friction.full_speed),
        ("following_limit", joint.following_limit),
        ("near_tolerance", joint.near_tolerance),
        ("winding_limit_degc", joint.winding_limit_degc),
    ] {
        positive(owner, field, value)?;
    }
    check(
        owner,
        "efficiency",
        actuator.efficiency,
        "at most 1",
        actuator.efficiency <= 1.0,
    )?;
    if let Closes::Position { lag_s } = joint.closes {
        check(
            owner,
            "lag_s",
            lag_s,
            "between 0 and 0.5 s",
            (0.0..=0.5).contains(&lag_s),
        )?;
    }
    check(
        owner,
        "offset",
        actuator.offset,
        "finite",
        actuator.offset.is_finite(),
    )?;
    for (field, value) in [
        ("friction.coulomb", joint.friction.coulomb),
        ("friction.viscous", joint.friction.viscous),
        ("load_inertia", joint.load_inertia),
    ] {
        check(
            owner,
            field,
            value,
            "zero or more, and finite",
            value >= 0.0 && value.is_finite(),
        )?;
    }
    let [low_v, high_v] = joint.voltage_window_v;
    check(
        owner,
        "voltage_window_v[0]",
        low_v,
        "zero or more, and finite",
        low_v >= 0.0 && low_v.is_finite(),
    )?;
    check(
        owner,
        "voltage_window_v[1]",
        high_v,
        "above voltage_window_v[0]",
        high_v > low_v,
    )?;
    let nearer = joint.near_tolerance < joint.following_limit;
    check(
        owner,
        "near_tolerance",
        joint.near_tolerance,
        "below following_limit",
        nearer,
    )?;
    check_gains(name, &joint.gains, rate_hz)
}

/// What its encoder counts, against its limits.
pub(super) fn check_counting(
    described: &JointDescription,
    params: &JointParams,
    coupled: bool,
) -> Result<(), ConfigError> {
    let owner = || format!("joint {}", described.name);
    let limits = &described.limits;
    if coupled && params.counting != Counting::MultiTurn {
        return check(
            owner,
            "counting",
            f64::NAN,
            "multi-turn where actuators move joints together",
            false,
        );
    }
    match params.counting {
        Counting::MultiTurn => Ok(()),
        Counting::SingleTurn { counts } => {
            check(
                owner,
                "single_turn.counts",
                counts as f64,
                "2 or more",
                counts >= 2,
            )?;
            if is_endless(limits) {
                return Ok(()); // one turn is as good as another
            }
            let turn = params.actuator.distance(counts).abs();
            let range = (limits.upper() - limits.lower()) / turn;
            check(
                owner,
                "range in turns of a single-turn encoder",
                range,
                "at most 0.9, or nobody knows in which turn it is: narrow its limits, home it or use a multi-turn mode",
                range <= WIDEST_RANGE,
            )
        }
        Counting::Incremental(homing) => check_homing(owner, &homing, limits),
    }
}

fn check_homing(
    owner: impl Fn() -> String + Copy,
    homing: &Homing,
    limits: &JointLimits,
) -> Result<(), ConfigError> {
    let speed = homing.velocity.abs();
    let slow = speed > 0.0 && speed <= limits.velocity();
    check(
        owner,
        "homing.velocity",
        homing.velocity,
        "not zero, and within the joint's velocity limit",
        slow,
    )?;
    let gentle = homing.effort > 0.0 && homing.effort <= limits.effort();
    check(
        owner,
        "homing.effort",
        homing.effort,
        "above zero, and within the joint's effort limit",
        gentle,
    )?;
    positive(owner, "homing.travel", homing.travel)?;
    if let Mark::Drive {
        method,
        zero_velocity,
    } = homing.mark
    {
        let (method, known) = (f64::from(method), method != 0);
        check(
            owner,
            "homing.mark.drive.method",
            method,
            "one of the drive's methods, not 0",
            known,
        )?;
        let slow = zero_velocity > 0.0 && zero_velocity <= speed;
        let allowed = "above zero, and no faster than homing.velocity";
        check(
            owner,
            "homing.mark.drive.zero_velocity",
            zero_velocity,
            allowed,
            slow,
        )?;
    }
    check(
        owner,
        "homing.position",
        homing.position,
        "finite",
        homing.position.is_finite(),
    )
}

/// Bandwidths and notch, against the rate of the bus.
pub(super) fn check_gains(name: &str, gains: &Gains, rate_hz: f64) -> Result<(), ConfigError> {
    let owner = || format!("joint {name}");
    for (field, value) in [
        ("position_hz", gains.position_hz),
        ("velocity_hz", gains.velocity_hz),
        ("filter_hz", gains.filter_hz),
    ] {
        positive(owner, field, value)?;
    }
    let third = gains.velocity_hz / 3.0;
    check(
        owner,
        "position_hz",
        gains.position_hz,
        "at most a third of velocity_hz",
        gains.position_hz <= third,
    )?;
    let slow = (0.0..=third).contains(&gains.integral_hz);
    check(
        owner,
        "integral_hz",
        gains.integral_hz,
        "between 0 and a third of velocity_hz",
        slow,
    )?;
    if let Some(notch) = &gains.notch {
        let above = notch.frequency_hz > gains.velocity_hz && is_below_nyquist(notch.frequency_hz, rate_hz);
        check(
            owner,
            "notch.frequency_hz",
            notch.frequency_hz,
            "above velocity_hz and below 0.45 of the bus's rate",
            above,
        )?;
        check(
            owner,
            "notch.width_hz",
            notch.width_hz,
            "above zero and at most notch.frequency_hz",
            notch.width_hz > 0.0 && notch.width_hz <= notch.frequency_hz,
        )?;
        check(
            owner,
            "notch.depth",
            notch.depth,
            "above 0 and at most 1",
            notch.depth > 0.0 && notch.depth <= 1.0,
        )?;
    }
    let margin_deg = gains.phase_margin_deg(rate_hz);
    if margin_deg < MIN_PHASE_MARGIN_DEG {
        let joint = name.to_owned();
        return Err(ConfigError::Unstable {
            joint,
            velocity_hz: gains.velocity_hz,
            margin_deg,
            rate_hz,
        });
    }
    Ok(())
}

/// A number that must be above zero.
pub(super) fn positive(
    owner: impl Fn() -> String,
    field: &'static str,
    value: f64,
) -> Result<(), ConfigError> {
    check(
        owner,
        field,
        value,
        "above zero and finite",
        value > 0.0 && value.is_finite(),
    )
}

fn check(
    owner: impl Fn() -> String,
    field: &'static str,
    value: f64,
    allowed: &'static str,
    holds: bool,
) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange {
            owner: owner(),
            field,
            value,
            allowed,
        })
    }
}
