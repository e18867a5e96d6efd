//! A made-up run of the default cell: no simulation, just motions that look like the line job, with a stop in between.

use servomesh_robot::Model;
use servomesh_types::{
    Capabilities, Core, DriveMode, Epoch, Event, EventKind, Fault, GroupDescription, GroupMotion, GroupName,
    GroupSafety, JointDescription, JointKind, JointLimits, JointVec, SafetyMode, SafetyState, ServoState,
    Setpoint, Stamp,
};
use servomesh_visualizer::{Input, Record, Visualizer};
use std::f64::consts::FRAC_PI_2;
use std::path::Path;

/// The default cell.
pub(crate) fn model() -> Model {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../launch/robots/cell.urdf");
    Model::from_urdf_file(file).expect("the default cell is a robot")
}

pub(crate) fn name(text: &str) -> GroupName {
    GroupName::new(text).expect("a good name")
}

/// The default cell's groups.
pub(crate) fn groups() -> [GroupDescription; 3] {
    let group = |text, kind, joints: &[&str], capabilities| {
        let limits = JointLimits::new((-1e6, 1e6), 3.0, 5.0, 50.0, 150.0).expect("possible limits");
        let joint = |name: &&str| JointDescription {
            name: (*name).to_owned(),
            kind,
            limits,
            drivetrain: servomesh_types::Drivetrain::default(),
        };
        GroupDescription {
            name: name(text),
            joints: joints.iter().map(joint).collect(),
            rate_hz: 500.0,
            capabilities,
            backend: "made up".to_owned(),
        }
    };
    let arm = [
        "shoulder_pan_joint",
        "shoulder_lift_joint",
        "elbow_joint",
        "wrist_1_joint",
        "wrist_2_joint",
        "wrist_3_joint",
    ];
    let gripper = Capabilities {
        gripper: true,
        ..Capabilities::default()
    };
    let endless = Capabilities {
        endless: true,
        ..Capabilities::default()
    };
    [
        group("arm", JointKind::Revolute, &arm, Capabilities::default()),
        group(
            "conveyor",
            JointKind::Prismatic,
            &["conveyor_belt_joint"],
            endless,
        ),
        group(
            "gripper",
            JointKind::Prismatic,
            &["gripper_finger_joint"],
            gripper,
        ),
    ]
}

/// Runs the visualizer's core for `seconds` and hands each record to `draw`.
pub(crate) fn run(visualizer: &mut Visualizer, seconds: f64, mut draw: impl FnMut(Record)) {
    let mut give = |visualizer: &mut Visualizer, now, input| {
        visualizer.handle(now, input);
        while let Some(record) = visualizer.poll() {
            draw(record);
        }
    };
    for group in groups() {
        give(visualizer, Stamp::ZERO, Input::Group(group));
    }
    let (mut measured, mut mode) = (HOME, SafetyMode::Normal);
    for i in 1..=(seconds / PERIOD_S) as i64 {
        let now = Stamp::from_nanos(i * 2_000_000);
        let t = now.as_seconds();
        let wanted_mode = match t {
            t if t < STOP_S => SafetyMode::Normal,
            t if t < STOP_S + 0.3 => SafetyMode::Stopping,
            t if t < STOP_S + 2.0 => SafetyMode::Stopped,
            _ => SafetyMode::Normal,
        };
        if i == 1 || wanted_mode != mode {
            mode = wanted_mode;
            give(visualizer, now, Input::Safety(safety(mode)));
        }
        for (at, node, kind, group, text) in EVENTS {
            if (t - at).abs() < 0.5 * PERIOD_S {
                let event = Event {
                    stamp: now,
                    kind,
                    group: group.map(name),
                    text: text.to_owned(),
                };
                give(
                    visualizer,
                    now,
                    Input::Event {
                        node: node.to_owned(),
                        event,
                    },
                );
            }
        }
        // The arm's own time stands still while it is stopped.
        let own = |t: f64| {
            if t < STOP_S {
                t
            } else {
                STOP_S + (t - STOP_S - 2.0).max(0.0)
            }
        };
        let (wanted, before) = (arm(own(t)), arm(own(t - PERIOD_S)));
        // A servo that lags a little, and a gearbox that is not quite even.
        for (measured, wanted) in measured.iter_mut().zip(wanted) {
            let ripple = 4e-5 * (17.0 * *measured).sin();
            *measured += 0.25 * (wanted + ripple - *measured);
        }
        let finger = grip(own(t));
        let (belt, belt_before) = (belt(t), belt(t - PERIOD_S));
        let samples: [Sample<'_>; 3] = [
            ("arm", &wanted, &measured, &before),
            ("gripper", &[finger], &[finger - 2e-4], &[finger]),
            ("conveyor", &[belt], &[belt - 1e-4], &[belt_before]),
        ];
        for (group, wanted, measured, before) in samples {
            let group = name(group);
            let mut setpoint = Setpoint::default();
            setpoint.tag.stamp = now;
            setpoint.position = JointVec::try_from(wanted).expect("few joints");
            setpoint.velocity = JointVec::from_fn(wanted.len(), |j| (wanted[j] - before[j]) / PERIOD_S);
            let mut state = ServoState::default();
            (state.tag.stamp, state.mode) = (now, DriveMode::Enabled);
            state.position = JointVec::try_from(measured).expect("few joints");
            state.reference = setpoint.position;
            let velocity =
                JointVec::from_fn(wanted.len(), |j| setpoint.velocity[j] + 0.0008 * (40.0 * t).sin());
            let motion = GroupMotion {
                stamp: now,
                position: state.position,
                velocity,
                ..GroupMotion::default()
            };
            if mode == SafetyMode::Normal {
                give(visualizer, now, Input::Setpoint { group, setpoint });
            }
            give(visualizer, now, Input::ServoState { group, state });
            give(visualizer, now, Input::Motion { group, motion });
        }
    }
    visualizer.tick(Stamp::from_nanos((seconds * 1e9) as i64) + std::time::Duration::from_secs(1));
    while let Some(record) = visualizer.poll() {
        draw(record);
    }
}

fn safety(mode: SafetyMode) -> SafetyState {
    let gate = |group: &str, mode| GroupSafety {
        mode,
        fault: (mode != SafetyMode::Normal).then_some(Fault::StopRequested),
        resettable: true,
        ..GroupSafety::open(name(group), Epoch(1))
    };
    SafetyState::new(vec![
        gate("arm", mode),
        gate("conveyor", SafetyMode::Normal),
        gate("gripper", mode),
    ])
}

/// Rest to rest through the line job's places, with the least jerk (Flash and Hogan, 1985).
fn arm(t: f64) -> [f64; 6] {
    let leg = (t / LEG_S).max(0.0);
    let (from, to) = (
        PLACES[leg as usize % PLACES.len()],
        PLACES[(leg as usize + 1) % PLACES.len()],
    );
    let s = ((leg.fract() * LEG_S) / MOVE_S).min(1.0);
    let share = s * s * s * (10.0 - 15.0 * s + 6.0 * s * s);
    std::array::from_fn(|j| from[j] + share * (to[j] - from[j]))
}

/// A second to get up to 0.12 m/s.
fn belt(t: f64) -> f64 {
    let t = t.max(0.0);
    0.12 * if t < 1.0 { 0.5 * t * t } else { t - 0.5 }
}

fn grip(t: f64) -> f64 {
    let leg = (t / LEG_S).max(0.0);
    let travel = 0.025 * (leg.fract() * LEG_S / 0.4).min(1.0);
    match leg as usize % PLACES.len() {
        2 => OPEN - travel,
        3 | 4 => OPEN - 0.025,
        5 => OPEN - 0.025 + travel,
        _ => OPEN,
    }
}

/// A group, where it should be, where it is, and where it should have been a period ago.
type Sample<'a> = (&'a str, &'a [f64], &'a [f64], &'a [f64]);

/// What happened, when.
type Happening = (f64, &'static str, EventKind, Option<&'static str>, &'static str);

const EVENTS: [Happening; 8] = [
    (
        0.1,
        "trajectory",
        EventKind::Started,
        None,
        "trajectory is active",
    ),
    (
        0.2,
        "driver",
        EventKind::Started,
        Some("arm"),
        "6 drives answer at 500 Hz",
    ),
    (
        2.0,
        "trajectory",
        EventKind::GoalAccepted,
        Some("arm"),
        "follow the part on the belt, then grasp it",
    ),
    (
        4.4,
        "trajectory",
        EventKind::Grasped,
        Some("gripper"),
        "a part of 41 mm, held with 38 N",
    ),
    (
        STOP_S,
        "safety",
        EventKind::Fault,
        Some("arm"),
        "joint elbow_joint: following error 0.0412 is beyond its limit 0.0400",
    ),
    (
        STOP_S + 0.3,
        "safety",
        EventKind::Stopped,
        Some("arm"),
        "stands still under power (stop category 2)",
    ),
    (
        STOP_S + 2.0,
        "safety",
        EventKind::Recovered,
        Some("arm"),
        "reset was granted",
    ),
    (
        14.0,
        "trajectory",
        EventKind::Arrived,
        Some("arm"),
        "the part is over the bin",
    ),
];

const PERIOD_S: f64 = 0.002;
/// Of each finger [m].
const OPEN: f64 = 0.045;
const LEG_S: f64 = 2.2;
const MOVE_S: f64 = 1.8;
const STOP_S: f64 = 7.6;

/// Tool straight down over the belt.
const HOME: [f64; 6] = [0.25, -1.75, 1.9, -FRAC_PI_2 - 0.15, -FRAC_PI_2, 0.25];

const PLACES: [[f64; 6]; 6] = [
    HOME,
    [0.10, -1.35, 1.75, -1.97, -FRAC_PI_2, 0.10],
    [0.18, -1.20, 1.80, -2.17, -FRAC_PI_2, 0.18],
    [0.18, -1.55, 1.70, -1.72, -FRAC_PI_2, 0.18],
    [1.75, -1.60, 1.75, -1.72, -FRAC_PI_2, 0.20],
    [1.75, -1.42, 1.80, -1.95, -FRAC_PI_2, 0.20],
];
