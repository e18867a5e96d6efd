//! Where a stop leads: a row of places, and how far the joints may be from what two of them span.
//!
//! The row begins at the setpoint before, then goes through the stop from its beginning to its end: closely where it is fast. A stop that begins late is one
//! after a stream that fell silent: until then the joints go on with their accelerations. Positions in rad (m), times in s.
//!
//! **Invariant:** between two places of a row each joint is between its two values, give or take [`Sweep::slack`], also if the stop begins late.

use crate::checks::JointRules;
use crate::stop::{Reference, Stop};
use servomesh_types::JointVec;
use std::time::Duration;

/// The row of places of one stop.
#[derive(Clone, Debug)]
pub struct Sweep<'a> {
    stop: Option<&'a Stop>,
    /// The setpoint before, then the stop.
    places: [JointVec; PLACES],
    times_s: [f64; PLACES],
    count: usize,
    slack: JointVec,
    /// How fast the end of the stop moves on from setpoint to setpoint, about.
    drift: JointVec,
}

impl<'a> Sweep<'a> {
    /// A group that stands at a position.
    pub fn standing(position: &JointVec) -> Self {
        let mut sweep = Self {
            stop: None,
            places: [JointVec::EMPTY; PLACES],
            times_s: [0.0; PLACES],
            count: 0,
            slack: JointVec::zeros(position.len()),
            drift: JointVec::zeros(position.len()),
        };
        sweep.push(*position, 0.0);
        sweep.push(*position, 0.0);
        sweep
    }

    /// A stop, and the way from the setpoint before to the one that it begins at. It may begin `reaction_s` late.
    pub fn of(from: &JointVec, stop: &'a Stop, rules: &[JointRules], reaction_s: f64) -> Self {
        let late = (reaction_s > 0.0).then(|| Late::new(stop, rules, reaction_s));
        let duration_s = stop.duration_s().max(late.as_ref().map_or(0.0, Late::duration_s));
        let steps = (duration_s / STEP_S).ceil().min(STEPS as f64);
        let mut sweep = Self {
            stop: Some(stop),
            places: [JointVec::EMPTY; PLACES],
            times_s: [0.0; PLACES],
            count: 0,
            slack: JointVec::from_fn(from.len(), |joint| stop.overshoot(joint)),
            drift: JointVec::from_fn(from.len(), |joint| drift(stop.from(), joint, &rules[joint])),
        };
        sweep.push(*from, 0.0);
        sweep.push(stop.from().position, 0.0);
        for step in 1..=steps as usize {
            // Evenly along the way of a joint that brakes evenly.
            let time_s = duration_s * (1.0 - (1.0 - step as f64 / steps).max(0.0).sqrt());
            sweep.push(sweep.at(time_s), time_s);
        }
        if let Some(late) = late {
            late.widen(&mut sweep, stop.from());
        }
        sweep
    }

    fn push(&mut self, place: JointVec, time_s: f64) {
        (self.places[self.count], self.times_s[self.count]) = (place, time_s);
        self.count += 1;
    }

    /// The place a time after the beginning of the stop.
    pub fn at(&self, time_s: f64) -> JointVec {
        match self.stop {
            Some(stop) => JointVec::from_fn(self.slack.len(), |joint| stop.joint_at(joint, time_s).0),
            None => self.places[0],
        }
    }

    /// The row.
    pub fn places(&self) -> &[JointVec] {
        &self.places[..self.count]
    }

    /// When the stop is at a place of the row. The first two are of one time: the way from the setpoint before can't be divided.
    pub fn time_s(&self, place: usize) -> f64 {
        self.times_s[place]
    }

    /// How far each joint may be beyond what two places span.
    pub fn slack(&self) -> &[f64] {
        &self.slack
    }

    /// About where a stop will end that begins that much later: a guess.
    pub fn end_after(&self, later_s: f64) -> JointVec {
        let end = &self.places[self.count.saturating_sub(1)];
        JointVec::from_fn(end.len(), |joint| end[joint] + later_s * self.drift[joint])
    }
}

/// At velocity v and acceleration a the end of a stop with v²/2A moves on by v·(1 + a/A).
fn drift(from: &Reference, joint: usize, rule: &JointRules) -> f64 {
    let (velocity, acceleration) = (from.velocity[joint], from.acceleration[joint]);
    velocity * (1.0 + acceleration * velocity.signum() / rule.acceleration).clamp(0.0, 2.0)
}

/// The stop that begins latest: those that begin between it and the one in time are between the two.
struct Late {
    after_s: f64,
    stop: Stop,
}

impl Late {
    fn new(stop: &Stop, rules: &[JointRules], after_s: f64) -> Self {
        let from = stop.from();
        let then = from.extrapolated(from.told + Duration::from_secs_f64(after_s));
        Self {
            after_s,
            stop: Stop::plan(&then, rules),
        }
    }

    fn duration_s(&self) -> f64 {
        self.after_s + self.stop.duration_s()
    }

    fn widen(&self, sweep: &mut Sweep<'_>, from: &Reference) {
        for joint in 0..sweep.slack.len() {
            let (q, v, a) = (
                from.position[joint],
                from.velocity[joint],
                from.acceleration[joint],
            );
            let mut behind: f64 = 0.0;
            for (place, &t) in sweep.places[1..sweep.count].iter().zip(&sweep.times_s[1..]) {
                let late = if t < self.after_s {
                    q + t * (v + t * a / 2.0)
                } else {
                    self.stop.joint_at(joint, t - self.after_s).0
                };
                behind = behind.max((late - place[joint]).abs());
            }
            // Before it begins it may turn back once as well.
            let turn = a.abs() * self.after_s * self.after_s / 2.0;
            sweep.slack[joint] += behind + turn + self.stop.overshoot(joint);
        }
    }
}

/// How many places a row has at most.
pub const PLACES: usize = STEPS + 2;
/// In how many steps a stop is looked at, at most, unless something is near.
const STEPS: usize = 24;
/// A stop of this length is looked at in one step \[s\].
const STEP_S: f64 = 0.02;
