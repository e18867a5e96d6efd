//! Convex solids: what is checked against what. Lengths in m.
//!
//! A solid is everything within a radius of a convex core: a capsule is a segment with a radius, a sphere a point with one. So
//! round solids have exact distances at the cost of their simple cores.
//!
//! **Invariant:** measures are finite and not negative; a solid contains its core.

use std::sync::Arc;

use nalgebra::{Point3, Vector3};

use super::bounds::Bounds;
use super::error::CollisionError;
use super::hull;

/// A convex solid, centred on its own origin; cylinders and capsules stand along z.
#[derive(Debug, Clone)]
pub struct Solid {
    pub(crate) core: Core,
    pub(crate) radius: f64,
    pub(crate) bounds: Bounds,
}

#[derive(Debug, Clone)]
pub(crate) enum Core {
    Point,
    /// From −half to half along z.
    Segment {
        half: f64,
    },
    Box {
        half: Vector3<f64>,
    },
    Cylinder {
        radius: f64,
        half: f64,
    },
    /// The convex hull of points.
    Hull {
        points: Arc<[Vector3<f64>]>,
    },
    /// Everything at and below z = 0.
    HalfSpace,
}

impl Solid {
    /// A sphere.
    ///
    /// # Errors
    /// If the radius is negative or not finite.
    pub fn sphere(radius: f64) -> Result<Self, CollisionError> {
        Ok(Self::new(Core::Point, measure("sphere radius", radius)?))
    }

    /// A box of full side lengths.
    ///
    /// # Errors
    /// If a length is negative or not finite.
    pub fn cuboid(size: &Vector3<f64>) -> Result<Self, CollisionError> {
        for &side in size.iter() {
            measure("box size", side)?;
        }
        Ok(Self::new(Core::Box { half: size / 2.0 }, 0.0))
    }

    /// A cylinder of full length.
    ///
    /// # Errors
    /// If a measure is negative or not finite.
    pub fn cylinder(radius: f64, length: f64) -> Result<Self, CollisionError> {
        let radius = measure("cylinder radius", radius)?;
        let half = measure("cylinder length", length)? / 2.0;
        Ok(Self::new(Core::Cylinder { radius, half }, 0.0))
    }

    /// A capsule; `length` is that of its cylindrical part.
    ///
    /// # Errors
    /// If a measure is negative or not finite.
    pub fn capsule(radius: f64, length: f64) -> Result<Self, CollisionError> {
        let radius = measure("capsule radius", radius)?;
        let half = measure("capsule length", length)? / 2.0;
        Ok(Self::new(Core::Segment { half }, radius))
    }

    /// The convex hull of points, such as a mesh's; flat ones are allowed.
    ///
    /// # Errors
    /// Without points, or if one is not finite.
    pub fn convex_hull(points: &[Point3<f64>]) -> Result<Self, CollisionError> {
        let mut vectors = Vec::with_capacity(points.len());
        for point in points {
            if let Some(&value) = point.iter().find(|value| !value.is_finite()) {
                let (what, must_be) = ("a hull's point", "finite");
                return Err(CollisionError::BadMeasure { what, value, must_be });
            }
            vectors.push(point.coords);
        }
        if vectors.is_empty() {
            return Err(CollisionError::NoPoints);
        }
        let points = hull::corners(vectors).into();
        Ok(Self::new(Core::Hull { points }, 0.0))
    }

    /// Everything at and below the plane z = 0 of its pose, such as a floor.
    pub fn half_space() -> Self {
        Self::new(Core::HalfSpace, 0.0)
    }

    fn new(core: Core, radius: f64) -> Self {
        let bounds = Bounds::around(&core, radius);
        Self { core, radius, bounds }
    }

    pub(crate) fn is_half_space(&self) -> bool {
        matches!(self.core, Core::HalfSpace)
    }

    pub(crate) fn is_round_about_z(&self) -> bool {
        matches!(
            self.core,
            Core::Point | Core::Segment { .. } | Core::Cylinder { .. }
        )
    }

    /// Half the length of the segment that is this solid's core, if it is round all over.
    pub(crate) fn half_segment(&self) -> Option<f64> {
        match self.core {
            Core::Point => Some(0.0),
            Core::Segment { half } => Some(half),
            _ => None,
        }
    }
}

impl Core {
    /// A point of the core that is farthest along `direction`. A half-space has none: it is never asked.
    pub(crate) fn support(&self, direction: &Vector3<f64>) -> Vector3<f64> {
        match self {
            Core::Point | Core::HalfSpace => Vector3::zeros(),
            Core::Segment { half } => Vector3::new(0.0, 0.0, half.copysign(direction.z)),
            Core::Box { half } => half.zip_map(direction, f64::copysign),
            Core::Cylinder { radius, half } => {
                let across = (direction.x * direction.x + direction.y * direction.y).sqrt();
                let scale = if across > 0.0 { radius / across } else { 0.0 };
                Vector3::new(
                    direction.x * scale,
                    direction.y * scale,
                    half.copysign(direction.z),
                )
            }
            Core::Hull { points } => {
                let (mut farthest, mut reach) = (points[0], points[0].dot(direction));
                for point in &points[1..] {
                    let along = point.dot(direction);
                    if along > reach {
                        (farthest, reach) = (*point, along);
                    }
                }
                farthest
            }
        }
    }
}

fn measure(what: &'static str, value: f64) -> Result<f64, CollisionError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    let must_be = "finite and zero or more";
    Err(CollisionError::BadMeasure { what, value, must_be })
}
