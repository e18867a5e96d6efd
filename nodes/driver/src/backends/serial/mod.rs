//! Buses of servos on a serial line, whatever these speak: one [`Bus`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | `bus` | what a bus holds, and which of its phases hears what |
//! | `opening` | setting servos up one after the other, and anew |
//! | `cycling` | a read, a frame when its answers are complete or overdue, goals at a fixed phase of the period |
//! | `phase` | in which phase a bus is, and what is due in it |
//! | `member` | what any servo of a group is asked by its bus: what is known of it, whose turn it is to be set up |
//! | `protocol` | what servos of one make do their own way |
//!
//! **Invariant:** a frame is handed over only while all servos are set up, and once each has been sampled.
//! **Invariant:** the goals of a cycle go out once, and only those of the core's newest answer.

mod bus;
mod cycling;
mod member;
mod opening;
mod phase;
mod protocol;

pub use bus::{Bus, Stats};
pub(in crate::backends) use member::{Known, Member};
pub(in crate::backends) use phase::{Asked, Asking};
pub(in crate::backends) use protocol::{Ask, Protocol};

use std::time::Duration;

/// Return delays are set to nothing, but not before the first set-up: 254 · 2 µs.
pub(in crate::backends) const SLOWEST_RETURN: Duration = Duration::from_micros(508);
/// A servo that says nothing for so long is opened anew: it may have lost its power, or be another.
pub(in crate::backends) const SILENT: Duration = Duration::from_millis(250);
/// Every so many reads torque and faults are read too.
pub(in crate::backends) const STATE_EVERY: u64 = 8;
