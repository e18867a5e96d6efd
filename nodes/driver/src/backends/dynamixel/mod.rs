//! DYNAMIXEL X servos on a serial bus: one [`Dynamixel`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | [`settings`] | what may be configured: ids, models, modes, rate |
//! | `file` | how the servos file says which servo moves a joint |
//! | `link` | what a bus holds, and which of its phases hears what |
//! | `opening` | setting servos up one after the other, and anew |
//! | `cycling` | what is sent when, what a frame says, what a missing answer means |
//! | `setup` | what one servo is asked and told before it may move |
//! | `layout` | which registers are read and written in a cycle, through which indirect addresses |
//! | `cycle` | the packets of a cycle, and what their answers say |
//! | `servo` | what is known of one servo |
//! | [`scan`] | which servos are on a bus, whatever their speed |
//!
//! A cycle:
//!
//! ```text
//!   k·T                                                        k·T + write phase            (k+1)·T
//!    │ fast sync read │ joined reply │ frame → core → command …   │ sync write of goals │ …   │
//! ```
//!
//! Cycles begin at whole multiples of the period in ROS time, and goals go out at a fixed phase of it, so that the drivers of one machine
//! are in step. A servo samples itself when the read has come to its end: that is a frame's stamp.
//!
//! **Invariant:** a position is handed over only from a block whose checksum is right, of a servo that is known to be set up: each block
//! holds its bus watchdog, which a servo that was started anew has lost.
//! **Invariant:** every servo's bus watchdog is armed before it gets torque.

mod cycle;
mod cycling;
mod file;
mod layout;
mod link;
mod opening;
pub mod scan;
mod servo;
pub mod settings;
mod setup;

pub use link::{Dynamixel, Stats};
pub use settings::{ServoSettings, Settings};
