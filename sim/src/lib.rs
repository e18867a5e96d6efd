//! The hardware of a cell, simulated: rigid bodies, motors with their gears, drives, brakes, encoders.
//!
//! Duty: given what each drive is told, say what each drive then reports, and what is really true. Inputs are drive commands
//! (enable, current (A)); outputs are drive states and the true positions, velocities and accelerations of all joints.
//!
//! **Invariant:** no clock, no I/O while it runs, and what is random is seeded: the same seed and commands at the same steps give the
//! same bytes.
//!
//! ```
//! use std::time::Duration;
//! use servomesh_robot::Model;
//! use servomesh_sim::{DriveCommand, Plant, ServoCatalog};
//!
//! let cell = Model::from_urdf_str(include_str!("../../launch/robots/cell.urdf"))?;
//! let servos = ServoCatalog::from_yaml_str(include_str!("../../launch/robots/cell.servos.yaml"))?;
//! let mut plant = Plant::new(&cell, &servos)?;
//! let belt = cell.joint_index("conveyor_belt_joint")?;
//!
//! for _ in 0..500 {
//!     plant.set_drive(belt, DriveCommand { enable: true, current_a: 1.5 })?;
//!     plant.step(Duration::from_millis(2));
//! }
//! assert!(plant.velocities()[belt] > 0.1);
//! assert!(plant.drive(belt).enabled);
//! # Ok::<(), servomesh_sim::SimError>(())
//! ```

mod error;
pub mod faults;
pub mod hardware;
pub mod harness;
pub mod mechanics;
pub mod pacing;
pub mod plant;
pub mod servo;
pub mod simulation;
pub mod terminals;
pub mod wiring;

pub use error::SimError;
pub use faults::{Fault, FaultId};
pub use hardware::Hardware;
pub use plant::{Plant, Wrench};
pub use servo::catalog::{ServoCatalog, ServoParameters};
pub use servo::drive::{DriveCommand, DriveState};
pub use servo::encoder::Ticks;
pub use servo::sheet::DataSheet;
pub use simulation::Simulation;
pub use terminals::Terminals;
pub use wiring::Wiring;
