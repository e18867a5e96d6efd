//! The point of a simplex (one to four points) that is closest to the origin, with its weights.
//!
//! Decides by signed areas and volumes which face, edge or corner is closest (M. Montanari, N. Petrinic, E. Barbieri, *Improving
//! the GJK algorithm for faster and more reliable distance queries*, 2017, for why that keeps more digits than Gram determinants).
//!
//! **Invariant:** after [`Simplex::reduce`] no point that is left has a negative weight and the weights add up to 1.

use nalgebra::Vector3;

/// A point of the difference of two solids: `point = on_a − on_b`, all in the axes of a.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vertex {
    pub(crate) on_a: Vector3<f64>,
    pub(crate) on_b: Vector3<f64>,
    pub(crate) point: Vector3<f64>,
}

/// Up to four points, and the weights of the one that is closest to the origin.
#[derive(Debug, Clone)]
pub(crate) struct Simplex {
    vertices: [Vertex; 4],
    weights: [f64; 4],
    count: usize,
}

/// A closest point: which vertices carry it, how much each, and where it is.
#[derive(Clone, Copy)]
struct Closest {
    corners: [usize; 3],
    weights: [f64; 3],
    count: usize,
    point: Vector3<f64>,
}

impl Simplex {
    pub(crate) fn new(vertex: Vertex) -> Self {
        Self {
            vertices: [vertex; 4],
            weights: [1.0, 0.0, 0.0, 0.0],
            count: 1,
        }
    }

    pub(crate) fn vertices(&self) -> &[Vertex] {
        &self.vertices[..self.count]
    }

    pub(crate) fn push(&mut self, vertex: Vertex) {
        self.vertices[self.count] = vertex;
        self.count += 1;
    }

    /// Drops what does not carry the point closest to the origin and returns that point; `None` if the origin is inside of
    /// the four points.
    pub(crate) fn reduce(&mut self) -> Option<Vector3<f64>> {
        let closest = match self.count {
            1 => self.corner(0),
            2 => self.edge(0, 1),
            3 => self.triangle([0, 1, 2]),
            _ => match self.tetrahedron() {
                Some(closest) => closest,
                None => {
                    self.weigh_inside();
                    return None;
                }
            },
        };
        let old = self.vertices;
        for place in 0..closest.count {
            self.vertices[place] = old[closest.corners[place]];
            self.weights[place] = closest.weights[place];
        }
        self.count = closest.count;
        Some(closest.point)
    }

    /// The points of a and b that the weights stand for.
    pub(crate) fn witnesses(&self) -> [Vector3<f64>; 2] {
        let mut witnesses = [Vector3::zeros(); 2];
        for (vertex, &weight) in self.vertices().iter().zip(&self.weights) {
            witnesses[0] += vertex.on_a * weight;
            witnesses[1] += vertex.on_b * weight;
        }
        witnesses
    }

    fn corner(&self, a: usize) -> Closest {
        Closest {
            corners: [a; 3],
            weights: [1.0, 0.0, 0.0],
            count: 1,
            point: self.vertices[a].point,
        }
    }

    fn edge(&self, a: usize, b: usize) -> Closest {
        let (start, end) = (self.vertices[a].point, self.vertices[b].point);
        let along = end - start;
        let (from_start, from_end) = (-start.dot(&along), end.dot(&along));
        if from_start <= 0.0 {
            return self.corner(a);
        }
        if from_end <= 0.0 {
            return self.corner(b);
        }
        let share = from_start / (from_start + from_end);
        Closest {
            corners: [a, b, b],
            weights: [1.0 - share, share, 0.0],
            count: 2,
            point: start + along * share,
        }
    }

    fn triangle(&self, corners: [usize; 3]) -> Closest {
        let [a, b, c] = corners.map(|corner| self.vertices[corner].point);
        let normal = (b - a).cross(&(c - a));
        let area_squared = normal.norm_squared();
        let weights = [
            normal.dot(&b.cross(&c)),
            normal.dot(&c.cross(&a)),
            normal.dot(&a.cross(&b)),
        ];
        if area_squared > 0.0 && weights.iter().all(|&weight| weight > 0.0) {
            let total: f64 = weights.iter().sum();
            return Closest {
                corners,
                weights: weights.map(|weight| weight / total),
                count: 3,
                point: normal * (normal.dot(&a) / area_squared),
            };
        }
        // The closest point is on an edge that the origin sees; of a flat triangle it sees all.
        let mut best: Option<Closest> = None;
        for opposite in 0..3 {
            if weights[opposite] <= 0.0 || area_squared <= 0.0 {
                let edge = self.edge(corners[(opposite + 1) % 3], corners[(opposite + 2) % 3]);
                best = Some(nearer(best, edge));
            }
        }
        best.unwrap_or_else(|| self.edge(corners[0], corners[1]))
    }

    fn tetrahedron(&self) -> Option<Closest> {
        let point = |corner: usize| self.vertices[corner].point;
        let mut best: Option<Closest> = None;
        for [a, b, c, opposite] in [[0, 1, 2, 3], [0, 3, 1, 2], [0, 2, 3, 1], [1, 3, 2, 0]] {
            let (ab, ac, ad) = (
                point(b) - point(a),
                point(c) - point(a),
                point(opposite) - point(a),
            );
            let normal = ab.cross(&ac);
            let (inwards, origin) = (normal.dot(&ad), -normal.dot(&point(a)));
            let is_flat = inwards.abs() <= FLAT * normal.norm() * ad.norm();
            if is_flat || inwards * origin < 0.0 {
                best = Some(nearer(best, self.triangle([a, b, c])));
            }
        }
        best
    }

    /// The weights of four points around the origin: each the volume that the others span with it.
    fn weigh_inside(&mut self) {
        let [a, b, c, d] = self.vertices.map(|vertex| vertex.point);
        let volume = |p: Vector3<f64>, q: Vector3<f64>, r: Vector3<f64>| p.dot(&q.cross(&r)).abs();
        let volumes = [volume(b, c, d), volume(a, c, d), volume(a, b, d), volume(a, b, c)];
        let total: f64 = volumes.iter().sum();
        self.weights = volumes.map(|volume| if total > 0.0 { volume / total } else { 0.25 });
    }
}

fn nearer(best: Option<Closest>, other: Closest) -> Closest {
    match best {
        Some(best) if best.point.norm_squared() <= other.point.norm_squared() => best,
        _ => other,
    }
}

/// Height of a tetrahedron, as a part of an edge, below which nothing is inside of it.
const FLAT: f64 = 1e-14;

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    fn vertex(point: Vector3<f64>) -> Vertex {
        Vertex {
            on_a: point,
            on_b: Vector3::zeros(),
            point,
        }
    }

    #[test]
    fn the_closest_point_obeys_the_condition_of_the_minimum() {
        let (mut inside, mut outside) = (0, 0);
        for seed in 0..2000 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let points: Vec<_> = (0..rng.random_range(1..5))
                .map(|_| Vector3::from_fn(|_, _| rng.random_range(-1.0..1.0)))
                .collect();
            let mut simplex = Simplex::new(vertex(points[0]));
            points[1..].iter().for_each(|&point| simplex.push(vertex(point)));
            let Some(closest) = simplex.reduce() else {
                inside += 1;
                let [origin, _] = simplex.witnesses();
                assert!(origin.norm() < 1e-12, "seed {seed}");
                continue;
            };
            outside += 1;
            // A point p of a convex set is the closest to the origin if and only if p·x ≥ p·p for every point x of the set.
            for point in &points {
                assert!(
                    closest.dot(point) >= closest.norm_squared() - 1e-12,
                    "seed {seed}"
                );
            }
            let [witness, _] = simplex.witnesses();
            assert!((witness - closest).norm() < 1e-12, "seed {seed}");
        }
        assert!(inside > 20 && outside > 1000, "{inside} {outside}");
    }

    #[test]
    fn flat_simplices_keep_their_closest_point() {
        let square = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)];
        let mut simplex = Simplex::new(vertex(Vector3::new(1.0, 1.0, 0.5)));
        for (x, y) in &square[1..] {
            simplex.push(vertex(Vector3::new(*x, *y, 0.5)));
        }
        let closest = simplex.reduce().expect("the origin is outside");
        assert!((closest - Vector3::new(0.0, 0.0, 0.5)).norm() < 1e-15);

        let mut line = Simplex::new(vertex(Vector3::new(-1.0, 0.2, 0.0)));
        line.push(vertex(Vector3::new(0.5, 0.2, 0.0)));
        line.push(vertex(Vector3::new(2.0, 0.2, 0.0)));
        let closest = line.reduce().expect("the origin is outside");
        assert!((closest - Vector3::new(0.0, 0.2, 0.0)).norm() < 1e-15);
    }
}
