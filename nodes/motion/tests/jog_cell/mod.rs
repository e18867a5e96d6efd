//! The arm of the default cell, and what every setpoint of it has to keep.
#![allow(dead_code, reason = "each test program uses its part")]

use nalgebra::{Isometry3, Translation3, UnitQuaternion};
use servomesh_motion::tracking::{Arm, Frame};
use servomesh_motion::{Bounds, State};
use servomesh_robot::Model;
use servomesh_types::JointVec;

pub(crate) const JOINTS: [&str; 6] = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];

pub(crate) struct Cell {
    pub(crate) model: Model,
    pub(crate) positions: Vec<f64>,
    pub(crate) bounds: Bounds,
}

pub(crate) fn cell() -> Cell {
    let model = Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf"))
        .expect("the cell is a robot");
    let positions = model.neutral_positions();
    let limit = |f: fn(&servomesh_robot::DescribedLimits) -> f64| {
        JointVec::from_fn(6, |i| {
            f(&model.joints()[model.joint_index(JOINTS[i]).expect("the arm has it")].limits)
        })
    };
    let bounds = Bounds {
        lower: limit(|limits| limits.lower),
        upper: limit(|limits| limits.upper),
        velocity: limit(|limits| limits.velocity),
        // As in cell.limits.yaml.
        acceleration: JointVec::from([5.0, 5.0, 6.0, 10.0, 10.0, 10.0]),
        jerk: JointVec::from([50.0, 50.0, 60.0, 100.0, 100.0, 100.0]),
    };
    Cell {
        model,
        positions,
        bounds,
    }
}

impl Cell {
    pub(crate) fn arm(&self) -> Arm {
        Arm::new(&self.model, &JOINTS, &self.positions, "gripper_tcp").expect("six joints")
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::new(
            &self.model,
            "conveyor_belt_joint",
            &self.positions,
            "conveyor_belt",
        )
        .expect("there is a belt")
    }

    /// The tool pointing down over the belt, at a place along it.
    pub(crate) fn over_the_belt(&self, along: f64, height: f64) -> (JointVec, Isometry3<f64>) {
        let pose = Isometry3::from_parts(
            Translation3::new(0.55, along, 0.42 + height),
            UnitQuaternion::from_euler_angles(std::f64::consts::PI, 0.0, 0.0),
        );
        let model = self
            .model
            .subset(&JOINTS, &self.positions)
            .expect("the arm has them");
        let tool = model.link("gripper_tcp").expect("there is one");
        let mut solver = servomesh_robot::InverseKinematics::new(&model, tool).expect("six joints");
        let mut q = [0.0; 6];
        solver
            .nearest(&pose, &[0.0, -1.6, 1.8, -1.8, -1.57, 0.0], &mut q)
            .expect("the belt is within reach");
        (JointVec::from(q), pose)
    }
}

pub(crate) fn check_step(bounds: &Bounds, from: &State, to: &State, dt: f64, what: &str) {
    let high = 1.0 + 1e-9;
    for i in 0..from.position.len() {
        let (a, b) = (from.joint(i), to.joint(i));
        let slack = (bounds.upper[i] - bounds.lower[i]) * 1e-9;
        let keeps = b.p >= bounds.lower[i] - slack
            && b.p <= bounds.upper[i] + slack
            && b.v.abs() <= bounds.velocity[i] * high
            && b.a.abs() <= bounds.acceleration[i] * high
            && (b.a - a.a).abs() <= bounds.jerk[i] * dt * high
            // What is left of Taylor's formula.
            && (b.v - a.v - a.a * dt).abs() <= bounds.jerk[i] * dt.powi(2) / 2.0 * high + 1e-12
            && (b.p - a.p - a.v * dt - a.a * dt * dt / 2.0).abs() <= bounds.jerk[i] * dt.powi(3) / 6.0 * high + 2e-11;
        assert!(keeps, "{what}, joint {i}: {a:?} to {b:?} in {dt}");
        assert!(bounds.axis(i).can_stop(b), "{what}, joint {i}: {b:?}");
    }
}
