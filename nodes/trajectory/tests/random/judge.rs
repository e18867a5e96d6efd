//! What each setpoint is held to.
//!
//! Limits to 1e-9 of themselves. Jerk is the difference of two accelerations over their distance in time, so its bound is
//! the limit itself, and rounding. Velocities and positions follow from the setpoint before by Taylor's formula, whose
//! remainder the jerk limit bounds.

use servomesh_motion::pursuit::{Axis, Point};
use servomesh_types::{GroupDescription, JointLimits, JointVec, Setpoint};

/// Of each limit.
pub(crate) const RELATIVE: f64 = 1e-9;

/// What a position of that size may lack by rounding.
pub(crate) fn rounding(position: f64) -> f64 {
    1e-11 * (1.0 + position.abs())
}

/// Where each joint may be whose setpoints begin with this one: within its limits, or beyond them where a machine that was met in motion can't stop before.
pub(crate) fn ranges(group: &GroupDescription, first: &Setpoint) -> Vec<(f64, f64)> {
    let range = |i: usize, limits: &JointLimits| {
        let (p, v, a) = (first.position[i], first.velocity[i], first.acceleration[i]);
        let axis = Axis {
            lower: limits.lower(),
            upper: limits.upper(),
            velocity: limits.velocity(),
            acceleration: limits.acceleration(),
            jerk: limits.jerk(),
        };
        let (end, _) = axis.resting_place(Point { p, v, a });
        (limits.lower().min(end), limits.upper().max(end))
    };
    let joints = group.joints.iter().enumerate();
    joints.map(|(i, joint)| range(i, &joint.limits)).collect()
}

/// Holds a setpoint to the joints' limits and ranges, and to the setpoint before it.
#[track_caller]
pub(crate) fn setpoint(
    group: &GroupDescription,
    ranges: &[(f64, f64)],
    before: Option<&Setpoint>,
    now: &Setpoint,
) {
    for (i, joint) in group.joints.iter().enumerate() {
        if let Err(why) = alone(&joint.limits, ranges[i], now, i).and_then(|()| match before {
            Some(before) => follows(&joint.limits, before, now, i),
            None => Ok(()),
        }) {
            panic!(
                "joint {}: {why}\n{:?}\n{before:?}\n{now:?}",
                joint.name, joint.limits
            );
        }
    }
}

fn alone(limits: &JointLimits, range: (f64, f64), now: &Setpoint, i: usize) -> Result<(), String> {
    let (p, v, a) = (now.position[i], now.velocity[i], now.acceleration[i]);
    let slack = rounding(p);
    within("position", p, range.0 - slack, range.1 + slack)?;
    let most = limits.velocity() * (1.0 + RELATIVE);
    within("velocity", v, -most, most)?;
    let most = limits.acceleration() * (1.0 + RELATIVE);
    within("acceleration", a, -most, most)?;
    let most = limits.effort();
    within("effort", now.effort.get(i).copied().unwrap_or(0.0), -most, most)
}

fn follows(limits: &JointLimits, before: &Setpoint, now: &Setpoint, i: usize) -> Result<(), String> {
    let dt = now.tag.stamp.seconds_from(before.tag.stamp);
    let stood = before.velocity.max_abs() <= 0.0 && before.acceleration.max_abs() <= 0.0;
    within(
        "time between setpoints",
        dt,
        1e-6,
        if stood { 0.2 } else { 0.051 },
    )?;
    if now.tag.seq != before.tag.seq + 1 {
        return Err(format!("setpoint {} follows {}", now.tag.seq, before.tag.seq));
    }
    let (p0, v0, a0) = (before.position[i], before.velocity[i], before.acceleration[i]);
    let (p, v, a) = (now.position[i], now.velocity[i], now.acceleration[i]);
    let jerk = limits.jerk() * (1.0 + RELATIVE) + 1e-12 * limits.acceleration() / dt;
    within("jerk", (a - a0) / dt, -jerk, jerk)?;
    let off = jerk * dt * dt / 2.0 + 1e-12 * limits.velocity();
    let expected = v0 + a0 * dt;
    within("velocity after the one before", v, expected - off, expected + off)?;
    let off = jerk * dt.powi(3) / 6.0 + rounding(p);
    let expected = p0 + v0 * dt + a0 * dt * dt / 2.0;
    within("position after the one before", p, expected - off, expected + off)
}

fn within(what: &str, value: f64, lower: f64, upper: f64) -> Result<(), String> {
    if (lower..=upper).contains(&value) {
        return Ok(());
    }
    let nearest = if value < lower { lower } else { upper };
    Err(format!(
        "{what} {value} is not within {lower} … {upper}: beyond by {:.3e}",
        (value - nearest) / nearest.abs().max(f64::MIN_POSITIVE)
    ))
}

/// How far two places in joint space are from each other.
pub(crate) fn distance(a: &JointVec, b: &JointVec) -> f64 {
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// How far a place is from the straight line between two others.
pub(crate) fn distance_from_line(place: &JointVec, from: &JointVec, to: &JointVec) -> f64 {
    let n = place.len();
    let (way, line) = (
        JointVec::from_fn(n, |i| place[i] - from[i]),
        JointVec::from_fn(n, |i| to[i] - from[i]),
    );
    let square: f64 = line.iter().map(|d| d * d).sum();
    let share = way.iter().zip(line.iter()).map(|(w, d)| w * d).sum::<f64>() / square.max(f64::MIN_POSITIVE);
    let share = share.clamp(0.0, 1.0);
    distance(place, &JointVec::from_fn(n, |i| from[i] + share * line[i]))
}
