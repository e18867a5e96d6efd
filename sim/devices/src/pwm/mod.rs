//! Hobby servos and what makes their pulses: a PCA9685 on an I²C bus.
//!
//! | file | what it decides |
//! |---|---|
//! | [`pca9685`] | registers: which writes they take, which pulses they stand for |
//! | [`servo`] | how a hobby servo moves by its pulses |
//! | [`board`] | a chip with its servos and their motors in virtual time |
//!
//! A hobby servo has no bus and says nothing, so none of this is a [`Device`](crate::Device): a master writes registers, and motors move.

pub mod board;
pub mod pca9685;
pub mod servo;

pub use board::Board;
pub use pca9685::Chip;
pub use servo::HobbyServo;
