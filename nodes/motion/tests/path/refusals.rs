//! What can't be followed is refused with the right place and reason, compared with brute force: tracking the pose in small steps.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use rand::RngExt as _;
use servomesh_motion::path::{
    Corner, Path, PathError, Settings, Target, ToolSegment, Unreachable, Why, plan_tool,
};
use servomesh_types::JointVec;

use crate::arms::{Arm, moved, seeded};

const START: [f64; 6] = [0.3, -1.3, 1.6, -1.9, -1.57, 0.2];

fn line(pose: &Isometry3<f64>) -> ToolSegment {
    ToolSegment {
        target: Target::Line {
            position: pose.translation.vector,
            orientation: Some(pose.rotation),
        },
        corner: Corner::Stop,
    }
}

fn plan(arm: &mut Arm, start: &JointVec, segments: &[ToolSegment]) -> Result<Path, PathError> {
    plan_tool(&mut arm.chain, start, segments, &arm.bounds, &Settings::default())
}

fn unreachable(arm: &mut Arm, start: &JointVec, segments: &[ToolSegment]) -> Unreachable {
    match plan(arm, start, segments) {
        Err(PathError::Unreachable(unreachable)) => unreachable,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it can be followed"),
    }
}

/// The share of a line where tracking in steps of `step` m first fails or takes a joint beyond `bounds`, if it does.
fn brute_force(arm: &mut Arm, start: &JointVec, end: &Isometry3<f64>, step: f64) -> Option<f64> {
    let from = arm.chain.pose(start);
    let length = (end.translation.vector - from.translation.vector).norm();
    let steps = (length / step).ceil() as u32;
    let mut q = *start;
    for k in 1..=steps {
        let share = f64::from(k) / f64::from(steps);
        let goal = from.lerp_slerp(end, share);
        let before = q;
        let followed = arm.inverse.track(&goal, &mut q).is_ok();
        let jump = (0..q.len()).fold(0.0, |most: f64, j| most.max((q[j] - before[j]).abs()));
        let within = (0..q.len()).all(|j| (arm.bounds.lower[j]..=arm.bounds.upper[j]).contains(&q[j]));
        if !followed || !within || jump > 0.3 {
            return Some(share);
        }
    }
    None
}

#[test]
fn random_lines_are_refused_where_tracking_fails() {
    let mut counts = [0; 4];
    for seed in 0..120 {
        let mut arm = Arm::six();
        let mut rng = seeded(seed);
        let start = arm.draw(&mut rng);
        // A narrow elbow, so that limits come up too.
        arm.bounds.lower[2] = 0.7;
        arm.bounds.upper[2] = 2.3;
        let pose = arm.chain.pose(&start);
        let (way, turn) = (rng.random_range(0.1..0.9), rng.random_range(0.01..1.0));
        let end = moved(&pose, &mut rng, way, turn);
        let brute = brute_force(&mut arm, &start, &end, 5e-4);
        match plan(&mut arm, &start, &[line(&end)]) {
            Ok(_) => {
                assert_eq!(brute, None, "seed {seed} was planned");
                counts[0] += 1;
            }
            Err(PathError::Unreachable(unreachable)) => {
                let brute = brute.unwrap_or_else(|| panic!("seed {seed}: {unreachable}"));
                let off = (unreachable.share - brute).abs() * way;
                assert!(off < 2e-3, "seed {seed}: {unreachable}, brute force at {brute}");
                assert!((unreachable.at - unreachable.share * way).abs() < 1e-9);
                counts[match unreachable.why {
                    Why::JointLimit { .. } => 1,
                    Why::OutOfReach { .. } => 2,
                    Why::Singularity { .. } | Why::Flip { .. } => 3,
                }] += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
    assert!(counts[0] > 20 && counts[1] > 20, "{counts:?}");
}

#[test]
fn a_line_out_of_reach_is_refused_where_the_arm_is_stretched() {
    let mut arm = Arm::six();
    let start = JointVec::from(START);
    let pose = arm.chain.pose(&start);
    let mut end = pose;
    end.translation.vector += pose.translation.vector * 1.5;
    let length = (end.translation.vector - pose.translation.vector).norm();
    let unreachable = unreachable(&mut arm, &start, &[line(&end)]);
    let Why::OutOfReach { by, .. } = unreachable.why else {
        panic!("{unreachable}");
    };
    let brute = brute_force(&mut arm, &start, &end, 1e-4).unwrap();
    assert!(
        (unreachable.at - brute * length).abs() < 5e-4,
        "{unreachable}, brute force at {brute}"
    );
    let beyond = length - unreachable.at;
    assert!(by > 0.5 * beyond && by <= beyond, "{by} of {beyond}");
}

#[test]
fn a_line_through_the_elbows_limit_is_refused_with_joint_value_and_limit() {
    let mut arm = Arm::six();
    arm.bounds.upper[2] = 2.0;
    let start = JointVec::from(START);
    let pose = arm.chain.pose(&start);
    // Towards the shoulder, so the elbow bends.
    let mut end = pose;
    end.translation.vector.x *= 0.5;
    end.translation.vector.y *= 0.5;
    let length = (end.translation.vector - pose.translation.vector).norm();
    let refused = unreachable(&mut arm, &start, &[line(&end)]);
    let Why::JointLimit {
        joint: 2,
        value,
        limit,
    } = refused.why
    else {
        panic!("{refused}");
    };
    assert!(value > 2.0 && (limit - 2.0).abs() < 1e-12, "{refused}");
    let brute = brute_force(&mut arm, &start, &end, 1e-4).unwrap();
    assert!(
        (refused.at - brute * length).abs() < 3e-4,
        "{refused}, brute force at {brute}"
    );
    // With the limit out of the way the elbow goes as far as was said.
    arm.bounds.upper[2] = 3.1;
    let most = plan(&mut arm, &start, &[line(&end)]).map(|path| {
        let part = &path.parts[0];
        let at = |k: i32| {
            part.spline
                .at(part.length() * f64::from(k) / 1000.0)
                .state
                .position[2]
        };
        (0..=1000).map(at).fold(0.0, f64::max)
    });
    assert!((most.unwrap() - value).abs() < 1e-3);
}

#[test]
fn what_starts_in_a_singularity_is_refused_there() {
    let mut arm = Arm::six();
    let start = JointVec::from(START);
    let mut stretched = start;
    stretched[4] = 0.0;
    let pose = arm.chain.pose(&stretched);
    let mut end = pose;
    end.translation.vector.x += 0.05;
    end.rotation = UnitQuaternion::from_scaled_axis(Vector3::new(0.2, 0.1, 0.3)) * end.rotation;
    let there = ToolSegment {
        target: Target::Joint(stretched),
        corner: Corner::Stop,
    };
    let refused = unreachable(&mut arm, &start, &[there, line(&end)]);
    assert_eq!(refused.segment, 1);
    assert!(
        refused.at < 1e-5 && matches!(refused.why, Why::Singularity { joint: 3 | 5 }),
        "{refused}"
    );
}

#[test]
fn past_a_singularity_joints_turn_fast_and_nothing_jumps() {
    let mut arm = Arm::six();
    // The fifth joint passes zero at a small distance: the wrist turns over within that distance.
    let mut near = JointVec::from(START);
    near[4] = 0.002;
    let pose = arm.chain.pose(&near);
    let mut start_pose = pose;
    let mut end = pose;
    let across = pose.rotation * Vector3::new(0.0, 0.0, 1.0);
    let axis = across.cross(&Vector3::new(0.3, 0.5, 0.8)).normalize();
    start_pose.rotation = UnitQuaternion::from_scaled_axis(axis * -0.2) * pose.rotation;
    end.rotation = UnitQuaternion::from_scaled_axis(axis * 0.2) * pose.rotation;
    let mut start = near;
    arm.inverse
        .nearest(&start_pose, &near.clone(), &mut start)
        .unwrap();
    let path = plan(&mut arm, &start, &[line(&end)]).unwrap();
    let part = &path.parts[0];
    let fastest = part
        .spline
        .times()
        .iter()
        .map(|t| part.spline.at(*t).state.velocity.max_abs());
    let fastest = fastest.fold(0.0, f64::max);
    // Turning by 0.4 rad counts 8 mm, so 50 rad for each m is the tool's own rate.
    assert!(fastest > 500.0, "{fastest} rad for each m");
}

#[test]
fn a_line_that_needs_another_configuration_is_refused_with_the_joint_that_would_jump() {
    let mut arm = Arm::six();
    let mut flips = 0;
    for seed in 0..150 {
        let mut rng = seeded(seed);
        let start = arm.draw(&mut rng);
        let pose = arm.chain.pose(&start);
        let (way, turn) = (rng.random_range(0.05..1.2), rng.random_range(0.01..2.0));
        let end = moved(&pose, &mut rng, way, turn);
        let Err(PathError::Unreachable(refused)) = plan(&mut arm, &start, &[line(&end)]) else {
            continue;
        };
        if let Why::Flip { joint, by } = refused.why {
            flips += 1;
            let share = refused.share + 0.01 * (1.0 - refused.share);
            let beyond = pose.lerp_slerp(&end, share.max(refused.share + 2e-4));
            let mut q = start;
            arm.inverse
                .nearest(&beyond, &start, &mut q)
                .expect("another configuration reaches it");
            assert!(by.abs() > 0.2 && joint < 6, "seed {seed}: {refused}");
            let brute = brute_force(&mut arm, &start, &end, 5e-4).unwrap();
            assert!(
                (refused.share - brute).abs() * way < 2e-3,
                "seed {seed}: {refused}, {brute}"
            );
        }
    }
    assert!(flips >= 5, "{flips} flips");
}

#[test]
fn segments_that_cannot_be_meant_are_refused_with_index_and_value() {
    let mut arm = Arm::six();
    let start = JointVec::from(START);
    let pose = arm.chain.pose(&start);
    let at = pose.translation.vector;
    let (x, y) = (Vector3::x() * 0.05, Vector3::y() * 0.05);
    let good = line(&Isometry3::from_parts((at + x).into(), pose.rotation));
    let to = |position| Target::Line {
        position,
        orientation: None,
    };
    let circle = |via, position| Target::Circle {
        via,
        position,
        orientation: None,
    };
    let arc = |centre, axis, angle| Target::Arc {
        centre,
        axis,
        angle,
        orientation: None,
    };
    let crooked = Target::Line {
        position: at,
        orientation: Some(UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(
            0.5, 0.0, 0.0, 0.0,
        ))),
    };
    let z = Vector3::z();
    let far = Vector3::new(0.0, 0.0, 1e6);
    for (target, sentence) in [
        (to(at + x), "segment 1 has no length"),
        (to(at * f64::NAN), "segment 1: a coordinate of the end (m) is NaN"),
        (to(far), "segment 1: a coordinate of the end (m) is 1000000"),
        (crooked, "segment 1: the orientation's norm is 0.5, it must be 1"),
        (
            circle(at + 2.0 * x, at + 3.0 * x),
            "three places on a line are no circle",
        ),
        (
            circle(at + 3.0 * x, at + 2.0 * x),
            "three places on a line are no circle",
        ),
        (
            circle(at + x, at + y),
            "segment 1: the distance from start to via (m) is 0",
        ),
        (
            circle(at + y, at + x),
            "segment 1: the distance from start to end (m) is 0",
        ),
        (
            circle(at + y, at + y),
            "segment 1: the distance from via to end (m) is 0",
        ),
        (
            circle(at + y, at * f64::INFINITY),
            "a coordinate of the end (m) is",
        ),
        (arc(at, Vector3::zeros(), 1.0), "segment 1: the axis' length is 0"),
        (arc(at, z * f64::NAN, 1.0), "segment 1: the axis' length is NaN"),
        (arc(at, z, 0.0), "segment 1: the angle (rad) is 0"),
        (arc(at, z, f64::NAN), "segment 1: the angle (rad) is NaN"),
        (arc(at, z, 1e9), "segment 1: the angle (rad) is 1000000000"),
        (
            arc(at + y * f64::NAN, z, 1.0),
            "segment 1: a coordinate of the centre (m) is NaN",
        ),
        (
            arc(Vector3::new(900.0, 0.0, 0.0), z, 3.0),
            "segment 1: the length (m) is",
        ),
        (
            Target::Joint(JointVec::from([0.0])),
            "segment 1: 1 joint positions, but the group has 6",
        ),
        (
            Target::Joint(JointVec::from([f64::NAN; 6])),
            "segment 1: a joint position is NaN",
        ),
        (
            Target::Joint(JointVec::from([7.0; 6])),
            "joint 0 goes to 7.0000, beyond its limit 6.2832",
        ),
    ] {
        let corner = Corner::Stop;
        let error = plan(&mut arm, &start, &[good, ToolSegment { target, corner }, good]).unwrap_err();
        assert!(
            error.to_string().contains(sentence),
            "{error} should say {sentence}"
        );
    }
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let corner = Corner::Blend(radius);
        let error = plan(&mut arm, &start, &[ToolSegment { corner, ..good }, good]).unwrap_err();
        assert!(error.to_string().contains("segment 0: blend is"), "{error}");
    }
    assert_eq!(
        plan(&mut arm, &start, &[]).unwrap_err(),
        PathError::Count { count: 0 }
    );
    let error = plan(&mut arm, &start, &vec![good; 1001]).unwrap_err();
    assert_eq!(error, PathError::Count { count: 1001 });
    let short = JointVec::from([0.0; 5]);
    let error = plan(&mut arm, &short, &[good]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("5 joint positions, but the group has 6"),
        "{error}"
    );
    let unknown = JointVec::from([f64::NAN; 6]);
    let error = plan(&mut arm, &unknown, &[good]).unwrap_err();
    assert!(error.to_string().contains("NaN"), "{error}");
}
