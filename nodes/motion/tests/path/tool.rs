//! Joint positions along random lines, arcs and corners: on the curve everywhere, smooth, and the curve is what was asked for.

use nalgebra::{Isometry3, Rotation3, Unit, UnitQuaternion, Vector3};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_motion::path::{Corner, Part, Path, PathError, Settings, Target, ToolSegment, plan_tool};
use servomesh_motion::timing::{Limits, Tool};
use servomesh_types::JointVec;

use crate::arms::{Arm, moved, seeded, vector};

fn corner(rng: &mut ChaCha8Rng) -> Corner {
    if rng.random_bool(0.7) {
        Corner::Blend(rng.random_range(0.005..0.1))
    } else {
        Corner::Stop
    }
}

/// Up to five lines and arcs, each short enough to stay within reach most of the time.
fn segments(rng: &mut ChaCha8Rng, start: &Isometry3<f64>) -> Vec<ToolSegment> {
    let mut pose = *start;
    (0..rng.random_range(1..=5))
        .map(|_| {
            let way = rng.random_range(0.02..0.2);
            let turn = rng.random_range(0.01..0.6);
            let end = moved(&pose, rng, way, turn);
            let position = end.translation.vector;
            let orientation = rng.random_bool(0.7).then_some(end.rotation);
            let target = match rng.random_range(0..3) {
                0 => Target::Line {
                    position,
                    orientation,
                },
                1 => Target::Circle {
                    via: 0.5 * (position + pose.translation.vector) + vector(rng, 0.3 * way),
                    position,
                    orientation,
                },
                _ => Target::Arc {
                    centre: pose.translation.vector + vector(rng, 0.7 * way),
                    axis: vector(rng, 2.0),
                    angle: rng.random_range(-1.0..1.0),
                    orientation,
                },
            };
            let mut pose_after = end;
            if orientation.is_none() {
                pose_after.rotation = pose.rotation;
            }
            if let Target::Arc {
                centre,
                axis,
                angle,
                orientation,
            } = target
            {
                let turn = Rotation3::from_axis_angle(&Unit::new_normalize(axis), angle);
                pose_after.translation.vector = centre + turn * (pose.translation.vector - centre);
                if orientation.is_none() {
                    pose_after.rotation = UnitQuaternion::from(turn) * pose.rotation;
                }
            }
            pose = pose_after;
            ToolSegment {
                target,
                corner: corner(rng),
            }
        })
        .collect()
}

/// The tool follows its curve within the settings, as reported; q, q′, q″ are continuous and each other's derivatives.
fn check_part(arm: &mut Arm, part: &Part, settings: &Settings, seed: u64) {
    let curve = part.curve.as_ref().expect("the tool has a curve");
    assert!((part.length() - curve.length()).abs() < 1e-12);
    for k in 0..=1000 {
        let lambda = part.length() * f64::from(k) / 1000.0;
        let sample = part.spline.at(lambda);
        let (is, wanted) = (arm.chain.pose(&sample.state.position), curve.at(lambda).pose);
        let off = (is.translation.vector - wanted.translation.vector).norm();
        let angle = is.rotation.angle_to(&wanted.rotation);
        assert!(
            off <= settings.deviation && angle <= settings.angle,
            "seed {seed}: {off:e} m, {angle:e} rad off at {lambda} of {}",
            part.length()
        );
    }
    let n = part.spline.at(0.0).state.position.len();
    for pair in part.spline.times().windows(3) {
        let h = 1e-7 * (pair[1] - pair[0]).min(pair[2] - pair[1]);
        let (before, after) = (part.spline.at(pair[1] - h), part.spline.at(pair[1] + h));
        for j in 0..n {
            let (b, a) = (&before.state, &after.state);
            let jerk = before.jerk[j].abs().max(after.jerk[j].abs());
            let jump = |b: f64, a: f64, rate: f64, what: &str| {
                let allowed = 4.0 * h * rate + 1e-7 * (1.0 + b.abs());
                assert!(
                    (b - a).abs() <= allowed,
                    "seed {seed}, {what} at {}: {b} to {a}",
                    pair[1]
                );
            };
            jump(b.position[j], a.position[j], b.velocity[j].abs(), "q");
            jump(
                b.velocity[j],
                a.velocity[j],
                b.acceleration[j].abs() + h * jerk,
                "q′",
            );
            jump(b.acceleration[j], a.acceleration[j], jerk, "q″");
        }
    }
}

fn check_path(arm: &mut Arm, start: &JointVec, path: &Path, settings: &Settings, seed: u64) {
    assert!(path.deviation.position <= settings.deviation && path.deviation.angle <= settings.angle);
    let mut at = *start;
    for part in &path.parts {
        check_part(arm, part, settings, seed);
        let starts = part.spline.at(0.0).state.position;
        assert!(
            (0..at.len()).all(|j| (at[j] - starts[j]).abs() < 1e-12),
            "seed {seed}: no jump"
        );
        at = part.spline.at(part.length()).state.position;
    }
}

fn follow_random(arm: &mut Arm, seeds: std::ops::Range<u64>, least: usize) {
    let settings = Settings::default();
    let mut planned = 0;
    for seed in seeds {
        let mut rng = seeded(seed);
        let start = arm.draw(&mut rng);
        let pose = arm.chain.pose(&start);
        let segments = segments(&mut rng, &pose);
        match plan_tool(&mut arm.chain, &start, &segments, &arm.bounds, &settings) {
            Ok(path) => {
                check_path(arm, &start, &path, &settings, seed);
                planned += 1;
            }
            Err(PathError::Unreachable(_)) => {}
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    assert!(planned >= least, "{planned} planned");
}

#[test]
fn six_joints_follow_random_paths() {
    follow_random(&mut Arm::six(), 0..150, 100);
}

#[test]
fn seven_joints_follow_random_paths() {
    follow_random(&mut Arm::seven(), 1000..1100, 60);
}

#[test]
fn the_tool_reaches_each_end_where_it_stops() {
    let mut arm = Arm::six();
    for seed in 0..50 {
        let mut rng = seeded(seed);
        let start = arm.draw(&mut rng);
        let pose = arm.chain.pose(&start);
        let end = moved(&pose, &mut rng, 0.1, 0.4);
        let segment = ToolSegment {
            target: Target::Line {
                position: end.translation.vector,
                orientation: Some(end.rotation),
            },
            corner: Corner::Stop,
        };
        let path = plan_tool(
            &mut arm.chain,
            &start,
            &[segment],
            &arm.bounds,
            &Settings::default(),
        )
        .unwrap();
        let reached = arm.chain.pose(&path.ends().1);
        assert!(
            (reached.translation.vector - end.translation.vector).norm() < 1e-10,
            "seed {seed}"
        );
        assert!(reached.rotation.angle_to(&end.rotation) < 1e-7, "seed {seed}");
    }
}

#[test]
fn lines_of_joints_and_of_the_tool_take_turns() {
    let mut arm = Arm::six();
    let mut rng = seeded(7);
    let start = arm.draw(&mut rng);
    let there = arm.draw(&mut rng);
    let pose = arm.chain.pose(&start);
    let line = |by: f64, corner| ToolSegment {
        target: Target::Line {
            position: pose.translation.vector + Vector3::new(0.0, 0.0, by),
            orientation: None,
        },
        corner,
    };
    let joint = |position, corner| ToolSegment {
        target: Target::Joint(position),
        corner,
    };
    let segments = [
        line(0.05, Corner::Stop),
        joint(there, Corner::Blend(0.1)),
        joint(start, Corner::Stop),
        line(0.04, Corner::Blend(0.01)),
        line(0.0, Corner::Stop),
    ];
    let path = plan_tool(
        &mut arm.chain,
        &start,
        &segments,
        &arm.bounds,
        &Settings::default(),
    )
    .unwrap();
    assert_eq!(path.parts.len(), 3);
    assert!(path.parts[1].curve.is_none() && path.parts[2].curve.is_some());
    assert_eq!(path.parts[1].segment_of(0.0), 1);
    assert_eq!(path.parts[1].segment_of(path.parts[1].length()), 2);
    let corners: Vec<usize> = path.corners.iter().map(|corner| corner.segment).collect();
    assert_eq!(corners, [1, 3]);
    let mixed = [line(0.05, Corner::Through), joint(there, Corner::Stop)];
    let error = plan_tool(&mut arm.chain, &start, &mixed, &arm.bounds, &Settings::default()).unwrap_err();
    assert_eq!(error, PathError::MixedCorner { segment: 0 });
}

#[test]
fn a_planned_path_can_be_timed_within_the_limits_of_the_tool() {
    let mut arm = Arm::six();
    let mut rng = seeded(11);
    let start = arm.draw(&mut rng);
    let mut pose = arm.chain.pose(&start);
    let segments: Vec<ToolSegment> = (0..4)
        .map(|_| {
            pose = moved(&pose, &mut rng, 0.1, 0.2);
            ToolSegment {
                target: Target::Line {
                    position: pose.translation.vector,
                    orientation: Some(pose.rotation),
                },
                corner: Corner::Blend(0.03),
            }
        })
        .collect();
    let path = plan_tool(
        &mut arm.chain,
        &start,
        &segments,
        &arm.bounds,
        &Settings::default(),
    )
    .unwrap();
    let part = &path.parts[0];
    let curve = part.curve.as_ref().unwrap();
    let speed = 0.25;
    let limits = Limits {
        tool: Some(Tool {
            curve,
            speed,
            acceleration: 2.0,
            jerk: 50.0,
            angular_speed: f64::INFINITY,
            angular_acceleration: f64::INFINITY,
        }),
        ..Limits::of(&arm.bounds)
    };
    let law = servomesh_motion::timing::plan(&part.spline, &limits).unwrap();
    assert!((law.length() - part.length()).abs() < 1e-12);
    let mut fastest = 0.0;
    for k in 0..=1000 {
        let moment = law.at(law.duration() * f64::from(k) / 1000.0);
        let at = curve.at(moment.s);
        fastest = f64::max(fastest, at.linear[0].norm() * moment.rate);
    }
    assert!(
        fastest <= speed * (1.0 + 1e-6) && fastest > 0.8 * speed,
        "{fastest} m/s"
    );
}
