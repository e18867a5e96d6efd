//! The estimator's configuration: parameters as they are given, and the same checked once.
//!
//! Units: rates in Hz, times in s as parameters and `Duration` inside.
//!
//! **Invariant:** a [`Config`] exists only if every value is in its range.

pub use servomesh_types::range::OutOfRange as ConfigError;
use servomesh_types::range::within;
use std::f64::consts::TAU;
use std::time::Duration;

/// The parameters as an integrator writes them. `Settings::default()` suits a servo loop of 500 Hz.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Bandwidth of the joint filters \[Hz\]: lower is smoother, higher lags less.
    pub bandwidth_hz: f64,
    /// How long a joint's motion is predicted without a new sample before its group is dropped \[s\].
    pub coast_s: f64,
    /// Most frames of motion in a second \[Hz\].
    pub motion_rate_max_hz: f64,
    /// Rate of joint states \[Hz\].
    pub joint_states_rate_hz: f64,
    /// Rate of transforms \[Hz\].
    pub tf_rate_hz: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bandwidth_hz: 40.0,
            coast_s: 0.05,
            motion_rate_max_hz: 500.0,
            joint_states_rate_hz: 100.0,
            tf_rate_hz: 50.0,
        }
    }
}

/// What each parameter may be; shells declare their parameters with it.
pub mod range {
    /// Of `bandwidth_hz`. Above a tenth of the servo rate the filter hardly filters.
    pub const BANDWIDTH_HZ: (f64, f64) = (0.5, 500.0);
    /// Of `coast_s`. Beyond half a second a constant acceleration says nothing about a machine.
    pub const COAST_S: (f64, f64) = (0.004, 0.5);
    /// Of each rate.
    pub const RATE_HZ: (f64, f64) = (1.0, 2000.0);
}

/// A configuration that has been checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    bandwidth: f64,
    coast: Duration,
    motion_period: Duration,
    joint_states_period: Duration,
    tf_period: Duration,
}

impl Config {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ConfigError`] names the first parameter that is out of its range.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let period = |name, rate| Ok(Duration::from_secs_f64(1.0 / within(name, rate, range::RATE_HZ)?));
        Ok(Self {
            bandwidth: TAU * within("bandwidth_hz", settings.bandwidth_hz, range::BANDWIDTH_HZ)?,
            coast: Duration::from_secs_f64(within("coast_s", settings.coast_s, range::COAST_S)?),
            motion_period: period("motion_rate_max_hz", settings.motion_rate_max_hz)?,
            joint_states_period: period("joint_states_rate_hz", settings.joint_states_rate_hz)?,
            tf_period: period("tf_rate_hz", settings.tf_rate_hz)?,
        })
    }

    /// Bandwidth of the joint filters [rad/s].
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }
    /// The longest prediction; older than that, nothing is said of a group.
    pub fn coast(&self) -> Duration {
        self.coast
    }
    /// The shortest mean time between two frames of motion.
    pub fn motion_period(&self) -> Duration {
        self.motion_period
    }
    /// Time between two joint states.
    pub fn joint_states_period(&self) -> Duration {
        self.joint_states_period
    }
    /// Time between two sets of transforms.
    pub fn tf_period(&self) -> Duration {
        self.tf_period
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(&Settings::default()).expect("the defaults are in their ranges")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_out_of_range_is_named_with_what_is_allowed() {
        let settings = Settings {
            coast_s: 3.0,
            ..Settings::default()
        };
        let error = Config::new(&settings).unwrap_err();
        assert_eq!(
            error.to_string(),
            "coast_s is 3, but must be between 0.004 and 0.5"
        );
        let settings = Settings {
            bandwidth_hz: f64::NAN,
            ..Settings::default()
        };
        assert_eq!(Config::new(&settings).unwrap_err().name, "bandwidth_hz");
    }
}
