//! The arm of the default cell against Pinocchio's numbers; `golden/generate.py` writes them.

use nalgebra::{Matrix6xX, Rotation3};
use serde::Deserialize;
use servomesh_robot::{Model, Workspace};
use std::collections::BTreeMap;

const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Golden {
    joints: Vec<String>,
    finger: f64,
    armature: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
    effort: Vec<f64>,
    inverse_dynamics: Vec<f64>,
    bias: Vec<f64>,
    gravity: Vec<f64>,
    mass_matrix_rows: Vec<Vec<f64>>,
    forward_dynamics: Vec<f64>,
    centre_of_mass: Vec<f64>,
    frames: BTreeMap<String, Frame>,
}

#[derive(Deserialize)]
struct Frame {
    translation: Vec<f64>,
    rotation_rows: Vec<Vec<f64>>,
    jacobian_rows: Vec<Vec<f64>>,
}

fn check(what: &str, ours: &[f64], golden: &[f64]) {
    assert_eq!(ours.len(), golden.len(), "{what}");
    for (ours, golden) in ours.iter().zip(golden) {
        assert!(
            (ours - golden).abs() <= TOLERANCE * golden.abs().max(1.0),
            "{what}: {ours} is not {golden}"
        );
    }
}

#[test]
fn the_arm_of_the_default_cell_agrees_with_pinocchio() {
    let golden: Golden = serde_json::from_str(include_str!("golden/cell_arm.json")).unwrap();
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).unwrap();
    let mut positions = vec![0.0; cell.joint_count()];
    positions[cell.joint_index("gripper_finger_joint").unwrap()] = golden.finger;
    let names: Vec<&str> = golden.joints.iter().map(String::as_str).collect();
    let mut arm = cell.subset(&names, &positions).unwrap();
    for (joint, &armature) in golden.armature.iter().enumerate() {
        arm.set_armature(joint, armature).unwrap();
    }
    let mut workspace = Workspace::new(&arm);
    for case in &golden.cases {
        let mut result = vec![0.0; arm.joint_count()];
        arm.inverse_dynamics(&mut workspace, &case.q, &case.qd, &case.qdd, &mut result);
        check("inverse dynamics", &result, &case.inverse_dynamics);
        arm.bias_effort(&mut workspace, &case.q, &case.qd, &mut result);
        check("bias", &result, &case.bias);
        arm.gravity_effort(&mut workspace, &case.q, &mut result);
        check("gravity", &result, &case.gravity);
        arm.forward_dynamics(&mut workspace, &case.q, &case.qd, &case.effort, &mut result)
            .unwrap();
        check("forward dynamics", &result, &case.forward_dynamics);
        // Symmetric, so rows and columns are the same.
        let matrix = arm.mass_matrix(&mut workspace, &case.q).clone();
        check("mass matrix", matrix.as_slice(), &case.mass_matrix_rows.concat());

        arm.forward_kinematics(&mut workspace, &case.q);
        let centre = arm.centre_of_mass(&workspace).unwrap();
        check("centre of mass", centre.coords.as_slice(), &case.centre_of_mass);
        for (name, frame) in &case.frames {
            let link = arm.link(name).unwrap();
            let pose = arm.link_pose(&workspace, link);
            check(name, pose.translation.vector.as_slice(), &frame.translation);
            let rotation: Rotation3<f64> = pose.rotation.into();
            check(
                name,
                rotation.matrix().transpose().as_slice(),
                &frame.rotation_rows.concat(),
            );
            let mut jacobian = Matrix6xX::zeros(arm.joint_count());
            arm.jacobian(&workspace, link, &mut jacobian);
            check(
                name,
                jacobian.transpose().as_slice(),
                &frame.jacobian_rows.concat(),
            );
        }
    }
}
