//! Rigid bodies that touch: one articulated machine, free bodies, and what stands still.
//!
//! Decides what a [`World`] is made of and how it is asked. Its parts:
//!
//! | file | decides |
//! |---|---|
//! | `world.rs`, `world/stepping.rs` | what there is, and the order of a step |
//! | `machine.rs` | the articulated machine in a step: masses, forces, Jacobians |
//! | `body.rs` | free bodies: mass, motion in flight, integration |
//! | `shape.rs` | shapes, what carries them, materials, surfaces that run |
//! | `broad_phase.rs`, `narrow_phase.rs` | which shapes may touch, and where they do |
//! | `constraint.rs` | what a contact does: round friction cone, softness, recovery from overlaps |
//! | `coupling.rs` | what each contact can move |
//! | `solver.rs`, `skyline.rs` | the velocities at the end of the step |
//! | `scene.rs` | what stands around a robot, from a file |
//!
//! Units are SI; poses and velocities are in base axes (the axes of the machine's root link). The order of bodies, shapes and joints is
//! that in which they were added.
//!
//! **Invariant:** no clock, no randomness, fixed orders: the same calls give the same bytes, in debug and in release.
//!
//! ```
//! use nalgebra::{Isometry3, Vector3};
//! use servomesh_sim::mechanics::{Carrier, MassProperties, Material, Shape, World};
//!
//! let mut world = World::new();
//! let cube = Shape::Box { size: Vector3::repeat(0.05) };
//! let body = world.add_body("cube", MassProperties::of(&cube, 0.2)?, Isometry3::translation(0.0, 0.0, 1.0))?;
//! world.add_shape(Carrier::Body(body), &cube, Isometry3::identity(), Material::default())?;
//! for _ in 0..100 {
//!     world.step(0.001, &[], &[]);
//! }
//! assert!((world.body(body).twist.linear.z + 0.1 * 9.80665).abs() < 1e-12);
//! # Ok::<(), servomesh_sim::SimError>(())
//! ```

mod body;
mod broad_phase;
mod constraint;
mod coupling;
mod machine;
mod narrow_phase;
mod scene;
mod shape;
mod skyline;
mod solver;
mod world;

pub use body::{BodyId, BodyState, MassProperties};
pub use machine::Integrator;
pub use scene::{Scene, SceneShape};
pub use shape::{Carrier, Material, Shape, ShapeId, Surface};
pub use world::{Contact, World};
