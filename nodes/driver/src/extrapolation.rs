//! Decides how a setpoint is followed on while nothing newer comes, and for how long at most.
//!
//! Each joint goes on with the setpoint's acceleration until its jerk limit just brings that to zero at the velocity limit, then with that
//! velocity. The group goes on for as long as each joint can still stop inside its position limits, but at least for [`LEAST_CYCLES`]: one or
//! two lost commands are no reason to stop, and those who send setpoints leave room for more.
//!
//! Units: rad (m), s. **Invariant:** a setpoint from which its joint's limits of velocity, acceleration and jerk can be kept is followed on within
//! them, from the setpoint's own motion on without a jump.

use crate::config::Config;
use crate::reference::Motion;
use servomesh_types::{JointLimits, JointVec, Setpoint};
use std::time::Duration;

/// A setpoint as it goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extrapolation {
    from: Motion,
    jerk: JointVec,
    /// After the setpoint: from here on each acceleration goes to zero.
    ease_s: JointVec,
    /// How long it goes on.
    life: Duration,
    /// How long before the setpoint it may be told: how short that lives says nothing of it.
    soonest_s: f64,
}

impl Extrapolation {
    /// Goes on from a setpoint for at most `longest`.
    pub(crate) fn new(config: &Config, setpoint: &Setpoint, longest: Duration) -> Self {
        let joints = &config.group().joints;
        let from = Motion {
            position: setpoint.position,
            velocity: setpoint.velocity,
            acceleration: setpoint.acceleration,
        };
        let count = from.position.len();
        let ease = |i: usize| ease_s(&joints[i].limits, from.velocity[i], from.acceleration[i]);
        let mut onward = Self {
            from,
            jerk: JointVec::from_fn(count, |i| joints[i].limits.jerk()),
            ease_s: JointVec::from_fn(count, ease),
            life: longest,
            soonest_s: config.command_timeout().as_secs_f64(),
        };
        let longest_s = longest.as_secs_f64();
        let stops_inside =
            |time_s: f64| (0..count).all(|i| onward.stops_inside(&joints[i].limits, i, time_s));
        if !stops_inside(longest_s) {
            let least = (LEAST_CYCLES * config.period_s()).min(longest_s);
            let (mut inside, mut beyond) = (least, longest_s);
            for _ in 0..HALVINGS {
                let middle = 0.5 * (inside + beyond);
                if stops_inside(middle) {
                    inside = middle;
                } else {
                    beyond = middle;
                }
            }
            onward.life = Duration::from_secs_f64(inside);
        }
        onward
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
        let count = self.jerk.len();
        let mut motion = Motion {
            position: JointVec::zeros(count),
            velocity: JointVec::zeros(count),
            acceleration: JointVec::zeros(count),
        };
        for i in 0..count {
            let [position, velocity, acceleration] = self.joint_at(i, age_s);
            motion.position[i] = position;
            motion.velocity[i] = velocity;
            motion.acceleration[i] = acceleration;
        }
        motion
    }

    /// Whether a joint's acceleration is still the setpoint's then.
    pub(crate) fn is_even(&self, joint: usize, age_s: f64) -> bool {
        age_s <= self.ease_s[joint]
    }

    fn joint_at(&self, i: usize, age_s: f64) -> [f64; 3] {
        let (p, v, a) = (
            self.from.position[i],
            self.from.velocity[i],
            self.from.acceleration[i],
        );
        let even = age_s.min(self.ease_s[i]);
        let (p, v) = (p + even * (v + 0.5 * even * a), v + even * a);
        let over = age_s - even;
        if over <= 0.0 {
            return [p, v, a];
        }
        let (jerk, whole) = (-a.signum() * self.jerk[i], a.abs() / self.jerk[i]);
        let t = over.min(whole);
        let eased = v + t * (a + 0.5 * t * jerk);
        let place = p + t * (v + t * (a / 2.0 + t * jerk / 6.0));
        if over < whole {
            [place, eased, a + t * jerk]
        } else {
            [place + (over - whole) * eased, eased, 0.0]
        }
    }

    /// Whether a joint that is followed on for so long can then stop inside its limits, and was not beyond them where it turned back.
    fn stops_inside(&self, limits: &JointLimits, i: usize, time_s: f64) -> bool {
        let (v, a) = (self.from.velocity[i], self.from.acceleration[i]);
        let turns = v * a < 0.0 && -v / a < time_s;
        let turn_is_inside = !turns || is_inside(limits, self.joint_at(i, -v / a)[0], v);
        let [position, velocity, acceleration] = self.joint_at(i, time_s);
        let way = velocity.signum() * stopping_way(limits, velocity.abs(), acceleration * velocity.signum());
        turn_is_inside && is_inside(limits, position + way, velocity)
    }
}

/// Whether a place is inside the limit that a joint of that velocity moves towards. One that stands, or comes back, is no worse off later.
fn is_inside(limits: &JointLimits, place: f64, velocity: f64) -> bool {
    if velocity > 0.0 {
        place <= limits.upper() + ROUNDING * (1.0 + limits.upper().abs())
    } else if velocity < 0.0 {
        place >= limits.lower() - ROUNDING * (1.0 + limits.lower().abs())
    } else {
        true
    }
}

/// For how long a joint may keep its acceleration, so that it can end at the velocity limit.
fn ease_s(limits: &JointLimits, velocity: f64, acceleration: f64) -> f64 {
    let a = acceleration.abs();
    let last = 0.5 * a * a / limits.jerk();
    let room = limits.velocity() - last - velocity * acceleration.signum();
    if room >= a * FOREVER_S {
        FOREVER_S
    } else {
        (room / a).max(0.0)
    }
}

/// How far a joint with velocity `v` ≥ 0 still goes if it stops as fast as its limits of acceleration and jerk allow.
fn stopping_way(limits: &JointLimits, v: f64, a: f64) -> f64 {
    let (most, jerk) = (limits.acceleration(), limits.jerk());
    if a < 0.0 && v <= 0.5 * a * a / jerk {
        // It brakes harder than it has to, and stands before its acceleration is zero.
        return v * -a / jerk;
    }
    let steepest = (jerk * v + 0.5 * a * a).sqrt();
    let peak = steepest.min(most).max(-a);
    // Down to the peak, along it, and back to zero.
    let t1 = (a + peak) / jerk;
    let v1 = v + 0.5 * t1 * (a - peak);
    let last = 0.5 * peak * peak / jerk;
    let held = if steepest > peak {
        (v1 - last).max(0.0) / peak
    } else {
        0.0
    };
    let t3 = peak / jerk;
    t1 * (v + t1 * (a / 2.0 - t1 * jerk / 6.0)) + held * (v1 - 0.5 * held * peak) + jerk * t3 * t3 * t3 / 6.0
}

/// So many cycles it goes on in any case.
const LEAST_CYCLES: f64 = 3.5;
/// Halve the time in question down to less than a cycle.
const HALVINGS: u32 = 6;
/// Longer than any command is followed \[s\].
const FOREVER_S: f64 = 1e3;
/// What limits may be passed by in figures.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> JointLimits {
        JointLimits::new((-1.0, 1.0), 3.0, 10.0, 200.0, 50.0).expect("they are limits")
    }

    /// The way of a stop by small steps: the steepest braking that still ends at rest.
    fn way_by_steps(limits: &JointLimits, mut v: f64, mut a: f64) -> f64 {
        let (dt, mut way) = (1e-5, 0.0);
        while v > 0.0 {
            let last = if a < 0.0 { 0.5 * a * a / limits.jerk() } else { 0.0 };
            let jerk = if v <= last { limits.jerk() } else { -limits.jerk() };
            a = (a + jerk * dt).clamp(-limits.acceleration(), limits.acceleration());
            if a >= 0.0 && jerk > 0.0 {
                break;
            }
            way += dt * (v + 0.5 * dt * a);
            v += dt * a;
        }
        way
    }

    #[test]
    fn a_stop_is_as_long_as_small_steps_make_it() {
        for v in [0.1, 0.5, 1.0, 3.0] {
            for a in [-10.0, -5.0, 0.0, 5.0, 10.0] {
                let (way, steps) = (stopping_way(&limits(), v, a), way_by_steps(&limits(), v, a));
                let turns_back = a < 0.0 && v <= 0.5 * a * a / limits().jerk();
                assert!(
                    (way - steps).abs() < 2e-3 * steps + 1e-4 || turns_back && way >= steps,
                    "from {v} and {a}: {way}, by steps {steps}"
                );
            }
        }
    }

    #[test]
    fn acceleration_ends_where_the_velocity_limit_is_just_reached() {
        for (v, a) in [(2.0, 10.0), (-2.5, -10.0), (2.9, 5.0), (-1.0, 10.0)] {
            let at = ease_s(&limits(), v, a);
            let reached = v + a * at + 0.5 * a * a.abs() / limits().jerk();
            assert!(at > 0.0 && (reached.abs() - 3.0).abs() < 1e-9, "{at}: {reached}");
        }
    }

    #[test]
    fn every_motion_inside_the_limits_goes_on_inside_them() {
        let limits = limits();
        for v in (-30..=30).map(|tenths| 0.1 * f64::from(tenths)) {
            for a in (-10..=10).map(f64::from) {
                // Where its acceleration leads it to, and where it comes from.
                let last = 0.5 * a * a.abs() / limits.jerk();
                if (v + last).abs() > limits.velocity() {
                    continue;
                }
                let one = |value: f64| JointVec::from_fn(1, |_| value);
                let onward = Extrapolation {
                    from: Motion {
                        position: one(0.0),
                        velocity: one(v),
                        acceleration: one(a),
                    },
                    jerk: one(limits.jerk()),
                    ease_s: one(ease_s(&limits, v, a)),
                    life: Duration::from_secs(1),
                    soonest_s: 1.0,
                };
                let (dt, mut before) = (1e-4, onward.joint_at(0, 0.0));
                for step in 1..8000 {
                    let now = onward.joint_at(0, dt * f64::from(step));
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
            }
        }
    }
}
