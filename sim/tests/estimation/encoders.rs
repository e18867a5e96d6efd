//! Encoders of the moving arm that fail: how soon that is said, how far off positions are that were told without a doubt, and that the arm stops.

use super::job::{ABOVE_BELT, ARM, Cell, MIDWAY, done, go, wait, wrong_cell};
use servomesh_sim::faults::{Fault as Broken, Kind};
use servomesh_types::{Fault, SafetyMode, SafetyState};
use std::time::Duration;

/// What became of a fault of one joint's encoder in mid-motion.
#[derive(Debug)]
struct Outcome {
    fault: Option<Fault>,
    /// Until it was named \[s\].
    after_s: f64,
    /// The largest error of a position that was told without a doubt since the fault began.
    worst: f64,
    /// Whether the joint was ever told without a doubt once the fault was named.
    believed_again: bool,
    mode: Option<SafetyMode>,
    /// The arm's largest true speed at the end.
    speed: f64,
}

fn inject(seed: u64, joint: usize, kind: Kind, figure: f64) -> Outcome {
    let mut cell = wrong_cell(seed);
    let goals = [go(&mut cell, &ABOVE_BELT, 0.0)];
    done(&mut cell, &goals, &mut |_: &mut Cell| {});
    go(&mut cell, &MIDWAY, 0.0);
    wait(&mut cell, Duration::from_millis(350), &mut |_: &mut Cell| {});
    let index = |cell: &mut Cell, name: &str| {
        let joint = cell.hardware().plant().model().joint_index(name);
        joint.expect("an arm joint")
    };
    let at = index(&mut cell, ARM[joint]);
    let broken = Broken::new(kind, ARM[joint], figure).expect("a fault in its range");
    cell.hardware().inject(broken, None).expect("it has such a joint");
    let begun = cell.now();
    let mut outcome = Outcome {
        fault: None,
        after_s: f64::INFINITY,
        worst: 0.0,
        believed_again: false,
        mode: None,
        speed: 0.0,
    };
    wait(&mut cell, Duration::from_millis(1500), &mut |cell: &mut Cell| {
        let motion = *cell.motion("arm").expect("it is live");
        let plant = cell.hardware().plant();
        // The plant has gone on since the motion was told.
        let since_s = plant.now().seconds_from(motion.holds_at);
        let truth = plant.positions()[at] - since_s * plant.velocities()[at];
        let doubted = motion.doubtful.contains(joint);
        if !doubted {
            outcome.worst = outcome.worst.max((motion.position[joint] - truth).abs());
            outcome.believed_again |= outcome.fault.is_some();
        }
        if outcome.fault.is_none() && motion.fault.is_some() {
            outcome.fault = motion.fault;
            outcome.after_s = cell.now().seconds_from(begun);
        }
    });
    outcome.mode = cell.safety().map(SafetyState::mode);
    for name in ARM {
        let index = index(&mut cell, name);
        let velocity = cell.hardware().plant().velocities()[index];
        outcome.speed = outcome.speed.max(velocity.abs());
    }
    outcome
}

fn check(seed: u64, joint: usize, kind: Kind, figure: f64, limit_s: f64, named: fn(&Fault) -> bool) {
    let outcome = inject(seed, joint, kind, figure);
    let what = format!("seed {seed}, {}: {kind} {figure}: {outcome:?}", ARM[joint]);
    println!("{what}");
    assert!(outcome.fault.as_ref().is_some_and(named), "{what}");
    assert!(outcome.after_s <= limit_s, "{what}");
    assert!(outcome.worst < UNDOUBTED && !outcome.believed_again, "{what}");
    let stopped = outcome.mode.is_some_and(|mode| mode >= SafetyMode::Stopped);
    assert!(stopped && outcome.speed < 0.005, "{what}");
}

#[test]
fn a_stuck_encoder_of_the_moving_arm_is_named_before_its_position_is_far_off() {
    for (seed, joint) in [(1, 0), (3, 3)] {
        check(seed, joint, Kind::EncoderStuck, 0.0, 0.05, |fault| {
            matches!(fault, Fault::EncoderStuck(_))
        });
    }
}

#[test]
fn an_encoder_of_the_moving_arm_that_jumps_is_never_followed() {
    for (seed, joint, step) in [(1, 0, 0.05), (2, 3, -0.05)] {
        check(seed, joint, Kind::EncoderStep, step, 0.01, |fault| {
            matches!(fault, Fault::EncoderStep(_))
        });
    }
}

#[test]
fn an_encoder_of_the_moving_arm_that_runs_away_is_never_followed() {
    for (seed, joint, drift) in [(1, 0, 8.0), (3, 3, -8.0)] {
        check(seed, joint, Kind::EncoderDrift, drift, 0.01, |fault| {
            matches!(fault, Fault::EncoderDrift(_))
        });
    }
}

/// The largest error of what is told without a doubt: what the fastest joint does in one interval \[rad\].
const UNDOUBTED: f64 = 0.005;
