//! The answer where no joint values reach a goal: how far off the closest ones are, and which limits are in the way.
//!
//! **Invariant:** `closest` is within the limits, and `position` and `angle` are its errors.

use servomesh_types::{JointVec, MAX_JOINTS};

use crate::inverse_kinematics::chain::Values;
use crate::inverse_kinematics::descent::{Descent, Problem};

/// No joint values within the limits were found that put the link into the pose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutOfReach {
    /// How far the closest pose is from the goal (m), in the directions that count.
    pub position: f64,
    /// Between the closest pose and the goal (rad), in the directions that count.
    pub angle: f64,
    /// The joint values of the closest pose that was found, for [`crate::InverseKinematics::joints`]. Closest by position and angle together, 1 rad counting a
    /// quarter of the arm's reach.
    pub closest: JointVec,
    /// Whether it is known that no solution exists even without limits, from a closed form or from the arm's length.
    /// Otherwise limits forbid all solutions, or a search found none.
    pub is_certain: bool,
    joints: [u16; MAX_JOINTS],
    /// −1 at the lower limit, 1 at the upper one.
    sides: [i8; MAX_JOINTS],
}

/// A limit that the closest joint values rest on: without it they would get closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingLimit {
    /// The joint's index in the model.
    pub joint: usize,
    /// Which of its position limits.
    pub limit: Limit,
}

/// One of a joint's position limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The lowest position.
    Lower,
    /// The highest position.
    Upper,
}

impl OutOfReach {
    pub(super) fn new(descent: &mut Descent, problem: &Problem, closest: &Values, is_certain: bool) -> Self {
        let error = descent.error(problem, closest);
        let mut joints = [0; MAX_JOINTS];
        for (joint, variable) in joints.iter_mut().zip(problem.chain.variables()) {
            *joint = variable.joint as u16;
        }
        Self {
            position: error.position,
            angle: error.angle,
            closest: JointVec::from_fn(problem.chain.len(), |index| closest[index]),
            is_certain,
            joints,
            sides: descent.pressed(problem, closest),
        }
    }

    /// The limits in the way, from the root on; none where the arm is simply too short.
    pub fn binding_limits(&self) -> impl Iterator<Item = BindingLimit> + '_ {
        self.joints.iter().zip(self.sides).filter_map(|(&joint, side)| {
            let limit = match side {
                -1 => Limit::Lower,
                1 => Limit::Upper,
                _ => return None,
            };
            let joint = usize::from(joint);
            Some(BindingLimit { joint, limit })
        })
    }
}

/// The closest ends of descents, the closest first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closest([Option<(f64, Values)>; 4]);

impl Closest {
    pub(super) const NONE: Self = Self([None; 4]);

    /// Keeps an end if it is among the closest. Costs are squared weighted errors.
    pub(super) fn add(&mut self, cost: f64, values: &Values) {
        let mut added = Some((cost, *values));
        for kept in &mut self.0 {
            if kept.is_none_or(|(known, _)| added.is_some_and(|(cost, _)| cost < known)) {
                std::mem::swap(kept, &mut added);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(f64, Values)> {
        self.0.iter().flatten()
    }
}

impl std::fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { position, angle, .. } = self;
        write!(
            f,
            "the pose is out of reach: the closest one is {position:.3e} m and {angle:.3e} rad off"
        )?;
        for (index, BindingLimit { joint, limit }) in self.binding_limits().enumerate() {
            let start = if index == 0 { "; in the way:" } else { "," };
            let side = match limit {
                Limit::Lower => "lower",
                Limit::Upper => "upper",
            };
            write!(f, "{start} the {side} limit of joint {joint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for OutOfReach {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_ends_are_kept_in_order() {
        let mut closest = Closest::NONE;
        for cost in [5.0, 2.0, 9.0, 1.0, f64::NAN, 7.0, 3.0] {
            closest.add(cost, &[cost; MAX_JOINTS]);
        }
        let costs: Vec<f64> = closest.iter().map(|(cost, _)| *cost).collect();
        assert_eq!(costs, [1.0, 2.0, 3.0, 5.0]);
    }
}
