//! FEETECH servos on a line, STS3215 and SCS0009: what they hear, when they answer, and how they move.
//!
//! | file | what it decides |
//! |---|---|
//! | [`servo`] | which instructions it follows and answers, when its turn is |
//! | [`memory`] | which writes registers take, what is kept without power |
//! | [`control`] | the modes position, wheel, PWM and step: a duty cycle out of goals and what its sensors see |
//! | [`series`] | what the series STS and SCS do differently |
//! | [`sensor`] | what the angle sensor sees |
//! | [`protection`] | alarms, and which take the torque away |
//!
//! Sources: FEETECH's memory tables of the STS and SCSCL series and "SCS communication protocol" manual; `ftservo-python-sdk` 2.0.1 for who answers what.
//! Where these are silent, the files say what was assumed.

pub mod control;
pub mod memory;
pub mod protection;
pub mod sensor;
pub mod series;
pub mod servo;

pub use servo::Servo;
