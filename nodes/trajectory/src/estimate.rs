//! Velocities and accelerations where a trajectory gives none.
//!
//! Velocities: the monotone slopes of Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980, as PCHIP weighs them), so that
//! a joint neither overshoots its points nor creeps through a dwell. Accelerations: the second derivatives of the two
//! cubic Hermite pieces that meet at a point, the smaller of both where they agree in sign, else zero. A quintic through
//! all of that keeps every point, time and velocity that was given, and, unlike the cubic, has no steps of acceleration.

/// Fills in the velocity of each inner knot; the ends are given.
pub(crate) fn velocities(times: &[f64], positions: &[f64], velocities: &mut [f64]) {
    for k in 1..times.len().saturating_sub(1) {
        let (h0, h1) = (times[k] - times[k - 1], times[k + 1] - times[k]);
        let slope0 = (positions[k] - positions[k - 1]) / h0;
        let slope1 = (positions[k + 1] - positions[k]) / h1;
        velocities[k] = if slope0 * slope1 <= 0.0 {
            0.0
        } else {
            let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
            (w0 + w1) / (w0 / slope0 + w1 / slope1)
        };
    }
}

/// Fills in the acceleration of each inner knot; the ends are given.
pub(crate) fn accelerations(times: &[f64], positions: &[f64], velocities: &[f64], accelerations: &mut [f64]) {
    for k in 1..times.len().saturating_sub(1) {
        let (h0, h1) = (times[k] - times[k - 1], times[k + 1] - times[k]);
        let slope0 = (positions[k] - positions[k - 1]) / h0;
        let slope1 = (positions[k + 1] - positions[k]) / h1;
        let before = (2.0 * velocities[k - 1] + 4.0 * velocities[k] - 6.0 * slope0) / h0;
        let after = (6.0 * slope1 - 4.0 * velocities[k] - 2.0 * velocities[k + 1]) / h1;
        accelerations[k] = if before * after <= 0.0 {
            0.0
        } else if before.abs() < after.abs() {
            before
        } else {
            after
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_recognised() {
        let times = [0.0, 0.5, 1.5, 2.0];
        let positions = times.map(|t: f64| t * t);
        let velocities = times.map(|t| 2.0 * t);
        let mut estimated = [0.0; 4];
        accelerations(&times, &positions, &velocities, &mut estimated);
        assert!(
            (estimated[1] - 2.0).abs() < 1e-12 && (estimated[2] - 2.0).abs() < 1e-12,
            "{estimated:?}"
        );
    }

    #[test]
    fn a_joint_stands_still_at_turning_points_and_in_dwells() {
        let mut estimated = [0.0; 5];
        velocities(
            &[0.0, 1.0, 2.0, 3.0, 4.0],
            &[0.0, 1.0, 1.0, 2.0, 1.5],
            &mut estimated,
        );
        assert!(estimated.iter().all(|v| *v == 0.0), "{estimated:?}");
    }

    #[test]
    fn between_two_slopes_the_velocity_lies_between_them() {
        let mut estimated = [0.0; 3];
        velocities(&[0.0, 1.0, 2.0], &[0.0, 1.0, 4.0], &mut estimated);
        assert!(estimated[1] > 1.0 && estimated[1] < 3.0, "{estimated:?}");
    }
}
