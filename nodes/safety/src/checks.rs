//! Whether one setpoint is safe: its shape, its limits, and whether it can be reached from where the group was.
//!
//! Positions in rad (m). Pure functions; the first joint that breaks a rule is named in the [`Fault`].
//!
//! **Invariant:** a comparison with NaN never passes, and a state that passed [`limits`] can be brought to rest within the
//! joint's positions.

mod first;

pub use first::{gentle, near};

use crate::config::Parameters;
use crate::stop::{Reference, excursion};
use servomesh_types::fault::Exceeded;
use servomesh_types::{Fault, JointDescription, JointSet, JointVec, Setpoint};

/// What one joint may do, limits and tolerances together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JointRules {
    /// Lowest position, tolerance included.
    pub lower: f64,
    /// Highest position, tolerance included.
    pub upper: f64,
    /// Largest speed, tolerance included.
    pub velocity: f64,
    /// Largest speed forward, and backward, that a stop may come to: those of speed scale and safe direction.
    pub forward: f64,
    /// See `forward`.
    pub backward: f64,
    /// Largest acceleration; the gate's own stop keeps to it.
    pub acceleration: f64,
    /// Largest acceleration of a setpoint: [`acceleration`](Self::acceleration) and a tolerance.
    pub acceleration_checked: f64,
    /// Largest jerk of the gate's own stop.
    pub jerk: f64,
    /// Largest jerk from setpoint to setpoint.
    pub jerk_checked: f64,
    /// Largest effort.
    pub effort: f64,
    /// How far beyond its end stops a joint may be commanded.
    pub position_tolerance: f64,
    /// Tolerance of position between successive setpoints.
    pub jump: f64,
    /// Tolerance of velocity between successive setpoints.
    pub velocity_jump: f64,
    /// Distance of an epoch's first setpoint from the measured position.
    pub seed_position: f64,
    /// Distance of an epoch's first setpoint from the measured velocity.
    pub seed_velocity: f64,
    /// Distance of the measured position from the commanded one.
    pub following: f64,
    /// Speed below which the joint stands still.
    pub standstill: f64,
    /// How far it may stray from where it stands still.
    pub hold: f64,
}

impl JointRules {
    /// The rules of one joint as its driver announced it.
    pub fn new(parameters: &Parameters, joint: &JointDescription) -> Self {
        let (limits, tolerances) = (&joint.limits, parameters.tolerances(joint.kind));
        let more = 1.0 + parameters.limit_tolerance;
        Self {
            lower: limits.lower() - tolerances.position,
            upper: limits.upper() + tolerances.position,
            velocity: limits.velocity() * more,
            forward: limits.velocity() * more,
            backward: limits.velocity() * more,
            acceleration: limits.acceleration(),
            acceleration_checked: limits.acceleration() * more,
            jerk: limits.jerk(),
            jerk_checked: limits.jerk() * parameters.jerk_factor,
            effort: limits.effort(),
            position_tolerance: tolerances.position,
            jump: tolerances.jump,
            velocity_jump: tolerances.velocity_jump,
            seed_position: tolerances.seed_position,
            seed_velocity: tolerances.seed_velocity,
            following: tolerances.following,
            standstill: tolerances.standstill,
            hold: tolerances.hold,
        }
    }
}

/// One number per joint, all of them finite; `effort` and `effort_limit` may be left out.
///
/// # Errors
/// [`Fault::WrongSize`] or [`Fault::NotFinite`].
pub fn shape(setpoint: &Setpoint, joints: usize) -> Result<(), Fault> {
    let required = [&setpoint.position, &setpoint.velocity, &setpoint.acceleration];
    let optional = [&setpoint.effort, &setpoint.effort_limit];
    let present = optional.into_iter().filter(|vec| !vec.is_empty());
    for vec in required.into_iter().chain(present) {
        if vec.len() != joints {
            return Err(Fault::WrongSize {
                got: vec.len() as u8,
                expected: joints as u8,
            });
        }
        if let Some(joint) = vec.iter().position(|v| !v.is_finite()) {
            return Err(Fault::NotFinite { joint: joint as u8 });
        }
    }
    Ok(())
}

/// Position, velocity and acceleration within their limits, with room to stop before the end stops.
///
/// A joint that is beyond an end stop already (`from`, its last position) may move back, but no further out.
///
/// # Errors
/// [`Fault::Position`] (of the standstill it would lead to), [`Fault::Velocity`] or [`Fault::Acceleration`].
pub fn limits(rules: &[JointRules], from: &JointVec, to: &Reference) -> Result<(), Fault> {
    for (joint, rule) in rules.iter().enumerate() {
        let (q, v, a) = (to.position[joint], to.velocity[joint], to.acceleration[joint]);
        at_most(joint, v.abs(), rule.velocity, Fault::Velocity)?;
        at_most(joint, a.abs(), rule.acceleration_checked, Fault::Acceleration)?;
        let (below, above) = excursion(rule, v, a);
        at_most(joint, q + above, rule.upper.max(from[joint]), Fault::Position)?;
        let lower = rule.lower.min(from[joint]);
        let rest = q - below;
        if rest.is_nan() || rest < lower {
            return Err(Fault::Position(Exceeded {
                joint: joint as u8,
                value: rest,
                limit: lower,
            }));
        }
    }
    Ok(())
}

/// Velocities within a share of what the joints may do: the speed scale. A standstill is within any.
///
/// # Errors
/// [`Fault::Velocity`] with the limit that the scale leaves.
pub fn speed(rules: &[JointRules], share: f64, to: &Reference) -> Result<(), Fault> {
    for (joint, rule) in rules.iter().enumerate() {
        let limit = (share * rule.velocity).max(rule.standstill.min(rule.velocity));
        at_most(joint, to.velocity[joint].abs(), limit, Fault::Velocity)?;
    }
    Ok(())
}

/// Velocities in directions that are allowed: `direction` is 1 or −1 where only one is, and empty where all are (SDI).
///
/// # Errors
/// [`Fault::Direction`] with the velocity.
pub fn direction(rules: &[JointRules], direction: &JointVec, to: &Reference) -> Result<(), Fault> {
    for ((joint, rule), side) in rules.iter().enumerate().zip(direction.iter()) {
        let against = -side * to.velocity[joint];
        at_most(joint, against, rule.standstill, Fault::Direction)?;
    }
    Ok(())
}

/// Successive setpoints that lead from one to the other in the time between their stamps.
///
/// Between two states with velocities v₀ and v₁ and |v̇| ≤ A, the way is (v₀ + v₁)/2·Δt, give or take A·Δt²/4.
///
/// # Errors
/// [`Fault::Jump`] with the distance that is not explained, [`Fault::Acceleration`] with Δv/Δt or [`Fault::Jerk`] with Δa/Δt.
pub fn reachable(rules: &[JointRules], from: &Reference, to: &Reference) -> Result<(), Fault> {
    let dt = to.stamp.seconds_from(from.stamp);
    for (joint, rule) in rules.iter().enumerate() {
        let (v0, v1) = (from.velocity[joint], to.velocity[joint]);
        let unexplained = to.position[joint] - from.position[joint] - (v0 + v1) / 2.0 * dt;
        let explicable = rule.acceleration_checked * dt * dt / 4.0 + rule.jump;
        at_most(joint, unexplained.abs(), explicable, Fault::Jump)?;
        let allowed = rule.acceleration_checked + rule.velocity_jump / dt;
        at_most(joint, ((v1 - v0) / dt).abs(), allowed, Fault::Acceleration)?;
        let jerk = (to.acceleration[joint] - from.acceleration[joint]) / dt;
        at_most(joint, jerk.abs(), rule.jerk_checked, Fault::Jerk)?;
    }
    Ok(())
}

/// Whether a setpoint is at rest: no velocity and no acceleration, give or take rounding. The turning point of a swing
/// is not.
pub fn at_rest(rules: &[JointRules], to: &Reference) -> bool {
    rules.iter().enumerate().all(|(joint, rule)| {
        to.velocity[joint].abs() <= ROUNDING * rule.velocity
            && to.acceleration[joint].abs() <= ROUNDING * rule.acceleration
    })
}

/// The measured position near the commanded one, both of the same moment. A joint that [`yields`] is left out, and so is one of `unhomed`: it counts
/// from anywhere, and is on a way of its own while it is homed.
///
/// # Errors
/// [`Fault::Following`] with the error.
pub fn following(
    rules: &[JointRules],
    commanded: &JointVec,
    effort_limit: &JointVec,
    unhomed: JointSet,
    measured: &JointVec,
) -> Result<(), Fault> {
    for (joint, rule) in rules.iter().enumerate() {
        if !yields(rule, joint, effort_limit) && !unhomed.contains(joint) {
            let error = (commanded[joint] - measured[joint]).abs();
            at_most(joint, error, rule.following, Fault::Following)?;
        }
    }
    Ok(())
}

/// Whether a joint's effort is limited below what it could give: it is meant to be held back by what it touches, so its
/// following error says nothing.
pub fn yields(rule: &JointRules, joint: usize, effort_limit: &JointVec) -> bool {
    effort_limit.get(joint).is_some_and(|limit| *limit < rule.effort)
}

pub(crate) fn at_most(
    joint: usize,
    value: f64,
    limit: f64,
    fault: fn(Exceeded) -> Fault,
) -> Result<(), Fault> {
    if value <= limit {
        return Ok(());
    }
    Err(fault(Exceeded {
        joint: joint as u8,
        value,
        limit,
    }))
}

/// What counts as zero, as a share of a limit.
const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::{JointKind, JointLimits, Stamp};

    fn rules() -> [JointRules; 2] {
        let limits = JointLimits::new((-2.0, 2.0), 3.0, 10.0, 100.0, 50.0).expect("valid");
        let joint = JointDescription {
            name: "j".into(),
            kind: JointKind::Revolute,
            limits,
            drivetrain: servomesh_types::Drivetrain::default(),
        };
        [JointRules::new(&Parameters::default(), &joint); 2]
    }

    /// The second joint moves; the first stands still.
    fn at(ms: i64, position: f64, velocity: f64, acceleration: f64) -> Reference {
        Reference {
            told: Stamp::from_millis(ms),
            stamp: Stamp::from_millis(ms),
            position: JointVec::from([0.0, position]),
            velocity: JointVec::from([0.0, velocity]),
            acceleration: JointVec::from([0.0, acceleration]),
        }
    }

    fn exceeded(fault: Fault) -> (u16, u8, f64) {
        let (_, limit) = fault.value_and_limit();
        (
            fault.code(),
            fault.joint().map_or(u8::MAX, |joint| joint as u8),
            limit,
        )
    }

    fn limit_code(to: &Reference) -> Option<(u16, u8)> {
        let fault = limits(&rules(), &JointVec::zeros(2), to).err()?;
        let (code, joint, _) = exceeded(fault);
        Some((code, joint))
    }

    #[test]
    fn each_limit_names_its_joint() {
        assert_eq!(limit_code(&at(0, 1.9, 0.0, 0.0)), None);
        assert_eq!(limit_code(&at(0, 2.1, 0.0, 0.0)), Some((22, 1)));
        assert_eq!(limit_code(&at(0, -2.1, 0.0, 0.0)), Some((22, 1)));
        assert_eq!(limit_code(&at(0, 0.0, 3.1, 0.0)), Some((23, 1)));
        assert_eq!(limit_code(&at(0, 0.0, 0.0, -10.2)), Some((24, 1)));
    }

    #[test]
    fn a_setpoint_that_could_not_stop_before_the_end_stop_is_refused() {
        // From 2 rad/s the stop takes v²/2A + vA/2J = 0.3 rad.
        assert_eq!(limit_code(&at(0, 1.65, 2.0, 0.0)), None);
        assert_eq!(limit_code(&at(0, 1.75, 2.0, 0.0)), Some((22, 1)));
        assert_eq!(limit_code(&at(0, 1.75, -2.0, 0.0)), None);
        assert_eq!(limit_code(&at(0, -1.75, -2.0, 0.0)), Some((22, 1)));
    }

    #[test]
    fn a_joint_beyond_its_end_stop_may_come_back_but_go_no_further() {
        let from = JointVec::from([0.0, 2.2]);
        assert_eq!(limits(&rules(), &from, &at(0, 2.2, 0.0, 0.0)), Ok(()));
        assert_eq!(limits(&rules(), &from, &at(0, 2.199, -0.1, 0.0)), Ok(()));
        assert!(limits(&rules(), &from, &at(0, 2.201, 0.0, 0.0)).is_err());
    }

    #[test]
    fn a_value_that_is_not_a_number_never_passes_a_limit() {
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(limits(&rules(), &JointVec::zeros(2), &at(0, bad, 0.0, 0.0)).is_err());
            assert!(limits(&rules(), &JointVec::zeros(2), &at(0, 0.0, bad, 0.0)).is_err());
            assert!(reachable(&rules(), &at(0, 0.0, 0.0, 0.0), &at(2, bad, 0.0, 0.0)).is_err());
        }
    }

    #[test]
    fn a_position_that_the_velocities_do_not_lead_to_is_a_jump() {
        let from = at(0, 0.0, 1.0, 0.0);
        assert_eq!(reachable(&rules(), &from, &at(2, 0.002, 1.0, 0.0)), Ok(()));
        assert_eq!(
            reachable(&rules(), &from, &at(8, 0.008, 1.0, 0.0)),
            Ok(()),
            "setpoints were lost between"
        );
        let fault = reachable(&rules(), &from, &at(2, 0.008, 1.0, 0.0)).expect_err("4 times as fast");
        assert_eq!(exceeded(fault).0, 25);
    }

    #[test]
    fn a_velocity_that_the_acceleration_limit_does_not_lead_to_is_refused() {
        let from = at(0, 0.0, 1.0, 10.0);
        assert_eq!(reachable(&rules(), &from, &at(2, 0.002, 1.02, 10.0)), Ok(()));
        let fault = reachable(&rules(), &from, &at(2, 0.0, -1.0, 0.0)).expect_err("reversal in one period");
        assert_eq!(exceeded(fault).0, 24);
    }

    #[test]
    fn an_acceleration_that_the_jerk_limit_does_not_lead_to_is_refused() {
        let from = at(0, 0.0, 1.0, 0.0);
        assert_eq!(reachable(&rules(), &from, &at(2, 0.002, 1.0, 0.2)), Ok(()));
        let fault = reachable(&rules(), &from, &at(2, 0.002, 1.0, 0.22)).expect_err("110 rad/s³");
        assert_eq!(exceeded(fault).0, 26);
    }

    #[test]
    fn a_share_of_the_speed_is_enforced_but_never_a_standstill() {
        assert_eq!(speed(&rules(), 0.5, &at(0, 0.0, 1.5, 0.0)), Ok(()));
        assert_eq!(
            exceeded(speed(&rules(), 0.5, &at(0, 0.0, -1.6, 0.0)).expect_err("too fast")).0,
            23
        );
        assert_eq!(speed(&rules(), 0.0, &at(0, 0.0, 0.01, 0.0)), Ok(()));
    }

    #[test]
    fn a_forbidden_direction_is_refused() {
        let forward = JointVec::from([0.0, 1.0]);
        assert_eq!(direction(&rules(), &forward, &at(0, 0.0, 1.0, 0.0)), Ok(()));
        assert_eq!(
            exceeded(direction(&rules(), &forward, &at(0, 0.0, -0.1, 0.0)).expect_err("back")).0,
            73
        );
        assert_eq!(
            direction(&rules(), &JointVec::EMPTY, &at(0, 0.0, -0.1, 0.0)),
            Ok(())
        );
    }

    #[test]
    fn a_turning_point_is_no_rest() {
        assert!(at_rest(&rules(), &at(0, 1.0, 0.0, 0.0)));
        assert!(at_rest(&rules(), &at(0, 1.0, 1e-7, -1e-7)));
        assert!(!at_rest(&rules(), &at(0, 1.0, 0.0, 0.01)));
        assert!(!at_rest(&rules(), &at(0, 1.0, -0.001, 0.0)));
        assert!(!at_rest(&rules(), &at(0, 1.0, f64::NAN, 0.0)));
    }

    #[test]
    fn a_joint_with_a_limited_effort_may_be_held_back() {
        let (here, there) = (JointVec::zeros(2), JointVec::from([0.0, 0.2]));
        assert!(following(&rules(), &here, &JointVec::EMPTY, JointSet::EMPTY, &there).is_err());
        assert!(
            following(
                &rules(),
                &here,
                &JointVec::from([50.0, 50.0]),
                JointSet::EMPTY,
                &there
            )
            .is_err()
        );
        assert_eq!(
            following(
                &rules(),
                &here,
                &JointVec::from([50.0, 20.0]),
                JointSet::EMPTY,
                &there
            ),
            Ok(())
        );
    }
}
