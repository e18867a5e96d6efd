//! FEETECH servos, STS or SCS, on a serial bus: one [`Feetech`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | [`settings`] | what may be configured: ids, models, modes, rate |
//! | `file` | how the servos file says which servo moves a joint |
//! | `link` | what only a bus of these servos holds; the rest is [`serial`](super::serial)'s |
//! | `protocol` | what such a bus reads and writes when, and what it makes of an answer, or of none |
//! | `setup` | what one servo is asked and told before it may move |
//! | `layout` | which registers are read and written in a cycle |
//! | `cycle` | the packets of a cycle |
//! | `read` | who was asked when, who has answered, and what is an answer to that |
//! | [`series`] | what the series STS and SCS do differently |
//! | `servo` | what is known of one servo, what is believed of it, what it is told |
//! | [`scan`] | which servos are on a bus, whatever their speed |
//! | `assign` | what tells one servo another id or speed |
//!
//! A cycle:
//!
//! ```text
//!                                                                                  k·T + 1 ms
//!    │ sync read │ reply │ reply │ … │ frame → core → command …   │ sync write of goals │ …   │
//! ```
//!
//! SCS servos know no sync read: each is asked when the one before it has answered or is missing,
//!
//! ```text
//!    │ read │ reply │ read │ reply │ … │ frame → core → command …   │ sync write of goals │ …   │
//! ```
//!
//! Goals have reached the servos at a fixed phase of the period in ROS time, whatever the speed of the bus and the number of its servos, so that
//! the motors of one machine are in step; the cycle begins as early as that needs. A servo samples itself when it answers, some replies after the
//! read; that is its time in a frame.
//!
//! These servos have **no bus watchdog**: when their driver dies they go on with the last goal. In position mode, the default, they go there and hold it, under
//! torque. So a goal is never further ahead of the last measured position than the joint can move in the servo's own lag and two cycles, and the servo is
//! allowed no more speed than the joint. In the modes `velocity` and `pwm` they turn on: they are for joints for which that is harmless.
//!
//! **Invariant:** a position is handed over only if the checksum is right, the servo and the length are those that were asked for, each register holds what it
//! can, and the joint can have come there since the last one, or is seen there twice: the checksum alone passes one wrong packet in 256.
//! **Invariant:** an answer is taken for one to the newest read only if no answer to an earlier one can have its length.
//! **Invariant:** a servo that was silent for as long as a start takes gets no goal, which would switch its torque on, before it says that its torque is on.

mod assign;
mod cycle;
mod file;
mod layout;
mod link;
mod protocol;
mod read;
pub mod scan;
pub mod series;
mod servo;
pub mod settings;
mod setup;

pub use super::serial::Stats;
pub use link::Feetech;
pub use series::Series;
pub use settings::{Mode, Motor, ServoSettings, Settings};
