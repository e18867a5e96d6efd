//! Minimum distance and penetration between the links of a robot and to what stands around it. Lengths in m, base axes.
//!
//! Duty: from a robot's collision shapes and named obstacles, say which two are closest, where, how far or how deep, and how that
//! changes with the joints.
//!
//! **Invariant:** a distance is never above the true one of the solids by more than rounding; solids contain the shapes that they stand for.
//! After set-up nothing allocates: [`CollisionModel::place`], the questions and [`CollisionModel::move_obstacle`].
//!
//! ```
//! use nalgebra::{Isometry3, Vector3};
//! use servomesh_robot::Model;
//! use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
//!
//! let robot = Model::from_urdf_str(
//!     r#"<robot name="boom"><link name="base"/>
//!          <link name="rod"><collision><origin xyz="0.5 0 0"/>
//!            <geometry><box size="1 0.1 0.1"/></geometry></collision></link>
//!          <joint name="slew" type="continuous">
//!            <parent link="base"/><child link="rod"/><axis xyz="0 0 1"/><limit velocity="1" effort="1"/>
//!          </joint></robot>"#,
//! )?;
//! let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
//! collision.add_obstacle("post", Solid::cylinder(0.1, 2.0)?, &Isometry3::translation(0.0, 0.8, 0.0))?;
//!
//! collision.place(&[0.0]);
//! let near = collision.minimum_distance().expect("there is a pair");
//! assert!((near.distance - 0.65).abs() < 1e-9); // 0.8 m less half of the rod and the post's radius
//! assert_eq!(collision.name(near.b)?, "post");
//! let mut slope = [0.0];
//! collision.distance_gradient(&near, &mut slope)?;
//! assert!(slope[0] < 0.0); // turning left brings them together
//!
//! collision.place(&[std::f64::consts::FRAC_PI_2]);
//! assert!(collision.closer_than(0.0).is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod epa;
mod error;
mod gjk;
mod hull;
mod linkage;
mod links;
mod mesh;
mod model;
mod pairs;
mod query;
mod reach;
mod segment;
mod separation;
mod settings;
mod settle;
mod simplex;
mod solid;
mod swept;

pub use error::{CollisionError, CollisionWarning};
pub use linkage::Linkage;
pub use model::{Collider, CollisionModel, ObstacleId};
pub use pairs::Verdict;
pub use query::Proximity;
pub use separation::Separation;
pub use settings::{CollisionSettings, LinkSolids, MissingMesh};
pub use solid::Solid;
