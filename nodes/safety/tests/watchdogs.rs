//! Silence, and a machine that does not do what it is told: when the gate notices, and what it does then.

mod rig;

use rig::{Rig, arm, gripper};
use servomesh_safety::{Input, Parameters};
use servomesh_types::*;
use std::time::Duration;

/// Runs until the arm's gate is no longer open, and says how long that took in steps of one period.
fn steps_until_closed(rig: &mut Rig) -> usize {
    for steps in 1..1000 {
        rig.step();
        if rig.mode(arm()) != SafetyMode::Normal {
            return steps;
        }
    }
    panic!("the gate never closes");
}

fn closed_at(rig: &Rig) -> Stamp {
    let closed = |state: &SafetyState| state.group(arm()).is_some_and(|g| g.mode != SafetyMode::Normal);
    rig.states
        .iter()
        .find(|(_, state)| closed(state))
        .expect("never closed")
        .0
}

#[test]
fn missing_setpoints_are_extrapolated_and_then_the_gate_stops() {
    let mut rig = Rig::swinging();
    let last = rig.last_command(arm()).setpoint;
    let before = rig.commands.len();
    let silent_since = rig.now;
    rig.drive(arm()).swing = None;
    steps_until_closed(&mut rig);
    // Three are filled in, each noticed half a period after it was due; at the fourth the patience ends.
    assert_eq!(closed_at(&rig), silent_since + Duration::from_millis(9));
    assert_eq!(rig.counts(arm()).extrapolated, 3);
    assert_eq!(rig.fault_code(arm()), Some(10));
    for (when, _, command) in rig.commands_since(before) {
        let setpoint = &command.setpoint;
        let dt = setpoint.tag.stamp.seconds_from(last.tag.stamp);
        assert_eq!(setpoint.tag.stamp, *when, "a command applies when it is sent");
        if *when < silent_since + Duration::from_millis(9) {
            let expected = last.position[0] + dt * (last.velocity[0] + dt * last.acceleration[0] / 2.0);
            assert!((setpoint.position[0] - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn one_lost_setpoint_is_no_fault() {
    let mut rig = Rig::swinging();
    for _ in 0..50 {
        let swing = rig.drive(arm()).swing.take();
        rig.run(1);
        rig.drive(arm()).swing = swing;
        rig.run(3);
    }
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    assert_eq!(rig.counts(arm()).extrapolated, 50);
}

#[test]
fn how_many_are_filled_in_is_a_parameter() {
    let mut rig = Rig::swinging_with(Parameters {
        extrapolate: 0,
        ..Parameters::default()
    });
    let since = rig.now;
    rig.drive(arm()).swing = None;
    steps_until_closed(&mut rig);
    assert_eq!(closed_at(&rig), since + Duration::from_millis(3));
    assert_eq!(rig.counts(arm()).extrapolated, 0);
}

#[test]
fn a_group_without_a_setpoint_yet_may_be_silent() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).speaks = false;
    rig.drive(arm()).estimated = false;
    rig.run(1000);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
    assert!(rig.commands.is_empty());
}

#[test]
fn silence_of_servo_states_is_a_fault_and_the_stop_still_streams() {
    let mut rig = Rig::swinging();
    let since = rig.now;
    rig.drive(arm()).speaks = false;
    steps_until_closed(&mut rig);
    assert_eq!(closed_at(&rig), since + Duration::from_millis(50));
    assert_eq!(rig.fault_code(arm()), Some(12));
    let before = rig.commands.len();
    rig.run(60);
    let stopping = rig.commands_since(before);
    assert_eq!(stopping.len(), 60, "one command a period");
    let speed = |i: usize| stopping[i].2.setpoint.velocity.max_abs();
    assert!(speed(59) < speed(0) / 2.0, "{} then {}", speed(0), speed(59));
}

#[test]
fn a_standstill_that_nobody_watches_ends_in_torque_off() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).speaks = false;
    rig.run(300);
    assert_eq!(rig.mode(arm()), SafetyMode::Off);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    assert_eq!(rig.fault_code(arm()), Some(12), "the first cause is kept");
    // Once the driver says that it is off, nothing needs to be repeated.
    rig.drive(arm()).speaks = true;
    rig.run(2);
    let before = rig.commands.len();
    rig.run(50);
    assert!(rig.commands_since(before).is_empty());
    assert!(rig.view(arm()).resettable);
}

#[test]
fn silence_of_motion_states_is_a_fault() {
    let mut rig = Rig::swinging();
    let since = rig.now;
    rig.drive(arm()).estimated = false;
    steps_until_closed(&mut rig);
    assert_eq!(closed_at(&rig), since + Duration::from_millis(100));
    assert_eq!(rig.fault_code(arm()), Some(13));
}

#[test]
fn a_motion_state_that_never_comes_is_a_fault_once_setpoints_flow() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.drive(arm()).estimated = false;
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    steps_until_closed(&mut rig);
    assert_eq!(rig.fault_code(arm()), Some(13));
    rig.run(300);
    let (granted, text) = rig.reset();
    assert!(!granted && text.contains("no motion state for 100 ms"), "{text}");
}

#[test]
fn garbage_in_servo_states_shows_as_silence() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).speaks = false;
    for _ in 0..25 {
        rig.step();
        let tag = StreamTag {
            stamp: rig.now,
            ..StreamTag::default()
        };
        let nan = JointVec::from([f64::NAN, 0.0]);
        let state = ServoState {
            tag,
            position: nan,
            velocity: nan,
            ..ServoState::default()
        };
        rig.give(Input::ServoState { group: arm(), state });
    }
    assert_eq!(rig.fault_code(arm()), Some(12));
    assert_eq!(rig.counts(arm()).bad_states, 25);
}

#[test]
fn a_machine_that_does_not_follow_is_a_fault_and_ends_in_torque_off() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).stuck = true;
    steps_until_closed(&mut rig);
    let Some(Fault::Following(e)) = rig.view(arm()).fault else {
        panic!("{:?}", rig.view(arm()))
    };
    assert!(
        (e.limit - 0.15).abs() < 1e-12 && e.value > e.limit && e.value < 0.16,
        "{e:?}"
    );
    // A standstill under power that is not where it was commanded would go on pushing.
    rig.run(300);
    assert_eq!(rig.mode(arm()), SafetyMode::Off);
}

#[test]
fn a_gripper_that_holds_something_is_no_following_error() {
    let mut tight = Parameters::default();
    tight.prismatic.following = 0.002;
    let grip = |effort_limit: JointVec| {
        let mut rig = Rig::new(tight, &[gripper()]);
        rig.run(3);
        let drive = rig.drive(gripper());
        (drive.swing, drive.blocked, drive.effort_limit) = (Some(0.015), true, effort_limit);
        rig.run(400);
        rig.view(gripper()).fault
    };
    assert_eq!(
        grip(JointVec::from([20.0])),
        None,
        "a gripper that may use a third of its effort"
    );
    assert!(
        matches!(grip(JointVec::EMPTY), Some(Fault::Following(_))),
        "one that may use all of it"
    );
}

#[test]
fn a_hot_winding_is_a_fault_until_it_has_cooled_down() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).temperature_degc = JointVec::from([30.0, 111.0]);
    rig.run(1);
    assert!(matches!(rig.view(arm()).fault, Some(Fault::Overheated(e)) if e.joint == 1));
    rig.run(300);
    assert!(!rig.view(arm()).resettable);
    let (granted, text) = rig.reset();
    assert_eq!(
        (granted, text.as_str()),
        (
            false,
            "refused arm: joint elbow: winding temperature [°C] 111.0000 is beyond its limit 105.0000"
        )
    );
    rig.drive(arm()).temperature_degc = JointVec::from([30.0, 104.0]);
    rig.run(1);
    assert!(
        rig.view(arm()).resettable,
        "the state says so without being asked"
    );
    assert!(rig.reset().0);
}

#[test]
fn a_fault_of_a_drive_closes_the_gate_and_sends_nothing_that_could_enable_it_again() {
    let mut rig = Rig::swinging();
    let fault = Fault::Drive {
        joint: 1,
        kind: fault::DriveFault::Overcurrent,
    };
    let drive = rig.drive(arm());
    (drive.mode, drive.fault, drive.stuck) = (DriveMode::Faulted, Some(fault), true);
    rig.run(1);
    assert_eq!(
        (rig.mode(arm()), rig.view(arm()).fault),
        (SafetyMode::Off, Some(fault))
    );
    let before = rig.commands.len();
    rig.run(50);
    assert!(rig.commands_since(before).is_empty());
}

#[test]
fn a_latched_drive_fault_does_not_bar_the_reset_that_clears_it() {
    let mut rig = Rig::swinging();
    let fault = Fault::Drive {
        joint: 1,
        kind: fault::DriveFault::Overcurrent,
    };
    let drive = rig.drive(arm());
    (drive.mode, drive.fault, drive.stuck) = (DriveMode::Faulted, Some(fault), true);
    drive.velocity = JointVec::zeros(2);
    rig.run(2);
    assert_eq!(rig.reset(), (true, "reset arm".to_owned()));
    rig.run(20);
    assert_eq!(
        rig.mode(arm()),
        SafetyMode::Normal,
        "the driver needs some cycles to clear it"
    );
    let drive = rig.drive(arm());
    (drive.fault, drive.stuck) = (None, false);
    rig.run(300);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
}

#[test]
fn a_driver_that_does_not_take_commands_is_a_fault() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    // It streams while holding still, so the position never strays.
    rig.drive(arm()).swing = Some(1e-9);
    rig.drive(arm()).stuck = true;
    let steps = steps_until_closed(&mut rig);
    assert_eq!(steps, 251, "0.5 s after the first command");
    assert_eq!(rig.fault_code(arm()), Some(11));
}

#[test]
fn a_driver_that_falls_out_by_itself_is_a_fault() {
    let mut rig = Rig::swinging();
    let drive = rig.drive(arm());
    (drive.mode, drive.stuck) = (DriveMode::Stopping, true);
    rig.run(1);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Off, Some(11))
    );
    assert!(!rig.view(arm()).resettable, "it is still on its own ramp");
    let before = rig.commands.len();
    rig.run(10);
    assert!(
        rig.commands_since(before).is_empty(),
        "torque off would drop the load on the ramp"
    );
}

#[test]
fn a_gate_that_was_called_late_stops_on_the_way_it_was_on() {
    let mut rig = Rig::swinging();
    let last = rig.last_command(arm()).setpoint;
    // The clock stalls and jumps 30 ms; nobody called the gate meanwhile.
    rig.now = rig.now + Duration::from_millis(30);
    rig.safety.tick(rig.now);
    rig.drain();
    let next = rig.last_command(arm()).setpoint;
    let dt = next.tag.stamp.seconds_from(last.tag.stamp);
    assert!((dt - 0.030).abs() < 1e-9);
    assert!((next.position[0] - last.position[0]).abs() <= last.velocity[0].abs() * dt * 1.1 + 1e-3);
    assert_eq!(rig.mode(arm()), SafetyMode::Stopping);
}
