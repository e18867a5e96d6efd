//! What holds for every stream of commands and frames.

mod common;

use common::{Bench, JOINTS};
use proptest::prelude::*;
use servomesh_driver::Input;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Command, CommandMode, DriveMode, JointVec, ServoState};
use std::time::Duration;

/// What can happen to a driver.
#[derive(Clone, Debug)]
enum Step {
    /// Commands close to where the joints are.
    Track {
        epoch: u64,
        offset: f64,
        velocity: f64,
        acceleration: f64,
        effort_limit: Option<f64>,
        late_ms: i64,
    },
    /// Commands from anywhere, with any numbers.
    Wild {
        epoch: u64,
        values: [f64; 6],
        effort: f64,
    },
    Off {
        epoch: u64,
    },
    Cycles(usize),
    LostFrames(usize),
    Silence(u64),
    DriveFault,
    Wall,
    Heat(f64),
    Garbage,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let epoch = 0_u64..6;
    let any = prop_oneof![
        4 => -10.0..10.0,
        1 => prop::num::f64::ANY,
    ];
    prop_oneof![
        12 => (epoch.clone(), -0.06..0.06, -3.0..3.0, -6.0..6.0, prop::option::of(0.0..200.0), -60_i64..60).prop_map(
            |(epoch, offset, velocity, acceleration, effort_limit, late_ms)| Step::Track {
                epoch, offset, velocity, acceleration, effort_limit, late_ms,
            }
        ),
        4 => (epoch.clone(), prop::array::uniform6(any), prop::num::f64::ANY)
            .prop_map(|(epoch, values, effort)| Step::Wild { epoch, values, effort }),
        1 => epoch.prop_map(|epoch| Step::Off { epoch }),
        12 => (1_usize..40).prop_map(Step::Cycles),
        2 => (1_usize..10).prop_map(Step::LostFrames),
        1 => (1_u64..300).prop_map(Step::Silence),
        1 => Just(Step::DriveFault),
        1 => Just(Step::Wall),
        1 => (20.0..130.0).prop_map(Step::Heat),
        1 => Just(Step::Garbage),
        1 => Just(Step::Restart),
    ]
}

fn perform(bench: &mut Bench, step: &Step) {
    match *step {
        Step::Track {
            epoch,
            offset,
            velocity,
            acceleration,
            effort_limit,
            late_ms,
        } => {
            let position = [
                bench.joints[0].position + offset,
                bench.joints[1].position - offset,
            ];
            let mut setpoint = bench.setpoint(
                epoch,
                [position, [velocity, -velocity], [acceleration, -acceleration]],
            );
            setpoint.tag.stamp = if late_ms < 0 {
                setpoint.tag.stamp + Duration::from_millis(late_ms.unsigned_abs())
            } else {
                setpoint.tag.stamp - Duration::from_millis(late_ms.unsigned_abs())
            };
            if let Some(limit) = effort_limit {
                setpoint.effort_limit = [limit; JOINTS].into();
            }
            bench.give(Input::Command(Command {
                mode: CommandMode::Track,
                setpoint,
            }));
            bench.cycle();
        }
        Step::Wild {
            epoch,
            values: [a, b, c, d, e, f],
            effort,
        } => {
            let mut setpoint = bench.setpoint(epoch, [[a, b], [c, d], [e, f]]);
            setpoint.effort = [effort, 0.0].into();
            bench.give(Input::Command(Command {
                mode: CommandMode::Track,
                setpoint,
            }));
            bench.cycle();
        }
        Step::Off { epoch } => {
            let setpoint = bench.setpoint(epoch, [[0.0; JOINTS]; 3]);
            bench.give(Input::Command(Command {
                mode: CommandMode::Off,
                setpoint,
            }));
        }
        Step::Cycles(count) => bench.cycles(count),
        Step::LostFrames(count) => (0..count).for_each(|_| bench.drives_only()),
        Step::Silence(ms) => bench.silence(Duration::from_millis(ms)),
        Step::DriveFault => bench.fault[0] = Some(DriveFault::Watchdog),
        Step::Wall => bench.joints[0].wall = bench.joints[0].position + 0.01,
        Step::Heat(degc) => bench.winding_degc = degc,
        Step::Garbage => {
            bench.drives_only();
            let mut frame = bench.frame();
            frame.current_a = JointVec::from([f64::NAN]);
            bench.give(Input::Bus(frame));
        }
        Step::Restart => bench.restart_driver(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_stream_makes_a_current_beyond_its_limit_or_not_a_number(steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new();
        bench.cycles(2);
        for step in &steps {
            perform(&mut bench, step);
        }
        for command in &bench.commands {
            prop_assert_eq!(command.current_a.len(), JOINTS);
            prop_assert!(command.current_a.is_finite());
            prop_assert!(command.current_a.max_abs() <= 20.0, "{:?}", command);
            prop_assert!(command.enable || command.current_a.max_abs() == 0.0);
            prop_assert!(!(command.enable && command.clear_faults));
        }
        for pair in bench.states.windows(2) {
            if pair[1].tag.seq == pair[0].tag.seq + 1 {
                prop_assert!(pair[1].tag.epoch >= pair[0].tag.epoch);
                prop_assert!(pair[1].refused >= pair[0].refused);
            }
            prop_assert!(pair[1].reference.is_finite());
            prop_assert_eq!(pair[1].mode == DriveMode::Faulted || pair[1].mode == DriveMode::Stopping, pair[1].fault.is_some());
        }
    }

    #[test]
    fn within_an_epoch_the_reference_never_jumps(steps in prop::collection::vec(step(), 1..60)) {
        // A far setpoint of the current epoch is safety's to refuse: here all are near.
        let near = steps.iter().filter(|step| !matches!(step, Step::Wild { .. } | Step::Restart | Step::Track { .. }));
        let mut bench = Bench::enabled();
        for (k, step) in near.enumerate() {
            perform(&mut bench, step);
            let start = bench.joints[0].position + if k % 2 == 0 { 0.03 } else { -0.03 };
            bench.hold(k as u64 + 2, [start, bench.joints[1].position], 20);
        }
        // Once a fault has switched it off, the reference is where the machine is.
        let driven = |state: &ServoState| matches!(state.mode, DriveMode::Enabled | DriveMode::Stopping);
        for pair in bench.states.windows(2).filter(|pair| driven(&pair[1])) {
            let seconds = pair[1].tag.stamp.seconds_from(pair[0].tag.stamp);
            let step = (pair[1].reference[0] - pair[0].reference[0]).abs();
            prop_assert!(step <= 3.0 * seconds + 0.01, "{} in {} s: {:?}", step, seconds, pair[1]);
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes(steps in prop::collection::vec(step(), 1..40)) {
        let run = || {
            let mut bench = Bench::new();
            bench.cycles(2);
            for step in &steps {
                perform(&mut bench, step);
            }
            // Debug prints every bit of a float that matters, and NaN as equal to itself.
            format!("{:?}{:?}{:?}", bench.commands, bench.states, bench.events)
        };
        prop_assert_eq!(run(), run());
    }
}
