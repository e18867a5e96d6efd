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
    /// Bandwidth of the filters of joints whose bodies are not known \[Hz\]: lower is smoother, higher lags less.
    pub bandwidth_hz: f64,
    /// Bandwidth at which what the model does not explain is followed, where the bodies are known \[Hz\].
    pub model_bandwidth_hz: f64,
    /// How long a joint's motion is predicted without a new sample before its group is dropped \[s\].
    pub coast_s: f64,
    /// Bandwidth of the momentum observer \[Hz\].
    pub observer_hz: f64,
    /// Share by which masses and inertias may be off.
    pub mass_error: f64,
    /// Share by which the announced friction and gear losses may be off.
    pub friction_error: f64,
    /// External effort that always has to be exceeded for a contact, of the joint's effort limit.
    pub contact_floor: f64,
    /// A collision takes so many times what a contact takes.
    pub collision_factor: f64,
    /// Most frames of motion in a second \[Hz\].
    pub motion_rate_max_hz: f64,
    /// Rate of joint states \[Hz\].
    pub joint_states_rate_hz: f64,
    /// Rate of transforms \[Hz\].
    pub tf_rate_hz: f64,
    /// Rate of each tool's motion \[Hz\].
    pub tool_rate_hz: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bandwidth_hz: 40.0,
            model_bandwidth_hz: 20.0,
            coast_s: 0.05,
            observer_hz: 25.0,
            mass_error: 0.15,
            friction_error: 0.3,
            contact_floor: 0.03,
            collision_factor: 1.5,
            motion_rate_max_hz: 500.0,
            joint_states_rate_hz: 100.0,
            tf_rate_hz: 50.0,
            tool_rate_hz: 100.0,
        }
    }
}

/// What each parameter may be; shells declare their parameters with it.
pub mod range {
    /// Of each bandwidth. A group also refuses one beyond half of its own rate.
    pub const BANDWIDTH_HZ: (f64, f64) = (0.5, 500.0);
    /// Of `coast_s`. Beyond half a second a constant acceleration says nothing about a machine.
    pub const COAST_S: (f64, f64) = (0.004, 0.5);
    /// Of `mass_error` and `friction_error`.
    pub const ERROR: (f64, f64) = (0.0, 2.0);
    /// Of `contact_floor`: without one, rounding would be a contact.
    pub const CONTACT_FLOOR: (f64, f64) = (0.001, 1.0);
    /// Of `collision_factor`: a collision takes no less than a contact.
    pub const COLLISION_FACTOR: (f64, f64) = (1.0, 20.0);
    /// Of each rate.
    pub const RATE_HZ: (f64, f64) = (1.0, 2000.0);
}

/// A configuration that has been checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    settings: Settings,
    coast: Duration,
    motion_period: Duration,
    joint_states_period: Duration,
    tf_period: Duration,
    tool_period: Duration,
}

impl Config {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ConfigError`] names the first parameter that is out of its range.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let period = |name, rate| Ok(Duration::from_secs_f64(1.0 / within(name, rate, range::RATE_HZ)?));
        let checks = [
            ("bandwidth_hz", settings.bandwidth_hz, range::BANDWIDTH_HZ),
            (
                "model_bandwidth_hz",
                settings.model_bandwidth_hz,
                range::BANDWIDTH_HZ,
            ),
            ("observer_hz", settings.observer_hz, range::BANDWIDTH_HZ),
            ("mass_error", settings.mass_error, range::ERROR),
            ("friction_error", settings.friction_error, range::ERROR),
            ("contact_floor", settings.contact_floor, range::CONTACT_FLOOR),
            (
                "collision_factor",
                settings.collision_factor,
                range::COLLISION_FACTOR,
            ),
        ];
        for (name, value, range) in checks {
            within(name, value, range)?;
        }
        Ok(Self {
            settings: *settings,
            coast: Duration::from_secs_f64(within("coast_s", settings.coast_s, range::COAST_S)?),
            motion_period: period("motion_rate_max_hz", settings.motion_rate_max_hz)?,
            joint_states_period: period("joint_states_rate_hz", settings.joint_states_rate_hz)?,
            tf_period: period("tf_rate_hz", settings.tf_rate_hz)?,
            tool_period: period("tool_rate_hz", settings.tool_rate_hz)?,
        })
    }

    /// Checks that a servo loop of `rate_hz` is quick enough for the bandwidths.
    ///
    /// # Errors
    /// [`ConfigError`] names the first bandwidth beyond half of the rate: what lies there can't be seen in samples.
    pub fn suits_rate(&self, rate_hz: f64) -> Result<(), ConfigError> {
        let Settings {
            bandwidth_hz,
            model_bandwidth_hz,
            observer_hz,
            ..
        } = self.settings;
        let below_nyquist = (range::BANDWIDTH_HZ.0, 0.5 * rate_hz);
        within("bandwidth_hz", bandwidth_hz, below_nyquist)?;
        within("model_bandwidth_hz", model_bandwidth_hz, below_nyquist)?;
        within("observer_hz", observer_hz, below_nyquist)?;
        Ok(())
    }

    /// Bandwidth of the filters of joints whose bodies are not known \[rad/s\].
    pub fn bandwidth(&self) -> f64 {
        TAU * self.settings.bandwidth_hz
    }
    /// Bandwidth at which what the model does not explain is followed \[rad/s\].
    pub fn model_bandwidth(&self) -> f64 {
        TAU * self.settings.model_bandwidth_hz
    }
    /// Bandwidth of the momentum observer \[rad/s\].
    pub fn observer_bandwidth(&self) -> f64 {
        TAU * self.settings.observer_hz
    }
    /// Share by which masses and inertias may be off.
    pub fn mass_error(&self) -> f64 {
        self.settings.mass_error
    }
    /// Share by which friction and gear losses may be off.
    pub fn friction_error(&self) -> f64 {
        self.settings.friction_error
    }
    /// External effort that always has to be exceeded for a contact, of the joint's effort limit.
    pub fn contact_floor(&self) -> f64 {
        self.settings.contact_floor
    }
    /// A collision takes so many times what a contact takes.
    pub fn collision_factor(&self) -> f64 {
        self.settings.collision_factor
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
    /// Time between two motions of a tool.
    pub fn tool_period(&self) -> Duration {
        self.tool_period
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

    #[test]
    fn thresholds_that_would_make_everything_or_nothing_a_contact_are_refused_by_name() {
        let refused = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            Config::new(&settings).unwrap_err().name
        };
        assert_eq!(refused(|s| s.contact_floor = 0.0), "contact_floor");
        assert_eq!(refused(|s| s.mass_error = -0.1), "mass_error");
        assert_eq!(refused(|s| s.friction_error = f64::NAN), "friction_error");
        assert_eq!(refused(|s| s.collision_factor = 0.5), "collision_factor");
    }

    #[test]
    fn a_bandwidth_beyond_what_samples_can_show_is_refused_by_name() {
        let settings = Settings {
            observer_hz: 60.0,
            ..Settings::default()
        };
        let config = Config::new(&settings).unwrap();
        assert!(config.suits_rate(500.0).is_ok());
        assert_eq!(config.suits_rate(100.0).unwrap_err().name, "observer_hz");
    }
}
