//! What FEETECH's series do differently: which register plays which part, and what the sensor knows.
//!
//! | | STS | SCS |
//! |---|---|---|
//! | sensor | magnetic: 4096 steps a turn, all round, counts turns | potentiometer: 1024 steps over 300° |
//! | a motor without end | mode 1 (speed), 2 (PWM) | angle limits of 0 and 0: PWM |
//! | a time for a way | no | goal time |
//! | torque limit | register 48, at the start register 16 | register 16 |
//! | over-current | registers 28 and 38 | no sensor |
//! | sync reads, pings of all | answered in turn | not answered |
//!
//! All else is alike, and named by the registers of the STS3215. Beyond the potentiometer's ends, in 60° of a turn, the nearer end is read: an assumption.

use servomesh_fieldbus::feetech::table::{Model, Register};
use servomesh_fieldbus::feetech::{scs0009, sts3215};

/// A series.
#[derive(Debug)]
pub struct Series {
    /// Steps in a turn of the output.
    pub turn: f64,
    /// The last step of a sensor that does not see all of a turn.
    pub last_step: Option<f64>,
    /// Whether angle limits of 0 and 0 make it a motor that is driven by a duty cycle.
    pub is_motor_without_limits: bool,
    /// The time that a way takes, where it can be said.
    pub goal_time: Option<Register>,
    /// The goal of a motor that is driven by a duty cycle.
    pub goal_duty: Register,
    /// What the duty cycle is limited to.
    pub torque_limit: Register,
    /// What it is at the start, where that is another register.
    pub first_torque_limit: Option<Register>,
    /// The least duty cycle that moves it.
    pub startup_force: Register,
    /// What the position loop's integral is limited to.
    pub integral_limit: Option<Register>,
    /// A current that is too high, and for how long it may be.
    pub overcurrent: Option<(Register, Register)>,
    /// A load that is too high.
    pub overload_torque: Register,
    /// For how long it may be.
    pub protection_time: Register,
    /// What is left of the torque then.
    pub protection_torque: Register,
}

impl Series {
    /// The series of a model.
    pub fn of(model: &Model) -> &'static Self {
        if model.number == scs0009::MODEL.number {
            &SCS
        } else {
            &STS
        }
    }
}

static STS: Series = Series {
    turn: 4096.0,
    last_step: None,
    is_motor_without_limits: false,
    goal_time: None,
    goal_duty: sts3215::GOAL_DUTY,
    torque_limit: sts3215::TORQUE_LIMIT,
    first_torque_limit: Some(sts3215::MAX_TORQUE),
    startup_force: sts3215::STARTUP_FORCE,
    integral_limit: Some(sts3215::INTEGRAL_LIMIT),
    overcurrent: Some((sts3215::PROTECTION_CURRENT, sts3215::OVERCURRENT_TIME)),
    overload_torque: sts3215::OVERLOAD_TORQUE,
    protection_time: sts3215::PROTECTION_TIME,
    protection_torque: sts3215::PROTECTION_TORQUE,
};

static SCS: Series = Series {
    turn: 1024.0 * 360.0 / 300.0,
    last_step: Some(1023.0),
    is_motor_without_limits: true,
    goal_time: Some(scs0009::GOAL_TIME),
    goal_duty: scs0009::GOAL_DUTY,
    torque_limit: scs0009::MAX_TORQUE,
    first_torque_limit: None,
    startup_force: scs0009::STARTUP_FORCE,
    integral_limit: None,
    overcurrent: None,
    overload_torque: scs0009::OVERLOAD_TORQUE,
    protection_time: scs0009::PROTECTION_TIME,
    protection_torque: scs0009::PROTECTION_TORQUE,
};
