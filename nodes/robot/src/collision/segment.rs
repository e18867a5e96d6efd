//! Closest points of two line segments, in closed form. Lengths in m.
//!
//! **Invariant:** the answer depends on the segments only; a segment may have length zero.

use nalgebra::Vector3;

/// The closest points of two segments, each given by its ends.
///
/// C. Ericson, *Real-Time Collision Detection* (2005), section 5.1.9; nearly parallel segments are judged by their ends,
/// where that formula loses its digits.
pub(crate) fn closest_points(first: &[Vector3<f64>; 2], second: &[Vector3<f64>; 2]) -> [Vector3<f64>; 2] {
    let (u, v) = (first[1] - first[0], second[1] - second[0]);
    let between = first[0] - second[0];
    let (uu, vv, uv) = (u.norm_squared(), v.norm_squared(), u.dot(&v));
    let determinant = uu * vv - uv * uv;
    if determinant <= PARALLEL * uu * vv {
        return closest_by_ends(first, second);
    }
    let (ur, vr) = (u.dot(&between), v.dot(&between));
    let mut s = ((uv * vr - ur * vv) / determinant).clamp(0.0, 1.0);
    let t = (uv * s + vr) / vv;
    let clamped = t.clamp(0.0, 1.0);
    if !(0.0..=1.0).contains(&t) {
        s = ((uv * clamped - ur) / uu).clamp(0.0, 1.0);
    }
    [first[0] + u * s, second[0] + v * clamped]
}

fn closest_by_ends(first: &[Vector3<f64>; 2], second: &[Vector3<f64>; 2]) -> [Vector3<f64>; 2] {
    let candidates = [
        [first[0], closest_to_point(second, &first[0])],
        [first[1], closest_to_point(second, &first[1])],
        [closest_to_point(first, &second[0]), second[0]],
        [closest_to_point(first, &second[1]), second[1]],
    ];
    let mut best = candidates[0];
    for candidate in &candidates[1..] {
        if (candidate[1] - candidate[0]).norm_squared() < (best[1] - best[0]).norm_squared() {
            best = *candidate;
        }
    }
    best
}

/// The point of a segment that is closest to `point`.
pub(crate) fn closest_to_point(segment: &[Vector3<f64>; 2], point: &Vector3<f64>) -> Vector3<f64> {
    let along = segment[1] - segment[0];
    let length_squared = along.norm_squared();
    if length_squared <= 0.0 {
        return segment[0];
    }
    segment[0] + along * ((point - segment[0]).dot(&along) / length_squared).clamp(0.0, 1.0)
}

/// sin² of the angle below which two segments count as parallel: above it, the formula keeps seven digits of the place and
/// all of the distance.
const PARALLEL: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    fn gap(first: &[Vector3<f64>; 2], second: &[Vector3<f64>; 2]) -> f64 {
        let [on_first, on_second] = closest_points(first, second);
        (on_second - on_first).norm()
    }

    #[test]
    fn crossing_parallel_collinear_and_point_like_segments_have_their_known_distances() {
        let x = |from: f64, to: f64, y: f64, z: f64| [Vector3::new(from, y, z), Vector3::new(to, y, z)];
        let along_y = [Vector3::new(0.0, -1.0, 0.3), Vector3::new(0.0, 1.0, 0.3)];
        let point = [Vector3::new(0.5, 0.0, 2.0); 2];
        for (first, second, expected) in [
            (x(-1.0, 1.0, 0.0, 0.0), along_y, 0.3),
            (x(-1.0, 1.0, 0.0, 0.0), x(0.0, 3.0, 0.4, 0.3), 0.5),
            (x(-1.0, 1.0, 0.0, 0.0), x(2.0, 3.0, 0.0, 0.0), 1.0),
            (x(-1.0, 1.0, 0.0, 0.0), x(0.5, 3.0, 0.0, 0.0), 0.0),
            (x(-1.0, 1.0, 0.0, 0.0), point, 2.0),
            (point, point, 0.0),
        ] {
            assert!(
                (gap(&first, &second) - expected).abs() < 1e-15,
                "{first:?} {second:?}"
            );
            assert!(
                (gap(&second, &first) - expected).abs() < 1e-15,
                "{second:?} {first:?}"
            );
        }
    }

    #[test]
    fn no_pair_of_points_is_closer_however_parallel_the_segments_are() {
        for seed in 0..3000 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut draw = || Vector3::from_fn(|_, _| rng.random_range(-1.0..1.0));
            let (a, u, b, v) = (draw(), draw(), draw(), draw());
            let skew = 10_f64.powi(-i32::try_from(seed % 14).expect("is small"));
            let (first, second) = ([a, a + u], [b, b + u + v * skew]);
            let found = gap(&first, &second);
            for s in 0..=20 {
                for t in 0..=20 {
                    let p = a + u * (f64::from(s) / 20.0);
                    let q = second[0] + (second[1] - second[0]) * (f64::from(t) / 20.0);
                    assert!(found <= (q - p).norm() + 1e-12, "seed {seed}");
                }
            }
            let by_ends = closest_by_ends(&first, &second);
            assert!(found <= (by_ends[1] - by_ends[0]).norm() + 1e-10, "seed {seed}");
        }
    }
}
