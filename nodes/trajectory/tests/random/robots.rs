//! Random groups, goals and wishes.
//!
//! Limits lie decades apart, from slow heavy axes to quick light ones. About half of the goals can be done as they are.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{FollowGoal, MoveGoal, MoveMode, PathGoal, Point, Segment, Steer};
use servomesh_types::{
    Capabilities, Drivetrain, GroupDescription, GroupName, JointDescription, JointKind, JointLimits,
    JointVec, Stamp,
};

/// Between two numbers, evenly by order of magnitude.
pub(crate) fn magnitude(random: &mut ChaCha8Rng, least: f64, most: f64) -> f64 {
    (least.ln() + random.random::<f64>() * (most / least).ln()).exp()
}

/// A group of one to seven joints, and where it stands.
pub(crate) fn group(random: &mut ChaCha8Rng, name: &str) -> (GroupDescription, JointVec) {
    let count = random.random_range(1..=7);
    let endless = count == 1 && random.random_bool(0.5);
    let joints: Vec<JointDescription> = (0..count).map(|i| joint(random, i, endless)).collect();
    let position = JointVec::from_fn(count, |i| place(random, &joints[i].limits, 0.95));
    let description = GroupDescription {
        name: GroupName::new(name).expect("a name of the test"),
        joints,
        rate_hz: 500.0,
        capabilities: Capabilities {
            gripper: false,
            endless,
        },
        backend: "random".into(),
    };
    (description, position)
}

fn joint(random: &mut ChaCha8Rng, i: usize, endless: bool) -> JointDescription {
    // Times to full velocity and acceleration, so that stops take between hundredths of a second and some seconds.
    let velocity = magnitude(random, 0.02, 20.0);
    let acceleration = velocity / magnitude(random, 0.02, 1.0);
    let jerk = acceleration / magnitude(random, 0.005, 0.5);
    let lower = -velocity * magnitude(random, 0.1, 10.0);
    let upper = velocity * magnitude(random, 0.1, 10.0);
    let range = match endless {
        true => (f64::NEG_INFINITY, f64::INFINITY),
        false => (lower, upper),
    };
    JointDescription {
        name: format!("joint_{i}"),
        kind: if random.random_bool(0.7) {
            JointKind::Revolute
        } else {
            JointKind::Prismatic
        },
        limits: JointLimits::new(range, velocity, acceleration, jerk, 50.0).expect("limits of the test"),
        drivetrain: Drivetrain::default(),
    }
}

/// A position of a joint, within that share of its range.
fn place(random: &mut ChaCha8Rng, limits: &JointLimits, share: f64) -> f64 {
    match limits.is_bounded() {
        true => {
            limits.lower()
                + (limits.upper() - limits.lower()) * (0.5 + share * (random.random::<f64>() - 0.5))
        }
        false => random.random_range(-1.0..1.0) * limits.velocity(),
    }
}

/// Positions of all joints; sometimes at the limits themselves.
pub(crate) fn places(random: &mut ChaCha8Rng, group: &GroupDescription) -> Vec<f64> {
    let at_limits = random.random_bool(0.1);
    let each = group.joints.iter().map(|joint| match random.random_range(0..4) {
        0 if at_limits && joint.limits.is_bounded() => joint.limits.upper(),
        1 if at_limits && joint.limits.is_bounded() => joint.limits.lower(),
        _ => place(random, &joint.limits, 1.0),
    });
    each.collect()
}

/// Places some way off, such that a motion there takes little more than a second.
fn near(random: &mut ChaCha8Rng, group: &GroupDescription, from: &[f64]) -> Vec<f64> {
    let reach = magnitude(random, 0.01, 1.0);
    let each = group.joints.iter().zip(from).map(|(joint, from)| {
        let step = joint.limits.velocity() * reach * random.random_range(-1.0..1.0);
        (from + step).clamp(joint.limits.lower(), joint.limits.upper())
    });
    each.collect()
}

fn scale(random: &mut ChaCha8Rng) -> f64 {
    match random.random_range(0..3) {
        0 => 0.0,
        1 => 1.0,
        _ => random.random_range(0.05..1.0),
    }
}

/// A move to positions or, where that is possible, at a velocity.
pub(crate) fn move_goal(random: &mut ChaCha8Rng, group: &GroupDescription) -> MoveGoal {
    let goal = MoveGoal {
        synchronization: random.random_range(0..4),
        velocity_scale: scale(random),
        acceleration_scale: scale(random),
        ..MoveGoal::default()
    };
    if group.capabilities.endless && random.random_bool(0.7) {
        let velocities = group.joints.iter();
        let target = velocities.map(|joint| joint.limits.velocity() * random.random_range(-1.0..1.0));
        return MoveGoal {
            mode: MoveMode::Velocity,
            target: target.collect(),
            ..goal
        };
    }
    let target = places(random, group);
    if random.random_bool(0.2) {
        let joint = random.random_range(0..target.len());
        return MoveGoal {
            joint_names: vec![group.joints[joint].name.clone()],
            target: vec![target[joint]],
            ..goal
        };
    }
    MoveGoal { target, ..goal }
}

/// A path of lines in joint space.
pub(crate) fn path_goal(random: &mut ChaCha8Rng, group: &GroupDescription, from: &[f64]) -> MoveGoal {
    let mut position = from.to_vec();
    let segments = (0..random.random_range(1..=6)).map(|_| {
        position = near(random, group, &position);
        Segment {
            corner: random.random_range(0..3),
            blend: magnitude(random, 1e-3, 1.0),
            position: position.clone(),
            ..Segment::default()
        }
    });
    let path = PathGoal {
        segments: segments.collect(),
        ..PathGoal::default()
    };
    MoveGoal {
        mode: MoveMode::Path,
        velocity_scale: scale(random),
        acceleration_scale: scale(random),
        path,
        ..MoveGoal::default()
    }
}

/// A trajectory of some points, each field given or not, mostly slow enough; `now` for its header.
pub(crate) fn follow_goal(
    random: &mut ChaCha8Rng,
    group: &GroupDescription,
    from: &[f64],
    now: Stamp,
) -> FollowGoal {
    let (with_velocities, with_accelerations) = match random.random_range(0..4) {
        0 | 1 => (false, false),
        2 => (true, false),
        _ => (true, true),
    };
    let count = random.random_range(1..=6);
    let hurry = if random.random_bool(0.2) {
        1.0 + 1e-9 // as close to the limits as it may be
    } else {
        random.random_range(1.0..3.0)
            * if count > 1 && !with_accelerations {
                2.0
            } else {
                1.0
            }
    };
    let mut position = from.to_vec();
    let mut time_s = 0.0;
    let mut points = Vec::new();
    let mut add = |time_s: f64, position: &[f64], effort: Option<f64>| {
        let zeros = || vec![0.0; position.len()];
        points.push(Point {
            positions: position.to_vec(),
            velocities: if with_velocities { zeros() } else { vec![] },
            accelerations: if with_accelerations { zeros() } else { vec![] },
            effort: effort.map_or_else(Vec::new, |effort| vec![effort; position.len()]),
            time_from_start_ns: (time_s * 1e9_f64).ceil() as i64,
        });
    };
    let effort = random.random_bool(0.2).then(|| random.random_range(-50.0..50.0));
    if random.random_bool(0.5) {
        add(0.0, &position, effort);
    }
    for _ in 0..count {
        let next = near(random, group, &position);
        time_s += hurry * quintic_time(group, &position, &next).max(1e-3);
        position = next;
        add(time_s, &position, effort);
    }
    let stamp = match random.random_range(0..6) {
        0 => Some(now + std::time::Duration::from_millis(random.random_range(0..300))),
        1 => Some(now - std::time::Duration::from_millis(random.random_range(0..300))),
        _ => None,
    };
    FollowGoal {
        stamp,
        joint_names: group.joints.iter().map(|joint| joint.name.clone()).collect(),
        points,
        ..FollowGoal::default()
    }
}

/// The shortest quintic from rest to rest within the limits: it has at most 15/8 · d/T, 10/√3 · d/T², and 60 · d/T³.
fn quintic_time(group: &GroupDescription, from: &[f64], to: &[f64]) -> f64 {
    let times = group.joints.iter().enumerate().map(|(i, joint)| {
        let d = (to[i] - from[i]).abs();
        let limits = &joint.limits;
        let velocity = 15.0 / 8.0 * d / limits.velocity();
        let acceleration = (10.0 / 3f64.sqrt() * d / limits.acceleration()).sqrt();
        let jerk = (60.0 * d / limits.jerk()).cbrt();
        velocity.max(acceleration).max(jerk)
    });
    times.fold(0.0, f64::max)
}

/// Changes how motions run, but ends none.
pub(crate) fn steer(random: &mut ChaCha8Rng) -> Steer {
    match random.random_range(0..8) {
        0 => Steer::Scale(0.0),
        1 => Steer::Scale(1.0),
        2 => Steer::Scale(random.random_range(0.0..1.0)),
        3 | 4 => Steer::Pause,
        5 | 6 => Steer::Resume,
        _ => Steer::StepBack(magnitude(random, 1e-3, 3.0)),
    }
}
