//! What a user may set: times in [`Duration`], positions in rad (m), velocities per second.
//!
//! **Invariant:** a [`Config`] was checked when it was made; values that can't be never reach a planner.

use servomesh_types::JointKind;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

/// Everything that can be set, as the parameters give it. [`Config::new`] checks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Time between two setpoints; also the grid they lie on.
    pub period: Duration,
    /// How long a setpoint may be followed. A longer gap between two setpoints of a motion ends that motion.
    pub valid_for: Duration,
    /// Time between two feedbacks of a goal.
    pub feedback_period: Duration,
    /// How long the motion state may be silent before a moving group stops.
    pub motion_timeout: Duration,
    /// Most points a trajectory may have.
    pub max_points: usize,
    /// Whether a trajectory may leave out joints; those hold still.
    pub allow_partial_joints_goal: bool,
    /// How long after the end of a motion the machine may take to arrive, where the goal does not say; zero: for ever.
    pub goal_time_tolerance: Duration,
    /// How long the machine must be within tolerance to have arrived.
    pub settle_time: Duration,
    /// A stop on the path may take this long; if none is that short, the group stops beside it.
    pub max_stop_on_path: Duration,
    /// How far a trajectory's own velocity, acceleration and jerk may exceed the joint's.
    pub limit_factors: LimitFactors,
    /// Tolerances of revolute joints.
    pub revolute: Tolerances,
    /// Tolerances of prismatic joints.
    pub prismatic: Tolerances,
    /// Tolerances of single joints, by name; they replace those of the joint's kind.
    pub joints: BTreeMap<String, Tolerances>,
    /// How grasps are noticed and held.
    pub gripper: GripperSettings,
}

/// Factors on the limits a trajectory is checked against, each at least 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitFactors {
    /// On the velocity limit.
    pub velocity: f64,
    /// On the acceleration limit.
    pub acceleration: f64,
    /// On the jerk limit.
    pub jerk: f64,
}

/// Tolerances of one joint, in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// How far the start of a trajectory may be from the measured state.
    pub start: f64,
    /// How far the joint may be from its setpoint on the way; 0: any distance.
    pub path: f64,
    /// How far from its goal it may be to have arrived; 0: any distance.
    pub goal: f64,
    /// How fast it may move and still count as standing.
    pub stopped_velocity: f64,
}

/// How grasps are noticed and held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GripperSettings {
    /// Slower than this is standing still.
    pub stall_velocity: f64,
    /// How long it must stand still, short of its goal, to count as stalled.
    pub stall_time: Duration,
    /// How far beyond the measured position the setpoint rests while holding a part, so that the effort stays at its limit.
    pub squeeze: f64,
    /// Whether the gripper closes towards smaller positions, as one does whose position is its gap.
    pub closes_downwards: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            period: Duration::from_millis(2),
            valid_for: Duration::from_millis(50),
            feedback_period: Duration::from_millis(50),
            motion_timeout: Duration::from_millis(100),
            max_points: 2_000,
            allow_partial_joints_goal: false,
            goal_time_tolerance: Duration::ZERO,
            settle_time: Duration::from_millis(10),
            max_stop_on_path: Duration::from_secs(2),
            limit_factors: LimitFactors {
                velocity: 1.0,
                acceleration: 1.0,
                jerk: 1.0,
            },
            revolute: Tolerances {
                start: 0.01,
                path: 0.0,
                goal: 0.01,
                stopped_velocity: 0.05,
            },
            prismatic: Tolerances {
                start: 0.01,
                path: 0.0,
                goal: 0.002,
                stopped_velocity: 0.02,
            },
            joints: BTreeMap::new(),
            gripper: GripperSettings {
                stall_velocity: 0.002,
                stall_time: Duration::from_millis(100),
                squeeze: 0.002,
                closes_downwards: true,
            },
        }
    }
}

/// Settings that were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config(Settings);

/// A setting that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("parameter {name}: {value} must be {allowed}")]
pub struct ConfigError {
    /// Which one.
    pub name: String,
    /// What it was set to, with its unit.
    pub value: String,
    /// What it may be.
    pub allowed: &'static str,
}

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that can't be, its value, and what is allowed.
    pub fn new(settings: Settings) -> Result<Self, ConfigError> {
        let s = &settings;
        let ms = Duration::from_millis;
        duration(
            "period",
            s.period,
            (Duration::from_micros(100), ms(100)),
            "0.1 ms to 100 ms",
        )?;
        if s.valid_for < s.period || s.valid_for > ms(1000) {
            return Err(refuse(
                "valid_for",
                s.valid_for,
                "at least one period and at most 1 s",
            ));
        }
        if s.feedback_period < s.period || s.feedback_period > ms(10_000) {
            return Err(refuse(
                "feedback_period",
                s.feedback_period,
                "at least one period and at most 10 s",
            ));
        }
        duration(
            "motion_timeout",
            s.motion_timeout,
            (ms(5), ms(5000)),
            "5 ms to 5 s",
        )?;
        duration(
            "goal_time_tolerance",
            s.goal_time_tolerance,
            (ms(0), ms(3_600_000)),
            "0 (for ever) to 1 h",
        )?;
        duration("settle_time", s.settle_time, (ms(0), ms(10_000)), "0 to 10 s")?;
        duration(
            "max_stop_on_path",
            s.max_stop_on_path,
            (ms(0), ms(10_000)),
            "0 to 10 s",
        )?;
        duration(
            "gripper.stall_time",
            s.gripper.stall_time,
            (ms(5), ms(10_000)),
            "5 ms to 10 s",
        )?;
        if !(2..=100_000).contains(&s.max_points) {
            return Err(ConfigError {
                name: "max_points".into(),
                value: s.max_points.to_string(),
                allowed: "2 to 100000",
            });
        }
        let factors = [
            ("limit_factors.velocity", s.limit_factors.velocity),
            ("limit_factors.acceleration", s.limit_factors.acceleration),
            ("limit_factors.jerk", s.limit_factors.jerk),
        ];
        for (name, value) in factors {
            if !(1.0..=100.0).contains(&value) {
                return Err(number(name, value, "1 to 100"));
            }
        }
        for (name, value) in [
            ("gripper.stall_velocity", s.gripper.stall_velocity),
            ("gripper.squeeze", s.gripper.squeeze),
        ] {
            if !(value > 0.0 && value <= 1.0) {
                return Err(number(name, value, "above 0 and at most 1"));
            }
        }
        tolerances("revolute", &s.revolute)?;
        tolerances("prismatic", &s.prismatic)?;
        for (joint, values) in &s.joints {
            tolerances(&format!("joints.{joint}"), values)?;
        }
        Ok(Self(settings))
    }

    /// The tolerances of a joint: its own, else those of its kind.
    pub fn tolerances(&self, joint: &str, kind: JointKind) -> Tolerances {
        let of_kind = match kind {
            JointKind::Revolute => self.0.revolute,
            JointKind::Prismatic => self.0.prismatic,
        };
        self.0.joints.get(joint).copied().unwrap_or(of_kind)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new(Settings::default()).expect("the defaults are within their ranges: a test builds them")
    }
}

impl Deref for Config {
    type Target = Settings;
    fn deref(&self) -> &Settings {
        &self.0
    }
}

fn duration(
    name: &str,
    value: Duration,
    (min, max): (Duration, Duration),
    allowed: &'static str,
) -> Result<(), ConfigError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(refuse(name, value, allowed))
    }
}

fn tolerances(prefix: &str, t: &Tolerances) -> Result<(), ConfigError> {
    for (name, value) in [("start", t.start), ("path", t.path), ("goal", t.goal)] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(number(
                &format!("{prefix}.{name}"),
                value,
                "0 (no tolerance is checked) or positive",
            ));
        }
    }
    if !(t.stopped_velocity > 0.0 && t.stopped_velocity.is_finite()) {
        return Err(number(
            &format!("{prefix}.stopped_velocity"),
            t.stopped_velocity,
            "positive",
        ));
    }
    Ok(())
}

fn refuse(name: &str, value: Duration, allowed: &'static str) -> ConfigError {
    ConfigError {
        name: name.into(),
        value: format!("{value:?}"),
        allowed,
    }
}

fn number(name: &str, value: f64, allowed: &'static str) -> ConfigError {
    ConfigError {
        name: name.into(),
        value: value.to_string(),
        allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Settings), sentence: &str) {
        let mut settings = Settings::default();
        change(&mut settings);
        assert_eq!(Config::new(settings).unwrap_err().to_string(), sentence);
    }

    #[test]
    fn a_bad_setting_is_named_with_its_value_and_what_is_allowed() {
        assert_eq!(*Config::default(), Settings::default());
        check(
            |s| s.period = Duration::ZERO,
            "parameter period: 0ns must be 0.1 ms to 100 ms",
        );
        check(
            |s| s.valid_for = Duration::from_millis(1),
            "parameter valid_for: 1ms must be at least one period and at most 1 s",
        );
        check(
            |s| s.max_points = 1,
            "parameter max_points: 1 must be 2 to 100000",
        );
        check(
            |s| s.limit_factors.jerk = f64::NAN,
            "parameter limit_factors.jerk: NaN must be 1 to 100",
        );
        check(
            |s| {
                s.joints.insert(
                    "wrist".into(),
                    Tolerances {
                        stopped_velocity: 0.0,
                        ..s.revolute
                    },
                );
            },
            "parameter joints.wrist.stopped_velocity: 0 must be positive",
        );
    }
}
