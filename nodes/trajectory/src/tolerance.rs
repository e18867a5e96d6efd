//! Whether the measured state is close enough to where it should be.

use servomesh_types::{GroupDescription, GroupMotion, JointVec};

use crate::config::Config;
use crate::{JointTolerance, Refusal};
use servomesh_motion::State;
use servomesh_motion::bounds::{Quantity, unit};

/// How far each joint may be from its setpoint; infinite where that is not checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    position: JointVec,
    velocity: JointVec,
    acceleration: JointVec,
}

/// One joint that is too far off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Violation {
    joint: usize,
    quantity: Quantity,
    error: f64,
    limit: f64,
}

impl Tolerance {
    /// The default on the way.
    pub(crate) fn of_path(group: &GroupDescription, config: &Config) -> Self {
        Self::on_position(group, |name, kind| config.tolerances(name, kind).path)
    }

    /// The default at the goal.
    pub(crate) fn of_goal(group: &GroupDescription, config: &Config) -> Self {
        Self::on_position(group, |name, kind| config.tolerances(name, kind).goal)
    }

    fn on_position(
        group: &GroupDescription,
        tolerance: impl Fn(&str, servomesh_types::JointKind) -> f64,
    ) -> Self {
        let n = group.joints.len();
        let position = JointVec::from_fn(n, |i| {
            let joint = &group.joints[i];
            match tolerance(&joint.name, joint.kind) {
                limit if limit > 0.0 => limit,
                _ => f64::INFINITY,
            }
        });
        let none = JointVec::from_fn(n, |_| f64::INFINITY);
        Self {
            position,
            velocity: none,
            acceleration: none,
        }
    }

    /// The same with what a goal says: 0 is the default, −1 is none.
    pub(crate) fn with(
        mut self,
        asked: &[JointTolerance],
        field: &str,
        group: &GroupDescription,
    ) -> Result<Self, Refusal> {
        for tolerance in asked {
            let name = &tolerance.name;
            let Some(joint) = group.joint_index(name) else {
                let text = format!(
                    "{field} names joint {name:?}, which is not one of group {}'s",
                    group.name
                );
                return Err(Refusal::new(crate::Code::InvalidJoints, text));
            };
            let values = [
                (&mut self.position[joint], tolerance.position, Quantity::Position),
                (&mut self.velocity[joint], tolerance.velocity, Quantity::Velocity),
                (
                    &mut self.acceleration[joint],
                    tolerance.acceleration,
                    Quantity::Acceleration,
                ),
            ];
            for (limit, value, quantity) in values {
                *limit = match value {
                    0.0 => *limit,
                    -1.0 => f64::INFINITY,
                    value if value > 0.0 => value,
                    _ => {
                        return Err(Refusal::invalid(format!(
                            "joint {name}: {field} on {} is {value}, but must be positive, 0 (the default) or -1 (none)",
                            quantity.name()
                        )));
                    }
                };
            }
        }
        Ok(self)
    }

    /// The first joint that is too far from `desired`.
    pub(crate) fn violation(&self, desired: &State, actual: &GroupMotion) -> Option<Violation> {
        let checks = [
            (
                Quantity::Position,
                &self.position,
                &desired.position,
                &actual.position,
            ),
            (
                Quantity::Velocity,
                &self.velocity,
                &desired.velocity,
                &actual.velocity,
            ),
            (
                Quantity::Acceleration,
                &self.acceleration,
                &desired.acceleration,
                &actual.acceleration,
            ),
        ];
        for (quantity, limits, desired, actual) in checks {
            for joint in 0..limits.len() {
                // A measurement without this quantity can't be shown to be within a tolerance that was asked for.
                let error = actual
                    .get(joint)
                    .map_or(f64::NAN, |actual| desired[joint] - actual);
                let limit = limits[joint];
                if limit.is_finite() && (error.is_nan() || error.abs() > limit) {
                    return Some(Violation {
                        joint,
                        quantity,
                        error,
                        limit,
                    });
                }
            }
        }
        None
    }
}

impl Violation {
    /// The sentence that names joint, error and tolerance.
    pub(crate) fn describe(&self, group: &GroupDescription) -> String {
        let unit = unit(group, self.joint, self.quantity);
        format!(
            "joint {}: {} is {:.4} {unit} from its setpoint, beyond its tolerance {:.4} {unit}",
            group.joint_name(self.joint),
            self.quantity.name(),
            self.error.abs(),
            self.limit,
        )
    }
}
