//! What Servomesh claims of its speed, measured against peers in the same run.
//!
//! Every figure is a cost (time, memory), so a ratio of ours to the peer's is better when it is smaller.
//!
//! **Invariant:** ours and the peer take turns within one run on one machine; a figure of another day is never compared.

pub mod bus;
#[cfg(feature = "ros")]
pub mod cell;
pub mod claims;
pub mod collision;
mod draw;
pub mod driver;
pub mod dynamixel;
pub mod estimator;
#[cfg(feature = "ros")]
pub mod hop;
pub mod ik;
mod motion_pictures;
mod native;
pub mod pictures;
pub mod ratio;
pub mod retarget;
pub mod robot;
pub mod safety;
pub mod simulation;
pub mod stats;
pub mod tick;
pub mod timing;
pub mod wheels;
