//! Goals of numbers that nobody means: each gives a path or a sentence, never a panic, and a path is made of numbers.

use nalgebra::{Quaternion, UnitQuaternion, Vector3};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_motion::path::{Corner, Path, Settings, Target, ToolSegment, Waypoint, plan_joints, plan_tool};
use servomesh_types::JointVec;

use crate::arms::{Arm, seeded};

const START: [f64; 6] = [0.3, -1.3, 1.6, -1.9, -1.57, 0.2];
const NASTY: [f64; 16] = [
    0.0,
    -0.0,
    1e-300,
    1e-12,
    -1e-9,
    1e-6,
    1e-3,
    0.1,
    -1.0,
    3.2,
    1e3,
    -1e9,
    1e300,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// Mostly `usual`, so that not all goals fail at the first number.
fn number(rng: &mut ChaCha8Rng, usual: f64) -> f64 {
    match rng.random_range(0..20) {
        0 => NASTY[rng.random_range(0..NASTY.len())],
        1 | 2 => usual,
        3 => usual + 1e-9 * rng.random_range(-2.0..2.0),
        _ => usual + rng.random_range(-0.05..0.05),
    }
}

fn vector(rng: &mut ChaCha8Rng, usual: &Vector3<f64>) -> Vector3<f64> {
    Vector3::from_fn(|i, _| number(rng, usual[i]))
}

fn corner(rng: &mut ChaCha8Rng) -> Corner {
    match rng.random_range(0..5) {
        0 => Corner::Stop,
        1 => Corner::Through,
        _ => Corner::Blend(number(rng, 0.05)),
    }
}

fn check(path: &Path, seed: u64) {
    for part in &path.parts {
        assert!(part.length() > 0.0 && part.length().is_finite(), "seed {seed}");
        for k in 0..=50 {
            let sample = part.spline.at(part.length() * f64::from(k) / 50.0);
            let all = [
                sample.state.position,
                sample.state.velocity,
                sample.state.acceleration,
                sample.jerk,
            ];
            assert!(all.iter().all(JointVec::is_finite), "seed {seed}: {sample:?}");
        }
    }
    for shape in &path.corners {
        assert!(
            shape.extent.is_finite() && shape.deviation.is_finite(),
            "seed {seed}"
        );
    }
}

#[test]
fn no_goal_of_the_tool_panics() {
    let mut arm = Arm::six();
    let start = JointVec::from(START);
    let pose = arm.chain.pose(&start);
    let at = pose.translation.vector;
    let mut planned = 0;
    for seed in 0..1500 {
        let mut rng = seeded(seed);
        let orientation = |rng: &mut ChaCha8Rng| {
            let is = pose.rotation.coords;
            rng.random_bool(0.3).then(|| {
                let [i, j, k, w] = [is.x, is.y, is.z, is.w].map(|c| number(rng, c));
                let turned = Quaternion::new(w, i, j, k);
                let usual = (turned.norm() - 1.0).abs() < 0.2;
                UnitQuaternion::new_unchecked(if usual { turned / turned.norm() } else { turned })
            })
        };
        let segments: Vec<ToolSegment> = (0..rng.random_range(1..5))
            .map(|_| {
                let rng = &mut rng;
                let target = match rng.random_range(0..8) {
                    0 => Target::Joint(JointVec::from_fn(6, |j| number(rng, START[j]))),
                    1 | 2 => Target::Circle {
                        via: vector(rng, &at),
                        position: vector(rng, &at),
                        orientation: orientation(rng),
                    },
                    3 | 4 => Target::Arc {
                        centre: vector(rng, &at),
                        axis: vector(rng, &Vector3::z()),
                        angle: number(rng, 0.3),
                        orientation: orientation(rng),
                    },
                    _ => Target::Line {
                        position: vector(rng, &at),
                        orientation: orientation(rng),
                    },
                };
                let corner = corner(rng);
                ToolSegment { target, corner }
            })
            .collect();
        let settings = Settings::default();
        match plan_tool(&mut arm.chain, &start, &segments, &arm.bounds, &settings) {
            Ok(path) => {
                check(&path, seed);
                planned += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(planned > 100, "{planned} planned");
}

#[test]
fn no_goal_of_the_joints_panics() {
    let arm = Arm::six();
    let start = JointVec::from(START);
    let mut planned = 0;
    for seed in 0..5000 {
        let mut rng = seeded(seed);
        let waypoints: Vec<Waypoint> = (0..rng.random_range(1..6))
            .map(|_| Waypoint {
                position: JointVec::from_fn(6, |j| number(&mut rng, START[j])),
                corner: corner(&mut rng),
            })
            .collect();
        match plan_joints(&start, &waypoints, &arm.bounds) {
            Ok(path) => {
                check(&path, seed);
                planned += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(planned > 500, "{planned} planned");
}
