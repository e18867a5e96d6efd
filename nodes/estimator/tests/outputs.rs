//! What is said when: frames of motion, joint states, transforms.

mod bench;

use bench::{Bench, PERIOD_NS, group, name, sample};
use nalgebra::Isometry3;
use proptest::prelude::*;
use servomesh_estimator::{Input, Output, Settings};
use servomesh_robot::{Model, Workspace};
use servomesh_types::Stamp;
use std::collections::BTreeMap;

const ROBOT: &str = r#"
<robot name="two_arms">
  <link name="world"/> <link name="base"/> <link name="arm"/> <link name="tool"/> <link name="left"/> <link name="right"/>
  <joint name="stand" type="fixed"><parent link="world"/><child link="base"/><origin xyz="0.1 0.2 0.3" rpy="0 0 1"/></joint>
  <joint name="turn" type="revolute"><parent link="base"/><child link="arm"/><origin xyz="0 0 0.5"/><axis xyz="0 1 0"/>
    <limit lower="-3" upper="3" velocity="3" effort="50"/></joint>
  <joint name="flange" type="fixed"><parent link="arm"/><child link="tool"/><origin xyz="0.4 0 0"/></joint>
  <joint name="left_finger" type="prismatic"><parent link="tool"/><child link="left"/><axis xyz="0 1 0"/>
    <limit lower="0" upper="0.1" velocity="0.2" effort="50"/></joint>
  <joint name="right_finger" type="prismatic"><parent link="tool"/><child link="right"/><axis xyz="0 1 0"/>
    <limit lower="-0.1" upper="0" velocity="0.2" effort="50"/><mimic joint="left_finger" multiplier="-1" offset="0.001"/></joint>
</robot>"#;

fn at(i: i64) -> Stamp {
    Stamp::from_nanos(i * PERIOD_NS)
}

fn cell() -> Bench {
    let groups = [
        group("arm", &["turn"]),
        group("gripper", &["left_finger"]),
        group("conveyor", &["belt"]),
    ];
    Bench::with(
        &Settings::default(),
        Some(Model::from_urdf_str(ROBOT).expect("a robot")),
        &groups,
    )
}

#[test]
fn transforms_are_those_of_the_robots_kinematics() {
    let mut bench = cell();
    for i in 1..=100 {
        bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[0.7]));
        bench.sample(at(i), "gripper", sample(at(i), i.unsigned_abs(), &[0.03]));
    }
    let model = Model::from_urdf_str(ROBOT).unwrap();
    let mut workspace = Workspace::new(&model);
    model.forward_kinematics(&mut workspace, &[0.7, 0.03]);

    let mut world_from: BTreeMap<&str, Isometry3<f64>> = [("world", Isometry3::identity())].into();
    let fixed: Vec<_> = bench.core.static_transforms().collect();
    let moving: Vec<_> = bench.core.transforms().collect();
    assert_eq!(
        fixed.iter().map(|t| t.child).collect::<Vec<_>>(),
        ["base", "tool"]
    );
    assert_eq!(
        moving.iter().map(|t| t.child).collect::<Vec<_>>(),
        ["arm", "left", "right"]
    );
    for name in ["base", "arm", "tool", "left", "right"] {
        let t = fixed.iter().chain(&moving).find(|t| t.child == name).unwrap();
        world_from.insert(name, world_from[t.parent] * t.parent_from_child);
        let truth = model.link_pose(&workspace, model.link(name).unwrap());
        let error = truth.inv_mul(&world_from[name]);
        assert!(
            error.translation.vector.norm() + error.rotation.angle() < 1e-9,
            "{name}: {error}"
        );
    }
}

#[test]
fn frames_of_joints_nobody_measures_are_left_out() {
    let mut bench = cell();
    for i in 1..=100 {
        bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[0.7]));
    }
    assert_eq!(
        bench.core.transforms().map(|t| t.child).collect::<Vec<_>>(),
        ["arm"]
    );
    assert_eq!(
        bench
            .core
            .joint_states(at(100))
            .map(|j| j.name.to_owned())
            .collect::<Vec<_>>(),
        ["turn"]
    );
}

#[test]
fn joint_states_hold_every_joint_and_the_mimics() {
    let mut bench = cell();
    for i in 1..=100 {
        for (group, position) in [("arm", 0.7), ("gripper", 0.03), ("conveyor", 1.5)] {
            bench.sample(at(i), group, sample(at(i), i.unsigned_abs(), &[position]));
        }
    }
    let joints: Vec<_> = bench
        .core
        .joint_states(at(100))
        .map(|j| (j.name.to_owned(), j.position))
        .collect();
    let names: Vec<_> = joints.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["turn", "belt", "left_finger", "right_finger"]);
    assert!((joints[3].1 + 0.029).abs() < 1e-9, "{joints:?}");
}

#[test]
fn the_rates_are_kept_on_a_grid_and_fixed_frames_are_said_once() {
    let mut bench = cell();
    for i in 1..=500 {
        bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[0.0]));
    }
    let stamps = |of: fn(&Output) -> Option<Stamp>| -> Vec<Stamp> {
        bench
            .outputs
            .iter()
            .filter_map(|(_, output)| of(output))
            .collect()
    };
    let joint_states = stamps(|output| {
        if let Output::JointStates(at) = output {
            Some(*at)
        } else {
            None
        }
    });
    let transforms = stamps(|output| {
        if let Output::Transforms(at) = output {
            Some(*at)
        } else {
            None
        }
    });
    let fixed = stamps(|output| {
        if let Output::StaticTransforms(at) = output {
            Some(*at)
        } else {
            None
        }
    });
    assert!((99..=101).contains(&joint_states.len()), "{}", joint_states.len());
    assert!((49..=51).contains(&transforms.len()), "{}", transforms.len());
    assert!(
        joint_states.iter().all(|at| at.as_nanos() % 10_000_000 == 0),
        "{joint_states:?}"
    );
    assert_eq!(fixed.len(), 1);
}

#[test]
fn each_sample_of_the_lead_sets_off_a_frame_at_once_and_the_others_ride_along() {
    let mut gripper = group("gripper", &["c"]);
    gripper.rate_hz = 250.0;
    let mut bench = Bench::new(&[gripper, group("arm", &["a", "b"])]);
    for i in 1..=100 {
        let late = Stamp::from_nanos(at(i).as_nanos() + 150_000 * (i % 3));
        bench.sample(late, "arm", sample(at(i), i.unsigned_abs(), &[0.0, 0.0]));
        if i % 2 == 0 {
            let later = Stamp::from_nanos(at(i).as_nanos() + 700_000);
            bench.sample(later, "gripper", sample(later, i.unsigned_abs(), &[0.0]));
        }
    }
    let frames = bench.frames();
    assert_eq!(frames.len(), 100);
    for (i, (now, frame)) in (1..).zip(&frames) {
        assert_eq!(
            (*now, frame.seq),
            (
                Stamp::from_nanos(at(i).as_nanos() + 150_000 * (i % 3)),
                i.unsigned_abs()
            )
        );
        assert_eq!(frame.groups.len(), if i > 2 { 2 } else { 1 });
    }
}

#[test]
fn a_driver_that_announces_itself_again_goes_on_where_it_is() {
    let mut bench = Bench::new(&[group("arm", &["a"])]);
    for i in 1..=50 {
        bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[0.002 * i as f64]));
    }
    bench.handle(at(50), Input::Group(group("arm", &["a"])));
    assert_eq!(bench.core.counters(name("arm")).unwrap().accepted, 50);
    bench.handle(at(50), Input::Group(group("arm", &["a", "b"])));
    assert_eq!(bench.core.counters(name("arm")).unwrap().accepted, 0);
}

/// One thing a network or a drive may do to a sample.
fn arrival() -> impl Strategy<Value = (u8, i64, i64, f64)> {
    let position = prop_oneof![8 => -7.0..7.0_f64, 1 => Just(f64::NAN), 1 => Just(1e300)];
    (
        0..3_u8,
        -3_000_000..30_000_000_i64,
        -60_000_000..60_000_000_i64,
        position,
    )
}

proptest! {
    #[test]
    fn whatever_comes_the_outputs_are_finite_fresh_and_the_same_on_every_run(
        arrivals in prop::collection::vec(arrival(), 1..200),
    ) {
        let run = || {
            let mut bench = cell();
            let mut now = 0_i64;
            for (i, (group, wait, skew, position)) in arrivals.iter().enumerate() {
                now += (*wait).max(0);
                let stamp = Stamp::from_nanos(now + skew);
                let group = ["arm", "gripper", "conveyor"][usize::from(*group)];
                bench.sample(Stamp::from_nanos(now), group, sample(stamp, i as u64, &[*position]));
            }
            (bench.outputs, bench.frames)
        };
        let (outputs, frames) = run();
        for (seq, (_, frame)) in (1..).zip(&frames) {
            prop_assert_eq!(frame.seq, seq);
            prop_assert!(!frame.groups.is_empty());
            for (_, motion) in &frame.groups {
                prop_assert!(motion.position.is_finite() && motion.velocity.is_finite());
                prop_assert!(motion.acceleration.is_finite() && motion.effort.is_finite());
                prop_assert!(frame.stamp.since(motion.stamp).as_millis() <= 50);
            }
        }
        prop_assert_eq!(format!("{:?}", (outputs, frames)), format!("{:?}", run()));
    }
}
