//! Arms to try: two real ones from files, and any other as a list of joints.

use nalgebra::{Isometry3, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::{InverseKinematics, LinkId, Model, Task, Workspace};
use std::f64::consts::PI;
use std::fmt::Write as _;

/// A model, the link whose pose is asked for, and what draws and checks poses.
pub(crate) struct Arm {
    pub(crate) model: Model,
    pub(crate) link: LinkId,
    workspace: Workspace,
}

impl Arm {
    pub(crate) fn new(model: Model, link: &str) -> Self {
        Self {
            link: model.link(link).expect("the arm has that link"),
            workspace: Workspace::new(&model),
            model,
        }
    }

    pub(crate) fn ur5e() -> Self {
        Self::from_file("tests/robots/ur5e.urdf", "tool0")
    }

    pub(crate) fn panda() -> Self {
        Self::from_file("tests/robots/panda.urdf", "panda_hand_tcp")
    }

    pub(crate) fn from_file(path: &str, link: &str) -> Self {
        let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
        Self::new(Model::from_urdf_file(path).expect("is a robot"), link)
    }

    /// A chain of links `l0`, `l1`, … with one joint `j1`, `j2`, … between each two, and `tip` at the end.
    pub(crate) fn of(joints: &[Joint], tip: Vector3<f64>) -> Self {
        let mut text = String::from("<robot name=\"chain\"><link name=\"l0\"/>");
        for (index, joint) in joints.iter().enumerate() {
            let (
                child,
                Joint {
                    kind,
                    origin,
                    rpy,
                    axis,
                    limits,
                    mimic,
                },
            ) = (index + 1, joint);
            write!(
                text,
                r#"<link name="l{child}"/><joint name="j{child}" type="{kind}"><parent link="l{index}"/><child link="l{child}"/>
                   <origin xyz="{} {} {}" rpy="{} {} {}"/><axis xyz="{} {} {}"/>
                   <limit lower="{}" upper="{}" velocity="1" effort="1"/>{mimic}</joint>"#,
                origin.x, origin.y, origin.z, rpy.x, rpy.y, rpy.z, axis.x, axis.y, axis.z, limits.0, limits.1,
            )
            .expect("a string takes any text");
        }
        let last = joints.len();
        write!(
            text,
            r#"<link name="tip"/><joint name="end" type="fixed"><parent link="l{last}"/><child link="tip"/>
               <origin xyz="{} {} {}" rpy="0.3 -0.2 0.1"/></joint></robot>"#,
            tip.x, tip.y, tip.z
        )
        .expect("a string takes any text");
        Self::new(Model::from_urdf_str(&text).expect("a chain is a robot"), "tip")
    }

    pub(crate) fn solver(&self) -> InverseKinematics {
        self.solver_for(Task::POSE)
    }

    pub(crate) fn solver_for(&self, task: Task) -> InverseKinematics {
        InverseKinematics::for_task(&self.model, self.link, task).expect("joints move the link")
    }

    /// Joint values within the limits; one turn to each side where there are none.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let joints = self.model.joints().iter();
        joints
            .map(|joint| rng.random_range(joint.limits.lower.max(-PI)..joint.limits.upper.min(PI)))
            .collect()
    }

    /// Joint values over the whole of the limits, several turns where they allow them.
    pub(crate) fn draw_from_limits(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let joints = self.model.joints().iter();
        joints
            .map(|joint| rng.random_range(joint.limits.lower..joint.limits.upper))
            .collect()
    }

    pub(crate) fn pose(&mut self, q: &[f64]) -> Isometry3<f64> {
        self.model.forward_kinematics(&mut self.workspace, q);
        self.model.link_pose(&self.workspace, self.link)
    }

    /// Stops unless `q` is within the limits and its pose is the goal, to the promised 1e-8 m and 1e-8 rad.
    pub(crate) fn expect_solution(&mut self, goal: &Isometry3<f64>, q: &[f64]) {
        let pose = self.pose(q);
        let position = (pose.translation.vector - goal.translation.vector).norm();
        let angle = pose.rotation.angle_to(&goal.rotation);
        assert!(
            position <= 1e-8 && angle <= 1e-8,
            "{position:e} m, {angle:e} rad off at {q:?}"
        );
        self.expect_within_limits(q);
    }

    pub(crate) fn expect_within_limits(&self, q: &[f64]) {
        for (joint, value) in self.model.joints().iter().zip(q) {
            let within = (joint.limits.lower..=joint.limits.upper).contains(value);
            assert!(within, "{} at {value}, limits {:?}", joint.name, joint.limits);
        }
    }
}

/// One joint of a chain.
#[derive(Clone)]
pub(crate) struct Joint {
    pub(crate) kind: &'static str,
    pub(crate) origin: Vector3<f64>,
    pub(crate) rpy: Vector3<f64>,
    pub(crate) axis: Vector3<f64>,
    pub(crate) limits: (f64, f64),
    pub(crate) mimic: &'static str,
}

impl Joint {
    pub(crate) fn revolute(origin: [f64; 3], axis: [f64; 3]) -> Self {
        Self {
            kind: "revolute",
            origin: origin.into(),
            rpy: Vector3::zeros(),
            axis: axis.into(),
            limits: (-2.9, 2.9),
            mimic: "",
        }
    }

    pub(crate) fn prismatic(origin: [f64; 3], axis: [f64; 3], limits: (f64, f64)) -> Self {
        Self {
            kind: "prismatic",
            limits,
            ..Self::revolute(origin, axis)
        }
    }

    pub(crate) fn within(self, lower: f64, upper: f64) -> Self {
        Self {
            limits: (lower, upper),
            ..self
        }
    }
}

pub(crate) fn seeded(seed: u64) -> ChaCha8Rng {
    println!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn random_vector(rng: &mut ChaCha8Rng, size: f64) -> Vector3<f64> {
    Vector3::from_fn(|_, _| rng.random_range(-size..size))
}

/// The Euclidean distance of two sets of joint values.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The largest difference of two sets of joint angles, whole turns aside.
pub(crate) fn apart(a: &[f64], b: &[f64]) -> f64 {
    let difference = |(a, b): (&f64, &f64)| ((a - b + PI).rem_euclid(2.0 * PI) - PI).abs();
    a.iter().zip(b).map(difference).fold(0.0, f64::max)
}
