//! Where the group should be at any time: the newest command, followed on as [`Extrapolation`] decides.
//!
//! At an epoch's first command, and after a gap in the stream, the place where the machine is and the place where the
//! command wants it differ. The difference then fades within the group's limits, so that **nothing jumps**: positions and
//! velocities of the reference are continuous from the moment a group is switched on until it is switched off.

use crate::config::Config;
use crate::extrapolation::{EVEN_CYCLES, Extrapolation};
use servomesh_types::{JointLimits, JointVec, Setpoint, Stamp};
use std::time::Duration;

/// Position, velocity and acceleration of each joint at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Motion {
    pub(crate) position: JointVec,
    pub(crate) velocity: JointVec,
    pub(crate) acceleration: JointVec,
}

impl Motion {
    /// From position, velocity and acceleration of each joint.
    pub(crate) fn from_joints(count: usize, joint: impl Fn(usize) -> [f64; 3]) -> Self {
        let zeros = JointVec::zeros(count);
        let mut motion = Self {
            position: zeros,
            velocity: zeros,
            acceleration: zeros,
        };
        for i in 0..count {
            [motion.position[i], motion.velocity[i], motion.acceleration[i]] = joint(i);
        }
        motion
    }
}

/// A command in use.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    setpoint: Setpoint,
    onward: Extrapolation,
    /// Change of acceleration between the last two setpoints.
    jerk: JointVec,
    /// From one setpoint of the stream to the next, or of the bus where that is slower \[s\].
    interval_s: f64,
    fade: Fade,
}

impl Tracker {
    /// Starts from where the machine is (`measured`, at `now`) towards a first command.
    pub(crate) fn start(config: &Config, setpoint: Setpoint, measured: &Motion, now: Stamp) -> Self {
        let mut tracker = Self {
            setpoint,
            onward: onward(config, None, &setpoint, config.period_s()),
            jerk: JointVec::zeros(setpoint.position.len()),
            interval_s: config.period_s(),
            fade: Fade::default(),
        };
        tracker.fade = Fade::of_motion(config, measured, &tracker.at(now), now);
        tracker
    }

    /// Goes on with the next command of the stream; `now` is the time of the last frame.
    pub(crate) fn follow(&mut self, config: &Config, next: Setpoint, now: Stamp) {
        let gap = next.tag.stamp.seconds_from(self.setpoint.tag.stamp);
        self.interval_s = interval_s(config, &self.setpoint, &next).unwrap_or(self.interval_s);
        let in_step = gap > 0.0 && gap < EVEN_CYCLES * self.interval_s;
        let before = (!in_step).then(|| self.at(now));
        let last = std::mem::replace(&mut self.setpoint, next);
        self.onward = onward(config, in_step.then_some(&last), &next, self.interval_s);
        self.jerk = JointVec::from_fn(next.position.len(), |i| {
            let limit = config.group().joints[i].limits.jerk();
            let change = (next.acceleration[i] - last.acceleration[i]) / gap;
            if in_step { change.clamp(-limit, limit) } else { 0.0 }
        });
        if let Some(before) = before {
            self.fade = Fade::default();
            self.fade = Fade::of_motion(config, &before, &self.at(now), now);
        }
    }

    /// Where the group should be at `t`.
    pub(crate) fn at(&self, t: Stamp) -> Motion {
        let (motion, fade) = (self.onward.at(self.age(t)), self.fade.at(t));
        let plus = |a: &JointVec, b: &JointVec| {
            JointVec::from_fn(a.len(), |i| a[i] + b.get(i).copied().unwrap_or(0.0))
        };
        Motion {
            position: plus(&motion.position, &fade.position),
            velocity: plus(&motion.velocity, &fade.velocity),
            acceleration: plus(&motion.acceleration, &fade.acceleration),
        }
    }

    /// The acceleration that the effort of a frame sampled at `t` must give, since it acts `lead` seconds later.
    pub(crate) fn acceleration_ahead(&self, t: Stamp, lead: f64) -> JointVec {
        let fade = self.fade.at(t + Duration::from_secs_f64(lead)).acceleration;
        let now = self.age(t);
        // A jerk is known for one step of the stream; further on it is a guess.
        let ahead = (now + lead).clamp(-lead, (2.0 * lead).max(KNOWN_STEPS * self.interval_s));
        JointVec::from_fn(self.jerk.len(), |i| {
            let faded = fade.get(i).copied().unwrap_or(0.0);
            // As long as the next command is not missed, the stream is what comes.
            let expected = if self.onward.is_even(i, now) {
                self.setpoint.acceleration[i] + self.jerk[i] * ahead
            } else {
                self.onward.acceleration(i, now + lead)
            };
            expected + faded
        })
    }

    /// Until when the command is followed: nothing newer within the timeout, or within its own life, is silence.
    pub(crate) fn end(&self) -> Stamp {
        self.setpoint.tag.stamp + self.onward.life()
    }

    /// The command in use.
    pub(crate) fn setpoint(&self) -> &Setpoint {
        &self.setpoint
    }

    fn age(&self, t: Stamp) -> f64 {
        self.onward.within(t.seconds_from(self.setpoint.tag.stamp))
    }
}

/// How far apart the setpoints of a stream are, by their numbers, so that a lost one does not make it seem slower.
fn interval_s(config: &Config, last: &Setpoint, next: &Setpoint) -> Option<f64> {
    let steps = next
        .tag
        .seq
        .checked_sub(last.tag.seq)
        .filter(|&steps| steps > 0)?;
    let interval_s = next.tag.stamp.seconds_from(last.tag.stamp) / steps as f64;
    let period_s = config.period_s();
    let slower = interval_s > SLOWER * period_s && interval_s < config.command_timeout().as_secs_f64();
    Some(if slower { interval_s } else { period_s })
}

fn onward(config: &Config, before: Option<&Setpoint>, setpoint: &Setpoint, interval_s: f64) -> Extrapolation {
    let longest = config.command_timeout().min(setpoint.tag.valid_for);
    Extrapolation::new(config, before, setpoint, longest, interval_s)
}

/// How far, and how fast, each joint is from where it is told to be.
#[derive(Clone, Copy, Debug, Default)]
struct Difference {
    position: JointVec,
    velocity: JointVec,
}

/// A difference in motion that goes to zero: for each joint the quintic with given position and velocity, and no acceleration, at its start, and zeros
/// at its end.
#[derive(Clone, Copy, Debug, Default)]
struct Fade {
    start: Stamp,
    duration_s: f64,
    difference: Difference,
}

impl Fade {
    /// From one position and velocity to another. Accelerations are taken over as they are: fading a step of acceleration, too, takes 18 times as long
    /// as the joint needs to make it, and meanwhile keeps it away from where it is told to be.
    fn of_motion(config: &Config, from: &Motion, to: &Motion, start: Stamp) -> Self {
        let minus = |a: &JointVec, b: &JointVec| JointVec::from_fn(b.len(), |i| a[i] - b[i]);
        let difference = Difference {
            position: minus(&from.position, &to.position),
            velocity: minus(&from.velocity, &to.velocity),
        };
        let mut duration_s = SHORTEST_CYCLES * config.period_s();
        while duration_s < LONGEST_FADE_S && !fits(config, &difference, duration_s) {
            duration_s *= 1.25;
        }
        Self {
            start,
            duration_s,
            difference,
        }
    }

    fn at(&self, t: Stamp) -> Motion {
        let s = t.seconds_from(self.start) / self.duration_s;
        let over = self.duration_s <= 0.0 || s >= 1.0;
        if over {
            return Motion::default();
        }
        let s = s.max(0.0);
        let (t, s2, s3) = (self.duration_s, s * s, s * s * s);
        let Difference { position, velocity } = &self.difference;
        let sum =
            |h0: f64, h1: f64| JointVec::from_fn(position.len(), |i| h0 * position[i] + h1 * t * velocity[i]);
        let per_t = |vec: JointVec, t: f64| JointVec::from_fn(vec.len(), |i| vec[i] / t);
        Motion {
            position: sum(
                1.0 - 10.0 * s3 + 15.0 * s2 * s2 - 6.0 * s2 * s3,
                s - 6.0 * s3 + 8.0 * s2 * s2 - 3.0 * s2 * s3,
            ),
            velocity: per_t(
                sum(
                    -30.0 * s2 + 60.0 * s3 - 30.0 * s2 * s2,
                    1.0 - 18.0 * s2 + 32.0 * s3 - 15.0 * s2 * s2,
                ),
                t,
            ),
            acceleration: per_t(
                sum(
                    -60.0 * s + 180.0 * s2 - 120.0 * s3,
                    -36.0 * s + 96.0 * s2 - 60.0 * s3,
                ),
                t * t,
            ),
        }
    }
}

/// Whether a difference that fades within `t` seconds asks for at most its share of each joint's limits. The factors are
/// the largest absolute values of the quintic's derivatives.
fn fits(config: &Config, difference: &Difference, t: f64) -> bool {
    config.group().joints.iter().enumerate().all(|(i, joint)| {
        let limits: &JointLimits = &joint.limits;
        let (e, v) = (difference.position[i].abs(), difference.velocity[i].abs());
        1.875 * e / t <= SHARE * limits.velocity()
            && 5.774 * e / (t * t) + 3.94 * v / t <= SHARE * limits.acceleration()
            && 60.0 * e / (t * t * t) + 36.0 * v / (t * t) <= SHARE * limits.jerk()
    })
}

/// Beyond the jitter of stamps.
const SLOWER: f64 = 1.05;
/// Intervals of the stream for which the last one's jerk is a good guess.
const KNOWN_STEPS: f64 = 1.5;
/// Shorter would be a step to the loops.
const SHORTEST_CYCLES: f64 = 10.0;
/// A tolerance is small against a joint's limits: this is only reached with odd configurations, and ends the search.
const LONGEST_FADE_S: f64 = 5.0;
/// Of a joint's limits, for the fade; the rest is the command's.
const SHARE: f64 = 0.5;
