//! What the gate tolerates and how long it waits, checked once.
//!
//! Positions in rad (m), velocities per second. **Invariant:** a [`Config`] holds values that can work together; every
//! refusal names the field, its value and what is allowed.

use servomesh_types::JointKind;
pub use servomesh_types::range::OutOfRange as ConfigError;
use servomesh_types::range::within;
use std::ops::Deref;
use std::time::Duration;

/// What follows once a group stands still, by the categories of IEC 60204-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCategory {
    /// Category 0: torque off and brakes on at once.
    Zero,
    /// Category 1: torque off, brakes on.
    One,
    /// Category 2: hold the position under power, and watch that it is held.
    Two,
}

impl TryFrom<i64> for StopCategory {
    type Error = ();

    fn try_from(number: i64) -> Result<Self, ()> {
        match number {
            0 => Ok(Self::Zero),
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(()),
        }
    }
}

/// What differs between joints that turn and joints that slide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// How far beyond its end stops a joint may be commanded; covers the noise of a measurement taken at the stop.
    pub position: f64,
    /// How far a setpoint may be from where the one before leads to.
    pub jump: f64,
    /// How much its velocity may change beyond what the acceleration limit allows.
    pub velocity_jump: f64,
    /// How far the first setpoint of an epoch may be from the measured position.
    pub seed_position: f64,
    /// How far the first setpoint of an epoch may be from the measured velocity.
    pub seed_velocity: f64,
    /// How far the measured position may be from the commanded one.
    pub following: f64,
    /// Below this measured speed a joint counts as standing still.
    pub standstill: f64,
    /// How far a joint that stands still under power may be from where it was told to stand.
    pub hold: f64,
}

impl Tolerances {
    /// The values in the order of [`TOLERANCES`].
    pub fn to_array(&self) -> [f64; 8] {
        let Self {
            position,
            jump,
            velocity_jump,
            seed_position,
            seed_velocity,
            following,
            standstill,
            hold,
        } = *self;
        [
            position,
            jump,
            velocity_jump,
            seed_position,
            seed_velocity,
            following,
            standstill,
            hold,
        ]
    }

    /// The inverse of [`to_array`](Self::to_array).
    pub fn from_array(values: [f64; 8]) -> Self {
        let [
            position,
            jump,
            velocity_jump,
            seed_position,
            seed_velocity,
            following,
            standstill,
            hold,
        ] = values;
        Self {
            position,
            jump,
            velocity_jump,
            seed_position,
            seed_velocity,
            following,
            standstill,
            hold,
        }
    }
}

/// The gate's parameters as they are given; [`Config::new`] checks them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Rate at which setpoints are expected and the gate's own commands are sent, in Hz.
    pub rate_hz: f64,
    /// What follows a stop.
    pub stop_category: StopCategory,
    /// Missing setpoints in a row that are filled by extrapolation; one more is a fault.
    pub extrapolate: u32,
    /// Validity of the gate's own commands; at least two periods.
    pub valid_for: Duration,
    /// How far ahead of `now` a setpoint may be stamped.
    pub lead: Duration,
    /// No servo state for this long is a fault while commands flow; at least two periods.
    pub servo_state_timeout: Duration,
    /// No motion state for this long is a fault while commands flow; at least two periods.
    pub motion_state_timeout: Duration,
    /// A driver that does not take commands for this long is a fault; at least two periods.
    pub engage_timeout: Duration,
    /// Silence of the enabling device that is a fault in manual mode; at least two periods.
    pub enabling_timeout: Duration,
    /// How long a group may take to slow down to a lower speed scale or to reduced limits before they are enforced.
    pub settle: Duration,
    /// How long after a stop's end the machine may take to stand still where it was told to.
    pub ramp: Duration,
    /// How much more than the joints' own jerk setpoints may have, as a factor.
    pub jerk_factor: f64,
    /// How much quicker than its limit the measured tool may be \[m/s\].
    pub tool_speed_tolerance: f64,
    /// How far velocity and acceleration limits may be exceeded, as a fraction of them.
    pub limit_tolerance: f64,
    /// Highest winding temperature [°C].
    pub winding_degc: f64,
    /// How far below that it must fall before a reset [°C].
    pub winding_hysteresis_degc: f64,
    /// How fast groups may run at first, of what is planned: 0 … 1.
    pub speed_scale: f64,
    /// Tolerances of joints that turn, in rad.
    pub revolute: Tolerances,
    /// Tolerances of joints that slide, in m.
    pub prismatic: Tolerances,
}

impl Parameters {
    /// Time between two commands.
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate_hz)
    }

    /// The tolerances of one kind of joint.
    pub fn tolerances(&self, kind: JointKind) -> &Tolerances {
        match kind {
            JointKind::Revolute => &self.revolute,
            JointKind::Prismatic => &self.prismatic,
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rate_hz: 500.0,
            stop_category: StopCategory::Two,
            extrapolate: 3,
            valid_for: Duration::from_millis(50),
            lead: Duration::from_millis(20),
            servo_state_timeout: Duration::from_millis(50),
            motion_state_timeout: Duration::from_millis(100),
            engage_timeout: Duration::from_millis(500),
            enabling_timeout: Duration::from_millis(200),
            settle: Duration::from_secs(2),
            ramp: Duration::from_millis(500),
            jerk_factor: 1.05,
            tool_speed_tolerance: 0.05,
            limit_tolerance: 0.01,
            winding_degc: 110.0,
            winding_hysteresis_degc: 5.0,
            speed_scale: 1.0,
            revolute: Tolerances {
                position: 1e-3,
                jump: 5e-4,
                velocity_jump: 0.05,
                seed_position: 0.02,
                seed_velocity: 0.02,
                following: 0.15,
                standstill: 0.02,
                hold: 0.05,
            },
            prismatic: Tolerances {
                position: 5e-4,
                jump: 2e-4,
                velocity_jump: 0.01,
                seed_position: 0.005,
                seed_velocity: 0.05,
                following: 0.05,
                standstill: 0.005,
                hold: 0.02,
            },
        }
    }
}

/// Parameters that can work together; read through [`Deref`], never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Config(Parameters);

impl Config {
    /// Checks the parameters and keeps them.
    ///
    /// # Errors
    /// [`ConfigError`] names the first one outside its range.
    pub fn new(given: Parameters) -> Result<Self, ConfigError> {
        within("rate_hz", given.rate_hz, range::RATE_HZ)?;
        within("extrapolate", f64::from(given.extrapolate), range::EXTRAPOLATE)?;
        let periods = 2.0 / given.rate_hz;
        let at_least_two = |(_, max): (f64, f64)| (periods, max);
        for (name, duration, range) in [
            ("valid_for_s", given.valid_for, at_least_two(range::VALID_FOR_S)),
            ("lead_s", given.lead, range::LEAD_S),
            (
                "timeout.servo_state_s",
                given.servo_state_timeout,
                at_least_two(range::TIMEOUT_S),
            ),
            (
                "timeout.motion_state_s",
                given.motion_state_timeout,
                at_least_two(range::TIMEOUT_S),
            ),
            (
                "timeout.engage_s",
                given.engage_timeout,
                at_least_two(range::TIMEOUT_S),
            ),
            (
                "timeout.enabling_s",
                given.enabling_timeout,
                at_least_two(range::TIMEOUT_S),
            ),
            ("settle_s", given.settle, range::SETTLE_S),
            ("ramp_s", given.ramp, range::RAMP_S),
        ] {
            within(name, duration.as_secs_f64(), range)?;
        }
        within("jerk_factor", given.jerk_factor, range::JERK_FACTOR)?;
        within(
            "tool_speed_tolerance",
            given.tool_speed_tolerance,
            range::TOOL_SPEED_TOLERANCE,
        )?;
        within("limit_tolerance", given.limit_tolerance, range::LIMIT_TOLERANCE)?;
        within("winding_degc", given.winding_degc, range::WINDING_DEGC)?;
        within(
            "winding_hysteresis_degc",
            given.winding_hysteresis_degc,
            range::WINDING_HYSTERESIS_DEGC,
        )?;
        within("speed_scale", given.speed_scale, range::SPEED_SCALE)?;
        for (kind, tolerances) in [("revolute", &given.revolute), ("prismatic", &given.prismatic)] {
            for (value, (field, max, _)) in tolerances.to_array().into_iter().zip(TOLERANCES) {
                within(&format!("{kind}.{field}"), value, (MIN_TOLERANCE, max))?;
            }
        }
        Ok(Self(given))
    }
}

impl Deref for Config {
    type Target = Parameters;
    fn deref(&self) -> &Parameters {
        &self.0
    }
}

/// The ranges of parameters, lowest and highest. Timeouts and validities are at least two periods besides.
pub mod range {
    /// Of `rate_hz`, in Hz.
    pub const RATE_HZ: (f64, f64) = (10.0, 10_000.0);
    /// Of `extrapolate`.
    pub const EXTRAPOLATE: (f64, f64) = (0.0, 100.0);
    /// Of `valid_for_s`, in s.
    pub const VALID_FOR_S: (f64, f64) = (0.0, 1.0);
    /// Of `lead_s`, in s.
    pub const LEAD_S: (f64, f64) = (0.0, 1.0);
    /// Of all timeouts, in s.
    pub const TIMEOUT_S: (f64, f64) = (0.0, 10.0);
    /// Of `settle_s`.
    pub const SETTLE_S: (f64, f64) = (0.0, 10.0);
    /// Of `ramp_s`: a driver needs some time to do what it is told.
    pub const RAMP_S: (f64, f64) = (0.05, 10.0);
    /// Of `jerk_factor`: below 1 rounding would be a fault.
    pub const JERK_FACTOR: (f64, f64) = (1.01, 1e6);
    /// Of `tool_speed_tolerance`, in m/s.
    pub const TOOL_SPEED_TOLERANCE: (f64, f64) = (0.001, 0.5);
    /// Of `limit_tolerance`.
    pub const LIMIT_TOLERANCE: (f64, f64) = (0.0, 0.2);
    /// Of `winding_degc`, in °C.
    pub const WINDING_DEGC: (f64, f64) = (20.0, 200.0);
    /// Of `winding_hysteresis_degc`, in °C.
    pub const WINDING_HYSTERESIS_DEGC: (f64, f64) = (0.0, 50.0);
    /// Of `speed_scale`, at the start and by request.
    pub const SPEED_SCALE: (f64, f64) = (0.0, 1.0);
}

/// The fields of [`Tolerances`], in the order of [`Tolerances::to_array`]: name, highest value, what it is.
pub const TOLERANCES: [(&str, f64, &str); 8] = [
    (
        "position",
        0.1,
        "How far beyond an end stop a joint may be commanded",
    ),
    (
        "jump",
        0.1,
        "How far a setpoint may be from where the one before leads to",
    ),
    (
        "velocity_jump",
        1.0,
        "How much velocity may change beyond what the acceleration limit allows, per second",
    ),
    (
        "seed_position",
        0.5,
        "How far an epoch's first setpoint may be from the measured position",
    ),
    (
        "seed_velocity",
        1.0,
        "How far an epoch's first setpoint may be from the measured velocity, per second",
    ),
    (
        "following",
        1.0,
        "How far the measured position may be from the commanded one",
    ),
    (
        "standstill",
        0.5,
        "Measured speed below which a joint stands still, per second",
    ),
    (
        "hold",
        0.5,
        "How far a joint that stands still under power may stray",
    ),
];

/// The lowest tolerance: zero would refuse what differs by rounding only.
pub const MIN_TOLERANCE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Parameters)) -> String {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        Config::new(parameters)
            .expect_err("the change makes it invalid")
            .to_string()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Config::new(Parameters::default()), Ok(Config::default()));
    }

    #[test]
    fn a_refusal_names_the_field_its_value_and_what_is_allowed() {
        assert_eq!(
            refused(|p| p.revolute.following = f64::NAN),
            "revolute.following is NaN, but must be between 0.000001 and 1"
        );
        assert_eq!(
            refused(|p| p.rate_hz = 0.0),
            "rate_hz is 0, but must be between 10 and 10000"
        );
    }

    #[test]
    fn a_timeout_shorter_than_two_periods_is_refused() {
        let text = refused(|p| p.servo_state_timeout = Duration::from_millis(3));
        assert!(text.starts_with("timeout.servo_state_s is 0.003"), "{text}");
    }
}
