//! Every quantity against Pinocchio's, to 1e-9, for several robots in hundreds of random states each.
//!
//! `golden/generate.py` wrote `golden/states/`, and says what is in them. `cargo xtask golden --fresh 2000` has Pinocchio calculate for
//! other states, all values of every quantity, and points `SERVOMESH_GOLDEN` at them.

use nalgebra::{DMatrix, Matrix3, Matrix3xX, Matrix6xX, Vector3};
use serde::Deserialize;
use servomesh_robot::{LinkId, Model, Payload, Workspace};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Of the value, where that is above 1.
const TOLERANCE: f64 = 1e-9;
const WEIGHTS_SEED: u64 = 2;

#[test]
fn an_arm_of_six_joints_agrees_with_pinocchio() {
    agrees("six");
}

#[test]
fn an_arm_of_seven_joints_with_a_load_agrees_with_pinocchio() {
    agrees("seven");
}

#[test]
fn the_arm_of_the_default_cell_agrees_with_pinocchio() {
    agrees("cell");
}

#[test]
fn sliding_joints_and_mimics_agree_with_pinocchio() {
    agrees("rail");
}

#[test]
fn a_branched_robot_agrees_with_pinocchio() {
    agrees("branched");
}

#[test]
fn floating_bodies_agree_with_pinocchio() {
    agrees("floating");
}

#[test]
fn a_planar_base_agrees_with_pinocchio() {
    agrees("planar");
}

/// The first line of a file.
#[derive(Deserialize)]
struct Header {
    robot: String,
    link: String,
    loaded: bool,
    armature: Vec<f64>,
    states: usize,
    seed: u64,
    /// Whether the file has all values instead of weighted sums.
    full: bool,
}

fn agrees(robot: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = std::env::var_os("SERVOMESH_GOLDEN").map_or(here.join("states"), PathBuf::from);
    let path = folder.join(robot).with_extension("bin");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .expect("a first line");
    let header: Header = serde_json::from_slice(&bytes[..line]).expect("a header");
    assert_eq!(header.robot, robot);
    let (numbers, rest) = bytes[line + 1..].as_chunks::<8>();
    assert!(rest.is_empty(), "{}: ends within a number", path.display());
    let mut golden = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes));

    let mut subject = Subject::new(&header);
    let weights = Draw(WEIGHTS_SEED).vector(1000, 1.0);
    let mut draw = Draw(header.seed);
    let mut worst = BTreeMap::<&str, f64>::new();
    for state in 0..header.states {
        let input = subject.draw(&mut draw);
        for (quantity, values) in subject.quantities(&input) {
            let values = if header.full {
                values
            } else {
                vec![
                    values
                        .iter()
                        .zip(&weights)
                        .map(|(value, weight)| value * weight)
                        .sum(),
                ]
            };
            for ours in values {
                let golden = golden.next().expect("as many numbers as states ask for");
                let error = (ours - golden).abs() / golden.abs().max(1.0);
                assert!(
                    error <= TOLERANCE,
                    "state {state} of seed {}: {quantity}: {ours} is not {golden}",
                    header.seed
                );
                let worst = worst.entry(quantity).or_default();
                *worst = worst.max(error);
            }
        }
    }
    assert_eq!(golden.next(), None, "{}: has more than that", path.display());
    println!("{robot}, {} states, worst errors: {worst:?}", header.states);
}

struct Input {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
    effort: Vec<f64>,
}

struct Subject {
    model: Model,
    workspace: Workspace,
    link: LinkId,
}

impl Subject {
    fn new(header: &Header) -> Self {
        let mut model = if header.robot == "cell" {
            cell_arm()
        } else {
            let robots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/robots");
            let path = robots.join(&header.robot).with_extension("urdf");
            Model::from_urdf_file(path).expect("a robot").with_free_joints()
        };
        assert_eq!(model.joint_count(), header.armature.len());
        for (joint, &armature) in header.armature.iter().enumerate() {
            model.set_armature(joint, armature).expect("an armature");
        }
        let link = model.link(&header.link).expect("a link of the robot");
        if header.loaded {
            let load = Payload {
                mass: 2.0,
                centre_of_mass: Vector3::new(0.05, -0.1, 0.2),
                inertia: Matrix3::new(0.02, 0.001, -0.002, 0.001, 0.03, 0.003, -0.002, 0.003, 0.04),
            };
            model.set_payload(link, Some(load)).expect("a load");
        }
        Self {
            workspace: Workspace::new(&model),
            model,
            link,
        }
    }

    fn draw(&self, draw: &mut Draw) -> Input {
        let count = self.model.velocity_count();
        let mut q = draw.vector(self.model.joint_count(), 3.0);
        q.extend(draw.vector(7 * self.model.free_joints().len(), 1.0));
        Input {
            q,
            qd: draw.vector(count, 2.0),
            qdd: draw.vector(count, 5.0),
            effort: draw.vector(count, 40.0),
        }
    }

    /// In the order of the file; matrices by rows.
    fn quantities(&mut self, input: &Input) -> Vec<(&'static str, Vec<f64>)> {
        let Input { q, qd, qdd, effort } = input;
        let (model, work, link) = (&self.model, &mut self.workspace, self.link);
        let count = model.velocity_count();
        let by_rows = |matrix: &DMatrix<f64>| matrix.transpose().as_slice().to_vec();
        let mut all = Vec::new();
        let mut result = vec![0.0; count];
        model.inverse_dynamics(work, q, qd, qdd, &mut result);
        all.push(("inverse dynamics", result.clone()));
        model.bias_effort(work, q, qd, &mut result);
        all.push(("bias", result.clone()));
        model.gravity_effort(work, q, &mut result);
        all.push(("gravity", result.clone()));
        model.coriolis_effort(work, q, qd, &mut result);
        all.push(("Coriolis efforts", result.clone()));
        all.push(("mass matrix", by_rows(model.mass_matrix(work, q))));
        all.push(("Coriolis matrix", by_rows(model.coriolis_matrix(work, q, qd))));
        model
            .forward_dynamics(work, q, qd, effort, &mut result)
            .expect("every joint moves mass");
        all.push(("forward dynamics", result));

        model.forward_kinematics(work, q);
        let centre = model.centre_of_mass(work).expect("there is mass");
        all.push(("centre of mass", centre.coords.as_slice().to_vec()));
        let mut of_centre = Matrix3xX::zeros(count);
        model.centre_of_mass_jacobian(work, &mut of_centre);
        all.push((
            "Jacobian of the centre",
            of_centre.transpose().as_slice().to_vec(),
        ));
        let pose = model.link_pose(work, link);
        all.push(("position", pose.translation.vector.as_slice().to_vec()));
        let rotation = pose.rotation.to_rotation_matrix();
        all.push(("rotation", rotation.matrix().transpose().as_slice().to_vec()));
        let mut jacobian = Matrix6xX::zeros(count);
        model.jacobian(work, link, &mut jacobian);
        all.push(("Jacobian", jacobian.transpose().as_slice().to_vec()));
        model.jacobian_derivative(work, link, qd, &mut jacobian);
        all.push(("change of the Jacobian", jacobian.transpose().as_slice().to_vec()));
        let acceleration = model.link_acceleration(work, link, qd, qdd);
        let values = acceleration.linear.iter().chain(&acceleration.angular);
        all.push(("acceleration of the link", values.copied().collect()));
        let energies = vec![model.kinetic_energy(work, q, qd), model.potential_energy(work)];
        all.push(("energies", energies));
        all
    }
}

/// The gripper's fingers stand at 0.02 m, the belt at 0.
fn cell_arm() -> Model {
    let cell = Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).expect("a robot");
    let mut positions = vec![0.0; cell.joint_count()];
    positions[cell
        .joint_index("gripper_finger_joint")
        .expect("a joint of the cell")] = 0.02;
    let arm = [
        "shoulder_pan_joint",
        "shoulder_lift_joint",
        "elbow_joint",
        "wrist_1_joint",
        "wrist_2_joint",
        "wrist_3_joint",
    ];
    cell.subset(&arm, &positions).expect("joints of the cell")
}

/// splitmix64, the top 53 bits as a number from −1 to 1.
struct Draw(u64);

impl Draw {
    fn vector(&mut self, count: usize, bound: f64) -> Vec<f64> {
        (0..count).map(|_| self.next() * bound).collect()
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
    }
}
