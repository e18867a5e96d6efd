//! What a user may set: times in [`Duration`], positions in rad (m), velocities per second.
//!
//! **Invariant:** a [`Config`] was checked when it was made; values that can't be never reach a planner.

use servomesh_motion::Bounds;
use servomesh_types::JointKind;
pub use servomesh_types::range::OutOfRange as ConfigError;
use servomesh_types::range::within;
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
    /// Whether a trajectory that breaks the limits is slowed down, along its own path, instead of refused.
    pub retime_trajectories: bool,
    /// What a tool may do on lines and arcs, where the goal does not say.
    pub tool: ToolSettings,
    /// How much later the machine shows a setpoint than it is meant for, when it follows a moving frame.
    pub tracking_lead: Duration,
    /// How long a jog request counts.
    pub jog_timeout: Duration,
    /// How far jogging stays away from obstacles and from the machine itself \[m\].
    pub jog_clearance: f64,
    /// Tolerances of revolute joints.
    pub revolute: Tolerances,
    /// Tolerances of prismatic joints.
    pub prismatic: Tolerances,
    /// Tolerances of single joints, by name; they replace those of the joint's kind.
    pub joints: BTreeMap<String, Tolerances>,
    /// How grasps are noticed and held.
    pub gripper: GripperSettings,
}

/// What a tool may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToolSettings {
    /// Speed of its origin \[m/s\].
    pub speed: f64,
    /// Acceleration of its origin \[m/s²\].
    pub acceleration: f64,
    /// Jerk of its origin \[m/s³\].
    pub jerk: f64,
    /// How fast it may turn \[rad/s\].
    pub angular_speed: f64,
    /// How fast that may change \[rad/s²\].
    pub angular_acceleration: f64,
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
            retime_trajectories: false,
            tool: ToolSettings {
                speed: 0.5,
                acceleration: 2.0,
                jerk: 20.0,
                angular_speed: 2.0,
                angular_acceleration: 8.0,
            },
            tracking_lead: Duration::ZERO,
            jog_timeout: Duration::from_millis(100),
            jog_clearance: 0.02,
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

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that can't be, its value, and what is allowed.
    pub fn new(settings: Settings) -> Result<Self, ConfigError> {
        let s = &settings;
        within(
            "period",
            s.period.as_secs_f64(),
            (1.0 / range::RATE_HZ.1, 1.0 / range::RATE_HZ.0),
        )?;
        let least = s.period.as_secs_f64();
        within(
            "valid_for_s",
            s.valid_for.as_secs_f64(),
            (least, range::VALID_FOR_S.1),
        )?;
        within(
            "feedback_period_s",
            s.feedback_period.as_secs_f64(),
            (least, range::FEEDBACK_PERIOD_S.1),
        )?;
        within(
            "motion_timeout_s",
            s.motion_timeout.as_secs_f64(),
            range::MOTION_TIMEOUT_S,
        )?;
        within(
            "goal_time_tolerance_s",
            s.goal_time_tolerance.as_secs_f64(),
            range::GOAL_TIME_TOLERANCE_S,
        )?;
        within("settle_time_s", s.settle_time.as_secs_f64(), range::SETTLE_TIME_S)?;
        within(
            "max_stop_on_path_s",
            s.max_stop_on_path.as_secs_f64(),
            range::MAX_STOP_ON_PATH_S,
        )?;
        within(
            "max_points",
            s.max_points as f64,
            (range::MAX_POINTS.0 as f64, range::MAX_POINTS.1 as f64),
        )?;
        within(
            "limit_factor.velocity",
            s.limit_factors.velocity,
            range::LIMIT_FACTOR,
        )?;
        within(
            "limit_factor.acceleration",
            s.limit_factors.acceleration,
            range::LIMIT_FACTOR,
        )?;
        within("limit_factor.jerk", s.limit_factors.jerk, range::LIMIT_FACTOR)?;
        within("tool.speed", s.tool.speed, range::TOOL_SPEED)?;
        within("tool.acceleration", s.tool.acceleration, range::TOOL_ACCELERATION)?;
        within("tool.jerk", s.tool.jerk, range::TOOL_JERK)?;
        within("tool.angular_speed", s.tool.angular_speed, range::TOOL_SPEED)?;
        within(
            "tool.angular_acceleration",
            s.tool.angular_acceleration,
            range::TOOL_ACCELERATION,
        )?;
        within(
            "tracking.lead_s",
            s.tracking_lead.as_secs_f64(),
            range::TRACKING_LEAD_S,
        )?;
        within("jog.timeout_s", s.jog_timeout.as_secs_f64(), range::JOG_TIMEOUT_S)?;
        within("jog.clearance", s.jog_clearance, range::JOG_CLEARANCE)?;
        within(
            "gripper.stall_velocity",
            s.gripper.stall_velocity,
            range::STALL_VELOCITY,
        )?;
        within(
            "gripper.stall_time_s",
            s.gripper.stall_time.as_secs_f64(),
            range::STALL_TIME_S,
        )?;
        within("gripper.squeeze", s.gripper.squeeze, range::SQUEEZE)?;
        s.revolute.check("revolute")?;
        s.prismatic.check("prismatic")?;
        for (joint, tolerances) in &s.joints {
            tolerances.check(&format!("joints ({joint})"))?;
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

impl LimitFactors {
    /// The bounds a trajectory is checked against.
    pub(crate) fn relax(&self, bounds: &Bounds) -> Bounds {
        bounds.scaled(self.velocity, self.acceleration, self.jerk)
    }
}

impl Deref for Config {
    type Target = Settings;
    fn deref(&self) -> &Settings {
        &self.0
    }
}

impl Tolerances {
    fn check(&self, prefix: &str) -> Result<(), ConfigError> {
        within(&format!("{prefix}.start"), self.start, range::TOLERANCE)?;
        within(&format!("{prefix}.path"), self.path, range::TOLERANCE)?;
        within(&format!("{prefix}.goal"), self.goal, range::TOLERANCE)?;
        within(
            &format!("{prefix}.stopped_velocity"),
            self.stopped_velocity,
            range::STOPPED_VELOCITY,
        )?;
        Ok(())
    }

    /// Tolerances of single joints, from lists that have one value for each name.
    ///
    /// # Errors
    /// [`ConfigError`] names the list that is longer or shorter than that of the names.
    pub fn by_joint(
        names: &[String],
        start: &[f64],
        path: &[f64],
        goal: &[f64],
        stopped_velocity: &[f64],
    ) -> Result<BTreeMap<String, Self>, ConfigError> {
        let lists = [
            ("start", start),
            ("path", path),
            ("goal", goal),
            ("stopped_velocity", stopped_velocity),
        ];
        for (list, values) in lists {
            let (value, count) = (values.len() as f64, names.len() as f64);
            within(
                &format!("number of values in joints.{list}"),
                value,
                (count, count),
            )?;
        }
        let tolerances = |i: usize| Self {
            start: start[i],
            path: path[i],
            goal: goal[i],
            stopped_velocity: stopped_velocity[i],
        };
        Ok(names
            .iter()
            .enumerate()
            .map(|(i, name)| (name.clone(), tolerances(i)))
            .collect())
    }
}

/// What each parameter may be, both ends allowed.
pub mod range {
    /// Rate of the setpoints, in Hz.
    pub const RATE_HZ: (f64, f64) = (10.0, 10_000.0);
    /// Validity of a setpoint, in s; also at least one period.
    pub const VALID_FOR_S: (f64, f64) = (0.000_1, 1.0);
    /// Time between two feedbacks, in s; also at least one period.
    pub const FEEDBACK_PERIOD_S: (f64, f64) = (0.000_1, 10.0);
    /// Silence of the motion state, in s.
    pub const MOTION_TIMEOUT_S: (f64, f64) = (0.005, 5.0);
    /// Points of a trajectory.
    pub const MAX_POINTS: (i64, i64) = (2, 100_000);
    /// How late a goal may be reached, in s; 0: any time.
    pub const GOAL_TIME_TOLERANCE_S: (f64, f64) = (0.0, 3_600.0);
    /// How long a group must have arrived, in s.
    pub const SETTLE_TIME_S: (f64, f64) = (0.0, 10.0);
    /// How long a stop on the path may take, in s.
    pub const MAX_STOP_ON_PATH_S: (f64, f64) = (0.0, 10.0);
    /// Factors on a joint's limits.
    pub const LIMIT_FACTOR: (f64, f64) = (1.0, 100.0);
    /// Speed of a tool, in m/s and rad/s.
    pub const TOOL_SPEED: (f64, f64) = (1e-4, 20.0);
    /// Acceleration of a tool, in m/s² and rad/s².
    pub const TOOL_ACCELERATION: (f64, f64) = (1e-3, 1_000.0);
    /// Jerk of a tool, in m/s³.
    pub const TOOL_JERK: (f64, f64) = (1e-2, 100_000.0);
    /// How much later the machine shows a setpoint, in s.
    pub const TRACKING_LEAD_S: (f64, f64) = (0.0, 0.05);
    /// How long a jog request counts, in s.
    pub const JOG_TIMEOUT_S: (f64, f64) = (0.004, 1.0);
    /// Distance that jogging keeps, in m.
    pub const JOG_CLEARANCE: (f64, f64) = (0.0, 1.0);
    /// Tolerances on positions, in rad or m; 0: not checked.
    pub const TOLERANCE: (f64, f64) = (0.0, 1_000.0);
    /// Speed below which a joint stands, in rad/s or m/s.
    pub const STOPPED_VELOCITY: (f64, f64) = (1e-6, 1_000.0);
    /// Speed below which a gripper stands still, in m/s or rad/s.
    pub const STALL_VELOCITY: (f64, f64) = (1e-6, 1.0);
    /// How long a gripper must stand still, in s.
    pub const STALL_TIME_S: (f64, f64) = (0.005, 10.0);
    /// How far beyond a part a gripper's setpoint rests, in m or rad.
    pub const SQUEEZE: (f64, f64) = (1e-6, 1.0);
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
            "period is 0, but must be between 0.0001 and 0.1",
        );
        check(
            |s| s.valid_for = Duration::from_millis(1),
            "valid_for_s is 0.001, but must be between 0.002 and 1",
        );
        check(
            |s| s.max_points = 1,
            "max_points is 1, but must be between 2 and 100000",
        );
        check(
            |s| s.limit_factors.jerk = f64::NAN,
            "limit_factor.jerk is NaN, but must be between 1 and 100",
        );
        check(
            |s| {
                s.joints.insert(
                    "wrist".into(),
                    Tolerances {
                        goal: -0.1,
                        ..s.revolute
                    },
                );
            },
            "joints (wrist).goal is -0.1, but must be between 0 and 1000",
        );
    }

    #[test]
    fn single_joints_have_one_value_in_each_list() {
        let names = ["base".to_owned(), "wrist".to_owned()];
        let two = [0.1, 0.2];
        let joints = Tolerances::by_joint(&names, &two, &two, &two, &two).unwrap();
        let settings = Settings {
            joints,
            ..Settings::default()
        };
        let config = Config::new(settings).unwrap();
        assert!((config.tolerances("wrist", JointKind::Revolute).path - 0.2).abs() < 1e-12);
        assert!((config.tolerances("elbow", JointKind::Revolute).goal - 0.01).abs() < 1e-12);
        let error = Tolerances::by_joint(&names, &two, &two[..1], &two, &two).unwrap_err();
        assert_eq!(
            error.to_string(),
            "number of values in joints.path is 1, but must be 2"
        );
    }
}
