//! What is accepted as a robot, what is refused and in which words, and what a subset keeps.

use servomesh_robot::{JointKind, Model, Payload, RobotError, Shape, Warning, Workspace};

const CELL: &str = include_str!("../../../launch/robots/cell.urdf");

/// Checks that `text` is refused with a message that has all of `words`.
fn refused(text: &str, words: &[&str]) {
    let message = Model::from_urdf_str(text)
        .expect_err("should be refused")
        .to_string();
    for word in words {
        assert!(message.contains(word), "{message:?} lacks {word:?}");
    }
}

fn robot(inside: &str) -> String {
    format!(r#"<robot name="r">{inside}</robot>"#)
}

/// A base and one moving link, with the joint's and the link's insides to choose.
fn one_joint(kind: &str, joint: &str, link: &str) -> String {
    robot(&format!(
        r#"<link name="a"/><link name="b">{link}</link>
           <joint name="j" type="{kind}"><parent link="a"/><child link="b"/>{joint}</joint>"#
    ))
}

fn inertial(mass: &str, ixx: &str, iyy: &str) -> String {
    format!(
        r#"<inertial><mass value="{mass}"/><inertia ixx="{ixx}" ixy="0" ixz="0" iyy="{iyy}" iyz="0" izz="1"/></inertial>"#
    )
}

#[test]
fn a_broken_tree_is_refused_with_the_names_in_it() {
    refused("<robot", &["<string>: is not a URDF"]);
    refused(&robot(""), &["no links"]);
    refused(
        &robot(r#"<link name="a"/><link name="a"/>"#),
        &["link a", "twice"],
    );
    refused(
        &robot(r#"<link name="a"/><link name="b"/>"#),
        &["several roots (a, b)"],
    );
    let joint = |name: &str, parent: &str, child: &str| {
        format!(
            r#"<joint name="{name}" type="fixed"><parent link="{parent}"/><child link="{child}"/></joint>"#
        )
    };
    let links = r#"<link name="a"/><link name="b"/><link name="c"/>"#;
    refused(
        &robot(&format!("{links}{}", joint("j", "x", "b"))),
        &["joint j", "parent link x"],
    );
    refused(
        &robot(&format!("{links}{}", joint("j", "a", "y"))),
        &["joint j", "child link y"],
    );
    let twice = joint("j", "a", "c") + &joint("k", "b", "c");
    refused(
        &robot(&format!("{links}{twice}")),
        &["link c", "joint j", "joint k"],
    );
    let ring = joint("j", "b", "c") + &joint("k", "c", "b");
    refused(&robot(&format!("{links}{ring}")), &["link b", "loop"]);
}

#[test]
fn what_is_no_urdf_is_named_with_its_line() {
    refused(
        "<robot name=\"r\">\n <link name=\"a\">\n</robot>",
        &["is not a URDF", "3:"],
    );
    let inertial = r#"<inertial><mass value="1"/></inertial>"#;
    refused(
        &robot(&format!(
            "\n<link name=\"a\"/>\n<link name=\"b\">{inertial}</link>"
        )),
        &["link b (line 3)", "inertia"],
    );
    refused(
        &one_joint(
            "revolute",
            r#"<limit lower="${-pi}" upper="1" velocity="1" effort="1"/>"#,
            "",
        ),
        &["joint j (line 2)", "float"],
    );
    refused(&one_joint("screw", "", ""), &["joint j (line 2)", "screw"]);
    refused(
        &robot(r#"<joint name="j" type="fixed"><parent link="a"/></joint>"#),
        &["joint j (line 1)", "child"],
    );
}

/// Elements of other programs, and meshes that nobody has, are no reason to refuse an arm.
#[test]
fn a_description_with_more_than_a_model_needs_is_taken() {
    let text = r#"<?xml version="1.0" encoding="utf-8"?>
      <!-- made by hand -->
      <robot name="r" xmlns:xacro="http://ros.org/wiki/xacro">
        <material name="grey"/>
        <gazebo reference="b"><material>Gazebo/Grey</material></gazebo>
        <transmission name="t"><type>Simple</type><joint name="j"/><actuator name="m"/></transmission>
        <ros2_control name="c" type="system"><joint name="j"><command_interface name="position"/></joint></ros2_control>
        <link name="a"><visual><geometry><mesh filename="package://nowhere/a.dae"/></geometry></visual></link>
        <link name="b"/>
        <joint name="j" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0  0 2 "/>
          <limit lower="-1" upper="1" velocity="1" effort="1"/><calibration rising="0"/><dynamics damping="0.1"/>
          <safety_controller k_position="1" k_velocity="2" soft_lower_limit="-1" soft_upper_limit="1"/></joint>
      </robot>"#;
    let model = Model::from_urdf_str(text).unwrap();
    assert_eq!((model.joint_count(), model.warnings()), (1, vec![]));
    let mesh = &model.visuals(model.link("a").unwrap())[0].shape;
    assert!(matches!(mesh, Shape::Mesh { filename, .. } if filename == "package://nowhere/a.dae"));
}

#[test]
fn a_planar_joint_is_three_and_its_links_stay_two() {
    let model = Model::from_urdf_str(&one_joint("planar", r#"<axis xyz="0 0 1"/>"#, "")).unwrap();
    let names: Vec<&str> = model.joints().iter().map(|joint| joint.name.as_str()).collect();
    assert_eq!(names, ["j/x", "j/y", "j/theta"]);
    let (a, b) = (model.link("a").unwrap(), model.link("b").unwrap());
    assert_eq!(model.links().collect::<Vec<_>>(), [a, b]);
    assert_eq!((model.link_parent(b), model.link_parent(a)), (Some(a), None));
    let mut workspace = Workspace::new(&model);
    model.forward_kinematics(&mut workspace, &[0.5, -0.2, 0.3]);
    let pose = model.link_pose(&workspace, b);
    assert!((pose.translation.vector - nalgebra::vector![0.5, -0.2, 0.0]).norm() < 1e-15);
    assert!((pose.rotation.scaled_axis() - nalgebra::vector![0.0, 0.0, 0.3]).norm() < 1e-15);
    assert_eq!(model.warnings(), []);
}

#[test]
fn a_floating_joint_is_held_until_it_is_let_go() {
    let held = Model::from_urdf_str(&one_joint("floating", "", &inertial("2", "1", "1"))).unwrap();
    assert_eq!((held.position_count(), held.free_joints().len()), (0, 0));
    let free = held.with_free_joints();
    assert_eq!((free.position_count(), free.velocity_count()), (7, 6));
    assert_eq!(free.free_joints()[0].name, "j");
    let mut workspace = Workspace::new(&free);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    // Of any length: this quaternion has length 2.
    let q = [1.0, 2.0, 3.0, 0.0, 0.0, 2.0 * half, 2.0 * half];
    free.forward_kinematics(&mut workspace, &q);
    let pose = free.link_pose(&workspace, free.link("b").unwrap());
    assert!((pose.translation.vector - nalgebra::vector![1.0, 2.0, 3.0]).norm() < 1e-15);
    assert!((pose.rotation.scaled_axis() - nalgebra::vector![0.0, 0.0, 2.0 * half.acos()]).norm() < 1e-15);
    let mut fall = [0.0; 6];
    free.forward_dynamics(&mut workspace, &q, &[0.0; 6], &[0.0; 6], &mut fall)
        .unwrap();
    assert!(
        (fall[2] + servomesh_robot::STANDARD_GRAVITY).abs() < 1e-12,
        "{fall:?}"
    );

    let again = free.subset(&[], &q).unwrap();
    let at = again.link_pose(&Workspace::new(&again), again.link("b").unwrap());
    assert!((at.to_homogeneous() - pose.to_homogeneous()).amax() < 1e-15);
    let weightless = Model::from_urdf_str(&one_joint("floating", "", ""))
        .unwrap()
        .with_free_joints();
    let error = weightless
        .forward_dynamics(
            &mut Workspace::new(&weightless),
            &q,
            &[0.0; 6],
            &[0.0; 6],
            &mut fall,
        )
        .unwrap_err();
    assert!(
        matches!(&error, RobotError::NoInertia { joint, .. } if joint == "j"),
        "{error}"
    );
}

#[test]
fn an_impossible_joint_is_refused_with_its_value() {
    refused(
        &one_joint("spherical", "", ""),
        &["joint j", "spherical", "not supported"],
    );
    refused(
        &one_joint("planar", r#"<axis xyz="0 0 0"/>"#, ""),
        &["joint j", "axis"],
    );
    for kind in ["planar", "floating"] {
        refused(
            &one_joint(kind, r#"<mimic joint="k"/>"#, ""),
            &["joint j", "mimics k", "single degree"],
        );
        let followed = r#"<link name="c"/><joint name="k" type="continuous"><parent link="a"/><child link="c"/>
            <mimic joint="j"/></joint></robot>"#;
        refused(
            &one_joint(kind, "", "").replace("</robot>", followed),
            &["joint k", "mimics j", "several degrees"],
        );
    }
    let limit = r#"<limit lower="2" upper="-1" velocity="1" effort="1"/>"#;
    refused(
        &one_joint("revolute", limit, ""),
        &["joint j", "lower limit 2", "upper limit -1"],
    );
    let limit = r#"<limit lower="NaN" upper="1" velocity="1" effort="1"/>"#;
    refused(
        &one_joint("revolute", limit, ""),
        &["joint j", "lower limit is NaN"],
    );
    let limit = r#"<limit lower="0" upper="1" velocity="-3" effort="1"/>"#;
    refused(
        &one_joint("revolute", limit, ""),
        &["joint j", "velocity limit is -3"],
    );
    refused(
        &one_joint("continuous", r#"<axis xyz="0 0 0"/>"#, ""),
        &["joint j", "axis"],
    );
    refused(
        &one_joint("continuous", r#"<origin xyz="0 NaN 0"/>"#, ""),
        &["joint j", "origin xyz is NaN"],
    );
    refused(
        &one_joint("continuous", r#"<mimic joint="k"/>"#, ""),
        &["joint j", "mimics k", "does not exist"],
    );
    refused(
        &one_joint("continuous", r#"<mimic joint="j"/>"#, ""),
        &["joint j", "ring"],
    );
}

#[test]
fn an_impossible_body_is_refused_with_its_value() {
    refused(
        &one_joint("continuous", "", &inertial("-2", "1", "1")),
        &["link b", "mass is -2"],
    );
    refused(
        &one_joint("continuous", "", &inertial("inf", "1", "1")),
        &["link b", "mass is inf"],
    );
    refused(
        &one_joint("continuous", "", &inertial("2", "-1", "1")),
        &["link b", "not positive definite"],
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Model::from_urdf_file("no/such/robot.urdf").unwrap_err();
    assert!(matches!(error, RobotError::Read { .. }));
    assert!(error.to_string().contains("no/such/robot.urdf"));
}

#[test]
fn what_is_odd_but_usable_is_a_warning() {
    let limit = r#"<limit lower="-1" upper="1" velocity="0" effort="1"/>"#;
    let shape = r#"<visual><geometry><sphere radius="0.1"/></geometry></visual>"#;
    let model = Model::from_urdf_str(&one_joint("revolute", limit, shape)).unwrap();
    assert_eq!(
        model.warnings(),
        [
            Warning::ZeroLimit {
                joint: "j".into(),
                limit: "velocity"
            },
            Warning::NoMass { link: "b".into() }
        ]
    );
    let limit = r#"<limit velocity="1" effort="1"/>"#;
    let model = Model::from_urdf_str(&one_joint("continuous", limit, &inertial("1", "0.1", "0.1"))).unwrap();
    assert!(matches!(
        &model.warnings()[..],
        [Warning::ImpossibleMoments { .. }]
    ));
}

#[test]
fn a_chain_of_mimics_follows_the_joint_that_really_moves() {
    let joint = |name: &str, child: &str, mimic: &str| {
        format!(
            r#"<link name="{child}"/><joint name="{name}" type="continuous">
               <parent link="a"/><child link="{child}"/>{mimic}</joint>"#
        )
    };
    let text = robot(&format!(
        r#"<link name="a"/>{}{}{}"#,
        joint("x", "lx", r#"<mimic joint="y" multiplier="2" offset="0.5"/>"#),
        joint("y", "ly", r#"<mimic joint="z" multiplier="-3" offset="1"/>"#),
        joint("z", "lz", "")
    ));
    let model = Model::from_urdf_str(&text).unwrap();
    let x = model.mimics().iter().find(|mimic| mimic.name == "x").unwrap();
    assert_eq!((x.joint, x.multiplier, x.offset), (0, -6.0, 2.5));
}

#[test]
fn the_default_cell_has_its_three_groups_and_no_warnings() {
    let cell = Model::from_urdf_str(CELL).unwrap();
    assert_eq!(cell.warnings(), []);
    let names: Vec<&str> = cell.joints().iter().map(|joint| joint.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "shoulder_pan_joint",
            "shoulder_lift_joint",
            "elbow_joint",
            "wrist_1_joint",
            "wrist_2_joint",
            "wrist_3_joint",
            "gripper_finger_joint",
            "conveyor_belt_joint"
        ]
    );
    assert_eq!(cell.link_name(cell.root()), "world");
    assert_eq!(cell.joints()[6].kind, JointKind::Prismatic);
    let pads = cell.visuals(cell.link("gripper_finger_left").unwrap());
    assert!(matches!(pads[2].shape, Shape::Box { .. }) && pads[2].colour == Some([0.95, 0.52, 0.16, 1.0]));
    assert!(
        cell.links()
            .all(|link| cell.visuals(link).iter().all(|visual| visual.colour.is_some()))
    );
}

#[test]
fn joints_without_acceleration_limits_are_not_complete() {
    let mut cell = Model::from_urdf_str(CELL).unwrap();
    let mut limits = cell.joints()[0].limits;
    assert!(limits.complete().is_err());
    (limits.acceleration, limits.jerk) = (5.0, 50.0);
    cell.set_limits(0, limits).unwrap();
    let complete = cell.joints()[0].limits.complete().unwrap();
    assert!((complete.jerk() - 50.0).abs() < 1e-15);
    limits.velocity = f64::NAN;
    let message = cell.set_limits(0, limits).unwrap_err().to_string();
    assert!(
        message.contains("shoulder_pan_joint") && message.contains("velocity limit"),
        "{message}"
    );
}

#[test]
fn a_subset_puts_its_links_where_the_whole_robot_has_them() {
    let mut cell = Model::from_urdf_str(CELL).unwrap();
    let tool = cell.link("tool0").unwrap();
    let load = Payload {
        mass: 1.0,
        centre_of_mass: [0.0, 0.0, 0.1].into(),
        inertia: nalgebra::Matrix3::zeros(),
    };
    cell.set_payload(tool, Some(load)).unwrap();
    cell.set_armature(2, 0.7).unwrap();
    let at = [0.3, -1.2, 1.5, -1.0, -1.4, 0.6, 0.03, 4.2];
    let arm = cell.subset(&["elbow_joint", "shoulder_pan_joint"], &at).unwrap();
    assert!((arm.joints()[0].armature - 0.7).abs() < 1e-15);

    let (mut of_cell, mut of_arm) = (Workspace::new(&cell), Workspace::new(&arm));
    let mut moved = at;
    (moved[2], moved[0]) = (0.9, -0.8);
    cell.forward_kinematics(&mut of_cell, &moved);
    arm.forward_kinematics(&mut of_arm, &[0.9, -0.8]);
    for link in cell.links() {
        let difference = cell.link_pose(&of_cell, link).inverse() * arm.link_pose(&of_arm, link);
        assert!(difference.translation.vector.norm() < 1e-12 && difference.rotation.angle() < 1e-7);
    }
    let mut all = [0.0; 8];
    cell.gravity_effort(&mut of_cell, &moved, &mut all);
    let mut two = [0.0; 2];
    arm.gravity_effort(&mut of_arm, &[0.9, -0.8], &mut two);
    assert!((two[0] - all[2]).abs() < 1e-12 && (two[1] - all[0]).abs() < 1e-12);

    let again = arm.subset(&["elbow_joint"], &[0.1, 0.2]).unwrap();
    assert_eq!(again.joint_count(), 1);
}

#[test]
fn a_wrong_question_is_answered_with_what_exists() {
    let cell = Model::from_urdf_str(CELL).unwrap();
    let message = cell.joint_index("elbo").unwrap_err().to_string();
    assert!(
        message.contains("elbo;") && message.contains("elbow_joint"),
        "{message}"
    );
    assert!(cell.link("tool").unwrap_err().to_string().contains("tool0"));
    assert!(matches!(
        cell.subset(&["elbow_joint"], &[0.0]),
        Err(RobotError::WrongLength { .. })
    ));
    let twice = cell.subset(&["elbow_joint", "elbow_joint"], &[0.0; 8]);
    assert!(matches!(twice, Err(RobotError::RepeatedJoint { .. })));
    let mut at = [0.0; 8];
    at[3] = f64::NAN;
    assert!(matches!(
        cell.subset(&["elbow_joint"], &at),
        Err(RobotError::BadValue { .. })
    ));
}
