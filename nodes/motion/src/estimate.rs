//! Velocities and accelerations where a trajectory gives none.
//!
//! Velocities: the slopes of the cubic spline through the points, limited as Hyman does (SIAM J. Sci. Stat. Comput. 4,
//! 1983): between points that rise, a joint rises; in a dwell it stands still; past a turning point it overshoots by a
//! small share of the step. Accelerations: the second derivatives of the two cubic Hermite pieces that meet at a point,
//! the smaller of both where they agree in sign, else zero. A quintic through all of that keeps every point, time and
//! velocity that was given, and, unlike the cubic, has no steps of acceleration.

/// Fills in the velocity of each inner knot; the ends are given.
pub fn velocities(times: &[f64], positions: &[f64], velocities: &mut [f64]) {
    spline_slopes(times, positions, velocities);
    let inner = times.len().saturating_sub(2);
    for (k, velocity) in velocities.iter_mut().enumerate().skip(1).take(inner) {
        let (before, after) = slopes(times, positions, k);
        let least = before.abs().min(after.abs());
        *velocity = if before * after > 0.0 {
            let sign = before.signum();
            sign * (sign * *velocity).clamp(0.0, MONOTONE * least)
        } else {
            velocity.clamp(-TURNING * least, TURNING * least)
        };
    }
}

/// Fills in the acceleration of each inner knot; the ends are given.
pub fn accelerations(times: &[f64], positions: &[f64], velocities: &[f64], accelerations: &mut [f64]) {
    for k in 1..times.len().saturating_sub(1) {
        let (h0, h1) = (times[k] - times[k - 1], times[k + 1] - times[k]);
        let (slope0, slope1) = slopes(times, positions, k);
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

/// The slopes of the cubic spline with continuous second derivatives, by Thomas' elimination:
/// vₖ₋₁/h₀ + 2vₖ(1/h₀ + 1/h₁) + vₖ₊₁/h₁ = 3(s₀/h₀ + s₁/h₁).
fn spline_slopes(times: &[f64], positions: &[f64], velocities: &mut [f64]) {
    let n = times.len();
    let mut above = vec![0.0; n];
    for k in 1..n.saturating_sub(1) {
        let (h0, h1) = (times[k] - times[k - 1], times[k + 1] - times[k]);
        let (slope0, slope1) = slopes(times, positions, k);
        let diagonal = 2.0 * (1.0 / h0 + 1.0 / h1) - above[k - 1] / h0;
        above[k] = 1.0 / h1 / diagonal;
        velocities[k] = (3.0 * (slope0 / h0 + slope1 / h1) - velocities[k - 1] / h0) / diagonal;
    }
    for k in (1..n.saturating_sub(1)).rev() {
        velocities[k] -= above[k] * velocities[k + 1];
    }
}

/// The mean velocities before and after a knot.
fn slopes(times: &[f64], positions: &[f64], k: usize) -> (f64, f64) {
    let slope = |i: usize| (positions[i + 1] - positions[i]) / (times[i + 1] - times[i]);
    (slope(k - 1), slope(k))
}

/// A cubic Hermite piece is monotone if no slope exceeds three times its mean.
const MONOTONE: f64 = 3.0;

/// The same for points where the direction changes: an overshoot of at most 4/27 of the smaller step.
const TURNING: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_recognised() {
        let times = [0.0, 0.5, 1.5, 2.0];
        let positions = times.map(|t: f64| t * t);
        let mut found = times.map(|t| 2.0 * t);
        (found[1], found[2]) = (0.0, 0.0);
        velocities(&times, &positions, &mut found);
        assert!(
            (found[1] - 1.0).abs() < 1e-12 && (found[2] - 3.0).abs() < 1e-12,
            "{found:?}"
        );
        let mut estimated = [0.0; 4];
        accelerations(&times, &positions, &found, &mut estimated);
        assert!(
            (estimated[1] - 2.0).abs() < 1e-12 && (estimated[2] - 2.0).abs() < 1e-12,
            "{estimated:?}"
        );
    }

    #[test]
    fn a_joint_stands_still_in_dwells() {
        let (times, positions) = ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 2.0]);
        let (mut v, mut a) = ([0.0; 4], [0.0; 4]);
        velocities(&times, &positions, &mut v);
        accelerations(&times, &positions, &v, &mut a);
        assert!(v.iter().chain(&a).all(|value| *value == 0.0), "{v:?} {a:?}");
    }

    #[test]
    fn between_two_slopes_the_velocity_lies_between_them() {
        let mut estimated = [0.0; 4];
        velocities(&[0.0, 1.0, 2.0, 3.0], &[0.0, 1.0, 4.0, 5.0], &mut estimated);
        assert!(estimated[1] > 1.0 && estimated[1] < 3.0, "{estimated:?}");
        assert!(estimated[2] > 1.0 && estimated[2] < 3.0, "{estimated:?}");
    }
}
