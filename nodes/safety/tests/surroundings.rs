//! Obstacles, zones, workspaces: no stop leads too near, whatever comes; and what is far away is no reason to stop.

#![allow(clippy::unwrap_used)]

mod rig;

use nalgebra::{Isometry3, Vector3};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rig::{PERIOD, Rig, URDF, arm};
use servomesh_robot::Model;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_safety::{Config, Input, Parameters, SafetyFile, Setup};
use servomesh_types::*;
use std::sync::OnceLock;
use std::time::Duration;

const CLEARANCE: f64 = 0.02;
const POST: [f64; 3] = [0.35, 0.75, 1.0];

fn file() -> String {
    format!(
        "clearance: {CLEARANCE}
keep_out:
  - {{ name: post, cylinder: [0.05, 2.0], xyz: [{}, {}, {}] }}
groups:
  arm:
    joints: [shoulder, elbow]
    tool: {{ link: tool, radius: 0.03, lower: [-1.2, -0.6, 0.5], upper: [1.2, 1.2, 1.5] }}
",
        POST[0], POST[1], POST[2]
    )
}

/// Made once: which links can touch takes a while to find out.
fn setup() -> Setup {
    static SETUP: OnceLock<Setup> = OnceLock::new();
    let make = || {
        let robot = Model::from_urdf_str(URDF).unwrap();
        let file = SafetyFile::parse(&file()).unwrap();
        file.setup(&Config::default(), Some(&robot)).unwrap()
    };
    SETUP.get_or_init(make).clone()
}

fn rig() -> Rig {
    let parameters = Parameters {
        // Accelerations change at once here.
        jerk_factor: 1e6,
        ..Parameters::default()
    };
    let mut rig = Rig::set_up(parameters, setup(), &[arm()]);
    rig.run(3);
    rig
}

/// The same machine and post, asked directly: (distance to the post and to itself, distance of the tool's ball to its box).
struct Truth {
    collision: CollisionModel,
    robot: Model,
    workspace: servomesh_robot::Workspace,
}

impl Truth {
    fn new() -> Self {
        let robot = Model::from_urdf_str(URDF).unwrap();
        let mut collision = CollisionModel::new(&robot, &CollisionSettings::default());
        let post = Solid::cylinder(0.05, 2.0).unwrap();
        let at = Isometry3::translation(POST[0], POST[1], POST[2]);
        collision.add_obstacle("post", post, &at).unwrap();
        Self {
            workspace: servomesh_robot::Workspace::new(&robot),
            collision,
            robot,
        }
    }

    fn at(&mut self, q: &[f64]) -> (f64, f64) {
        self.collision.place(q);
        let distance = self
            .collision
            .minimum_distance()
            .map_or(f64::INFINITY, |near| near.distance);
        self.robot.forward_kinematics(&mut self.workspace, q);
        let tool = self.robot.link("tool").unwrap();
        let tool = self.robot.link_pose(&self.workspace, tool).translation.vector;
        let inside = (tool - Vector3::new(-1.2, -0.6, 0.5))
            .min()
            .min((Vector3::new(1.2, 1.2, 1.5) - tool).min());
        (distance, inside - 0.03)
    }
}

/// Accelerates each joint as told, within its limits, until the gate has had enough; then lets it stop. Gives all commands.
fn drive(rig: &mut Rig, legs: &[([f64; 2], usize)]) -> Vec<JointVec> {
    let (mut q, mut v) = (rig.drive(arm()).position, JointVec::zeros(2));
    let epoch = rig.view(arm()).epoch;
    let dt = PERIOD.as_secs_f64();
    let mut seq = 0;
    for (shares, periods) in legs {
        for _ in 0..*periods {
            rig.step();
            let mut a = JointVec::from_fn(2, |i| 10.0 * shares[i]);
            for i in 0..2 {
                if (v[i] + a[i] * dt).abs() > 3.0 {
                    a[i] = 0.0;
                }
                q[i] += dt * (v[i] + dt * a[i] / 2.0);
                v[i] += dt * a[i];
            }
            seq += 1;
            let tag = StreamTag {
                stamp: rig.now,
                epoch,
                seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            };
            let setpoint = Setpoint {
                tag,
                position: q,
                velocity: v,
                acceleration: a,
                ..Setpoint::default()
            };
            rig.give(Input::Setpoint {
                group: arm(),
                setpoint,
            });
        }
    }
    rig.run(400);
    rig.commands
        .iter()
        .map(|(.., command)| command.setpoint.position)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 30,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_ever_leads_too_near(
        legs in prop::collection::vec(([-1.0..1.0, -1.0..1.0], 10_usize..250), 1..8),
    ) {
        let mut rig = rig();
        let commands = drive(&mut rig, &legs);
        let mut truth = Truth::new();
        for pair in commands.windows(2) {
            for share in [0.0, 0.5] {
                let q: Vec<f64> = pair[0].iter().zip(pair[1].iter()).map(|(a, b)| a + share * (b - a)).collect();
                if q.is_empty() {
                    continue;
                }
                let (distance, inside) = truth.at(&q);
                prop_assert!(distance >= CLEARANCE - 1e-6, "{distance} at {q:?}");
                prop_assert!(inside >= -1e-6, "{inside} at {q:?}");
            }
        }
    }
}

#[test]
fn a_stop_is_refused_before_it_would_lead_too_near_and_names_what() {
    let mut rig = rig();
    let commands = drive(&mut rig, &[([0.3, 0.0], 400)]);
    let Some(Fault::Clearance(near)) = rig.view(arm()).fault else {
        panic!("{:?}", rig.view(arm()).fault);
    };
    assert!(near.what.contains("post"), "{}", near.what);
    let (distance, _) = Truth::new().at(commands.last().unwrap());
    assert!(
        (CLEARANCE..0.15).contains(&distance),
        "stands {distance} m from the post"
    );
}

#[test]
fn the_tool_stays_in_its_workspace() {
    let mut rig = rig();
    let commands = drive(&mut rig, &[([-0.3, 0.0], 400)]);
    assert!(
        matches!(rig.view(arm()).fault, Some(Fault::Workspace(_))),
        "{:?}",
        rig.view(arm()).fault
    );
    let (_, inside) = Truth::new().at(commands.last().unwrap());
    assert!(
        (0.0..0.15).contains(&inside),
        "stands {inside} m from the boundary"
    );
}

#[test]
fn at_the_slowest_it_may_come_as_near_as_its_clearance() {
    let mut rig = rig();
    // 0.2 rad/s towards the post, for long.
    let commands = drive(&mut rig, &[([0.04, 0.0], 250), ([0.0, 0.0], 3500)]);
    assert!(
        matches!(rig.view(arm()).fault, Some(Fault::Clearance(_))),
        "{:?}",
        rig.view(arm()).fault
    );
    let (distance, _) = Truth::new().at(commands.last().unwrap());
    assert!(
        (CLEARANCE..CLEARANCE + 0.01).contains(&distance),
        "stands {distance} m from the post"
    );
}

#[test]
fn what_stands_in_a_zone_at_the_start_is_led_out_by_hand_only_and_never_deeper() {
    let mut rig = Rig::set_up(Parameters::default(), setup(), &[arm()]);
    rig.drive(arm()).position = JointVec::from([1.1, 0.0]);
    rig.run(3);
    assert!(
        matches!(rig.view(arm()).fault, Some(Fault::Clearance(_))),
        "{:?}",
        rig.view(arm()).fault
    );
    assert!(!rig.view(arm()).resettable);
    rig.select(OperatingMode::Manual);
    rig.give(Input::Enabling { held: true });
    assert!(rig.reset().0, "{:?}", rig.answers);
}

#[test]
fn files_that_can_not_be_safe_are_refused_with_the_field_named() {
    let robot = Model::from_urdf_str(URDF).unwrap();
    let refused = |text: &str, robot: Option<&Model>| {
        let setup = SafetyFile::parse(text).and_then(|file| file.setup(&Config::default(), robot));
        setup.expect_err(text).to_string()
    };
    let arm =
        |rest: &str| format!("clearance: 0.01\ngroups:\n  arm:\n    joints: [shoulder, elbow]\n    {rest}\n");
    let ours = Some(&robot);
    for (text, robot, words) in [
        ("groups: {}\nzones: []".to_owned(), ours, "unknown field `zones`"),
        (
            arm("").replace("clearance: 0.01\n", ""),
            ours,
            "clearance is missing",
        ),
        (
            arm("").replace("0.01", "0"),
            ours,
            "clearance is 0, but must be between 0.001 and 1",
        ),
        (arm("tool: { link: hand }"), ours, "no link is called hand"),
        (
            arm("tool: { link: tool, lower: [0, 0, 0] }"),
            ours,
            "groups.arm.tool.upper is missing",
        ),
        (
            arm("tool: { link: tool, lower: [0, 0, 0], upper: [1, -1, 1] }"),
            ours,
            "groups.arm.tool.lower.y",
        ),
        (
            arm("normal: { position: { elbow: [1, -1] } }"),
            ours,
            "groups.arm.normal.position.elbow: the lower bound 1 must be below",
        ),
        (
            arm("normal: { position: { wrist: [-1, 1] } }"),
            ours,
            "there is no wrist; there are: shoulder, elbow",
        ),
        (
            arm("normal: { velocity: 1.5 }"),
            ours,
            "groups.arm.normal.velocity is 1.5",
        ),
        (
            arm("normal: { tool_speed: 1 }"),
            None,
            "robot_description_file is missing",
        ),
        (
            arm("warm_degc: 120"),
            ours,
            "groups.arm.warm_degc is 120, but must be between 20 and 109",
        ),
        (
            arm("faults: { velocity: warn }"),
            ours,
            "faults.velocity is Warn, but must be at least Stop2",
        ),
        (
            arm("stop_category: 3"),
            ours,
            "groups.arm.stop_category: there is no 3; there are: 0, 1, 2",
        ),
        (
            arm("power_cycle: [warm]"),
            ours,
            "power_cycle.warm: it goes with its cause",
        ),
        (arm("retreat: 3"), ours, "groups.arm.retreat is 3"),
        (
            format!(
                "keep_out: [{{ name: door, sphere: 0.1, half_space: true }}]\n{}",
                arm("")
            ),
            ours,
            "door is missing: it is exactly one",
        ),
        (
            format!("keep_out: [{{ name: door, sphere: -1 }}]\n{}", arm("")),
            ours,
            "door: ",
        ),
        (
            format!("may_touch: [[upper, door]]\n{}", arm("")),
            ours,
            "may_touch: ",
        ),
    ] {
        let message = refused(&text, robot);
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
}
