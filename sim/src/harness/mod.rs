//! The cell in one process: all cores and the plant on a virtual clock, with an emulated network between them.
//!
//! The ROS shells run the same cores as separate processes; here they are driven by one queue of events in order of
//! time. **Invariant:** the same seed and the same calls give the same bytes, on every run.
//!
//! ```
//! use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig};
//! use servomesh_trajectory::{MoveGoal, MoveMode, Status};
//! use std::time::Duration;
//!
//! let mut cell = Cell::new(&CellFiles::default_cell()?, NetworkConfig::default(), 1)?;
//! cell.run_for(Duration::from_millis(100));
//! let goal = MoveGoal {
//!     mode: MoveMode::Joint,
//!     joint_names: vec!["elbow_joint".into()],
//!     target: vec![1.2],
//!     ..MoveGoal::default()
//! };
//! let id = cell.send_move("arm", goal);
//! assert!(cell.run_until(Duration::from_secs(5), |cell| cell.outcome(id).is_some()));
//! assert_eq!(cell.outcome(id).map(|outcome| outcome.status), Some(Status::Succeeded));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arm;
mod cell;
mod client;
mod digest;
mod files;
pub mod job;
mod lifecycle;
mod mismatch;
mod network;
mod parts;
mod wired;

pub use arm::{ARM, HOME, PlantJoints, arm};
pub use cell::Cell;
pub use files::{CellFiles, FilesError};
pub use job::{JobError, LineJob};
pub use network::NetworkConfig;
pub use parts::Part;
pub use wired::WiredDriver;
