//! Whether an arm can follow a motion in a moving frame at all: looked at before anything moves. SI.
//!
//! **Invariant:** looks at the whole motion with the frame anywhere in its range, as fast and as quickly changing as it may be.

use nalgebra::Isometry3;
use servomesh_types::{GroupDescription, JointVec};

use super::arm::Arm;
use super::carried::Carried;
use super::relative::RelativeMotion;
use crate::bounds::{Bounds, Quantity, unit};
use crate::pursuit::{Axis, Point};
use crate::state::State;

/// Why a motion in a moving frame is not begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Infeasible {
    /// The motion does not start where the tool is.
    StartsElsewhere {
        /// How far off, in m.
        distance: f64,
        /// And in rad.
        angle: f64,
    },
    /// The tool moves, or some number is none.
    NotAtRest,
    /// No joint positions put the tool there.
    OutOfReach {
        /// When, in s of the motion.
        time_s: f64,
        /// With the frame's joint there.
        coordinate: f64,
    },
    /// A joint would have to do too much.
    Beyond {
        /// Which joint, in the group's order.
        joint: usize,
        /// What there would be too much of.
        quantity: Quantity,
        /// How much.
        value: f64,
        /// How much there may be.
        limit: f64,
        /// When, in s of the motion.
        time_s: f64,
        /// With the frame's joint there.
        coordinate: f64,
    },
    /// The tool's motion asks for joint positions that velocities do not lead to: next to a singularity, or in another configuration.
    Jump {
        /// Which joint, in the group's order.
        joint: usize,
        /// By how much.
        by: f64,
        /// When, in s of the motion.
        time_s: f64,
        /// With the frame's joint there.
        coordinate: f64,
    },
}

impl Infeasible {
    /// Where the frame's joint would have been.
    pub fn coordinate(&self) -> Option<f64> {
        match self {
            Self::OutOfReach { coordinate, .. }
            | Self::Beyond { coordinate, .. }
            | Self::Jump { coordinate, .. } => Some(*coordinate),
            Self::StartsElsewhere { .. } | Self::NotAtRest => None,
        }
    }

    /// The sentence that says why, and where.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::StartsElsewhere { distance, angle } => format!(
                "the motion in the frame starts {distance:.4} m and {angle:.4} rad from where the tool is"
            ),
            Self::NotAtRest => "a moving frame is joined from rest".to_owned(),
            Self::OutOfReach { time_s, coordinate } => format!(
                "the tool can't be where the motion is after {time_s:.3} s with the frame's joint at {coordinate:.4}"
            ),
            Self::Beyond {
                joint,
                quantity,
                value,
                limit,
                time_s,
                coordinate,
            } => format!(
                "joint {}: {} {value:.4} {unit}, needed after {time_s:.3} s with the frame's joint at {coordinate:.4}, is beyond {limit:.4} {unit}",
                group.joint_name(*joint),
                quantity.name(),
                unit = unit(group, *joint, *quantity),
            ),
            Self::Jump {
                joint,
                by,
                time_s,
                coordinate,
            } => format!(
                "joint {} would have to jump by {by:.2e} {}, after {time_s:.3} s with the frame's joint at {coordinate:.4}",
                group.joint_name(*joint),
                unit(group, *joint, Quantity::Position),
            ),
        }
    }
}

/// Looks along the motion and over the range of the frame's joint, for its `limits`, from joint positions `start` with it there.
pub(super) fn check<M: RelativeMotion>(
    carried: &mut Carried<M>,
    start: (JointVec, f64),
    limits: &Axis,
    bounds: &Bounds,
) -> Result<(), Infeasible> {
    let (mut q_at_origin, origin) = start;
    let duration = carried.motion.duration();
    let times = if duration > 0.0 { TIMES } else { 0 };
    for k in 0..=times {
        let time_s = duration * k as f64 / TIMES as f64;
        // From the origin outwards in both directions, so that solutions follow each other.
        for (side, end) in [limits.lower, limits.upper].into_iter().enumerate() {
            let mut q = q_at_origin;
            for step in 0..=PLACES {
                let coordinate = origin + (end - origin) * step as f64 / PLACES as f64;
                let there = Looked { time_s, coordinate };
                let pose = carried.frame.pose(coordinate) * carried.motion.at(time_s).pose;
                q = reach(&mut carried.arm, &pose, &q).ok_or(there.out_of_reach())?;
                if step == 0 && side == 0 {
                    q_at_origin = q;
                }
                there.check(carried, &q, limits, bounds)?;
            }
        }
    }
    Ok(())
}

/// One place that is looked at.
#[derive(Clone, Copy)]
struct Looked {
    time_s: f64,
    coordinate: f64,
}

impl Looked {
    fn out_of_reach(self) -> Infeasible {
        Infeasible::OutOfReach {
            time_s: self.time_s,
            coordinate: self.coordinate,
        }
    }

    /// With the frame as fast and as quickly changing as it may be.
    fn check<M: RelativeMotion>(
        self,
        carried: &mut Carried<M>,
        q: &JointVec,
        limits: &Axis,
        bounds: &Bounds,
    ) -> Result<(), Infeasible> {
        let most = limits.acceleration;
        let at = |v: f64, a: f64| Point {
            p: self.coordinate,
            v,
            a,
        };
        let [low, high] = [-most, most].map(|a| self.moving(carried, *q, at(0.0, a), 0.0));
        let (low, high) = (low?.acceleration, high?.acceleration);
        // The frame's jerk moves joints as its acceleration does.
        let share = limits.jerk / (2.0 * most);
        let by_frame = JointVec::from_fn(q.len(), |i| (high[i] - low[i]).abs() * share);
        for v in [-limits.velocity, 0.0, limits.velocity] {
            for a in [-most, 0.0, most] {
                let point = at(v, a);
                let state = self.moving(carried, *q, point, 0.0)?;
                self.within(bounds, &state)?;
                let then = self.moving(carried, on(&state), point.after(SHORT_S, 0.0), SHORT_S)?;
                for joint in 0..q.len() {
                    let own = (then.acceleration[joint] - state.acceleration[joint]) / SHORT_S;
                    let value = own.abs() + by_frame[joint];
                    self.judge(joint, Quantity::Jerk, value, bounds.jerk[joint])?;
                }
            }
        }
        Ok(())
    }

    /// The joints at `position`, with the motion `later` than this.
    fn moving<M: RelativeMotion>(
        self,
        carried: &mut Carried<M>,
        position: JointVec,
        coordinate: Point,
        later: f64,
    ) -> Result<State, Infeasible> {
        let relative = carried.motion.at(self.time_s + later);
        let tool = carried.frame.carry(coordinate, &relative);
        let (velocity, acceleration) = carried
            .arm
            .joint_motion(&position, &tool.velocity, &tool.acceleration)
            .ok_or(self.out_of_reach())?;
        Ok(State {
            position,
            velocity,
            acceleration,
        })
    }

    fn within(self, bounds: &Bounds, state: &State) -> Result<(), Infeasible> {
        for joint in 0..state.position.len() {
            let Point { p, v, a } = state.joint(joint);
            if p < bounds.lower[joint] || p > bounds.upper[joint] {
                let limit = bounds.limit(joint, Quantity::Position, p);
                return Err(self.beyond(joint, Quantity::Position, p, limit));
            }
            self.judge(joint, Quantity::Velocity, v, bounds.velocity[joint])?;
            self.judge(joint, Quantity::Acceleration, a, bounds.acceleration[joint])?;
        }
        Ok(())
    }

    fn judge(self, joint: usize, quantity: Quantity, value: f64, limit: f64) -> Result<(), Infeasible> {
        if value.abs() <= limit {
            Ok(())
        } else {
            Err(self.beyond(joint, quantity, value, limit))
        }
    }

    fn beyond(self, joint: usize, quantity: Quantity, value: f64, limit: f64) -> Infeasible {
        Infeasible::Beyond {
            joint,
            quantity,
            value,
            limit,
            time_s: self.time_s,
            coordinate: self.coordinate,
        }
    }
}

/// Joint positions shortly after `state`.
fn on(state: &State) -> JointVec {
    JointVec::from_fn(state.position.len(), |i| state.joint(i).after(SHORT_S, 0.0).p)
}

/// In steps that inverse kinematics can follow.
fn reach(arm: &mut Arm, pose: &Isometry3<f64>, q: &JointVec) -> Option<JointVec> {
    if let Some(found) = arm.track(pose, q) {
        return Some(found);
    }
    let from = arm.pose(q);
    let mut q = *q;
    for k in 1..=SUBSTEPS {
        let share = k as f64 / SUBSTEPS as f64;
        let between = from.try_lerp_slerp(pose, share, 1e-9)?;
        q = arm.track(&between, &q)?;
    }
    Some(q)
}

/// Over which jerks are taken from accelerations: far shorter than a phase of a motion.
const SHORT_S: f64 = 1e-4;

const TIMES: usize = 12;
const PLACES: usize = 12;
const SUBSTEPS: usize = 8;
