//! Shapes, what carries them, what they are made of, and surfaces that run.
//!
//! Decides which shapes can touch each other and how parry sees them. Lengths in m; cylinders and capsules stand along z, as in URDF.

use std::sync::Arc;

use nalgebra::{Isometry3, Point3, UnitQuaternion, Vector3};
use parry3d_f64::math::{Pose, Rotation, Vector};
use parry3d_f64::shape::SharedShape;
use servomesh_robot::LinkId;

use super::body::BodyId;
use crate::error::SimError;

/// A shape of one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShapeId(pub(super) usize);

/// A convex shape, centred on its own origin unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A box of full side lengths.
    Box {
        /// Full lengths along x, y, z.
        size: Vector3<f64>,
    },
    /// A cylinder along z.
    Cylinder {
        /// Radius.
        radius: f64,
        /// Full length.
        length: f64,
    },
    /// A cylinder along z with a half-sphere added at each end.
    Capsule {
        /// Radius.
        radius: f64,
        /// Length of the cylindrical part.
        length: f64,
    },
    /// A sphere.
    Sphere {
        /// Radius.
        radius: f64,
    },
    /// The convex hull of points.
    Convex {
        /// The points; four or more that span a volume.
        points: Vec<Point3<f64>>,
    },
    /// All below z = 0: a floor without end. It stands still, or is carried by a link.
    HalfSpace,
}

/// What a shape moves with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Nothing: it stands in the base.
    Ground,
    /// A link of the machine.
    Link(LinkId),
    /// A free body.
    Body(BodyId),
}

/// How a surface touches. Of two surfaces in contact the larger friction and torsion hold, as in MuJoCo, and the larger restitution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Material {
    /// Coulomb's coefficient of friction.
    pub friction: f64,
    /// Torsional friction of one contact point, as moment over normal force (m): two thirds of the radius of a round contact patch
    /// times the friction. 0 unless the surface gives way, as a pad does.
    pub torsion: f64,
    /// Speed after a blow over speed before it, 0 … 1.
    pub restitution: f64,
}

impl Default for Material {
    /// Dry plastic or wood on metal: friction 0.5, no torsion, no bounce.
    fn default() -> Self {
        Self {
            friction: 0.5,
            torsion: 0.0,
            restitution: 0.0,
        }
    }
}

/// How a shape's surface runs over the shape, as a belt does.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Surface {
    /// It doesn't.
    #[default]
    Still,
    /// At a speed that nothing holds up.
    Speed {
        /// Velocity of the surface in the shape's axes (m/s).
        velocity: Vector3<f64>,
    },
    /// With a joint of the machine, which feels what it moves.
    Joint {
        /// The joint's index in the machine.
        joint: usize,
        /// Travel of the surface for each unit of joint position, in the shape's axes.
        travel: Vector3<f64>,
    },
}

impl Shape {
    /// The shape of a link in a robot description; `None` for a mesh, which is a file that nobody opened.
    pub fn from_geometry(shape: &servomesh_robot::Shape) -> Option<Self> {
        use servomesh_robot::Shape as Described;
        match *shape {
            Described::Box { size } => Some(Self::Box { size }),
            Described::Cylinder { radius, length } => Some(Self::Cylinder { radius, length }),
            Described::Capsule { radius, length } => Some(Self::Capsule { radius, length }),
            Described::Sphere { radius } => Some(Self::Sphere { radius }),
            Described::Mesh { .. } => None,
        }
    }

    /// Checks that the shape can be.
    ///
    /// # Errors
    /// Names the measure that is not positive and finite.
    pub(super) fn check(&self) -> Result<(), SimError> {
        let positive = |what: &'static str, value: f64| {
            if value > 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(SimError::Mechanics {
                item: "shape".to_owned(),
                what,
                value,
                must_be: "positive and finite",
            })
        };
        match self {
            Self::Box { size } => size.iter().try_for_each(|&side| positive("side", side)),
            &Self::Cylinder { radius, length } | &Self::Capsule { radius, length } => {
                positive("radius", radius)?;
                positive("length", length)
            }
            &Self::Sphere { radius } => positive("radius", radius),
            Self::Convex { points } => {
                if let Some(&bad) = points.iter().flat_map(|p| p.iter()).find(|x| !x.is_finite()) {
                    return positive("coordinate", bad);
                }
                positive("volume of the hull", hull_volume(points))
            }
            Self::HalfSpace => Ok(()),
        }
    }

    /// The shape in parry's terms, and where it stands in this shape's frame.
    pub(super) fn to_parry(&self) -> (SharedShape, Pose) {
        // Cylinders of parry stand along y.
        let upright = Pose::from_rotation(Rotation::from_rotation_x(std::f64::consts::FRAC_PI_2));
        match self {
            Self::Box { size } => (
                SharedShape::cuboid(0.5 * size.x, 0.5 * size.y, 0.5 * size.z),
                Pose::identity(),
            ),
            &Self::Cylinder { radius, length } => (SharedShape::cylinder(0.5 * length, radius), upright),
            &Self::Capsule { radius, length } => {
                (SharedShape::capsule_z(0.5 * length, radius), Pose::identity())
            }
            &Self::Sphere { radius } => (SharedShape::ball(radius), Pose::identity()),
            Self::Convex { points } => {
                let points: Vec<Vector> = points.iter().map(|p| Vector::new(p.x, p.y, p.z)).collect();
                let hull = SharedShape::convex_hull(&points);
                (hull.expect("checked when it was added"), Pose::identity())
            }
            Self::HalfSpace => (SharedShape::halfspace(Vector::Z), Pose::identity()),
        }
    }
}

/// The volume of the convex hull of points; 0 if they span none.
fn hull_volume(points: &[Point3<f64>]) -> f64 {
    if points.len() < 4 {
        return 0.0;
    }
    let points: Vec<Vector> = points.iter().map(|p| Vector::new(p.x, p.y, p.z)).collect();
    SharedShape::convex_hull(&points).map_or(0.0, |hull| hull.mass_properties(1.0).mass())
}

/// What a carrier is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ground,
    /// A link of the machine that never moves.
    Base,
    /// A link that moves; on the machine's first joint, or further out.
    Moving {
        next_to_base: bool,
    },
    Body(BodyId),
}

impl Kind {
    pub(super) fn moves(self) -> bool {
        matches!(self, Self::Moving { .. } | Self::Body(_))
    }

    /// Whether shapes on both can touch.
    pub(super) fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Body(one), Self::Body(other)) => one != other,
            (Self::Body(_), _) | (_, Self::Body(_)) => true,
            (Self::Moving { .. }, Self::Ground) | (Self::Ground, Self::Moving { .. }) => true,
            (Self::Moving { next_to_base }, Self::Base) | (Self::Base, Self::Moving { next_to_base }) => {
                !next_to_base
            }
            (Self::Moving { .. }, Self::Moving { .. }) => false,
            (Self::Ground | Self::Base, Self::Ground | Self::Base) => false,
        }
    }
}

/// A shape where it is used.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) shape: SharedShape,
    pub(super) carrier: Carrier,
    /// The parry shape's frame in its carrier's.
    pub(super) carrier_from_shape: Pose,
    /// The frame that the shape was described in, for surfaces that run.
    pub(super) carrier_from_described: UnitQuaternion<f64>,
    pub(super) base_from_carrier: UnitQuaternion<f64>,
    pub(super) kind: Kind,
    /// Largest distance of the surface from the carrier's centre (m).
    pub(super) radius: f64,
    pub(super) material: Material,
    /// The share of its friction that it keeps.
    pub(super) grip: f64,
    pub(super) surface: Surface,
    pub(super) described: Arc<Shape>,
}

impl Placed {
    /// Whether it can roll on lines of its surface. A sphere's points are found anew in every step anyway.
    pub(super) fn is_round(&self) -> bool {
        matches!(*self.described, Shape::Cylinder { .. } | Shape::Capsule { .. })
    }

    /// Turns a vector from the axes that the shape was described in into those of the base.
    pub(super) fn in_base(&self, v: &Vector3<f64>) -> Vector3<f64> {
        self.base_from_carrier * (self.carrier_from_described * v)
    }

    /// The velocity at which the surface runs over the shape by itself (m/s), in base axes.
    pub(super) fn running(&self) -> Vector3<f64> {
        match self.surface {
            Surface::Speed { velocity } => self.in_base(&velocity),
            Surface::Still | Surface::Joint { .. } => Vector3::zeros(),
        }
    }
}

impl std::fmt::Debug for Placed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} on {:?}", self.described, self.carrier)
    }
}

/// A pose in parry's terms.
pub(super) fn pose(isometry: &Isometry3<f64>) -> Pose {
    let (t, r) = (isometry.translation.vector, isometry.rotation.coords);
    Pose::from_parts(
        Vector::new(t.x, t.y, t.z),
        Rotation::from_xyzw(r.x, r.y, r.z, r.w),
    )
}
