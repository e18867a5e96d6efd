//! Whether an arm can follow a motion in a moving frame at all: looked at before anything moves. SI.
//!
//! **Invariant:** looks at the whole motion with the frame anywhere in its range, as fast and as quickly changing as it may be.

use nalgebra::Isometry3;
use servomesh_types::{GroupDescription, JointVec};

use super::arm::Arm;
use super::frame::Frame;
use super::relative::RelativeMotion;
use crate::bounds::{Bounds, Quantity, unit};
use crate::pursuit::{Axis, Point};

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
}

impl Infeasible {
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
        }
    }
}

/// Looks along the motion and over `range` of the frame's joint, for its `limits`, from joint positions `start` at the range's `origin`.
pub(super) fn check<M: RelativeMotion>(
    arm: &mut Arm,
    frame: &mut Frame,
    motion: &M,
    start: (JointVec, f64),
    range: (f64, f64),
    limits: &Axis,
    bounds: &Bounds,
) -> Result<(), Infeasible> {
    let (q0, origin) = start;
    let times = if motion.duration() > 0.0 { TIMES } else { 0 };
    let mut q_at_origin = q0;
    for k in 0..=times {
        let time_s = motion.duration() * k as f64 / TIMES as f64;
        let relative = motion.at(time_s);
        // From the origin outwards in both directions, so that solutions follow each other.
        for (side, end) in [range.0, range.1].into_iter().enumerate() {
            let mut q = q_at_origin;
            for step in 0..=PLACES {
                let coordinate = origin + (end - origin) * step as f64 / PLACES as f64;
                let pose = frame.pose(coordinate) * relative.pose;
                q = reach(arm, &pose, &q).ok_or(Infeasible::OutOfReach { time_s, coordinate })?;
                if step == 0 && side == 0 {
                    q_at_origin = q;
                }
                for v in [-limits.velocity, 0.0, limits.velocity] {
                    for a in [-limits.acceleration, 0.0, limits.acceleration] {
                        let tool = frame.carry(Point { p: coordinate, v, a }, &relative);
                        let Some((qd, qdd)) = arm.joint_motion(&q, &tool.velocity, &tool.acceleration) else {
                            return Err(Infeasible::OutOfReach { time_s, coordinate });
                        };
                        let beyond = first_beyond(&q, &qd, &qdd, bounds);
                        if let Some((joint, quantity, value, limit)) = beyond {
                            return Err(Infeasible::Beyond {
                                joint,
                                quantity,
                                value,
                                limit,
                                time_s,
                                coordinate,
                            });
                        }
                    }
                }
            }
        }
    }
    Ok(())
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

fn first_beyond(
    q: &JointVec,
    qd: &JointVec,
    qdd: &JointVec,
    bounds: &Bounds,
) -> Option<(usize, Quantity, f64, f64)> {
    for i in 0..q.len() {
        if q[i] < bounds.lower[i] || q[i] > bounds.upper[i] {
            return Some((
                i,
                Quantity::Position,
                q[i],
                bounds.limit(i, Quantity::Position, q[i]),
            ));
        }
        let rates = [
            (Quantity::Velocity, qd[i], bounds.velocity[i]),
            (Quantity::Acceleration, qdd[i], bounds.acceleration[i]),
        ];
        for (quantity, value, limit) in rates {
            if value.is_nan() || value.abs() > limit {
                return Some((i, quantity, value, limit));
            }
        }
    }
    None
}

const TIMES: usize = 12;
const PLACES: usize = 12;
const SUBSTEPS: usize = 8;
