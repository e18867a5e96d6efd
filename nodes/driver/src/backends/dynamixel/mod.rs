//! DYNAMIXEL X servos on a serial bus: one [`Dynamixel`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | [`settings`] | what may be configured: ids, models, modes, rate |
//! | `file` | how the servos file says which servo moves a joint |
//! | `link` | what only a bus of these servos holds; the rest is [`serial`](super::serial)'s |
//! | `protocol` | what such a bus reads and writes when, and what it makes of an answer, or of none |
//! | `setup` | what one servo is asked and told before it may move |
//! | `layout` | which registers are read and written in a cycle, through which indirect addresses |
//! | `cycle` | the packets of a cycle, and what their answers say |
//! | `servo` | what is known of one servo |
//! | [`scan`] | which servos are on a bus, whatever their speed |
//! | `assign` | what tells one servo another id or speed |
//!
//! A cycle:
//!
//! ```text
//!                                                                        k·T + 1 ms
//!    │ fast sync read │ joined reply │ frame → core → command …   │ sync write of goals │ …   │
//! ```
//!
//! Goals have reached the servos at a fixed phase of the period in ROS time, whatever the speed of the bus and the number of its servos, so that
//! the motors of one machine are in step; the cycle begins as early as that needs. A servo samples itself when the read has come to its end: that is a frame's stamp.
//!
//! **Invariant:** a position is handed over only from a block whose checksum is right, of a servo that is known to be set up: each block
//! holds its bus watchdog, which a servo that was started anew has lost.
//! **Invariant:** every servo's bus watchdog is armed before it gets torque.

mod assign;
mod cycle;
mod file;
mod layout;
mod link;
mod protocol;
pub mod scan;
mod servo;
pub mod settings;
mod setup;

pub use super::serial::Stats;
pub use link::Dynamixel;
pub use settings::{ServoSettings, Settings};
