//! What is said of tools: their place and speed, how sure that is, and when nothing is said.

mod bench;

use bench::{PERIOD_NS, group, measured_by, name, sample};
use servomesh_estimator::{Config, Estimator, Input, Output};
use servomesh_robot::Model;
use servomesh_types::{Core, DriveMode, Stamp, ToolMotion};
use std::collections::BTreeMap;

const ROBOT: &str = r#"
<robot name="lever">
  <link name="world"/>
  <link name="lever"><inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="tip"/>
  <joint name="turn" type="revolute"><parent link="world"/><child link="lever"/><axis xyz="0 0 1"/>
    <limit lower="-3" upper="3" velocity="3" effort="50"/></joint>
  <joint name="flange" type="fixed"><parent link="lever"/><child link="tip"/><origin xyz="0.5 0 0"/></joint>
</robot>"#;

const NOISE: f64 = 1e-5;

fn estimator(tool: &str) -> Result<Estimator, servomesh_robot::RobotError> {
    let model = Model::from_urdf_str(ROBOT).expect("a robot");
    let tools: BTreeMap<_, _> = [(name("arm"), tool.to_owned())].into();
    Estimator::new(Config::default(), Some(model)).with_tools(&tools)
}

/// The tool's motion each time it is due, while the lever turns at 0.4 rad/s.
fn said(core: &mut Estimator, samples: i64) -> Vec<ToolMotion> {
    let mut said = Vec::new();
    for i in 1..=samples {
        let now = Stamp::from_nanos(i * PERIOD_NS);
        let noise = NOISE * f64::from((i * 7 % 5) as i32 - 2);
        let mut state = sample(now, i.unsigned_abs(), &[0.4 * now.as_seconds() + noise]);
        state.mode = DriveMode::Enabled;
        let group = name("arm");
        core.handle(now, Input::ServoState { group, state });
        while let Some(output) = core.poll() {
            if matches!(output, Output::Tools(_)) {
                said.extend(core.tools().map(|tool| *tool.motion));
            }
        }
    }
    said
}

#[test]
fn a_tool_is_where_its_joints_put_it_and_as_sure_as_they_are() {
    let mut core = estimator("tip").expect("the robot has a tip");
    let arm = measured_by(group("arm", &["turn"]), 0.0, NOISE);
    core.handle(Stamp::ZERO, Input::Group(arm));
    let said = said(&mut core, 500);
    assert!(
        (95..=101).contains(&said.len()),
        "100 times a second: {}",
        said.len()
    );
    let tool = said.last().expect("it was said");
    let angle = 0.4 * tool.stamp.as_seconds();
    assert!((tool.translation[0] - 0.5 * angle.cos()).abs() < 1e-4);
    assert!((tool.twist[1] - 0.2 * angle.cos()).abs() < 0.01 && (tool.twist[5] - 0.4).abs() < 0.02);
    // About z, the tip moves across the lever only.
    let turn = tool.pose_covariance[5][5];
    assert!(turn > 0.0 && turn < 4.0 * NOISE * NOISE, "{turn}");
    assert!((tool.pose_covariance[0][0] - 0.25 * turn * angle.sin().powi(2)).abs() < 1e-3 * turn);
    assert!(tool.pose_covariance[2][2] <= 0.0);
    assert_eq!(tool.external, None, "one joint can't tell six components");
}

#[test]
fn nothing_is_said_of_a_tool_whose_joints_nobody_measures() {
    let mut core = estimator("tip").expect("the robot has a tip");
    core.handle(Stamp::ZERO, Input::Group(group("arm", &["another"])));
    assert!(said(&mut core, 100).is_empty());
}

#[test]
fn a_tool_that_the_robot_does_not_have_is_refused_by_name() {
    let error = estimator("hand").expect_err("there is no hand").to_string();
    assert!(error.contains("hand") && error.contains("tip"), "{error}");
}
