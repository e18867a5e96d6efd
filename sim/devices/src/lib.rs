//! Servos at the other end of the wire: devices that hear and answer as real ones do, with simulated motors behind them.
//!
//! | room | what it decides |
//! |---|---|
//! | [`device`] | what a device is: it hears a bus, says something, runs a motor, and what may befall it |
//! | [`feetech`] | FEETECH's servos: STS3215, SCS0009 |
//! | [`motor`] | what a device sees of its motor and tells it; a motor on a bench, the joints of a machine |
//! | [`dynamixel`] | DYNAMIXEL X servos: Protocol 2.0, control table, modes |
//! | [`pwm`] | hobby servos, and a PCA9685 that makes their pulses |
//! | [`wire`] | what a master has at its end of a bus, whichever kind it is |
//! | [`bus`] | a serial bus in virtual time, made of `line` (who talks when, clashes), `uart` (wrong speeds) and [`noise`] (line faults) |
//! | [`canopen`] | CiA 402 drives on a CAN bus, with the adapter to it |
//! | [`mod@file`], [`rig`] | which buses there are with which devices (YAML), and all of them on one time |
//! | [`serve`], `port`, [`pty`], [`command`] | a rig in real time behind pseudo-terminals and CAN interfaces, and what can be done to it: the program `devices` |
//!
//! But for `serve`, `port`, `pty` and `main`, nothing here knows a clock: time comes in as an argument, and the same calls give the same bytes.

pub mod bus;
pub mod canopen;
pub mod command;
pub mod device;
pub mod dynamixel;
pub mod error;
pub mod feetech;
pub mod file;
mod line;
pub mod motor;
pub mod noise;
mod port;
pub mod pty;
pub mod pwm;
pub mod rig;
pub mod serve;
mod uart;
pub mod wire;

pub use bus::Bus;
pub use canopen::{CanBus, CanopenDrive};
pub use device::{CanDevice, Device, Mishap, Saying};
pub use dynamixel::{Dynamixel, DynamixelError};
pub use error::DevicesError;
pub use file::BusFile;
pub use motor::{
    FreeMotor, JointMotor, Machine, Motor, MotorCommand, MotorParameters, MotorState, TerminalMotor,
};
pub use noise::LineFaults;
pub use rig::Rig;
pub use serve::Server;
pub use wire::{Toward, Wire};
