//! Robots whose equations of motion fit on a page.

use nalgebra::Matrix6xX;
use servomesh_robot::{Model, RobotError, STANDARD_GRAVITY as G, Workspace};

/// Two links of lengths 0.8 m and 0.5 m in the x-z plane, joints about −y, so that positive angles lift.
const PLANAR: &str = r#"<robot name="planar">
  <link name="base"/>
  <link name="upper"><inertial><origin xyz="0.3 0 0"/><mass value="3"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.2" iyz="0" izz="0.2"/></inertial></link>
  <link name="fore"><inertial><origin xyz="0.2 0 0"/><mass value="2"/>
    <inertia ixx="0.01" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial></link>
  <link name="tip"/>
  <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><axis xyz="0 -1 0"/>
    <limit lower="-3" upper="3" velocity="2" effort="90"/></joint>
  <joint name="elbow" type="revolute"><parent link="upper"/><child link="fore"/><origin xyz="0.8 0 0"/><axis xyz="0 -1 0"/>
    <limit lower="-3" upper="3" velocity="2" effort="90"/></joint>
  <joint name="end" type="fixed"><parent link="fore"/><child link="tip"/><origin xyz="0.5 0 0"/></joint>
</robot>"#;
const L1: f64 = 0.8;
const L2: f64 = 0.5;
const C1: f64 = 0.3;
const C2: f64 = 0.2;
const M1: f64 = 3.0;
const M2: f64 = 2.0;
const I1: f64 = 0.2;
const I2: f64 = 0.1;

#[test]
fn a_planar_arm_reaches_where_trigonometry_says() {
    let model = Model::from_urdf_str(PLANAR).unwrap();
    let mut workspace = Workspace::new(&model);
    let (a, b) = (0.4, -1.1);
    model.forward_kinematics(&mut workspace, &[a, b]);
    let tip = model.link("tip").unwrap();
    let pose = model.link_pose(&workspace, tip);
    let (x, z) = (
        L1 * a.cos() + L2 * (a + b).cos(),
        L1 * a.sin() + L2 * (a + b).sin(),
    );
    assert!((pose.translation.x - x).abs() < 1e-14 && (pose.translation.z - z).abs() < 1e-14);
    let mut jacobian = Matrix6xX::zeros(2);
    model.jacobian(&workspace, tip, &mut jacobian);
    let expected = Matrix6xX::from_columns(&[
        nalgebra::vector![-z, 0.0, x, 0.0, -1.0, 0.0],
        nalgebra::vector![-L2 * (a + b).sin(), 0.0, L2 * (a + b).cos(), 0.0, -1.0, 0.0],
    ]);
    assert!((jacobian - expected).amax() < 1e-14);
}

/// The textbook equations, for example RBDA section 2 or any course on manipulators.
#[test]
fn a_planar_arm_moves_as_lagrange_says() {
    let model = Model::from_urdf_str(PLANAR).unwrap();
    let mut workspace = Workspace::new(&model);
    let (a, b, da, db, dda, ddb) = (0.4_f64, -1.1_f64, 0.7, -0.3, 1.2, 2.0);
    let h = M2 * L1 * C2 * b.sin();
    let m22 = I2 + M2 * C2 * C2;
    let m12 = m22 + M2 * L1 * C2 * b.cos();
    let m11 = I1 + M1 * C1 * C1 + I2 + M2 * (L1 * L1 + C2 * C2 + 2.0 * L1 * C2 * b.cos());
    let g2 = M2 * G * C2 * (a + b).cos();
    let g1 = (M1 * C1 + M2 * L1) * G * a.cos() + g2;
    let expected = [
        m11 * dda + m12 * ddb - h * (2.0 * da * db + db * db) + g1,
        m12 * dda + m22 * ddb + h * da * da + g2,
    ];
    let mut effort = [0.0; 2];
    model.inverse_dynamics(&mut workspace, &[a, b], &[da, db], &[dda, ddb], &mut effort);
    assert!((effort[0] - expected[0]).abs() < 1e-12 && (effort[1] - expected[1]).abs() < 1e-12);
    let matrix = model.mass_matrix(&mut workspace, &[a, b]);
    for (entry, expected) in [((0, 0), m11), ((0, 1), m12), ((1, 0), m12), ((1, 1), m22)] {
        assert!((matrix[entry] - expected).abs() < 1e-14);
    }
}

#[test]
fn a_small_swing_has_the_period_of_a_physical_pendulum() {
    let model = Model::from_urdf_str(PLANAR)
        .unwrap()
        .subset(&["shoulder"], &[0.0, 0.0])
        .unwrap();
    let mut workspace = Workspace::new(&model);
    let inertia = I1 + M1 * C1 * C1 + I2 + M2 * (L1 + C2) * (L1 + C2);
    let stiffness = (M1 * C1 + M2 * (L1 + C2)) * G;
    let hanging = -std::f64::consts::FRAC_PI_2;
    let swing = 1e-5;
    let mut qdd = [0.0];
    model
        .forward_dynamics(&mut workspace, &[hanging + swing], &[0.0], &[0.0], &mut qdd)
        .unwrap();
    let omega_squared = -qdd[0] / swing;
    assert!((omega_squared / (stiffness / inertia) - 1.0).abs() < 1e-9);
}

#[test]
fn a_rotor_adds_its_reflected_inertia() {
    let mut model = Model::from_urdf_str(PLANAR).unwrap();
    let mut workspace = Workspace::new(&model);
    let before = model.mass_matrix(&mut workspace, &[0.1, 0.2]).clone();
    model.set_armature(1, 0.25).unwrap();
    let after = model.mass_matrix(&mut workspace, &[0.1, 0.2]);
    assert!((after[(1, 1)] - before[(1, 1)] - 0.25).abs() < 1e-15);
    assert!((after[(0, 0)] - before[(0, 0)]).abs() < 1e-15);
}

/// Two fingers on one joint: their masses add, whatever the directions.
#[test]
fn a_mimic_joint_adds_its_mass_to_the_joint_it_follows() {
    let finger = |name: &str, axis: &str, mimic: &str| {
        format!(
            r#"<link name="{name}"><inertial><mass value="0.2"/>
                 <inertia ixx="1e-5" ixy="0" ixz="0" iyy="1e-5" iyz="0" izz="1e-5"/></inertial></link>
               <joint name="{name}_joint" type="prismatic"><parent link="hand"/><child link="{name}"/>
                 <axis xyz="{axis}"/><limit lower="0" upper="0.05" velocity="1" effort="9"/>{mimic}</joint>"#
        )
    };
    let left = finger("left", "0 1 0", "");
    let right = finger(
        "right",
        "0 -1 0",
        r#"<mimic joint="left_joint" multiplier="2" offset="0.01"/>"#,
    );
    let text = format!(r#"<robot name="hand"><link name="hand"/>{right}{left}</robot>"#);
    let model = Model::from_urdf_str(&text).unwrap();
    assert_eq!(model.joints().len(), 1);
    assert_eq!(model.mimics()[0].name, "right_joint");
    let mut workspace = Workspace::new(&model);
    let mut qdd = [0.0];
    model
        .forward_dynamics(&mut workspace, &[0.02], &[0.0], &[3.0], &mut qdd)
        .unwrap();
    assert!((qdd[0] - 3.0 / (0.2 + 4.0 * 0.2)).abs() < 1e-12);
    model.forward_kinematics(&mut workspace, &[0.02]);
    assert!(
        (model
            .link_pose(&workspace, model.link("left").unwrap())
            .translation
            .y
            - 0.02)
            .abs()
            < 1e-15
    );
    assert!(
        (model
            .link_pose(&workspace, model.link("right").unwrap())
            .translation
            .y
            + 0.05)
            .abs()
            < 1e-15
    );
}

#[test]
fn a_joint_that_moves_nothing_has_no_forward_dynamics() {
    let text = r#"<robot name="ghost"><link name="a"/><link name="b"/>
      <joint name="j" type="continuous"><parent link="a"/><child link="b"/></joint></robot>"#;
    let mut model = Model::from_urdf_str(text).unwrap();
    let mut workspace = Workspace::new(&model);
    let error = model
        .forward_dynamics(&mut workspace, &[0.0], &[0.0], &[1.0], &mut [0.0])
        .unwrap_err();
    assert!(
        matches!(&error, RobotError::NoInertia { joint, .. } if joint == "j"),
        "{error}"
    );
    model.set_armature(0, 0.5).unwrap();
    let mut qdd = [0.0];
    model
        .forward_dynamics(&mut workspace, &[0.0], &[0.0], &[1.0], &mut qdd)
        .unwrap();
    assert!((qdd[0] - 2.0).abs() < 1e-15);
}
