//! The gate's parameters, and the files that they name.
//!
//! **Invariant:** every parameter has a range and a description; a file that is wrong keeps the node from being configured, and the
//! message names file and field.

use anyhow::Context as _;
use servomesh_robot::Model;
use servomesh_safety::config::{MIN_TOLERANCE, TOLERANCES, range};
use servomesh_safety::{Config, Parameters, SafetyFile, Setup, StopCategory, Tolerances};
use servomesh_shell::params::{ParamSpec, Params};

/// All parameters, with their ranges.
pub(crate) fn specs() -> Vec<ParamSpec> {
    let default = Parameters::default();
    let seconds = |name, value: std::time::Duration, range, text| {
        ParamSpec::number(name, value.as_secs_f64(), range, text)
    };
    let mut specs = vec![
        ParamSpec::number(
            "rate_hz",
            default.rate_hz,
            range::RATE_HZ,
            "Rate at which setpoints are expected and own commands are sent [Hz]",
        ),
        ParamSpec::integer(
            "stop_category",
            2,
            (0, 2),
            "How groups stop (IEC 60204-1): 0 torque off at once, 1 a ramp and torque off, 2 a ramp and standstill under power",
        ),
        ParamSpec::integer(
            "extrapolate",
            default.extrapolate.into(),
            (range::EXTRAPOLATE.0 as i64, range::EXTRAPOLATE.1 as i64),
            "Missing setpoints in a row that are filled in; one more is a fault",
        ),
        seconds(
            "valid_for_s",
            default.valid_for,
            range::VALID_FOR_S,
            "Validity of own commands, at least two periods [s]",
        ),
        seconds(
            "lead_s",
            default.lead,
            range::LEAD_S,
            "How far ahead of now a setpoint may be stamped [s]",
        ),
        seconds(
            "timeout.servo_state_s",
            default.servo_state_timeout,
            range::TIMEOUT_S,
            "Silence of a servo state that is a fault, at least two periods [s]",
        ),
        seconds(
            "timeout.motion_state_s",
            default.motion_state_timeout,
            range::TIMEOUT_S,
            "Silence of the motion state that is a fault, at least two periods [s]",
        ),
        seconds(
            "timeout.engage_s",
            default.engage_timeout,
            range::TIMEOUT_S,
            "How long a driver may take to follow a new epoch, at least two periods [s]",
        ),
        seconds(
            "timeout.enabling_s",
            default.enabling_timeout,
            range::TIMEOUT_S,
            "Silence of the enabling device that is a fault in manual mode, at least two periods [s]",
        ),
        seconds(
            "settle_s",
            default.settle,
            range::SETTLE_S,
            "How long a group may take to slow down before a lower speed scale or reduced limits are enforced [s]",
        ),
        seconds(
            "ramp_s",
            default.ramp,
            range::RAMP_S,
            "How long after a stop's end the machine may take to stand still where it was told to [s]",
        ),
        ParamSpec::number(
            "jerk_factor",
            default.jerk_factor,
            range::JERK_FACTOR,
            "How much more than the joints' own jerk setpoints may have; raise it with trajectory's limit_factor.jerk",
        ),
        ParamSpec::number(
            "tool_speed_tolerance",
            default.tool_speed_tolerance,
            range::TOOL_SPEED_TOLERANCE,
            "How much quicker than its limit the measured tool may be [m/s]",
        ),
        ParamSpec::text(
            "safety_file",
            "",
            "Path of the YAML file with functions, zones and obstacles; empty: checks in joint space alone",
        ),
        ParamSpec::text(
            "robot_description_file",
            "",
            "Path of the URDF; empty: no checks of tool speed, distances and efforts",
        ),
        ParamSpec::number(
            "limit_tolerance",
            default.limit_tolerance,
            range::LIMIT_TOLERANCE,
            "How far velocity and acceleration limits may be exceeded, as a fraction of them",
        ),
        ParamSpec::number(
            "winding_degc",
            default.winding_degc,
            range::WINDING_DEGC,
            "Highest winding temperature [°C]",
        ),
        ParamSpec::number(
            "winding_hysteresis_degc",
            default.winding_hysteresis_degc,
            range::WINDING_HYSTERESIS_DEGC,
            "How far below that a winding must cool before a reset [°C]",
        ),
        ParamSpec::number(
            "speed_scale",
            default.speed_scale,
            range::SPEED_SCALE,
            "How fast groups may run until safety/set_speed_scale says otherwise, of what is planned",
        ),
    ];
    for (names, tolerances) in [(REVOLUTE, default.revolute), (PRISMATIC, default.prismatic)] {
        let all = names.into_iter().zip(tolerances.to_array()).zip(TOLERANCES);
        specs.extend(all.map(|((name, value), (_, max, text))| {
            ParamSpec::number(name, value, (MIN_TOLERANCE, max), text)
        }));
    }
    specs
}

/// What the parameters and their files say.
pub(crate) fn read(params: &Params) -> anyhow::Result<(Config, Setup)> {
    let tolerances = |names: [&str; 8]| Tolerances::from_array(names.map(|name| params.number(name)));
    let config = Config::new(Parameters {
        rate_hz: params.number("rate_hz"),
        stop_category: StopCategory::try_from(params.integer("stop_category"))
            .map_err(|()| anyhow::anyhow!("stop_category must be 0, 1 or 2"))?,
        extrapolate: u32::try_from(params.integer("extrapolate"))?,
        valid_for: params.seconds("valid_for_s"),
        lead: params.seconds("lead_s"),
        servo_state_timeout: params.seconds("timeout.servo_state_s"),
        motion_state_timeout: params.seconds("timeout.motion_state_s"),
        engage_timeout: params.seconds("timeout.engage_s"),
        enabling_timeout: params.seconds("timeout.enabling_s"),
        settle: params.seconds("settle_s"),
        ramp: params.seconds("ramp_s"),
        jerk_factor: params.number("jerk_factor"),
        tool_speed_tolerance: params.number("tool_speed_tolerance"),
        limit_tolerance: params.number("limit_tolerance"),
        winding_degc: params.number("winding_degc"),
        winding_hysteresis_degc: params.number("winding_hysteresis_degc"),
        speed_scale: params.number("speed_scale"),
        revolute: tolerances(REVOLUTE),
        prismatic: tolerances(PRISMATIC),
    })?;
    let (description, file) = (params.text("robot_description_file"), params.text("safety_file"));
    if file.is_empty() {
        return Ok((config, Setup::default()));
    }
    let robot = match description {
        "" => None,
        path => Some(Model::from_urdf_file(path).context("robot_description_file")?),
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("safety_file {file}"))?;
    let setup = SafetyFile::parse(&text)
        .and_then(|file| file.setup(&config, robot.as_ref()))
        .with_context(|| format!("safety_file {file}"))?;
    Ok((config, setup))
}

/// Parameters' names in the order of [`TOLERANCES`].
const REVOLUTE: [&str; 8] = [
    "revolute.position",
    "revolute.jump",
    "revolute.velocity_jump",
    "revolute.seed_position",
    "revolute.seed_velocity",
    "revolute.following",
    "revolute.standstill",
    "revolute.hold",
];
const PRISMATIC: [&str; 8] = [
    "prismatic.position",
    "prismatic.jump",
    "prismatic.velocity_jump",
    "prismatic.seed_position",
    "prismatic.seed_velocity",
    "prismatic.following",
    "prismatic.standstill",
    "prismatic.hold",
];
