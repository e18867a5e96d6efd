//! Where the follower is for a state of the leader, by the chain rule; and whether that can ever break its limits.
//!
//! With f the follower's position over the leader's p: v = f′ṗ, a = f″ṗ² + f′p̈, j = f‴ṗ³ + 3f″ṗp̈ + f′p⃛.
//!
//! **Invariant:** a law that was found to fit keeps the follower's limits for every motion of the leader within its own.

use servomesh_types::GroupDescription;

use super::table::CamTable;
use crate::bounds::{Quantity, unit};
use crate::pursuit::{Axis, Point};

/// How the follower's position depends on the leader's.
#[derive(Clone, Debug)]
pub enum Law {
    /// `ratio · leader + offset`.
    Gear {
        /// Units of the follower for each of the leader.
        ratio: f64,
        /// Where the follower is with the leader at 0.
        offset: f64,
    },
    /// A curve.
    Cam(CamTable),
}

/// The leader may move in a way that the follower may not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoesNotFit {
    /// Of what there could be too much.
    pub quantity: Quantity,
    /// How much of it.
    pub value: f64,
    /// How much there may be.
    pub limit: f64,
    /// Where the leader is then.
    pub leader: f64,
}

impl DoesNotFit {
    /// The sentence that names joint, value and limit.
    pub fn describe(&self, group: &GroupDescription, joint: usize) -> String {
        format!(
            "joint {}: {} {:.4} {unit}, with the leader at {:.4} and as fast as it may be, is beyond its limit {:.4} {unit}",
            group.joint_name(joint),
            self.quantity.name(),
            self.value,
            self.leader,
            self.limit,
            unit = unit(group, joint, self.quantity),
        )
    }
}

impl Law {
    /// A gear, both joints counted from their zeros.
    pub fn gear(ratio: f64) -> Self {
        Self::Gear { ratio, offset: 0.0 }
    }

    /// A gear, both joints counted from where they are.
    pub fn gear_from(ratio: f64, leader: f64, follower: f64) -> Self {
        Self::Gear {
            ratio,
            offset: follower - ratio * leader,
        }
    }

    /// Where the follower is, how it moves, and its jerk.
    pub fn follower(&self, leader: Point, jerk: f64) -> (Point, f64) {
        match self {
            Self::Gear { ratio, offset } => {
                let point = Point {
                    p: ratio * leader.p + offset,
                    v: ratio * leader.v,
                    a: ratio * leader.a,
                };
                (point, ratio * jerk)
            }
            Self::Cam(table) => {
                let [p, slope, curvature, third] = table.at(leader.p);
                let Point { v, a, .. } = leader;
                let point = Point {
                    p,
                    v: slope * v,
                    a: curvature * v * v + slope * a,
                };
                (point, third * v * v * v + 3.0 * curvature * v * a + slope * jerk)
            }
        }
    }

    /// Whether the follower keeps its limits for whatever the leader may do within its own.
    ///
    /// # Errors
    /// [`DoesNotFit`]: the first limit that could be broken.
    pub fn fits(&self, leader: &Axis, follower: &Axis) -> Result<(), DoesNotFit> {
        match self {
            Self::Gear { ratio, offset } => {
                // Zero times an endless range is no number, and no motion.
                let end = |leader: f64| {
                    if ratio.abs() <= 0.0 {
                        *offset
                    } else {
                        ratio * leader + offset
                    }
                };
                for at in [leader.lower, leader.upper] {
                    check_range(end(at), at, follower)?;
                }
                check_rates([ratio.abs(), 0.0, 0.0], end(0.0), leader, follower).map_err(|mut problem| {
                    problem.leader = 0.0f64.clamp(leader.lower, leader.upper);
                    problem
                })
            }
            Self::Cam(table) => {
                let mut result = Ok(());
                table.for_each_stretch(|at, derivatives, (lowest, highest)| {
                    if result.is_ok() {
                        result = check_range(lowest, at, follower)
                            .and_then(|()| check_range(highest, at, follower))
                            .and_then(|()| check_rates(derivatives, at, leader, follower));
                    }
                });
                result
            }
        }
    }
}

fn check_range(value: f64, leader: f64, follower: &Axis) -> Result<(), DoesNotFit> {
    let range = follower.upper - follower.lower;
    let slack = if range.is_finite() { range * SLACK } else { 0.0 };
    // Written so that what is not a number does not fit.
    if value >= follower.lower - slack && value <= follower.upper + slack {
        return Ok(());
    }
    Err(DoesNotFit {
        quantity: Quantity::Position,
        value,
        limit: if value < follower.lower {
            follower.lower
        } else {
            follower.upper
        },
        leader,
    })
}

/// For bounds of |f′|, |f″| and |f‴|.
fn check_rates(bounds: [f64; 3], at: f64, leader: &Axis, follower: &Axis) -> Result<(), DoesNotFit> {
    let [slope, curvature, third] = bounds;
    let Axis {
        velocity: v,
        acceleration: a,
        jerk: j,
        ..
    } = *leader;
    let needs = [
        (Quantity::Velocity, slope * v, follower.velocity),
        (
            Quantity::Acceleration,
            curvature * v * v + slope * a,
            follower.acceleration,
        ),
        (
            Quantity::Jerk,
            third * v * v * v + 3.0 * curvature * v * a + slope * j,
            follower.jerk,
        ),
    ];
    for (quantity, value, limit) in needs {
        if value.is_nan() || value > limit * (1.0 + SLACK) {
            return Err(DoesNotFit {
                quantity,
                value,
                limit,
                leader: at,
            });
        }
    }
    Ok(())
}

/// Share of a limit that sums may be off by.
const SLACK: f64 = 1e-9;
