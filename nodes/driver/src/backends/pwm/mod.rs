//! Hobby servos that turn to what a pulse's width says: one [`Pwm`] drives a group.
//!
//! | room | what it decides |
//! |---|---|
//! | [`settings`] | what may be configured: channels, pulses, speeds |
//! | `file` | how the servos file says which channel moves a joint |
//! | `link` | when pulses change, what a frame says |
//! | `model` | where a servo should be by now, since it does not say |
//! | [`orders`] | what the link wants of the pulses, as bytes |
//! | [`pca9685`] | how a PCA9685 is told |
//!
//! A hobby servo says nothing back: what a frame holds is worked out from what was commanded, and marked as estimated. Before its first pulse nobody knows
//! where it is; `start` says where it is taken to be, and it **jumps** from where it is to where it is told when pulses begin.
//! Torque off is no pulses: most servos let go then, some hold. When the driver dies the pulses go on, and the servo holds its last goal.
//!
//! **Invariant:** no pulse is shorter or longer than the servo's.
//! **Invariant:** every frame is marked as estimated.

mod file;
mod link;
mod model;
pub mod orders;
pub mod pca9685;
pub mod settings;

pub use link::Pwm;
pub use settings::{PwmError, ServoSettings, Settings};
