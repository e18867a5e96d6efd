//! The jerk-limited way from any state of motion to standstill, each joint by itself.
//!
//! Joints do not wait for one another: each takes the shortest way its own limits allow. Positions in rad (m), times in s.
//!
//! **Invariant:** the stop keeps to the limits of velocity, acceleration and jerk it was given, and [`excursion`] bounds
//! where it leads.

use crate::checks::JointRules;
use crate::digest::Digest;
use servomesh_types::{JointVec, MAX_JOINTS, Ramp, Stamp, Stopping};
use std::hash::Hasher;

/// Where a group was last told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reference {
    /// When it was told.
    pub told: Stamp,
    /// When it applies.
    pub stamp: Stamp,
    /// Position of each joint.
    pub position: JointVec,
    /// Velocity of each joint.
    pub velocity: JointVec,
    /// Acceleration of each joint.
    pub acceleration: JointVec,
}

impl Reference {
    /// The reference as it goes on with constant acceleration, as told at `now`.
    pub fn extrapolated(&self, now: Stamp) -> Self {
        let dt = now.seconds_from(self.told);
        let (q, v, a) = (&self.position, &self.velocity, &self.acceleration);
        Self {
            told: now,
            stamp: self.stamp + now.since(self.told),
            position: JointVec::from_fn(q.len(), |i| q[i] + dt * (v[i] + dt * a[i] / 2.0)),
            velocity: JointVec::from_fn(q.len(), |i| v[i] + dt * a[i]),
            acceleration: self.acceleration,
        }
    }
}

/// A stop that runs from one reference on; a plain value.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    ramps: [Ramp; MAX_JOINTS],
    from: Reference,
    duration_s: f64,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            ramps: [Ramp::default(); MAX_JOINTS],
            from: Reference::default(),
            duration_s: 0.0,
        }
    }
}

impl Stop {
    /// The stop from `from` on.
    pub fn plan(from: &Reference, rules: &[JointRules]) -> Self {
        let mut stop = Self {
            from: *from,
            ..Self::default()
        };
        for (i, (rule, ramp)) in rules.iter().zip(&mut stop.ramps).enumerate() {
            let velocity = from.velocity[i];
            let acceleration = kept_acceleration(rule, velocity, from.acceleration[i]);
            *ramp = Ramp::to_rest(velocity, acceleration, rule.acceleration, rule.jerk);
            stop.duration_s = stop.duration_s.max(ramp.duration_s());
        }
        stop
    }

    /// How long it takes \[s\].
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Where it begins.
    pub fn from(&self) -> &Reference {
        &self.from
    }

    /// How far a joint that turns back may be beyond what any two of its places span.
    pub fn overshoot(&self, joint: usize) -> f64 {
        self.ramps[joint].overshoot()
    }

    /// Where a joint is and how fast, `elapsed_s` after the beginning.
    pub fn joint_at(&self, joint: usize, elapsed_s: f64) -> (f64, f64) {
        let (way, velocity, _) = self.ramps[joint].at(elapsed_s);
        (self.from.position[joint] + way, velocity)
    }

    /// Where all joints are and how fast, `elapsed_s` after the beginning.
    pub fn state_at(&self, elapsed_s: f64) -> (JointVec, JointVec) {
        let joints = self.from.position.len();
        let (mut position, mut velocity) = (JointVec::zeros(joints), JointVec::zeros(joints));
        for joint in 0..joints {
            (position[joint], velocity[joint]) = self.joint_at(joint, elapsed_s);
        }
        (position, velocity)
    }

    /// Time and way of each joint until rest.
    pub fn stopping(&self) -> Stopping {
        Stopping {
            time_s: self.duration_s,
            distance: JointVec::from_fn(self.from.position.len(), |i| {
                self.ramps[i].at(self.ramps[i].duration_s()).0.abs()
            }),
        }
    }

    /// What of it decides about the future: all else follows from where it began.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            ramps: _,
            from,
            duration_s: _,
        } = self;
        from.digest(digest);
    }

    /// The stop as told at `now`, and whether it has come to an end.
    pub fn at(&self, now: Stamp) -> (Reference, bool) {
        let elapsed_s = now.seconds_from(self.from.told).max(0.0);
        let mut reference = Reference {
            told: now,
            stamp: self.from.stamp + now.since(self.from.told),
            ..self.from
        };
        for (i, ramp) in self.ramps[..self.from.position.len()].iter().enumerate() {
            let (way, velocity, acceleration) = ramp.at(elapsed_s);
            reference.position[i] += way;
            reference.velocity[i] = velocity;
            reference.acceleration[i] = acceleration;
        }
        (reference, elapsed_s >= self.duration_s)
    }
}

/// How far beyond `position` a stop leads at most: (below, above), both ≥ 0.
pub fn excursion(rule: &JointRules, velocity: f64, acceleration: f64) -> (f64, f64) {
    let acceleration = kept_acceleration(rule, velocity, acceleration);
    Ramp::to_rest(velocity, acceleration, rule.acceleration, rule.jerk).excursion()
}

/// The part of the acceleration that a stop may start with: bringing it to zero at the jerk limit changes the velocity
/// by a²/2j, and that must not lead beyond what is allowed forward and backward.
fn kept_acceleration(rule: &JointRules, velocity: f64, acceleration: f64) -> f64 {
    let room = |to_limit: f64| {
        (2.0 * rule.jerk * to_limit.max(0.0))
            .sqrt()
            .min(rule.acceleration)
    };
    acceleration.clamp(-room(rule.backward + velocity), room(rule.forward - velocity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn rule() -> JointRules {
        JointRules {
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
            velocity: 3.0,
            forward: 3.0,
            backward: 3.0,
            acceleration: 10.0,
            jerk: 100.0,
            ..JointRules::default()
        }
    }

    fn moving(position: f64, velocity: f64, acceleration: f64) -> Reference {
        Reference {
            told: Stamp::from_millis(100),
            stamp: Stamp::from_millis(102),
            position: JointVec::from([position]),
            velocity: JointVec::from([velocity]),
            acceleration: JointVec::from([acceleration]),
        }
    }

    #[test]
    fn a_stop_starts_where_the_motion_was_and_keeps_its_lead() {
        let from = moving(1.0, 2.0, -3.0);
        let stop = Stop::plan(&from, &[rule()]);
        assert_eq!(stop.at(from.told), (from, false));
        let (later, _) = stop.at(from.told + Duration::from_millis(10));
        assert_eq!(later.stamp, Stamp::from_millis(112));
    }

    #[test]
    fn a_group_at_rest_needs_no_time_to_stop() {
        let from = moving(1.0, 0.0, 0.0);
        let stop = Stop::plan(&from, &[rule()]);
        assert_eq!(stop.at(from.told), (from, true));
    }

    proptest! {
        #[test]
        fn a_stop_keeps_all_limits_and_ends_at_rest_within_its_excursion(
            position in -3.0..3.0, velocity in -3.0..=3.0, acceleration in -10.5..=10.5,
        ) {
            let rule = rule();
            let from = moving(position, velocity, acceleration);
            let stop = Stop::plan(&from, &[rule]);
            let (below, above) = excursion(&rule, velocity, acceleration);
            let step = Duration::from_micros(500);
            let (mut before, mut ended) = stop.at(from.told);
            let mut now = from.told;
            while !ended {
                now = now + step;
                let (here, end) = stop.at(now);
                prop_assert!(here.position[0] <= position + above + 1e-9, "{here:?} above {above}");
                prop_assert!(here.position[0] >= position - below - 1e-9, "{here:?} below {below}");
                prop_assert!(here.velocity[0].abs() <= rule.velocity + 1e-9, "{here:?}");
                prop_assert!(here.acceleration[0].abs() <= rule.acceleration + 1e-9, "{here:?}");
                let jerk = (here.acceleration[0] - before.acceleration[0]) / step.as_secs_f64();
                prop_assert!(jerk.abs() <= rule.jerk * 1.001, "jerk {jerk} at {here:?}");
                let moved = (here.position[0] - before.position[0]).abs();
                prop_assert!(moved <= rule.velocity * step.as_secs_f64() + 1e-9, "{here:?}");
                prop_assert!(now < from.told + Duration::from_secs(2), "never ends");
                (before, ended) = (here, end);
            }
            let at_rest = JointVec::zeros(1);
            prop_assert_eq!((before.velocity, before.acceleration), (at_rest, at_rest));
        }
    }
}
