//! The corners of a convex hull. Lengths in m.
//!
//! **Invariant:** no point given is outside of the hull of the corners returned, by more than 1e-9 of its size.

use nalgebra::{Matrix3, Vector3};
use parry3d_f64::math::Vector;
use parry3d_f64::transformation::try_convex_hull;

/// The points that span the hull of `points`. Flat and tiny clouds keep all their points: the hull of a cloud does not depend on
/// those inside, they only cost time.
pub(crate) fn corners(points: Vec<Vector3<f64>>) -> Vec<Vector3<f64>> {
    let points = without_repeats(points);
    if is_flat(&points) {
        return points;
    }
    let cloud: Vec<Vector> = points
        .iter()
        .map(|point| Vector::new(point.x, point.y, point.z))
        .collect();
    match try_convex_hull(&cloud) {
        Ok((corners, faces)) if contains(&corners, &faces, &cloud) => {
            corners.iter().map(|c| Vector3::new(c.x, c.y, c.z)).collect()
        }
        _ => points,
    }
}

fn without_repeats(mut points: Vec<Vector3<f64>>) -> Vec<Vector3<f64>> {
    let order = |a: &Vector3<f64>, b: &Vector3<f64>| {
        a.x.total_cmp(&b.x)
            .then(a.y.total_cmp(&b.y))
            .then(a.z.total_cmp(&b.z))
    };
    points.sort_by(order);
    points.dedup_by(|a, b| order(a, b).is_eq());
    points
}

/// Says whether the points lie in a plane, or nearly so.
fn is_flat(points: &[Vector3<f64>]) -> bool {
    let mean = points.iter().sum::<Vector3<f64>>() / points.len() as f64;
    let spread: Matrix3<f64> = points
        .iter()
        .map(|point| (point - mean) * (point - mean).transpose())
        .sum();
    let squares = spread.symmetric_eigenvalues();
    squares.min() <= 1e-12 * squares.max()
}

fn contains(corners: &[Vector], faces: &[[u32; 3]], cloud: &[Vector]) -> bool {
    let size = corners.iter().map(|corner| corner.length()).fold(0.0, f64::max);
    let is_below = |face: &[u32; 3], point: &Vector| {
        let [a, b, c] = face.map(|corner| corners[corner as usize]);
        let normal = (b - a).cross(c - a);
        normal.dot(*point - a) <= 1e-9 * size * normal.length()
    };
    !faces.is_empty()
        && cloud
            .iter()
            .all(|point| faces.iter().all(|face| is_below(face, point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_inside_and_repeated_ones_are_dropped() {
        let mut points = Vec::new();
        for corner in 0..8_u8 {
            let side = |bit: u8| if corner & bit == 0 { -1.0 } else { 1.0 };
            let point = Vector3::new(side(1), side(2), side(4));
            points.extend([point, point, point * 0.5]);
        }
        let kept = corners(points);
        assert_eq!(kept.len(), 8);
        assert!(kept.iter().all(|point| (point.amin() - 1.0).abs() < 1e-15));
    }

    #[test]
    fn flat_straight_and_single_clouds_keep_their_extent() {
        let square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.5)];
        let farthest = |points: &[Vector3<f64>], along: Vector3<f64>| {
            points
                .iter()
                .map(|p| p.dot(&along))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let flat = corners(square.iter().map(|&(x, y)| Vector3::new(x, y, 0.25)).collect());
        let line = corners((0..5).map(|x| Vector3::new(f64::from(x), 0.0, 0.0)).collect());
        let point = corners(vec![Vector3::new(1.0, 2.0, 3.0)]);
        assert!((farthest(&flat, Vector3::new(1.0, 1.0, 0.0)) - 2.0).abs() < 1e-15);
        assert!((farthest(&line, Vector3::x()) - 4.0).abs() < 1e-15);
        assert_eq!(point, [Vector3::new(1.0, 2.0, 3.0)]);
    }
}
