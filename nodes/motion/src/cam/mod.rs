//! Gears and cams: one joint in step with another, at every tick. SI, rad or m.
//!
//! | room | what it decides |
//! |---|---|
//! | `law` | where the follower is for a state of the leader; whether limits fit |
//! | `table` | the curve of a cam through its points |
//! | `coupling` | catching up, then staying in step |
//!
//! The follower is computed from the leader's setpoint for the same moment, so that both apply together.

mod coupling;
mod law;
mod table;

pub use coupling::{Coupled, Coupling};
pub use law::{DoesNotFit, Law};
pub use table::{BadCam, CamTable, MOST_POINTS};
