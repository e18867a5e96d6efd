//! DYNAMIXEL X servos: what they hear and say in Protocol 2.0, their control table, and what they make of it on their motor.
//!
//! | file | what it decides |
//! |---|---|
//! | [`servo`](Dynamixel) | the device: power, boot, the motor's step |
//! | `instructions` | what each instruction does and how it is answered |
//! | `turns` | when it is whose turn in the answers of a group |
//! | `hearing` | packets out of what is heard, by their length |
//! | `memory` | EEPROM, RAM, backup |
//! | `access` | what may be read and written, and the error numbers |
//! | `control`, `profile` | modes, loops, limits, trajectories |
//! | `encoder` | ticks, turns, offset, sense |
//! | `protection` | hardware errors and shutdown |
//!
//! Source: ROBOTIS e-Manual, "DYNAMIXEL Protocol 2.0" and the pages of the X series. Where it leaves something open, the file says what is
//! done here.

mod access;
mod control;
mod encoder;
mod hearing;
mod instructions;
mod memory;
mod profile;
mod protection;
mod servo;
mod turns;

pub use servo::{Dynamixel, DynamixelError};
