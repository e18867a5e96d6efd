//! The arms that paths are tried on, and what draws them.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::Bounds;
use servomesh_motion::path::Chain;
use servomesh_robot::{InverseKinematics, Model};
use servomesh_types::JointVec;

pub(crate) struct Arm {
    pub(crate) chain: Chain,
    pub(crate) bounds: Bounds,
    /// For tracking poses, with nothing of the room under test.
    pub(crate) inverse: InverseKinematics,
}

impl Arm {
    /// The default cell's arm, six joints.
    pub(crate) fn six() -> Self {
        let whole = Model::from_urdf_file(file("../../launch/robots/cell.urdf")).expect("is a robot");
        let names = [
            "shoulder_pan_joint",
            "shoulder_lift_joint",
            "elbow_joint",
            "wrist_1_joint",
            "wrist_2_joint",
            "wrist_3_joint",
        ];
        let model = whole
            .subset(&names, &vec![0.0; whole.position_count()])
            .expect("has these joints");
        Self::new(&model, "gripper_tcp")
    }

    /// Seven joints.
    pub(crate) fn seven() -> Self {
        let model =
            Model::from_urdf_file(file("../robot/tests/golden/robots/seven.urdf")).expect("is a robot");
        Self::new(&model, "flange")
    }

    fn new(model: &Model, tool: &str) -> Self {
        let of = |f: fn(&servomesh_robot::DescribedLimits) -> f64| {
            JointVec::from_fn(model.joint_count(), |j| f(&model.joints()[j].limits))
        };
        let tool = model.link(tool).expect("has the tool");
        Self {
            inverse: InverseKinematics::new(model, tool).expect("has joints"),
            chain: Chain::new(model, tool).expect("has enough joints"),
            bounds: Bounds {
                lower: of(|limits| limits.lower),
                upper: of(|limits| limits.upper),
                velocity: of(|limits| limits.velocity),
                acceleration: of(|_| 10.0),
                jerk: of(|_| 100.0),
            },
        }
    }

    /// Joints somewhere in the middle of their ranges, the arm well away from singularities.
    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> JointVec {
        let middle: &[f64] = if self.bounds.lower.len() == 6 {
            &[0.3, -1.3, 1.6, -1.9, -1.57, 0.2]
        } else {
            &[0.0, -0.3, 0.2, -1.9, 0.1, 1.7, 0.5]
        };
        JointVec::from_fn(middle.len(), |j| middle[j] + rng.random_range(-0.3..0.3))
    }
}

pub(crate) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn vector(rng: &mut ChaCha8Rng, size: f64) -> Vector3<f64> {
    loop {
        let v = Vector3::from_fn(|_, _| rng.random_range(-1.0..1.0));
        if v.norm() > 0.1 && v.norm() <= 1.0 {
            return v.normalize() * size;
        }
    }
}

/// A pose that is `way` m and `turn` rad away.
pub(crate) fn moved(pose: &Isometry3<f64>, rng: &mut ChaCha8Rng, way: f64, turn: f64) -> Isometry3<f64> {
    let mut moved = *pose;
    moved.translation.vector += vector(rng, way);
    moved.rotation = UnitQuaternion::from_scaled_axis(vector(rng, turn)) * moved.rotation;
    moved
}

fn file(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}
