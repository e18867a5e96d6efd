//! The node's parameters, and the core's configuration from them.

use anyhow::Context as _;
use servomesh_robot::Model;
use servomesh_robot::collision::CollisionSettings;
use servomesh_shell::params::{ParamSpec, Params, Value};
use servomesh_shell::tools;
use servomesh_trajectory::config::range;
use servomesh_trajectory::{
    Config, ConfigError, GripperSettings, LimitFactors, Robot, Settings, Tolerances, ToolSettings,
};
use std::time::Duration;

pub(crate) fn specs() -> Vec<ParamSpec> {
    let default = Settings::default();
    let seconds =
        |name, value: Duration, range, text| ParamSpec::number(name, value.as_secs_f64(), range, text);
    let [tool_groups, tool_links] = tools::specs();
    let mut specs = vec![
        ParamSpec::number(
            "rate_hz",
            1.0 / default.period.as_secs_f64(),
            range::RATE_HZ,
            "Rate of setpoints [Hz]",
        ),
        seconds(
            "valid_for_s",
            default.valid_for,
            range::VALID_FOR_S,
            "How long a setpoint may be followed [s]",
        ),
        seconds(
            "feedback_period_s",
            default.feedback_period,
            range::FEEDBACK_PERIOD_S,
            "Time between two feedbacks of a goal [s]",
        ),
        seconds(
            "motion_timeout_s",
            default.motion_timeout,
            range::MOTION_TIMEOUT_S,
            "How long the motion state may be silent before a moving group stops [s]",
        ),
        ParamSpec::integer(
            "max_points",
            default.max_points as i64,
            range::MAX_POINTS,
            "Most points a trajectory may have [1]",
        ),
        ParamSpec::switch(
            "allow_partial_joints_goal",
            default.allow_partial_joints_goal,
            "Whether a trajectory may leave out joints; those hold still",
        ),
        seconds(
            "goal_time_tolerance_s",
            default.goal_time_tolerance,
            range::GOAL_TIME_TOLERANCE_S,
            "How long after the end of a motion the machine may take to arrive, where the goal does not say; 0: for ever [s]",
        ),
        seconds(
            "settle_time_s",
            default.settle_time,
            range::SETTLE_TIME_S,
            "How long the machine must be within tolerance to have arrived [s]",
        ),
        seconds(
            "max_stop_on_path_s",
            default.max_stop_on_path,
            range::MAX_STOP_ON_PATH_S,
            "A stop on the path may take this long; if none is that short, the group stops beside it [s]",
        ),
        ParamSpec::number(
            "limit_factor.velocity",
            default.limit_factors.velocity,
            range::LIMIT_FACTOR,
            FACTOR,
        ),
        ParamSpec::number(
            "limit_factor.acceleration",
            default.limit_factors.acceleration,
            range::LIMIT_FACTOR,
            FACTOR,
        ),
        ParamSpec::number(
            "limit_factor.jerk",
            default.limit_factors.jerk,
            range::LIMIT_FACTOR,
            FACTOR,
        ),
        ParamSpec::switch(
            "retime_trajectories",
            default.retime_trajectories,
            "Whether a trajectory that breaks the limits is slowed down along its path instead of refused",
        ),
        ParamSpec::text(
            "robot_description_file",
            "",
            "Path of the URDF; empty: no tool paths, no jogging by twists, no torque limits",
        ),
        tool_groups,
        tool_links,
        ParamSpec::number(
            "tool.speed",
            default.tool.speed,
            range::TOOL_SPEED,
            "Highest speed of a tool on lines and arcs, where the goal does not say [m/s]",
        ),
        ParamSpec::number(
            "tool.acceleration",
            default.tool.acceleration,
            range::TOOL_ACCELERATION,
            "Highest acceleration of a tool on lines and arcs, where the goal does not say [m/s²]",
        ),
        ParamSpec::number(
            "tool.jerk",
            default.tool.jerk,
            range::TOOL_JERK,
            "Highest jerk of a tool on lines and arcs, where the goal does not say [m/s³]",
        ),
        ParamSpec::number(
            "tool.angular_speed",
            default.tool.angular_speed,
            range::TOOL_SPEED,
            "How fast a tool may turn on lines and arcs [rad/s]",
        ),
        ParamSpec::number(
            "tool.angular_acceleration",
            default.tool.angular_acceleration,
            range::TOOL_ACCELERATION,
            "How fast the turning of a tool may change on lines and arcs [rad/s²]",
        ),
        seconds(
            "tracking.lead_s",
            default.tracking_lead,
            range::TRACKING_LEAD_S,
            "How much later the machine shows a setpoint than it is meant for, when it follows a moving frame [s]",
        ),
        seconds(
            "jog.timeout_s",
            default.jog_timeout,
            range::JOG_TIMEOUT_S,
            "How long a jog request counts [s]",
        ),
        ParamSpec::number(
            "jog.clearance",
            default.jog_clearance,
            range::JOG_CLEARANCE,
            "How far jogging by twists stays away from the machine itself [m]",
        ),
        ParamSpec::number(
            "gripper.stall_velocity",
            default.gripper.stall_velocity,
            range::STALL_VELOCITY,
            "Slower than this is standing still [m/s, rad/s]",
        ),
        seconds(
            "gripper.stall_time_s",
            default.gripper.stall_time,
            range::STALL_TIME_S,
            "How long a gripper must stand still, short of its goal, to hold something [s]",
        ),
        ParamSpec::number(
            "gripper.squeeze",
            default.gripper.squeeze,
            range::SQUEEZE,
            "How far beyond the measured position the setpoint rests while a part is held [m, rad]",
        ),
        ParamSpec::switch(
            "gripper.closes_downwards",
            default.gripper.closes_downwards,
            "Whether a gripper closes towards smaller positions",
        ),
    ];
    for (names, values) in [(REVOLUTE, default.revolute), (PRISMATIC, default.prismatic)] {
        let Tolerances {
            start,
            path,
            goal,
            stopped_velocity,
        } = values;
        let values = [start, path, goal, stopped_velocity];
        for (((name, value), text), range) in names.into_iter().zip(values).zip(TOLERANCES).zip(RANGES) {
            specs.push(ParamSpec::number(name, value, range, text));
        }
    }
    specs.push(ParamSpec::new(
        "joints.names",
        Value::StringArray(Vec::new()),
        "Joints with tolerances of their own; each other list of joints.* then has one value for each of them",
    ));
    for (name, text) in JOINTS.into_iter().zip(TOLERANCES) {
        specs.push(ParamSpec::new(name, Value::DoubleArray(Vec::new()), text));
    }
    specs
}

pub(crate) fn config(params: &Params) -> Result<Config, ConfigError> {
    let tolerances = |[start, path, goal, stopped_velocity]: [&str; 4]| Tolerances {
        start: params.number(start),
        path: params.number(path),
        goal: params.number(goal),
        stopped_velocity: params.number(stopped_velocity),
    };
    let [start, path, goal, stopped_velocity] = JOINTS.map(|name| params.numbers(name));
    let names = params.texts("joints.names");
    Config::new(Settings {
        period: Duration::from_secs_f64(1.0 / params.number("rate_hz")),
        valid_for: params.seconds("valid_for_s"),
        feedback_period: params.seconds("feedback_period_s"),
        motion_timeout: params.seconds("motion_timeout_s"),
        max_points: usize::try_from(params.integer("max_points")).unwrap_or(1),
        allow_partial_joints_goal: params.switch("allow_partial_joints_goal"),
        goal_time_tolerance: params.seconds("goal_time_tolerance_s"),
        settle_time: params.seconds("settle_time_s"),
        max_stop_on_path: params.seconds("max_stop_on_path_s"),
        limit_factors: LimitFactors {
            velocity: params.number("limit_factor.velocity"),
            acceleration: params.number("limit_factor.acceleration"),
            jerk: params.number("limit_factor.jerk"),
        },
        retime_trajectories: params.switch("retime_trajectories"),
        tool: ToolSettings {
            speed: params.number("tool.speed"),
            acceleration: params.number("tool.acceleration"),
            jerk: params.number("tool.jerk"),
            angular_speed: params.number("tool.angular_speed"),
            angular_acceleration: params.number("tool.angular_acceleration"),
        },
        tracking_lead: params.seconds("tracking.lead_s"),
        jog_timeout: params.seconds("jog.timeout_s"),
        jog_clearance: params.number("jog.clearance"),
        revolute: tolerances(REVOLUTE),
        prismatic: tolerances(PRISMATIC),
        joints: Tolerances::by_joint(names, start, path, goal, stopped_velocity)?,
        gripper: GripperSettings {
            stall_velocity: params.number("gripper.stall_velocity"),
            stall_time: params.seconds("gripper.stall_time_s"),
            squeeze: params.number("gripper.squeeze"),
            closes_downwards: params.switch("gripper.closes_downwards"),
        },
    })
}

/// The machine, if there is a description of it.
pub(crate) fn robot(params: &Params) -> anyhow::Result<Option<Robot>> {
    let tools = tools::read(params)?;
    let file = params.text("robot_description_file");
    if file.is_empty() {
        return Ok(None);
    }
    let model = Model::from_urdf_file(file).context("robot_description_file")?;
    let robot = Robot::new(model, &tools).context("tools.links")?;
    Ok(Some(robot.with_collisions(&CollisionSettings::default())))
}

const FACTOR: &str = "How far a trajectory's own values may exceed this limit of a joint, as a factor [1]";

const REVOLUTE: [&str; 4] = [
    "revolute.start",
    "revolute.path",
    "revolute.goal",
    "revolute.stopped_velocity",
];
const PRISMATIC: [&str; 4] = [
    "prismatic.start",
    "prismatic.path",
    "prismatic.goal",
    "prismatic.stopped_velocity",
];
const JOINTS: [&str; 4] = [
    "joints.start",
    "joints.path",
    "joints.goal",
    "joints.stopped_velocity",
];
const RANGES: [(f64, f64); 4] = [
    range::TOLERANCE,
    range::TOLERANCE,
    range::TOLERANCE,
    range::STOPPED_VELOCITY,
];
const TOLERANCES: [&str; 4] = [
    "How far the start of a trajectory may be from the measured state [rad, m]",
    "How far a joint may be from its setpoint on the way; 0: any distance [rad, m]",
    "How far from its goal a joint may be to have arrived; 0: any distance [rad, m]",
    "How fast a joint may move and still count as standing [rad/s, m/s]",
];
