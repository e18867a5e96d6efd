//! The joints between the root link and the goal link, as a chain of stages: what the solvers move, and how far.
//!
//! Decides which joint values are free ([`Variable`]), between which bounds they are searched, and which values a whole turn
//! apart are the same pose. Lengths in m, angles in rad; poses and columns are in the axes of the goal.
//!
//! **Invariant:** a chain has 1 to [`MAX_JOINTS`] variables, and each of them moves the link.

use std::f64::consts::TAU;

use nalgebra::{Vector3, Vector6};
use servomesh_types::MAX_JOINTS;

use crate::angle::sin_cos;
use crate::error::RobotError;
use crate::model::{LinkId, Model};
use crate::spatial::Placement;

/// One value for each variable of a chain; entries behind the last variable are 0.
pub(super) type Values = [f64; MAX_JOINTS];

/// How far beyond a limit a value may be before it counts as outside, to absorb rounding (rad or m).
const LIMIT_SLACK: f64 = 1e-9;

/// One moving body on the way to the link.
#[derive(Debug, Clone)]
struct Stage {
    /// With the variable at 0.
    parent_from_body: Placement,
    rotary: bool,
    variable: usize,
    /// Position per value of the variable; not 1 where the joint mimics another.
    ratio: f64,
}

/// A joint value that the solvers may choose.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    /// Its index among the model's joints.
    pub(super) joint: usize,
    pub(super) lower: f64,
    pub(super) upper: f64,
    /// Whether values 2π apart put the link into the same pose.
    pub(super) periodic: bool,
    /// Joint units that weigh as much as 1 rad: 1 for angles, the chain's reach for lengths.
    pub(super) scale: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Chain {
    stages: Vec<Stage>,
    variables: Vec<Variable>,
    body_from_link: Placement,
    /// Sum of all offsets and slides (m): an upper bound on how far the link gets from the first joint, if slides have limits.
    reach: f64,
}

/// The line about or along which a stage moves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Axis {
    pub(super) direction: Vector3<f64>,
    pub(super) point: Vector3<f64>,
}

/// Where a chain stands: the link in the goal's frame, and axis and origin of each stage.
#[derive(Debug, Clone)]
pub(super) struct Pose {
    pub(super) goal_from_link: Placement,
    stages: Vec<Axis>,
}

impl Chain {
    pub(super) fn new(model: &Model, link: LinkId) -> Result<Self, RobotError> {
        let mut on_chain = Vec::new();
        let mut carrier = model.links[link.0].body;
        while let Some(index) = carrier {
            on_chain.push(&model.bodies[index]);
            carrier = model.bodies[index].parent;
        }
        on_chain.reverse();
        let mut joints: Vec<usize> = Vec::new();
        for body in &on_chain {
            if !joints.contains(&body.joint) {
                joints.push(body.joint);
            }
        }
        if joints.is_empty() || joints.len() > MAX_JOINTS {
            return Err(RobotError::BadValue {
                robot: model.name().to_owned(),
                item: format!("link {}", model.link_name(link)),
                what: "number of joints that move it",
                value: joints.len() as f64,
                must_be: "1 to 16 for inverse kinematics",
            });
        }
        if let Some(&free) = joints.iter().find(|&&joint| joint >= model.joint_count()) {
            return Err(RobotError::BadValue {
                robot: model.name().to_owned(),
                item: format!("link {}", model.link_name(link)),
                what: "place of a joint that moves it",
                value: free as f64,
                must_be: "that of a joint with one degree of freedom for inverse kinematics",
            });
        }
        let stages: Vec<Stage> = on_chain
            .iter()
            .map(|body| Stage {
                parent_from_body: body.parent_from_body(0.0),
                rotary: body.rotary,
                variable: joints.iter().position(|&joint| joint == body.joint).unwrap_or(0),
                ratio: body.ratio,
            })
            .collect();
        let body_from_link = model.links[link.0].body_from_link;
        let mut chain = Self {
            reach: 0.0,
            variables: joints
                .iter()
                .map(|&joint| variable(model, joint, &stages, &joints))
                .collect(),
            stages,
            body_from_link,
        };
        chain.reach = chain.longest();
        for variable in &mut chain.variables {
            if !model.joints()[variable.joint].kind.is_rotary() {
                variable.scale = chain.reach;
            }
        }
        Ok(chain)
    }

    /// The sum of the offsets behind the first joint and of the slides; unlimited slides do not count.
    fn longest(&self) -> f64 {
        let offsets = self.stages[1..].iter().map(|stage| &stage.parent_from_body);
        let offsets = offsets
            .chain([&self.body_from_link])
            .map(|offset| offset.translation.norm());
        let slides = self.stages.iter().filter(|stage| !stage.rotary).map(|stage| {
            let variable = &self.variables[stage.variable];
            let longest = (stage.ratio * variable.lower)
                .abs()
                .max((stage.ratio * variable.upper).abs());
            if longest.is_finite() { longest } else { 0.0 }
        });
        let longest = offsets.sum::<f64>() + slides.sum::<f64>();
        // A link on the axis of a single joint has no offsets at all; any length will do there.
        if longest > 0.0 { longest } else { 1.0 }
    }

    pub(super) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    pub(super) fn len(&self) -> usize {
        self.variables.len()
    }

    /// The variables' part of a model's joint values.
    pub(super) fn values_of(&self, q: &[f64]) -> Values {
        let mut values = [0.0; MAX_JOINTS];
        for (value, variable) in values.iter_mut().zip(&self.variables) {
            *value = q[variable.joint];
        }
        values
    }

    /// Puts values among a model's joint values.
    pub(super) fn write(&self, values: &Values, q: &mut [f64]) {
        for (value, variable) in values.iter().zip(&self.variables) {
            q[variable.joint] = *value;
        }
    }

    /// The same pose within the limits, in the turns nearest to `seed`.
    pub(super) fn within_limits(&self, values: &Values, seed: &Values) -> Option<Values> {
        let mut within = [0.0; MAX_JOINTS];
        for (index, variable) in self.variables.iter().enumerate() {
            within[index] = variable.within_limits(values[index], seed[index])?;
        }
        Some(within)
    }

    pub(super) fn reach(&self) -> f64 {
        self.reach
    }

    /// The squared distance of two sets of values, lengths in reaches.
    pub(super) fn distance2(&self, a: &Values, b: &Values) -> f64 {
        let differences = self.variables.iter().zip(a.iter().zip(b));
        differences
            .map(|(variable, (a, b))| ((a - b) / variable.scale).powi(2))
            .sum()
    }

    /// Says whether a point of the base frame is farther from the first joint than the chain can ever get.
    pub(super) fn is_beyond_reach(&self, point: &Vector3<f64>) -> bool {
        let endless = self.stages.iter().any(|stage| {
            let variable = &self.variables[stage.variable];
            !stage.rotary && (variable.lower.is_infinite() || variable.upper.is_infinite())
        });
        !endless && (point - self.stages[0].parent_from_body.translation).norm() > self.reach * (1.0 + 1e-9)
    }

    /// The chain as six separate turning axes; `None` for any other chain.
    pub(super) fn six_axes(&self) -> Option<([Axis; 6], Placement)> {
        let plain = |stage: &Stage| stage.rotary && (stage.ratio - 1.0).abs() < f64::EPSILON;
        if self.stages.len() != 6 || self.variables.len() != 6 || !self.stages.iter().all(plain) {
            return None;
        }
        let mut home = self.pose();
        self.place(&Placement::identity(), &[0.0; MAX_JOINTS], &mut home);
        let axes = home.stages.as_slice().try_into().ok()?;
        Some((axes, home.goal_from_link))
    }

    /// Memory for [`Chain::place`].
    pub(super) fn pose(&self) -> Pose {
        Pose {
            goal_from_link: Placement::identity(),
            stages: vec![Axis::default(); self.stages.len()],
        }
    }

    /// Forward kinematics in the goal's frame.
    pub(super) fn place(&self, goal_from_base: &Placement, values: &Values, pose: &mut Pose) {
        let mut placement = *goal_from_base;
        for (stage, axis) in self.stages.iter().zip(&mut pose.stages) {
            placement = placement.then(&stage.parent_from_body);
            let position = stage.ratio * values[stage.variable];
            axis.direction = placement.rotation.column(2).into_owned();
            if stage.rotary {
                let (sin, cos) = sin_cos(position);
                let x = placement.rotation.column(0).into_owned();
                let y = placement.rotation.column(1).into_owned();
                placement.rotation.set_column(0, &(x * cos + y * sin));
                placement.rotation.set_column(1, &(y * cos - x * sin));
            } else {
                placement.translation += axis.direction * position;
            }
            axis.point = placement.translation;
        }
        pose.goal_from_link = placement.then(&self.body_from_link);
    }

    /// The link's velocity (linear, then angular, in the goal's axes) for each variable that moves by its scale per second.
    pub(super) fn columns(&self, pose: &Pose, columns: &mut [Vector6<f64>; MAX_JOINTS]) {
        columns[..self.variables.len()].fill(Vector6::zeros());
        let tip = pose.goal_from_link.translation;
        for (stage, axis) in self.stages.iter().zip(&pose.stages) {
            let along = axis.direction * (stage.ratio * self.variables[stage.variable].scale);
            let column = &mut columns[stage.variable];
            if stage.rotary {
                let linear = along.cross(&(tip - axis.point));
                *column += Vector6::new(linear.x, linear.y, linear.z, along.x, along.y, along.z);
            } else {
                *column += Vector6::new(along.x, along.y, along.z, 0.0, 0.0, 0.0);
            }
        }
    }
}

fn variable(model: &Model, joint: usize, stages: &[Stage], joints: &[usize]) -> Variable {
    let whole_turns =
        |stage: &Stage| stage.rotary && (stage.ratio - stage.ratio.round()).abs() < f64::EPSILON;
    let mut moved = stages.iter().filter(|stage| joints[stage.variable] == joint);
    let limits = &model.joints()[joint].limits;
    Variable {
        joint,
        lower: limits.lower,
        upper: limits.upper,
        periodic: moved.all(whole_turns),
        scale: 1.0,
    }
}

impl Variable {
    /// Between which values the solvers move: none where every pose of the joint is within its limits.
    pub(super) fn search_bounds(&self) -> (f64, f64) {
        if self.periodic && self.upper - self.lower >= TAU {
            (f64::NEG_INFINITY, f64::INFINITY)
        } else {
            (self.lower, self.upper)
        }
    }

    /// The value within the limits that is the same pose as `value`, and of those the nearest to `seed`.
    pub(super) fn within_limits(&self, value: f64, seed: f64) -> Option<f64> {
        let (lower, upper) = (self.lower - LIMIT_SLACK, self.upper + LIMIT_SLACK);
        let mut turned = value;
        if self.periodic {
            turned -= TAU * ((value - seed) / TAU).round();
            if turned < lower {
                turned += TAU * ((lower - turned) / TAU).ceil();
            } else if turned > upper {
                turned -= TAU * ((turned - upper) / TAU).ceil();
            }
        }
        (lower..=upper)
            .contains(&turned)
            .then(|| turned.clamp(self.lower, self.upper))
    }

    /// The distance of two values, whole turns aside (rad or m).
    pub(super) fn difference(&self, a: f64, b: f64) -> f64 {
        let away = a - b;
        let turned = if self.periodic {
            away - TAU * (away / TAU).round()
        } else {
            away
        };
        turned.abs()
    }

    /// The value within the limits that is nearest to the pose of `value`, and how far it is from that.
    pub(super) fn pushed_within_limits(&self, value: f64, seed: f64) -> (f64, f64) {
        if let Some(inside) = self.within_limits(value, seed) {
            return (inside, 0.0);
        }
        let (to_lower, to_upper) = (
            self.difference(value, self.lower),
            self.difference(value, self.upper),
        );
        if to_lower <= to_upper {
            (self.lower, to_lower)
        } else {
            (self.upper, to_upper)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joint(lower: f64, upper: f64, periodic: bool) -> Variable {
        Variable {
            joint: 0,
            lower,
            upper,
            periodic,
            scale: 1.0,
        }
    }

    fn check(variable: &Variable, value: f64, seed: f64, expected: Option<f64>) {
        let got = variable.within_limits(value, seed);
        let close = match (got, expected) {
            (Some(got), Some(expected)) => (got - expected).abs() < 1e-12,
            (got, expected) => got == expected,
        };
        assert!(close, "{value} from {seed}: {got:?} instead of {expected:?}");
    }

    #[test]
    fn the_turn_nearest_to_the_seed_is_taken_if_the_limits_have_it() {
        let two_turns = joint(-TAU, TAU, true);
        check(&two_turns, 0.1, 6.0, Some(0.1 + TAU - TAU));
        check(&two_turns, 0.1 - TAU, 3.3, Some(0.1));
        check(&two_turns, -0.1, 6.0, Some(TAU - 0.1));
        check(&two_turns, 0.1, -6.0, Some(0.1 - TAU));
        check(
            &joint(f64::NEG_INFINITY, f64::INFINITY, true),
            0.5,
            40.0,
            Some(0.5 + 6.0 * TAU),
        );
    }

    #[test]
    fn what_no_turn_brings_within_the_limits_is_outside() {
        let elbow = joint(-2.0, 2.0, true);
        check(&elbow, 2.5, 0.0, None);
        check(&elbow, 2.0 + 1e-10, 0.0, Some(2.0));
        check(&elbow, TAU - 1.9, 2.0, Some(-1.9));
        check(&joint(0.0, 0.4, false), TAU, 0.1, None);
    }
}
