//! FEETECH STS servos on a line: what they hear, when they answer, and how they move.
//!
//! | file | what it decides |
//! |---|---|
//! | [`servo`] | which instructions it follows and answers, when its turn is |
//! | [`memory`] | which writes registers take, what is kept without power |
//! | [`control`] | the modes position, wheel, PWM and step: a duty cycle out of goals and what its sensors see |
//! | [`protection`] | alarms, and which take the torque away |
//!
//! Sources: FEETECH's memory table of the STS series and "SCS communication protocol" manual; `ftservo-python-sdk` 2.0.1 for who answers what.
//! Where these are silent, the files say what was assumed.

pub mod control;
pub mod memory;
pub mod protection;
pub mod servo;

pub use servo::Servo;
