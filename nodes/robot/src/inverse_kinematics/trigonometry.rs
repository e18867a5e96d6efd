//! Equations in sines and cosines of one angle, and the planar subproblem that arms reduce to. Angles in rad.
//!
//! **Invariant:** every real solution is found; some that only nearly are one come as well (where two solutions meet,
//! rounding moves them apart or off the real line), so a caller checks what it gets.

use std::ops::{Add, Mul, Sub};

use nalgebra::{Complex, Vector2, Vector3};

/// How far off an equation that just touches zero may be, in parts of its amplitude.
const TOUCH: f64 = 1e-3;

/// `mean + cos · cos θ + sin · sin θ`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wave {
    pub(super) mean: f64,
    pub(super) cos: f64,
    pub(super) sin: f64,
}

/// A [`Wave`] plus `cos2 · cos 2θ + sin2 · sin 2θ`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DoubleWave {
    first: Wave,
    cos2: f64,
    sin2: f64,
}

impl Wave {
    pub(super) fn constant(mean: f64) -> Self {
        Self {
            mean,
            cos: 0.0,
            sin: 0.0,
        }
    }

    /// `g · Rot(axis, θ) · r`.
    pub(super) fn of_turning(g: &Vector3<f64>, axis: &Vector3<f64>, r: &Vector3<f64>) -> Self {
        let mean = g.dot(axis) * axis.dot(r);
        Self {
            mean,
            cos: g.dot(r) - mean,
            sin: g.dot(&axis.cross(r)),
        }
    }

    /// `g · Rot(axis, −θ) · r`.
    pub(super) fn of_turning_back(g: &Vector3<f64>, axis: &Vector3<f64>, r: &Vector3<f64>) -> Self {
        Self::of_turning(r, axis, g)
    }

    pub(super) fn at(&self, angle: f64) -> f64 {
        let (sin, cos) = angle.sin_cos();
        self.mean + self.cos * cos + self.sin * sin
    }

    /// Calls `found` with the angles at which the wave is 0: up to two, none for a constant.
    pub(super) fn each_root(&self, mut found: impl FnMut(f64)) {
        let amplitude = self.cos.hypot(self.sin);
        if amplitude <= 1e-9 * self.mean.abs() || amplitude <= f64::MIN_POSITIVE {
            return;
        }
        let crest = self.sin.atan2(self.cos);
        let cos = -self.mean / amplitude;
        if cos.abs() > 1.0 + TOUCH {
            return;
        }
        let away = ((1.0 - cos) * (1.0 + cos)).max(0.0).sqrt().atan2(cos);
        found(crest + away);
        if away > 0.0 && away < std::f64::consts::PI {
            found(crest - away);
        }
    }
}

impl Add for Wave {
    type Output = Wave;
    fn add(self, other: Wave) -> Wave {
        Wave {
            mean: self.mean + other.mean,
            cos: self.cos + other.cos,
            sin: self.sin + other.sin,
        }
    }
}

impl Sub for Wave {
    type Output = Wave;
    fn sub(self, other: Wave) -> Wave {
        self + other * -1.0
    }
}

impl Mul<f64> for Wave {
    type Output = Wave;
    fn mul(self, factor: f64) -> Wave {
        Wave {
            mean: self.mean * factor,
            cos: self.cos * factor,
            sin: self.sin * factor,
        }
    }
}

impl Mul for Wave {
    type Output = DoubleWave;
    fn mul(self, other: Wave) -> DoubleWave {
        let (a, b) = (&self, &other);
        DoubleWave {
            first: Wave {
                mean: a.mean * b.mean + 0.5 * (a.cos * b.cos + a.sin * b.sin),
                cos: a.mean * b.cos + a.cos * b.mean,
                sin: a.mean * b.sin + a.sin * b.mean,
            },
            cos2: 0.5 * (a.cos * b.cos - a.sin * b.sin),
            sin2: 0.5 * (a.cos * b.sin + a.sin * b.cos),
        }
    }
}

impl From<Wave> for DoubleWave {
    fn from(first: Wave) -> Self {
        Self {
            first,
            cos2: 0.0,
            sin2: 0.0,
        }
    }
}

impl Add for DoubleWave {
    type Output = DoubleWave;
    fn add(self, other: DoubleWave) -> DoubleWave {
        DoubleWave {
            first: self.first + other.first,
            cos2: self.cos2 + other.cos2,
            sin2: self.sin2 + other.sin2,
        }
    }
}

impl Mul<f64> for DoubleWave {
    type Output = DoubleWave;
    fn mul(self, factor: f64) -> DoubleWave {
        DoubleWave {
            first: self.first * factor,
            cos2: self.cos2 * factor,
            sin2: self.sin2 * factor,
        }
    }
}

impl Sub for DoubleWave {
    type Output = DoubleWave;
    fn sub(self, other: DoubleWave) -> DoubleWave {
        self + other * -1.0
    }
}

impl DoubleWave {
    pub(super) fn at(&self, angle: f64) -> f64 {
        let (sin, cos) = angle.sin_cos();
        self.first.mean
            + self.first.cos * cos
            + self.first.sin * sin
            + self.cos2 * (cos * cos - sin * sin)
            + self.sin2 * 2.0 * sin * cos
    }

    /// Calls `found` with the angles at which the double wave is 0, up to four.
    ///
    /// With z = exp(iθ) the wave is a polynomial of degree 4 divided by z²; its roots on the unit circle are the real
    /// angles. All four are found together (Aberth, *Math. Comp.* 27 (1973) 339).
    pub(super) fn each_root(&self, mut found: impl FnMut(f64)) {
        let Wave { mean, cos, sin } = self.first;
        let second = self.cos2.hypot(self.sin2);
        if second <= 1e-13 * (mean.abs() + cos.hypot(sin)) {
            return self.first.each_root(found);
        }
        let (p4, p3) = (
            Complex::new(self.cos2, -self.sin2) / second,
            Complex::new(cos, -sin) / second,
        );
        let polynomial = [
            p4.conj(),
            p3.conj(),
            Complex::new(2.0 * mean / second, 0.0),
            p3,
            p4,
        ];
        for root in aberth(&polynomial) {
            if (root.norm() - 1.0).abs() < TOUCH {
                found(root.arg());
            }
        }
    }
}

/// The roots of a polynomial of degree 4, lowest coefficient first.
fn aberth(polynomial: &[Complex<f64>; 5]) -> [Complex<f64>; 4] {
    // Neither on the circle nor mirrored in it, where the symmetry of the polynomial would hold them.
    let mut roots = [
        Complex::new(0.8, 0.35),
        Complex::new(-0.4, 1.1),
        Complex::new(-0.9, -0.2),
        Complex::new(0.3, -1.3),
    ];
    for _ in 0..60 {
        let mut largest: f64 = 0.0;
        for index in 0..4 {
            let z = roots[index];
            let (mut value, mut slope) = (polynomial[4], Complex::new(0.0, 0.0));
            for coefficient in polynomial[..4].iter().rev() {
                slope = slope * z + value;
                value = value * z + coefficient;
            }
            let mut repulsion = Complex::new(0.0, 0.0);
            for (other, root) in roots.iter().enumerate() {
                if other != index {
                    repulsion += inverse(z - root);
                }
            }
            let step = value * inverse(slope - value * repulsion);
            if step.is_finite() {
                roots[index] = z - step;
                largest = largest.max(step.norm_sqr() / roots[index].norm_sqr().max(1e-300));
            }
        }
        if largest < 1e-28 {
            break;
        }
    }
    roots
}

fn inverse(z: Complex<f64>) -> Complex<f64> {
    z.conj() / z.norm_sqr().max(f64::MIN_POSITIVE)
}

/// Finds an angle θ and a vector y of the plane with `rows[i] · y = values[i](θ)` and `|y|² = norm2(θ)`.
///
/// Calls `found(θ, y)` up to four times. Arms with three parallel axes and arms with a spherical wrist both come down
/// to it, in place of the fourth and sixth canonical subproblems (Elias and Wen, *IK-Geo* (2022)): where the rows are independent,
/// y follows from θ and its norm is an equation of degree 2 in sin θ and cos θ; where they are not, a combination of
/// the equations is free of y.
pub(super) fn planar_vectors(
    rows: [Vector2<f64>; 2],
    values: [Wave; 2],
    norm2: DoubleWave,
    mut found: impl FnMut(f64, Vector2<f64>),
) {
    let (larger, smaller) = if rows[0].norm_squared() >= rows[1].norm_squared() {
        (0, 1)
    } else {
        (1, 0)
    };
    let (m, k) = (rows[larger], values[larger]);
    let size2 = m.norm_squared();
    if size2 <= f64::MIN_POSITIVE {
        return;
    }
    let det = rows[0].perp(&rows[1]);
    if det.abs() > 1e-7 * size2 {
        let x = (values[0] * rows[1].y - values[1] * rows[0].y) * (1.0 / det);
        let y = (values[1] * rows[0].x - values[0] * rows[1].x) * (1.0 / det);
        // Times det² all terms keep their size when the rows are nearly parallel.
        let balance = (x * det) * (x * det) + (y * det) * (y * det) - norm2 * (det * det);
        balance.each_root(|angle| found(angle, Vector2::new(x.at(angle), y.at(angle))));
        return;
    }
    let free_of_y = values[smaller] - k * (rows[smaller].dot(&m) / size2);
    free_of_y.each_root(|angle| {
        let along = k.at(angle) / size2;
        let across2 = norm2.at(angle) / size2 - along * along;
        if across2 < -TOUCH * along * along {
            return;
        }
        let across = across2.max(0.0).sqrt();
        let normal = Vector2::new(-m.y, m.x);
        found(angle, m * along + normal * across);
        if across > 0.0 {
            found(angle, m * along - normal * across);
        }
    });
}

/// The angle about `axis` that turns `from` towards `to`; `otherwise` where either lies on the axis.
pub(super) fn turn_between(
    axis: &Vector3<f64>,
    from: &Vector3<f64>,
    to: &Vector3<f64>,
    otherwise: f64,
) -> f64 {
    let (a, b) = (axis.cross(from), axis.cross(to));
    if a.norm_squared() <= 1e-20 * from.norm_squared() || b.norm_squared() <= 1e-20 * to.norm_squared() {
        return otherwise;
    }
    axis.dot(&a.cross(&b)).atan2(a.dot(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots_of(wave: DoubleWave) -> Vec<f64> {
        let mut roots = Vec::new();
        wave.each_root(|angle| roots.push(angle));
        roots
    }

    #[test]
    fn a_double_wave_made_from_its_roots_gives_them_back() {
        // (1 − cos(θ − a)) touches 0 at a; sines of half angles in pairs are waves with two roots.
        let crossing = |a: f64, b: f64| {
            let (mid, half) = (0.5 * (a + b), 0.5 * (a - b));
            Wave {
                mean: -half.cos(),
                cos: mid.cos(),
                sin: mid.sin(),
            }
        };
        for [a, b, c, d] in [
            [0.1, 1.0, 2.0, -2.5],
            [3.1, -3.1, 0.0, 1e-3],
            [1.0, 1.0, -2.0, 0.5],
            [0.3, 0.4, 0.5, 0.6],
        ] {
            let roots = roots_of(crossing(a, b) * crossing(c, d));
            for expected in [a, b, c, d] {
                let off = roots
                    .iter()
                    .map(|root| (root - expected).sin().abs())
                    .fold(1.0, f64::min);
                assert!(off < 2e-7, "{expected} is {off:e} off in {roots:?}");
            }
        }
    }

    #[test]
    fn what_never_is_zero_has_no_roots() {
        let wave = Wave {
            mean: 1.0,
            cos: 0.4,
            sin: 0.2,
        };
        assert!(roots_of(wave * wave).is_empty());
        assert!(roots_of(DoubleWave::from(wave)).is_empty());
        assert!(roots_of(DoubleWave::from(Wave::constant(0.0))).is_empty());
    }

    #[test]
    fn planar_vectors_meet_both_equations_with_any_rank() {
        let value = Wave {
            mean: 0.1,
            cos: 0.5,
            sin: -0.2,
        };
        let other = Wave {
            mean: -0.2,
            cos: 0.3,
            sin: 0.4,
        };
        let norm2 = DoubleWave::from(Wave {
            mean: 1.0,
            cos: 0.1,
            sin: 0.0,
        });
        let independent = [Vector2::new(0.5, 0.1), Vector2::new(-0.2, 0.6)];
        let parallel = [Vector2::new(0.5, 0.1), Vector2::new(-0.25, -0.05)];
        let single = [Vector2::zeros(), Vector2::new(-0.2, 0.6)];
        for rows in [independent, parallel, single] {
            let mut count = 0;
            planar_vectors(rows, [value, other], norm2, |angle, y| {
                count += 1;
                assert!((rows[0].dot(&y) - value.at(angle)).abs() < 1e-12);
                assert!((rows[1].dot(&y) - other.at(angle)).abs() < 1e-12);
                assert!((y.norm_squared() - norm2.at(angle)).abs() < 1e-12);
            });
            assert!(count >= 2, "{rows:?}");
        }
    }
}
