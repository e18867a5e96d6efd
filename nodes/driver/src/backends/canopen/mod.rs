//! CANopen drives after CiA 402 on a CAN bus: one [`Canopen`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | [`settings`] | what may be configured: node ids, modes, rate |
//! | [`mod@file`] | how the servos file says which drive moves a joint |
//! | `link` | the bus as a whole: what comes is whose, what is due next |
//! | `opening` | drives that are set up, again and again until they are there |
//! | `cycling` | SYNC, samples, frames, goals, heartbeats, chores |
//! | [`carrier`] | how frames travel between program and bus: lines of an adapter (slcan), records of a CAN socket |
//! | `adapter` | opening an slcan adapter |
//! | `script`, `setup` | what one drive is asked and told before it may move; how that goes |
//! | `sdo` | one object after the other, with a time for each answer |
//! | `drive` | what is known of one drive, and what it is told in a cycle |
//! | `homing` | homing that a drive does by itself |
//! | [`fault`] | what error codes mean |
//! | `pace` | how long frames take, when a cycle begins, when an answer is missing |
//! | `objects` | the objects of CiA 301 and 402 that are used |
//! | `problem` | what people are told |
//!
//! A cycle:
//!
//! ```text
//!   k·T                                                        k·T + write phase              (k+1)·T
//!    │ SYNC │ TPDO of each drive │ frame → core → command │ SDO … │ RPDO of each drive, heartbeat │ SYNC: drives obey
//! ```
//!
//! The SYNC goes out when goals act on every bus, 1 ms after whole multiples of the period in ROS time. It is when drives sample themselves, which is a frame's stamp, and when they
//! obey the goals that came before it, all at once.
//!
//! **Invariant:** a position is handed over only from a process data frame of a drive that is set up and has been heard since.
//! **Invariant:** every drive watches this driver's heartbeat before it gets torque, and the heartbeat goes on only while the core answers.
//! **Invariant:** objects are written only where they differ, and none is stored.

mod adapter;
pub mod carrier;
mod cycling;
mod drive;
pub mod fault;
pub mod file;
mod homing;
mod link;
mod objects;
mod opening;
mod pace;
mod problem;
mod script;
mod sdo;
pub mod settings;
mod setup;

pub use carrier::Carrier;
pub use homing::HomingSettings;
pub use link::{Canopen, Stats};
pub use problem::{Problem, Which};
pub use settings::{DriveSettings, Settings, Thermometer};
