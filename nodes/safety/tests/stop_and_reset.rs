//! How a group comes to a stop, what then holds it, and what it takes to move again.

mod rig;

use rig::{Rig, arm, gripper};
use servomesh_safety::{Input, Parameters, StopCategory};
use servomesh_types::*;

fn category_one() -> Parameters {
    Parameters {
        stop_category: StopCategory::One,
        ..Parameters::default()
    }
}

#[test]
fn a_requested_stop_is_smooth_and_then_holds_the_position_under_power() {
    let mut rig = Rig::swinging();
    let before = rig.commands.len() - 1;
    assert_eq!(rig.stop(), (true, "stopping arm".to_owned()));
    assert_eq!(rig.mode(arm()), SafetyMode::Stopping);
    rig.run(300);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopped, Some(1))
    );
    let limits = rig::description(arm()).joints[0].limits;
    for pair in rig.commands_since(before).windows(2) {
        let (from, to) = (&pair[0].2.setpoint, &pair[1].2.setpoint);
        let dt = to.tag.stamp.seconds_from(from.tag.stamp);
        assert!(dt > 0.0 && dt < 0.0021, "a command each period: {dt}");
        for joint in 0..2 {
            let jerk = (to.acceleration[joint] - from.acceleration[joint]) / dt;
            assert!(jerk.abs() <= limits.jerk() * 1.001, "jerk {jerk}");
            assert!(to.acceleration[joint].abs() <= limits.acceleration());
        }
    }
    let held = rig.last_command(arm()).setpoint;
    assert_eq!(
        (held.velocity, held.acceleration),
        (JointVec::zeros(2), JointVec::zeros(2))
    );
    let before = rig.commands.len();
    rig.run(100);
    assert_eq!(rig.commands_since(before).len(), 100);
    assert_eq!(rig.last_command(arm()).setpoint.position, held.position);
    let stopped: Vec<_> = rig
        .events
        .iter()
        .map(|event| (event.kind, event.text.as_str()))
        .collect();
    assert_eq!(
        stopped,
        [(EventKind::Stopped, "arm: stands still: stop requested")]
    );
}

#[test]
fn stop_category_one_ends_in_torque_off() {
    let mut rig = Rig::swinging_with(category_one());
    rig.stop();
    rig.run(300);
    assert_eq!(rig.mode(arm()), SafetyMode::Off);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    let tracked = rig
        .commands
        .iter()
        .rev()
        .find(|(.., command)| command.mode == CommandMode::Track);
    assert_eq!(
        tracked.expect("it had moved").2.setpoint.velocity,
        JointVec::zeros(2),
        "off comes after standstill"
    );
    assert!(rig.view(arm()).resettable);
}

#[test]
fn a_group_that_was_never_commanded_is_stopped_without_a_command() {
    for parameters in [Parameters::default(), category_one()] {
        let mut rig = Rig::new(parameters, &[arm()]);
        rig.run(3);
        rig.stop();
        rig.run(50);
        assert!(rig.commands.is_empty(), "a command would switch its drives on");
        assert!(rig.mode(arm()) >= SafetyMode::Stopped);
        assert!(rig.reset().0);
    }
}

#[test]
fn a_stop_asked_for_before_the_driver_speaks_is_not_forgotten() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.stop();
    rig.drive(arm()).swing = Some(0.5);
    rig.run(50);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopped, Some(1))
    );
    assert!(rig.commands.is_empty());
}

#[test]
fn no_setpoint_passes_until_a_reset() {
    let mut rig = Rig::swinging();
    rig.stop();
    rig.tick_until(rig.now + rig::PERIOD);
    let last = rig.last_command(arm()).setpoint;
    let mut setpoint = Setpoint {
        tag: StreamTag {
            stamp: rig.now,
            seq: 1 << 40,
            ..last.tag
        },
        ..last
    };
    setpoint.tag.hops.born_ns = 1;
    let before = rig.commands.len();
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    assert_eq!(rig.counts(arm()).closed, 1);
    assert!(rig.commands_since(before).is_empty());
}

#[test]
fn a_reset_while_it_still_moves_is_refused_and_says_so() {
    let mut rig = Rig::swinging();
    rig.stop();
    rig.run(5);
    assert_eq!(rig.reset(), (false, "refused arm: it still moves".to_owned()));
    assert_eq!(rig.mode(arm()), SafetyMode::Stopping);
}

#[test]
fn a_reset_without_a_servo_state_is_refused_and_says_so() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).speaks = false;
    rig.run(300);
    let (granted, text) = rig.reset();
    assert!(!granted);
    assert_eq!(text, "refused arm: no servo state for 600 ms");
}

#[test]
fn a_reset_opens_the_gate_in_a_new_epoch_and_motion_begins_where_the_machine_is() {
    let mut rig = Rig::swinging();
    let old = rig.view(arm()).epoch;
    rig.stop();
    rig.run(300);
    assert!(rig.view(arm()).resettable);
    let held = rig.last_command(arm()).setpoint.position;
    assert_eq!(rig.reset(), (true, "reset arm".to_owned()));
    let view = rig.view(arm());
    assert_eq!(
        (view.mode, view.fault, view.resettable),
        (SafetyMode::Normal, None, false)
    );
    assert!(view.epoch > old);
    let before = rig.commands.len();
    rig.run(100);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    let first = rig.commands_since(before)[0].2.setpoint;
    assert_eq!((first.tag.epoch, first.position), (view.epoch, held));
    assert_eq!(
        rig.events.last().map(|event| event.kind),
        Some(EventKind::Recovered)
    );
}

#[test]
fn after_a_reset_under_power_the_position_is_held_until_the_first_setpoint() {
    let mut rig = Rig::swinging();
    rig.stop();
    rig.run(300);
    let swing = rig.drive(arm()).swing.take();
    rig.reset();
    let (epoch, before) = (rig.view(arm()).epoch, rig.commands.len());
    rig.run(500);
    let held = rig.commands_since(before);
    assert_eq!(held.len(), 500, "or the driver would take silence for a failure");
    assert!(
        held.iter()
            .all(|(.., command)| command.setpoint.tag.epoch == epoch
                && command.setpoint.velocity == JointVec::zeros(2))
    );
    rig.drive(arm()).swing = swing;
    rig.run(100);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
}

#[test]
fn a_standstill_that_is_not_held_ends_in_torque_off() {
    let mut rig = Rig::swinging();
    rig.stop();
    rig.run(300);
    let drive = rig.drive(arm());
    drive.stuck = true;
    drive.position[1] += 0.16;
    rig.run(1);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Off, Some(1))
    );
    rig.run(5);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    assert!(!rig.view(arm()).resettable, "its drives are still on");
    let (_, text) = rig.reset();
    assert_eq!(text, "refused arm: its drives are still on");
}

#[test]
fn the_first_cause_is_kept_and_what_follows_does_not_hide_it() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).swing = None;
    rig.run(10);
    assert_eq!(rig.fault_code(arm()), Some(10));
    rig.stop();
    rig.drive(arm()).temperature_degc = JointVec::from([200.0, 200.0]);
    rig.drive(arm()).speaks = false;
    rig.run(500);
    assert_eq!(rig.fault_code(arm()), Some(10));
    assert_eq!(
        rig.events
            .iter()
            .filter(|event| event.kind == EventKind::Fault)
            .count(),
        1
    );
}

#[test]
fn a_second_stop_and_a_needless_reset_say_that_there_is_nothing_to_do() {
    let mut rig = Rig::swinging();
    assert_eq!(rig.reset(), (true, "nothing to reset".to_owned()));
    rig.stop();
    assert_eq!(
        rig.stop(),
        (true, "nothing moves: no group's gate is open".to_owned())
    );
}

#[test]
fn a_fault_of_one_group_leaves_the_other_moving() {
    let mut rig = Rig::new(Parameters::default(), &[arm(), gripper()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    rig.drive(gripper()).swing = Some(0.01);
    rig.run(100);
    rig.drive(gripper()).speaks = false;
    rig.run(300);
    assert_eq!(rig.mode(gripper()), SafetyMode::Off);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
    let passed = rig.counts(arm()).passed;
    rig.run(100);
    assert_eq!(rig.counts(arm()).passed, passed + 100);

    // A reset is refused for the one and leaves the other alone.
    let epoch = rig.view(arm()).epoch;
    let (granted, text) = rig.reset();
    assert!(
        !granted && text.starts_with("refused gripper: no servo state"),
        "{text}"
    );
    assert_eq!(rig.view(arm()).epoch, epoch);
    // The one that can be reset is, even if another one can't.
    rig.stop();
    rig.run(300);
    let (granted, text) = rig.reset();
    assert!(
        !granted && text.starts_with("reset arm; refused gripper: no servo state"),
        "{text}"
    );
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
}

#[test]
fn a_stop_keeps_the_grip() {
    let mut rig = Rig::new(Parameters::default(), &[gripper()]);
    rig.run(3);
    rig.drive(gripper()).swing = Some(0.01);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(gripper()).unwrap();
    setpoint.effort_limit = JointVec::from([20.0]);
    rig.give(Input::Setpoint {
        group: gripper(),
        setpoint,
    });
    rig.stop();
    rig.run(50);
    assert_eq!(
        rig.last_command(gripper()).setpoint.effort_limit,
        JointVec::from([20.0])
    );
}
