//! The visualizer's configuration: how much is shown, how often.
//!
//! Units: rates in Hz, times in s as parameters and `Duration` inside. What limits the memory and where the pictures go is
//! the sink's: [`Output`](crate::sink::Output).
//!
//! **Invariant:** a [`Config`] exists only if every value is in its range.

pub use servomesh_types::range::OutOfRange as ConfigError;
use servomesh_types::range::within;
use std::time::Duration;

/// The parameters as a user writes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Rate at which links are drawn anew \[Hz\].
    pub scene_rate_hz: f64,
    /// Rate of the points of a plot \[Hz\].
    pub plot_rate_hz: f64,
    /// How long points are collected before they are sent together \[s\].
    pub batch_s: f64,
    /// How much of its last path the tool draws behind itself \[s\]; 0 for none.
    pub trail_s: f64,
    /// The link whose path is drawn; empty for none.
    pub trail_link: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scene_rate_hz: 30.0,
            plot_rate_hz: 100.0,
            batch_s: 0.2,
            trail_s: 3.0,
            trail_link: "gripper_tcp".to_owned(),
        }
    }
}

/// What each parameter may be; shells declare their parameters with it.
pub mod range {
    /// Of `scene_rate_hz`: no screen shows more.
    pub const SCENE_RATE_HZ: (f64, f64) = (1.0, 120.0);
    /// Of `plot_rate_hz`.
    pub const PLOT_RATE_HZ: (f64, f64) = (1.0, 2000.0);
    /// Of `batch_s`.
    pub const BATCH_S: (f64, f64) = (0.01, 10.0);
    /// Of `trail_s`: the whole trail is sent with each picture.
    pub const TRAIL_S: (f64, f64) = (0.0, 30.0);
}

/// A configuration that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    scene_period: Duration,
    plot_period: Duration,
    batch: Duration,
    trail: Duration,
    trail_link: Option<String>,
}

impl Config {
    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ConfigError`] names the first parameter that is out of its range.
    pub fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let period = |rate: f64| Duration::from_secs_f64(1.0 / rate);
        let trail = within("trail_s", settings.trail_s, range::TRAIL_S)?;
        let link = Some(settings.trail_link.clone()).filter(|link| !link.is_empty() && trail > 0.0);
        Ok(Self {
            scene_period: period(within(
                "scene_rate_hz",
                settings.scene_rate_hz,
                range::SCENE_RATE_HZ,
            )?),
            plot_period: period(within(
                "plot_rate_hz",
                settings.plot_rate_hz,
                range::PLOT_RATE_HZ,
            )?),
            batch: Duration::from_secs_f64(within("batch_s", settings.batch_s, range::BATCH_S)?),
            trail: Duration::from_secs_f64(trail),
            trail_link: link,
        })
    }

    /// Time between two pictures of the scene.
    pub fn scene_period(&self) -> Duration {
        self.scene_period
    }
    /// Time between two points of a plot.
    pub fn plot_period(&self) -> Duration {
        self.plot_period
    }
    /// How long points are collected.
    pub fn batch(&self) -> Duration {
        self.batch
    }
    /// How much of its path the tool draws.
    pub fn trail(&self) -> Duration {
        self.trail
    }
    /// The link whose path is drawn.
    pub fn trail_link(&self) -> Option<&str> {
        self.trail_link.as_deref()
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
            plot_rate_hz: 0.0,
            ..Settings::default()
        };
        let error = Config::new(&settings).unwrap_err();
        assert_eq!(
            error.to_string(),
            "plot_rate_hz is 0, but must be between 1 and 2000"
        );
    }
}
