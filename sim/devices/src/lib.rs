//! Servos at the other end of the wire: devices that hear and answer as real ones do, with simulated motors behind them.
//!
//! | room | what it decides |
//! |---|---|
//! | [`device`] | what a device is: it hears a bus, says something, runs a motor, and what may befall it |
//! | [`motor`] | what a device sees of its motor and tells it; a motor on a bench |
//!
//! Devices, lines and motors know no clock: time comes in as an argument, and the same calls give the same bytes.

pub mod device;
pub mod motor;

pub use device::{CanDevice, Device, Mishap, Saying};
pub use motor::{FreeMotor, Motor, MotorCommand, MotorParameters, MotorState};
