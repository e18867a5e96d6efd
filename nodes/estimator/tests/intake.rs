//! Which samples are believed, and what is said of those that are not.

mod bench;

use bench::{Bench, PERIOD_NS, group, name, sample};
use servomesh_estimator::{Input, Output};
use servomesh_types::{EventKind, Stamp};
use std::time::Duration;

fn running(samples: i64) -> Bench {
    let mut bench = Bench::new(&[group("arm", &["a"])]);
    for i in 1..=samples {
        let stamp = Stamp::from_nanos(i * PERIOD_NS);
        bench.sample(stamp, "arm", sample(stamp, i.unsigned_abs(), &[0.0]));
    }
    bench.outputs.clear();
    bench
}

#[test]
fn late_and_doubled_samples_are_dropped_and_counted() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let mut bench = running(100);
    bench.sample(at(101), "arm", sample(at(100), 100, &[0.001]));
    bench.sample(at(101), "arm", sample(at(98), 98, &[0.002]));
    bench.sample(at(104), "arm", sample(at(104), 104, &[0.0]));
    let counters = bench.core.counters(name("arm")).unwrap();
    assert_eq!(
        (counters.duplicate, counters.out_of_order, counters.lost),
        (1, 1, 3)
    );
    assert_eq!(counters.accepted, 101);
    assert!(
        bench.events().is_empty(),
        "what a network does on any day is no event: {:?}",
        bench.events()
    );
}

#[test]
fn a_late_sample_changes_no_more_than_a_lost_one() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let position = |i: i64| 0.4 * (0.01 * i as f64).sin();
    let run = |late: bool| {
        let mut bench = Bench::new(&[group("arm", &["a"])]);
        for i in 1..400 {
            // Each seventh is overtaken by the next three, or lost.
            if i % 7 != 0 {
                bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[position(i)]));
            }
            if late && i > 10 && i % 7 == 3 {
                let sent = i - 3;
                bench.sample(
                    at(i),
                    "arm",
                    sample(at(sent), sent.unsigned_abs(), &[position(sent)]),
                );
            }
        }
        let out_of_order = bench.core.counters(name("arm")).unwrap().out_of_order;
        (format!("{:?}", bench.frames()), out_of_order)
    };
    let ((late, counted), (lost, none)) = (run(true), run(false));
    assert_eq!(late, lost);
    assert!(counted > 50 && none == 0, "{counted}, {none}");
}

#[test]
fn a_joint_whose_reply_is_missing_moves_on_while_the_others_are_measured() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let position = |i: i64| 0.5 * PERIOD_NS as f64 * 1e-9 * i as f64;
    let mut bench = Bench::new(&[bench::measured_by(group("arm", &["a", "b"]), 1e-5, 5e-6)]);
    for i in 1..=300 {
        bench.sample(
            at(i),
            "arm",
            sample(at(i), i.unsigned_abs(), &[position(i), position(i)]),
        );
    }
    for i in 301..=310 {
        let mut state = sample(at(i), i.unsigned_abs(), &[position(i), position(300)]);
        state.age_s = [0.0, (i - 300) as f64 * PERIOD_NS as f64 * 1e-9].into();
        bench.sample(at(i), "arm", state);
    }
    bench.tick(at(310));
    let frames = bench.frames();
    let motion = &frames.last().expect("frames").1.groups[0].1;
    let ahead = motion.holds_at.seconds_from(at(310)) * 0.5;
    for joint in 0..2 {
        let off = motion.position[joint] - position(310) - ahead;
        assert!(off.abs() < 2e-4, "joint {joint} is {off} rad off");
    }
    assert!(
        motion.doubtful.is_empty(),
        "an encoder that says nothing is not one that stands still"
    );
    assert!(bench.events().is_empty(), "{:?}", bench.events());
}

#[test]
fn numbers_that_are_none_are_a_fault_once_and_over_with_the_next_good_sample() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let mut bench = running(10);
    bench.sample(at(11), "arm", sample(at(11), 11, &[f64::NAN]));
    bench.sample(at(12), "arm", sample(at(12), 12, &[f64::INFINITY]));
    bench.sample(at(13), "arm", sample(at(13), 13, &[0.0, 0.0]));
    bench.sample(at(14), "arm", sample(at(14), 14, &[0.0]));
    let kinds: Vec<_> = bench.events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Fault, EventKind::Recovered]);
    assert_eq!(
        bench.events()[0].text,
        "servo state refused: joint a: not a finite number"
    );
    assert_eq!(bench.core.counters(name("arm")).unwrap().implausible, 3);
    assert!(
        bench
            .frames()
            .iter()
            .all(|(_, frame)| frame.groups[0].1.position.is_finite())
    );
}

#[test]
fn a_flaky_line_does_not_flood_the_events() {
    let mut bench = running(10);
    for i in 11..500 {
        let stamp = Stamp::from_nanos(i * PERIOD_NS);
        let position = if i % 2 == 0 { f64::NAN } else { 0.0 };
        bench.sample(stamp, "arm", sample(stamp, i.unsigned_abs(), &[position]));
    }
    assert!(bench.events().len() <= 2, "{:?}", bench.events());
}

#[test]
fn a_stamp_far_ahead_does_not_shut_the_group_out() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let mut bench = running(10);
    bench.sample(
        at(11),
        "arm",
        sample(at(11) + Duration::from_secs(3600), 11, &[0.0]),
    );
    bench.sample(at(12), "arm", sample(at(12), 12, &[0.0]));
    let counters = bench.core.counters(name("arm")).unwrap();
    assert_eq!(
        (counters.mistimed, counters.out_of_order, counters.accepted),
        (1, 0, 11)
    );
    assert!(
        bench.events()[0].text.contains("3600000 ms ahead"),
        "{:?}",
        bench.events()
    );
}

#[test]
fn a_silent_group_drops_out_and_comes_back_from_the_measured_state() {
    let at = |i: i64| Stamp::from_nanos(i * PERIOD_NS);
    let mut bench = Bench::new(&[group("arm", &["a"]), group("gripper", &["c"])]);
    for i in 1..=200 {
        if !(100..150).contains(&i) {
            let p = if i < 100 { 0.0 } else { 1.0 };
            bench.sample(at(i), "arm", sample(at(i), i.unsigned_abs(), &[p]));
        }
        bench.sample(at(i), "gripper", sample(at(i), i.unsigned_abs(), &[0.1]));
    }
    let coast = Duration::from_millis(50);
    let mut with_arm = 0;
    for (_, frame) in bench.frames() {
        for (group, motion) in &frame.groups {
            assert!(
                frame.stamp.since(motion.stamp) < coast,
                "{group} is too old in {frame:?}"
            );
            with_arm += usize::from(*group == name("arm"));
        }
    }
    assert!(with_arm > 150, "{with_arm}");
    let of_arm: Vec<_> = bench
        .events()
        .into_iter()
        .filter(|event| event.group == Some(name("arm")))
        .collect();
    assert_eq!(of_arm.len(), 2, "{of_arm:?}");
    assert_eq!(
        (of_arm[0].kind, of_arm[1].kind),
        (EventKind::Fault, EventKind::Recovered)
    );
    assert_eq!(of_arm[0].stamp, at(99) + coast, "told as soon as it is so");
    assert!(
        of_arm[0].text.starts_with("no servo state for 50 ms"),
        "{}",
        of_arm[0].text
    );
    let (_, last) = *bench.frames().last().unwrap();
    let error = last.groups[0].1.position[0] - 1.0;
    assert!(
        error.abs() < 1e-9,
        "no swing from the old position to the new one: {error}"
    );
}

#[test]
fn impossible_groups_are_refused_with_a_reason() {
    let mut bench = Bench::new(&[group("arm", &["a"])]);
    bench.handle(Stamp::ZERO, Input::Group(group("empty", &[])));
    bench.handle(Stamp::ZERO, Input::Group(group("thief", &["x", "a"])));
    let mut frozen = group("frozen", &["y"]);
    frozen.rate_hz = 0.0;
    bench.handle(Stamp::ZERO, Input::Group(frozen));
    let mut magic = group("magic", &["z"]);
    magic.joints[0].drivetrain.efficiency = 1.2;
    bench.handle(Stamp::ZERO, Input::Group(magic));
    let mut slow = group("slow", &["w"]);
    slow.rate_hz = 30.0;
    bench.handle(Stamp::ZERO, Input::Group(slow));
    let texts: Vec<_> = bench.events().iter().map(|event| event.text.clone()).collect();
    assert_eq!(
        texts,
        [
            "group refused: 0 joints; 1 to 16 are possible",
            "group refused: its joint a belongs to group arm already",
            "group refused: a loop rate of 0 Hz is not possible",
            "group refused: joint z: efficiency 1.2 is not possible",
            "group refused: with a servo loop of 30 Hz, bandwidth_hz is 40, but must be between 0.5 and 15",
        ]
    );
    bench.sample(
        Stamp::from_millis(1),
        "thief",
        sample(Stamp::from_millis(1), 1, &[0.0, 0.0]),
    );
    assert_eq!(bench.core.unknown(), 1);
    assert!(
        !bench
            .outputs
            .iter()
            .any(|(_, output)| matches!(output, Output::Motion(_)))
    );
}
