//! Balls around solids that grow on the way along a chain, joint after joint: wherever the joints so far have the solids, the balls contain them. Lengths in m.
//!
//! **Invariant:** no point of the solids is ever farther from a joint's axis than [`SweptBalls::farthest_from`] says there.

use nalgebra::Vector3;

/// Centres and radii, in the axes of the link or body at hand; its joint's axis goes through its origin.
#[derive(Debug, Clone)]
pub(super) struct SweptBalls(Vec<(Vector3<f64>, f64)>);

impl SweptBalls {
    pub(super) fn new(balls: impl IntoIterator<Item = (Vector3<f64>, f64)>) -> Self {
        Self(balls.into_iter().collect())
    }

    /// The farthest that anything is from an axis of unit length.
    pub(super) fn farthest_from(&self, axis: &Vector3<f64>) -> f64 {
        let distances = self
            .0
            .iter()
            .map(|(centre, radius)| off(centre, axis).norm() + radius);
        distances.fold(0.0, f64::max)
    }

    /// Lets everything turn about an axis of unit length.
    pub(super) fn turn(&mut self, axis: &Vector3<f64>) {
        // A ball is swept around the axis: the ball about the middle of that ring contains it.
        for (centre, radius) in &mut self.0 {
            let off = off(centre, axis);
            *radius += off.norm();
            *centre -= off;
        }
    }

    /// Lets everything slide by `middle`, give or take `half`.
    pub(super) fn slide(&mut self, axis: &Vector3<f64>, middle: f64, half: f64) {
        for (centre, radius) in &mut self.0 {
            *centre += axis * middle;
            *radius += half;
        }
    }

    /// Goes on to what carries the link or body at hand.
    pub(super) fn go_on(&mut self, carrier_from_here: impl Fn(&Vector3<f64>) -> Vector3<f64>) {
        for (centre, _) in &mut self.0 {
            *centre = carrier_from_here(centre);
        }
    }
}

/// The way to a place from the nearest one on an axis.
fn off(centre: &Vector3<f64>, axis: &Vector3<f64>) -> Vector3<f64> {
    centre - axis * centre.dot(axis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Rotation3, Unit};
    use std::f64::consts::TAU;

    #[test]
    fn wherever_joints_turn_and_slide_a_point_it_stays_within_what_is_said_of_the_next_axis() {
        let axis = Unit::new_normalize(Vector3::new(0.3, -0.5, 0.8)).into_inner();
        let next = Unit::new_normalize(Vector3::new(-0.2, 0.9, 0.1)).into_inner();
        let point = Vector3::new(0.4, 0.1, -0.2);
        let link = Vector3::new(0.5, -0.3, 0.2);
        let mut swept = SweptBalls::new([(point, 0.0)]);
        swept.turn(&axis);
        swept.slide(&axis, 0.3, 0.1);
        swept.go_on(|centre| centre + link);
        let said = swept.farthest_from(&next);
        let mut farthest = 0.0_f64;
        for step in 0..600 {
            let turn = Rotation3::new(axis * (f64::from(step) / 600.0 * TAU));
            for by in [0.2, 0.3, 0.4] {
                let at = turn * point + axis * by + link;
                farthest = farthest.max(off(&at, &next).norm());
            }
        }
        assert!(farthest <= said, "{farthest} of {said}");
        assert!(farthest > 0.7 * said, "it is not far off: {farthest} of {said}");
    }
}
