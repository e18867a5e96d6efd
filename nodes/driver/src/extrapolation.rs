//! Decides how a setpoint is followed on while nothing newer comes.
//!
//! Each joint goes on with the setpoint's acceleration for [`EVEN_CYCLES`] of the bus, or of the stream where that is slower, and then as it would stop: until the next command tells it
//! otherwise, it is on its way to standstill. It is so at once if it is being stopped already, so that a stop of which commands are lost goes on as it
//! was told, or if it could not stop inside its limits of position or keep that of velocity after those cycles.
//!
//! Units: rad (m), s. **Invariant:** a setpoint from which its joint's limits of position, velocity, acceleration and jerk can be kept is followed on
//! within them, from the setpoint's own motion on without a jump.

use crate::config::Config;
use crate::reference::Motion;
use servomesh_types::{JointLimits, MAX_JOINTS, Ramp, Setpoint};
use std::time::Duration;

/// A setpoint as it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extrapolation {
    joints: [Onward; MAX_JOINTS],
    count: usize,
    /// How long it goes on.
    life: Duration,
    /// How long before the setpoint it may be told: how short that lives says nothing of it.
    soonest_s: f64,
}

impl Extrapolation {
    /// Goes on from a setpoint for at most `longest`; `before` is the one before it in the stream, of which one comes every `interval_s`.
    pub(crate) fn new(
        config: &Config,
        before: Option<&Setpoint>,
        setpoint: &Setpoint,
        longest: Duration,
        interval_s: f64,
    ) -> Self {
        let mut joints = [Onward::default(); MAX_JOINTS];
        for (i, joint) in config.group().joints.iter().enumerate() {
            let (limits, from) = (&joint.limits, state(setpoint, i));
            let stops = before.is_some_and(|before| {
                let gap_s = setpoint.tag.stamp.seconds_from(before.tag.stamp);
                is_stop(limits, state(before, i), from, gap_s)
            });
            let even_s = if stops { 0.0 } else { EVEN_CYCLES * interval_s };
            joints[i] = Onward::new(limits, from, even_s);
        }
        Self {
            joints,
            count: setpoint.position.len(),
            life: longest,
            soonest_s: config.command_timeout().as_secs_f64(),
        }
    }

    /// How long after the setpoint it ends.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// A time after the setpoint, as far as there is anything to say.
    pub(crate) fn within(&self, age_s: f64) -> f64 {
        age_s.clamp(-self.soonest_s, self.life.as_secs_f64())
    }

    /// The motion at a time after the setpoint.
    pub(crate) fn at(&self, age_s: f64) -> Motion {
        Motion::from_joints(self.count, |i| self.joints[i].at(age_s))
    }

    /// A joint's acceleration at a time after the setpoint.
    pub(crate) fn acceleration(&self, joint: usize, age_s: f64) -> f64 {
        let [_, _, acceleration] = self.joints[joint].at(age_s);
        acceleration
    }

    /// Whether a joint's acceleration is still the setpoint's then.
    pub(crate) fn is_even(&self, joint: usize, age_s: f64) -> bool {
        age_s <= self.joints[joint].even_s
    }
}

/// One joint: with an even acceleration, and then to rest.
#[derive(Clone, Copy, Debug, Default)]
struct Onward {
    /// Position, velocity and acceleration of the setpoint.
    from: [f64; 3],
    /// After the setpoint: from here on it stops.
    even_s: f64,
    /// Where it is then.
    even_end: f64,
    ramp: Ramp,
}

impl Onward {
    /// With an even acceleration for `even_s`, if it can stop inside its limits then.
    fn new(limits: &JointLimits, from: [f64; 3], even_s: f64) -> Self {
        let onward = Self::stopping_after(even_s, limits, from);
        if even_s <= ease_s(limits, from) && onward.stops_inside(limits) {
            return onward;
        }
        Self::stopping_after(0.0, limits, from)
    }

    fn stopping_after(even_s: f64, limits: &JointLimits, from: [f64; 3]) -> Self {
        let [even_end, velocity, acceleration] = evenly(from, even_s);
        Self {
            from,
            even_s,
            even_end,
            ramp: Ramp::to_rest(velocity, acceleration, limits.acceleration(), limits.jerk()),
        }
    }

    fn at(&self, age_s: f64) -> [f64; 3] {
        if age_s <= self.even_s {
            return evenly(self.from, age_s);
        }
        let (way, velocity, acceleration) = self.ramp.at(age_s - self.even_s);
        [self.even_end + way, velocity, acceleration]
    }

    /// Whether it ends and turns inside its limits. Away from one that it is beyond it may go.
    fn stops_inside(&self, limits: &JointLimits) -> bool {
        let (below, above) = self.ramp.excursion();
        let [position, velocity, acceleration] = self.from;
        let turns_s = -velocity / acceleration;
        let [turn, ..] = if turns_s > 0.0 && turns_s < self.even_s {
            evenly(self.from, turns_s)
        } else {
            self.from
        };
        let highest = turn.max(self.even_end + above);
        let lowest = turn.min(self.even_end - below);
        (highest <= position || highest <= limits.upper()) && (lowest >= position || lowest >= limits.lower())
    }
}

/// What a setpoint tells a joint: position, velocity and acceleration.
fn state(setpoint: &Setpoint, joint: usize) -> [f64; 3] {
    [
        setpoint.position[joint],
        setpoint.velocity[joint],
        setpoint.acceleration[joint],
    ]
}

/// Whether what a joint is told is just where a stop leads from what it was told before.
fn is_stop(limits: &JointLimits, [p, v, a]: [f64; 3], next: [f64; 3], gap_s: f64) -> bool {
    let (way, velocity, _) = Ramp::to_rest(v, a, limits.acceleration(), limits.jerk()).at(gap_s);
    (next[0] - p - way).abs() <= SAME && (next[1] - velocity).abs() <= SAME
}

/// A motion a time further on with the same acceleration.
fn evenly([p, v, a]: [f64; 3], time_s: f64) -> [f64; 3] {
    [p + time_s * (v + 0.5 * time_s * a), v + time_s * a, a]
}

/// For how long a joint may keep its acceleration, so that it can end at the velocity limit.
fn ease_s(limits: &JointLimits, [_, velocity, acceleration]: [f64; 3]) -> f64 {
    let a = acceleration.abs();
    let last = 0.5 * a * a / limits.jerk();
    let room = limits.velocity() - last - velocity * acceleration.signum();
    if room >= a * FOREVER_S {
        FOREVER_S
    } else {
        (room / a).max(0.0)
    }
}

/// For so many cycles it goes on as told: two lost commands in a row are to be felt by nobody. From the third on a joint is on its way to standstill,
/// and the stream is picked up smoothly.
pub(crate) const EVEN_CYCLES: f64 = 3.5;
/// What is the same place and velocity but for rounding \[rad, rad/s\].
const SAME: f64 = 1e-9;
/// Longer than any command is followed \[s\].
const FOREVER_S: f64 = 1e3;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(range: (f64, f64)) -> JointLimits {
        JointLimits::new(range, 3.0, 10.0, 200.0, 50.0).expect("they are limits")
    }

    /// Velocities and accelerations from which the velocity limit can be kept.
    fn motions(limits: JointLimits) -> impl Iterator<Item = (f64, f64)> {
        (-30..=30)
            .flat_map(|tenths| (-10..=10).map(move |a| (0.1 * f64::from(tenths), f64::from(a))))
            .filter(move |(v, a)| {
                // Where its acceleration leads it to.
                let reached = v + 0.5 * a * a.abs() / limits.jerk();
                reached.abs() <= limits.velocity()
            })
    }

    #[test]
    fn acceleration_ends_where_the_velocity_limit_is_just_reached() {
        let limits = limits((-1.0, 1.0));
        for (v, a) in [(2.0, 10.0), (-2.5, -10.0), (2.9, 5.0), (-1.0, 10.0)] {
            let at = ease_s(&limits, [0.0, v, a]);
            let reached = v + a * at + 0.5 * a * a.abs() / limits.jerk();
            assert!(at > 0.0 && (reached.abs() - 3.0).abs() < 1e-9, "{at}: {reached}");
        }
    }

    #[test]
    fn every_motion_inside_the_limits_goes_on_inside_them_and_to_rest() {
        let limits = limits((-9.0, 9.0));
        for (v, a) in motions(limits) {
            let onward = Onward::new(&limits, [0.0, v, a], EVEN_S);
            let (dt, mut before) = (1e-4, onward.at(0.0));
            for step in 1..8000 {
                let now = onward.at(dt * f64::from(step));
                assert!(
                    now[1].abs() <= limits.velocity() * (1.0 + 1e-9),
                    "from {v} and {a}: {now:?}"
                );
                let jerk = (now[2] - before[2]) / dt;
                assert!(
                    jerk.abs() <= limits.jerk() * (1.0 + 1e-6),
                    "from {v} and {a}: {jerk}"
                );
                let way = before[1] + 0.5 * dt * before[2];
                assert!((now[0] - before[0] - dt * way).abs() < 1e-9, "from {v} and {a}");
                before = now;
            }
            assert_eq!(before[1..], [0.0, 0.0], "from {v} and {a}");
        }
    }

    #[test]
    fn what_can_just_stop_at_its_end_stops_does() {
        let whole = limits((-9.0, 9.0));
        for (v, a) in motions(whole) {
            let (below, above) = Ramp::to_rest(v, a, whole.acceleration(), whole.jerk()).excursion();
            let limits = limits((-below - 1e-9, above + 1e-9));
            let onward = Onward::new(&limits, [0.0, v, a], EVEN_S);
            for step in 0..8000 {
                let [position, ..] = onward.at(1e-4 * f64::from(step));
                assert!(
                    position <= above + 1e-8 && position >= -below - 1e-8,
                    "from {v} and {a}: {position} beyond -{below} … {above}"
                );
            }
        }
    }

    #[test]
    fn a_joint_that_comes_back_from_beyond_its_range_goes_on_as_told() {
        let onward = Onward::new(&limits((-9.0, 9.0)), [9.2, -1.0, 2.0], EVEN_S);
        assert!(onward.at(EVEN_S)[2] >= 2.0);
    }

    #[test]
    fn with_room_enough_it_goes_on_as_told_before_it_stops() {
        let limits = limits((-9.0, 9.0));
        let onward = Onward::new(&limits, [0.0, 1.0, 2.0], EVEN_S);
        assert!(onward.at(EVEN_S)[2] >= 2.0);
        assert!(onward.at(2.0 * EVEN_S)[2] < 2.0);
    }

    #[test]
    fn a_stop_is_told_from_a_motion_that_brakes_otherwise() {
        let limits = limits((-9.0, 9.0));
        let from = [1.0, -2.0, 5.0];
        let next = |share: f64| {
            let ramp = Ramp::to_rest(from[1], from[2], share * limits.acceleration(), limits.jerk());
            let (way, velocity, acceleration) = ramp.at(0.2);
            [from[0] + way, velocity, acceleration]
        };
        assert!(is_stop(&limits, from, next(1.0), 0.2));
        assert!(!is_stop(&limits, from, next(0.99), 0.2));
    }

    const EVEN_S: f64 = 0.007;
}
