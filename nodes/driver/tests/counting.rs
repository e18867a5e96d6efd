//! Encoders that don't know everything: single-turn ones, and those that only count.

mod common;

use common::{Bench, DT, JOINTS, params, quintic};
use servomesh_driver::bus::{DriveHoming, Ticks};
use servomesh_driver::{Config, Counting, DriverParams, Homing, Input, Mark};
use servomesh_types::{DriveMode, EventKind, Fault, JointLimits, JointSet, PowerState};

const REST: [f64; JOINTS] = [0.0; JOINTS];
const COUNTS: i64 = 524_288;

fn narrow(params: &mut DriverParams) {
    for joint in &mut params.group.joints {
        joint.limits = JointLimits::new((-1.0, 3.5), 3.0, 5.0, 50.0, 150.0).expect("they are limits");
    }
}

fn single_turn() -> DriverParams {
    let mut params = params();
    narrow(&mut params);
    for joint in &mut params.joints {
        joint.counting = Counting::SingleTurn { counts: COUNTS };
    }
    params
}

#[test]
fn a_single_turn_encoder_finds_its_turn_and_counts_on_through_the_wrap() {
    for start in [-0.9, 0.4, 3.0] {
        let mut bench = Bench::with(single_turn());
        bench.wrap = Some(COUNTS);
        bench.joints.iter_mut().for_each(|joint| joint.position = start);
        bench.cycles(3);
        assert!(
            (bench.state().position[0] - start).abs() < 1e-4,
            "{:?}",
            bench.state()
        );
        assert!(
            (bench.state().position[1] - start).abs() < 1e-4,
            "{:?}",
            bench.state()
        );
    }
    // Through 0, where the first joint's encoder wraps.
    let mut bench = Bench::with(single_turn());
    bench.wrap = Some(COUNTS);
    bench.cycles(3);
    bench.hold(1, [0.4; JOINTS], 200);
    for k in 0..700 {
        let [p, v, a] = quintic(f64::from(k) * DT, 1.2, -1.0);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        bench.cycle();
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    assert!((bench.joints[0].position + 0.6).abs() < 1e-3);
    assert!((bench.state().position[0] + 0.6).abs() < 1e-3);
}

#[test]
fn a_reading_that_could_be_two_turns_is_refused() {
    let mut bench = Bench::with(single_turn());
    bench.wrap = Some(COUNTS);
    // Opposite to the middle of the range.
    bench.joints[0].position = 1.25 + std::f64::consts::PI;
    bench.cycles(3);
    assert!(bench.states.is_empty(), "nothing is said of where it is");
    assert!(
        bench.heard(EventKind::Fault, "joint first: position"),
        "{:?}",
        bench.events
    );
    assert!(!bench.answer().enable);
}

#[test]
fn an_endless_joint_counts_on_from_whichever_turn_its_encoder_is_in() {
    let mut params = single_turn();
    let endless = (f64::NEG_INFINITY, f64::INFINITY);
    params.group.joints[0].limits =
        JointLimits::new(endless, 3.0, 5.0, 50.0, 150.0).expect("they are limits");
    let mut bench = Bench::with(params);
    bench.wrap = Some(COUNTS);
    bench.joints[0].position = 40.0;
    bench.cycles(3);
    let begin = bench.state().position;
    assert!(
        ((begin[0] - 40.0) / std::f64::consts::TAU).fract().abs() < 1e-4,
        "{begin:?}"
    );
    bench.hold(1, [begin[0], begin[1]], 200);
    for leg in 0..4 {
        let from = begin[0] + 2.0 * f64::from(leg);
        for k in 0..1000 {
            let [p, v, a] = quintic(f64::from(k) * DT, 2.0, 2.0);
            bench.track(1, [[from + p, begin[1]], [v, 0.0], [a, 0.0]]);
            bench.cycle();
        }
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    assert!(
        (bench.joints[0].position - 48.0).abs() < 1e-3,
        "{}",
        bench.joints[0].position
    );
    assert!((bench.state().position[0] - begin[0] - 8.0).abs() < 1e-3);
}

#[test]
fn a_range_wider_than_the_encoders_turn_is_refused() {
    let mut params = params();
    params.joints[0].counting = Counting::SingleTurn { counts: COUNTS };
    let error = Config::new(params).unwrap_err().to_string();
    assert!(error.contains("joint first: range in turns"), "{error}");
}

const HOMING: Homing = Homing {
    mark: Mark::Stop,
    velocity: -0.2,
    effort: 80.0,
    travel: 3.0,
    position: -0.5,
};

fn to_be_homed(homing: Homing) -> Bench {
    let mut params = params();
    params.joints[1].counting = Counting::Incremental(homing);
    let mut bench = Bench::with(params);
    bench.lost_counts[1] = 123_456;
    bench.joints[1].floor = -0.1;
    bench.cycles(3);
    bench
}

/// Commands hold what is measured, for as long as the driver follows the epoch.
fn permit(bench: &mut Bench, epoch: u64, cycles: usize) {
    for _ in 0..cycles {
        let state = bench.state();
        let there = [state.position[0], state.position[1]];
        bench.track(epoch, [there, REST, REST]);
        bench.cycle();
        if bench.state().unhomed.is_empty() {
            return;
        }
    }
}

#[test]
fn a_joint_that_is_not_homed_takes_no_command() {
    let mut bench = to_be_homed(HOMING);
    assert!(bench.state().unhomed.contains(1) && !bench.state().unhomed.contains(0));
    permit(&mut bench, 1, 10);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!(bench.heard(EventKind::Fault, "joint second: it has to be homed first"));
    assert!(bench.commands.iter().all(|command| !command.enable));
}

#[test]
fn homing_to_a_stop_finds_it_with_the_effort_it_may_use() {
    let mut bench = to_be_homed(HOMING);
    bench.give(Input::Home);
    permit(&mut bench, 1, 100);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    assert_eq!(bench.state().power, PowerState::OperationEnabled);
    permit(&mut bench, 1, 4000);
    assert!(
        bench.heard(EventKind::Recovered, "joint second is homed"),
        "{:?}",
        bench.events
    );
    let (first, second) = (bench.joints[0].position, bench.joints[1].position);
    assert!((first - 0.4).abs() < 5e-3, "the other one was held: {first}");
    assert!((second + 0.1).abs() < 5e-3, "{second}");
    assert!(
        (bench.state().position[1] + 0.5).abs() < 5e-3,
        "{:?}",
        bench.state()
    );
    let limit = common::actuator().current_a(80.0) * 1.000_001;
    assert!(
        bench
            .commands
            .iter()
            .all(|command| command.current_a[1].abs() <= limit)
    );

    // The epoch is used up; the next one moves it in its true positions.
    bench.hold(1, [first, -0.5], 10);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    bench.hold(2, [first, -0.5], 100);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
}

#[test]
fn homing_ends_where_its_index_was_latched() {
    let mut bench = to_be_homed(Homing {
        mark: Mark::Index,
        ..HOMING
    });
    bench.index[1] = Some(Ticks(77)); // from another time
    bench.cycle();
    bench.give(Input::Home);
    permit(&mut bench, 1, 300);
    assert!(!bench.state().unhomed.is_empty());
    let frame = bench.frame();
    let (there, latched) = (bench.joints[1].position, frame.position_ticks[1]);
    bench.index[1] = Some(latched);
    permit(&mut bench, 1, 10);
    assert!(bench.state().unhomed.is_empty());
    let drifted = bench.joints[1].position - there;
    assert!((bench.state().position[1] + 0.5 - drifted).abs() < 2e-3);
}

#[test]
fn homing_without_a_mark_on_its_way_is_a_fault() {
    let mut bench = to_be_homed(Homing {
        travel: 0.2,
        ..HOMING
    });
    bench.give(Input::Home);
    permit(&mut bench, 1, 2000);
    assert_eq!(bench.state().fault, Some(Fault::Homing { joint: 1 }));
    assert!(!bench.answer().enable);
}

#[test]
fn homing_goes_on_only_while_commands_come() {
    let mut bench = to_be_homed(HOMING);
    bench.give(Input::Home);
    permit(&mut bench, 1, 200);
    let there = bench.joints[1].position;
    bench.cycles(300);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!((bench.joints[1].position - there).abs() < 0.05);
    assert!(!bench.state().unhomed.is_empty());
}

#[test]
fn a_joint_whose_homing_was_broken_off_follows_no_command() {
    let mut bench = to_be_homed(HOMING);
    bench.give(Input::Home);
    permit(&mut bench, 1, 200);
    while bench.state().mode == DriveMode::Enabled {
        bench.cycle(); // nobody commands
    }
    assert_eq!(bench.state().mode, DriveMode::Stopping, "{:?}", bench.events);
    let (here, truly) = (bench.state().position, bench.joints[1].position);
    for cycle in 0..200 {
        let up = 0.5 * DT * f64::from(cycle);
        bench.track(2, [[here[0], here[1] + up], [0.0, 0.5], REST]);
        bench.cycle();
        let moved = bench.joints[1].position - truly;
        assert!(moved < 0.02, "{moved} after {cycle} cycles, {:?}", bench.events);
    }
    assert!(!bench.state().unhomed.is_empty());
    assert!(bench.heard(EventKind::Fault, "joint second: it has to be homed first"));
}

const BY_DRIVE: Homing = Homing {
    mark: Mark::Drive {
        method: 33,
        zero_velocity: 0.05,
    },
    ..HOMING
};

#[test]
fn a_drive_that_homes_by_itself_is_told_to_while_commands_come_and_its_count_may_jump() {
    let mut bench = to_be_homed(BY_DRIVE);
    bench.homing = Some([DriveHoming::Idle; JOINTS]);
    bench.cycle();
    assert!(bench.answer().home.is_empty(), "nobody has asked for it");
    bench.give(Input::Home);
    permit(&mut bench, 1, 100);
    assert_eq!(bench.answer().home, JointSet::from_bits(0b10));
    let first = bench.joints[0].position;
    bench.homing = Some([DriveHoming::Idle, DriveHoming::Running]);
    permit(&mut bench, 1, 100);
    bench.lost_counts[1] += 200_000; // more than two radians
    permit(&mut bench, 1, 20);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    let here = bench.frame().position_ticks[1];
    bench.homing = Some([DriveHoming::Idle, DriveHoming::Attained(here)]);
    permit(&mut bench, 1, 10);
    assert!(bench.state().unhomed.is_empty(), "{:?}", bench.events);
    assert!(bench.answer().home.is_empty());
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!(
        (bench.state().position[1] + 0.5).abs() < 1e-2,
        "{:?}",
        bench.state()
    );
    assert!(
        (bench.joints[0].position - first).abs() < 5e-3,
        "the other one was held"
    );
}

#[test]
fn a_drive_that_does_not_get_home_in_time_is_a_fault() {
    let near = Homing {
        travel: 0.2,
        ..BY_DRIVE
    };
    let mut bench = to_be_homed(near);
    bench.homing = Some([DriveHoming::Idle, DriveHoming::Running]);
    bench.cycle();
    bench.give(Input::Home);
    let patience_s = 2.0 * near.travel / near.velocity.abs() + 2.0;
    permit(&mut bench, 1, (0.95 * patience_s / DT) as usize);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    permit(&mut bench, 1, (0.1 * patience_s / DT) as usize);
    assert_eq!(bench.state().fault, Some(Fault::Homing { joint: 1 }));
    assert!(bench.answer().home.is_empty() && !bench.answer().enable);
}

#[test]
fn drives_that_do_not_home_or_fail_to_are_a_fault() {
    for homing in [None, Some([DriveHoming::Idle, DriveHoming::Failed])] {
        let mut bench = to_be_homed(BY_DRIVE);
        bench.homing = homing;
        bench.cycle();
        bench.give(Input::Home);
        permit(&mut bench, 1, 200);
        assert_eq!(
            bench.state().fault,
            Some(Fault::Homing { joint: 1 }),
            "{homing:?}"
        );
    }
}

#[test]
fn a_way_home_that_can_not_be_is_refused() {
    let refused = |mark: Mark| {
        let mut params = params();
        params.joints[1].counting = Counting::Incremental(Homing { mark, ..HOMING });
        Config::new(params).expect_err("refused").to_string()
    };
    let drive = |method, zero_velocity| {
        refused(Mark::Drive {
            method,
            zero_velocity,
        })
    };
    assert!(
        drive(0, 0.05).contains("homing.mark.drive.method is 0"),
        "{}",
        drive(0, 0.05)
    );
    let fast = drive(33, 100.0);
    assert!(fast.contains("homing.mark.drive.zero_velocity is 100"), "{fast}");
}

#[test]
fn a_drive_that_lost_its_power_has_to_be_homed_again() {
    let mut bench = to_be_homed(HOMING);
    bench.give(Input::Home);
    permit(&mut bench, 1, 4000);
    assert!(bench.state().unhomed.is_empty());
    let first = bench.joints[0].position;
    bench.hold(2, [first, -0.5], 100);
    bench.rebooted = true;
    bench.hold(2, [first, -0.5], 2);
    assert!(bench.state().unhomed.contains(1), "{:?}", bench.state());
}
