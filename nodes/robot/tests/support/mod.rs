//! Random robots, written as URDF text, and random joint values. Everything is drawn from a seed that is printed.

use std::fmt::Write as _;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::{Model, Workspace};

/// What random trees may have beside joints that turn and slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    Nothing,
    Mimics,
    FreeBodies,
}

pub(crate) const ALL: [Among; 3] = [Among::Nothing, Among::Mimics, Among::FreeBodies];

/// A robot of random joints in a random tree, with values to try it with.
pub(crate) struct Sample {
    pub(crate) model: Model,
    pub(crate) workspace: Workspace,
    pub(crate) q: Vec<f64>,
    pub(crate) qd: Vec<f64>,
    pub(crate) qdd: Vec<f64>,
}

/// Calls `check` with 40 random trees.
pub(crate) fn for_random_trees(among: Among, mut check: impl FnMut(Sample)) {
    for seed in 0..40 {
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let text = random_urdf(&mut rng, among);
        let model = Model::from_urdf_str(&text).expect("a random tree is a robot");
        let mut model = model.with_free_joints();
        for joint in 0..model.joint_count() {
            model
                .set_armature(joint, rng.random_range(0.0..0.3))
                .expect("is not negative");
        }
        let mut draw = || -> Vec<f64> {
            (0..model.velocity_count())
                .map(|_| rng.random_range(-2.0..2.0))
                .collect()
        };
        let (step, qd, qdd) = (draw(), draw(), draw());
        let mut q = model.neutral_positions();
        model.integrate(&mut q, &step);
        check(Sample {
            workspace: Workspace::new(&model),
            model,
            q,
            qd,
            qdd,
        });
    }
}

fn random_urdf(rng: &mut ChaCha8Rng, among: Among) -> String {
    let count = rng.random_range(2..10);
    let mut text = String::from("<robot name=\"random\"><link name=\"l0\"/>");
    let mut free = Vec::new();
    for index in 1..=count {
        let parent = rng.random_range(0..index);
        let (pose, at_com) = (random_pose(rng), random_pose(rng));
        let mut axis = || rng.random_range(-1.0..1.0);
        let axis = [axis(), axis(), 0.3 + axis()];
        let kinds = [
            "revolute",
            "continuous",
            "prismatic",
            "fixed",
            "floating",
            "planar",
        ];
        let kind = kinds[rng.random_range(0..if among == Among::FreeBodies { 6 } else { 4 })];
        let mass = rng.random_range(0.2..4.0);
        let mut moment = || rng.random_range(0.02..0.03);
        let (ixx, iyy, izz) = (moment(), moment(), moment());
        write!(
            text,
            r#"<link name="l{index}"><inertial>{at_com}<mass value="{mass}"/>
               <inertia ixx="{ixx}" ixy="0.002" ixz="-0.001" iyy="{iyy}" iyz="0.003" izz="{izz}"/></inertial></link>
               <joint name="j{index}" type="{kind}">{pose}<parent link="l{parent}"/><child link="l{index}"/>
               <axis xyz="{} {} {}"/><limit lower="-9" upper="9" velocity="9" effort="9"/>"#,
            axis[0], axis[1], axis[2]
        )
        .expect("a string takes any text");
        if kind != "fixed" {
            if among == Among::Mimics && !free.is_empty() && rng.random_bool(0.5) {
                let target: usize = free[rng.random_range(0..free.len())];
                let (k, b) = (rng.random_range(-2.0..2.0), rng.random_range(-1.0..1.0));
                write!(
                    text,
                    r#"<mimic joint="j{target}" multiplier="{k}" offset="{b}"/>"#
                )
                .expect("a string takes any text");
            }
            free.push(index);
        }
        text.push_str("</joint>");
    }
    text.push_str("</robot>");
    text
}

fn random_pose(rng: &mut ChaCha8Rng) -> String {
    let mut draw = |bound: f64| rng.random_range(-bound..bound);
    let (xyz, rpy) = (
        [draw(0.5), draw(0.5), draw(0.5)],
        [draw(3.0), draw(1.5), draw(3.0)],
    );
    format!(
        r#"<origin xyz="{} {} {}" rpy="{} {} {}"/>"#,
        xyz[0], xyz[1], xyz[2], rpy[0], rpy[1], rpy[2]
    )
}
