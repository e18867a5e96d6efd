//! Round shapes around a solid: the sphere and the capsule that tell most pairs apart before the exact distance is asked for. Lengths in m.
//!
//! **Invariant:** both contain the solid. A half-space gets an infinite radius, so that nothing is ever ruled out by it.

use nalgebra::{Matrix3, Vector3};

use super::solid::Core;

/// A sphere and a capsule around a solid, in the solid's axes.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) centre: Vector3<f64>,
    pub(crate) sphere_radius: f64,
    pub(crate) capsule: Capsule,
}

/// Everything within `radius` of a segment.
#[derive(Debug, Clone)]
pub(crate) struct Capsule {
    pub(crate) ends: [Vector3<f64>; 2],
    pub(crate) radius: f64,
}

/// A part of a solid as seen along an axis: how far along it, and how far from it.
type Profile = (f64, f64);

impl Bounds {
    /// Bounds of everything within `radius` of a core.
    pub(crate) fn around(core: &Core, radius: f64) -> Self {
        let capsule = match core {
            Core::HalfSpace => {
                return Self {
                    centre: Vector3::zeros(),
                    sphere_radius: f64::INFINITY,
                    capsule: Capsule {
                        ends: [Vector3::zeros(); 2],
                        radius: f64::INFINITY,
                    },
                };
            }
            Core::Point => Capsule {
                ends: [Vector3::zeros(); 2],
                radius: 0.0,
            },
            Core::Segment { half } => Capsule {
                ends: [-Vector3::z() * *half, Vector3::z() * *half],
                radius: 0.0,
            },
            Core::Box { half } => smallest((0..3).map(|axis| {
                let across = half.remove_row(axis).norm();
                along_axis(axis, &[(-half[axis], across), (half[axis], across)])
            })),
            Core::Cylinder { radius, half } => along_axis(2, &[(-half, *radius), (*half, *radius)]),
            Core::Hull { points } => around_points(points),
        };
        let centre = (capsule.ends[0] + capsule.ends[1]) / 2.0;
        let reach = match core {
            Core::Hull { points } => points
                .iter()
                .map(|point| (point - centre).norm())
                .fold(0.0, f64::max),
            Core::Box { half } => half.norm(),
            Core::Cylinder { radius, half } => radius.hypot(*half),
            _ => (capsule.ends[1] - centre).norm(),
        };
        let outwards = |bound: f64| (bound + radius) * ROUNDING;
        Self {
            centre,
            sphere_radius: outwards(reach),
            capsule: Capsule {
                radius: if capsule.radius > 0.0 {
                    outwards(capsule.radius)
                } else {
                    radius
                },
                ends: capsule.ends,
            },
        }
    }
}

impl Capsule {
    fn volume(&self) -> f64 {
        let length = (self.ends[1] - self.ends[0]).norm();
        self.radius.powi(2) * (length + 4.0 / 3.0 * self.radius)
    }
}

fn smallest(candidates: impl Iterator<Item = Capsule>) -> Capsule {
    candidates
        .min_by(|a, b| a.volume().total_cmp(&b.volume()))
        .expect("there are three axes")
}

fn along_axis(axis: usize, profile: &[Profile]) -> Capsule {
    let mut direction = Vector3::zeros();
    direction[axis] = 1.0;
    fit(&Vector3::zeros(), &direction, profile)
}

/// The smallest capsule found along the axes of the frame and those of the points' spread.
fn around_points(points: &[Vector3<f64>]) -> Capsule {
    let mean = points.iter().sum::<Vector3<f64>>() / points.len() as f64;
    let spread = points
        .iter()
        .map(|point| (point - mean) * (point - mean).transpose())
        .sum::<Matrix3<f64>>();
    let principal = spread.symmetric_eigen().eigenvectors;
    let axes = [principal, Matrix3::identity()];
    smallest(axes.iter().flat_map(Matrix3::column_iter).map(|axis| {
        let axis = axis.normalize();
        let origin = middle_line(points, &axis);
        let profile: Vec<Profile> = points
            .iter()
            .map(|point| {
                let along = (point - origin).dot(&axis);
                (along, (point - origin - axis * along).norm())
            })
            .collect();
        fit(&origin, &axis, &profile)
    }))
}

/// A point on the line along `axis` from which the farthest point is about as near as can be: M. Bădoiu and K. Clarkson,
/// *Smaller core-sets for balls* (2003).
fn middle_line(points: &[Vector3<f64>], axis: &Vector3<f64>) -> Vector3<f64> {
    let flat = |point: &Vector3<f64>| point - axis * point.dot(axis);
    let mut centre = points.iter().map(flat).sum::<Vector3<f64>>() / points.len() as f64;
    for step in 1..=200 {
        let away = |point: &Vector3<f64>| (flat(point) - centre).norm_squared();
        let farthest = points
            .iter()
            .max_by(|a, b| away(a).total_cmp(&away(b)))
            .expect("a hull has points");
        centre += (flat(farthest) - centre) / (f64::from(step) + 1.0);
    }
    centre
}

/// The capsule of least volume about a line. A wider one may be much shorter, so several radii are tried.
fn fit(origin: &Vector3<f64>, axis: &Vector3<f64>, profile: &[Profile]) -> Capsule {
    let widest = profile.iter().map(|&(_, across)| across).fold(0.0, f64::max);
    let candidates = (0..=60).map(|step| {
        let radius = widest * (1.0 + f64::from(step) * 0.03);
        // A part at t, r is inside of the caps while the end is no farther than √(radius² − r²) from t.
        let slack = |across: f64| (radius * radius - across * across).max(0.0).sqrt();
        let lower = profile
            .iter()
            .map(|&(t, r)| t + slack(r))
            .fold(f64::INFINITY, f64::min);
        let upper = profile
            .iter()
            .map(|&(t, r)| t - slack(r))
            .fold(f64::NEG_INFINITY, f64::max);
        let (lower, upper) = if lower <= upper {
            (lower, upper)
        } else {
            ((lower + upper) / 2.0, (lower + upper) / 2.0)
        };
        Capsule {
            ends: [origin + axis * lower, origin + axis * upper],
            radius,
        }
    });
    candidates
        .min_by(|a, b| a.volume().total_cmp(&b.volume()))
        .expect("there are candidates")
}

/// Bounds are this much larger than computed.
const ROUNDING: f64 = 1.0 + 1e-12;

#[cfg(test)]
mod tests {
    use super::super::segment::closest_to_point;
    use super::*;
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    fn random_core(rng: &mut ChaCha8Rng) -> Core {
        let mut size = || 0.02 + rng.random_range(0.0_f64..1.0).powi(3);
        let (x, y, z) = (size(), size(), size());
        match rng.random_range(0..3) {
            0 => Core::Box {
                half: Vector3::new(x, y, z),
            },
            1 => Core::Cylinder { radius: x, half: y },
            _ => {
                let points = (0..rng.random_range(4..40)).map(|_| {
                    Vector3::new(
                        rng.random_range(-x..x) + 0.3,
                        rng.random_range(-y..y),
                        rng.random_range(-z..z),
                    )
                });
                Core::Hull {
                    points: points.collect(),
                }
            }
        }
    }

    #[test]
    fn the_sphere_and_the_capsule_contain_the_solid() {
        for seed in 0..400 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let core = random_core(&mut rng);
            let bounds = Bounds::around(&core, 0.01);
            for _ in 0..200 {
                let direction = Vector3::from_fn(|_, _| rng.random_range(-1.0..1.0));
                let point = core.support(&direction) + direction.normalize() * 0.01;
                assert!(
                    (point - bounds.centre).norm() <= bounds.sphere_radius * (1.0 + 1e-12),
                    "seed {seed}"
                );
                let on_axis = closest_to_point(&bounds.capsule.ends, &point);
                assert!(
                    (point - on_axis).norm() <= bounds.capsule.radius * (1.0 + 1e-12),
                    "seed {seed}"
                );
            }
        }
    }

    #[test]
    fn a_slender_box_gets_a_slender_capsule() {
        let half = Vector3::new(0.03, 0.5, 0.04);
        let capsule = Bounds::around(&Core::Box { half }, 0.0).capsule;
        assert!(capsule.radius < 0.06 && capsule.ends[1].y > 0.45, "{capsule:?}");
    }
}
