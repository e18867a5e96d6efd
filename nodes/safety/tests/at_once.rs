//! Two things at once: what a reset may not clear, and torque off for drives that have not answered yet. All found by `sim/trials`' explorer of states.

mod rig;

use rig::{Rig, arm, description};
use servomesh_safety::{Config, Function, Input, Parameters, SafetyFile};
use servomesh_types::fault::DriveFault;
use servomesh_types::*;
use std::time::Duration;

fn set_up(parameters: Parameters, lines: &str) -> Rig {
    let config = Config::new(parameters).expect("parameters that can work together");
    let file = SafetyFile::parse(&format!("groups: {{ arm: {{ {lines} }} }}")).expect("a safety file");
    let setup = file.setup(&config, None).expect("what it says can be");
    let mut rig = Rig::set_up(parameters, setup, &[arm()]);
    rig.run(3);
    rig
}

fn swinging(lines: &str) -> Rig {
    let mut rig = set_up(Parameters::default(), lines);
    rig.drive(arm()).swing = Some(0.5);
    rig.run(150);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
    rig
}

fn overcurrent() -> Fault {
    Fault::Drive {
        joint: 0,
        kind: DriveFault::Overcurrent,
    }
}

/// The driver of the arm fails, and is heard.
fn fail(rig: &mut Rig) {
    let drive = rig.drive(arm());
    (drive.mode, drive.fault, drive.stuck) = (DriveMode::Faulted, Some(overcurrent()), true);
    rig.drive(arm()).velocity = JointVec::zeros(2);
    rig.run(5);
    assert_eq!(rig.fault_code(arm()), Some(42));
}

#[test]
fn torque_off_is_sent_to_drives_that_were_not_heard_since_the_first_command() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    // The first command switches the drives on, and the last that was heard of them is that they are off.
    let setpoint = rig.planned(arm()).unwrap();
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Track);
    rig.function(Function::TorqueOff);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    assert_eq!(rig.drive(arm()).mode, DriveMode::Disabled);
    let sent = rig.commands.len();
    rig.run(10);
    assert!(
        rig.commands_since(sent).len() <= 1,
        "once it is heard, that is enough"
    );
}

#[test]
fn two_silences_are_told_together_and_neither_is_resettable() {
    let timeout = Duration::from_millis(50);
    let mut rig = set_up(
        Parameters {
            motion_state_timeout: timeout,
            ..Parameters::default()
        },
        "",
    );
    rig.drive(arm()).swing = Some(0.5);
    rig.run(50);
    (rig.drive(arm()).speaks, rig.drive(arm()).estimated) = (false, false);
    rig.run(60);
    rig.drive(arm()).speaks = true;
    rig.run(1);
    let codes: Vec<_> = rig
        .view(arm())
        .active
        .iter()
        .map(|active| active.fault.code())
        .collect();
    assert!(codes.contains(&12) && codes.contains(&13), "{codes:?}");
    assert!(!rig.view(arm()).resettable);
    assert!(!rig.reset().0);
}

#[test]
fn a_stop_for_warm_windings_is_not_reset_while_they_are_warm() {
    let mut rig = swinging("warm_degc: 80, faults: { warm: stop_1 }");
    rig.drive(arm()).temperature_degc = JointVec::from([30.0, 90.0]);
    rig.run(300);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Off, Some(76))
    );
    assert!(!rig.view(arm()).resettable);
    let (granted, text) = rig.reset();
    assert!(!granted && text.contains("getting hot"), "{text}");
    rig.drive(arm()).temperature_degc = JointVec::from([30.0, 60.0]);
    rig.run(2);
    assert_eq!(rig.mode(arm()), SafetyMode::Off, "not by itself");
    assert!(rig.reset().0);
}

#[test]
fn a_reset_lets_a_warm_group_run_no_faster_than_it_may() {
    let mut rig = swinging("warm_degc: 80, faults: { warm: hold }");
    rig.stop();
    rig.drive(arm()).temperature_degc = JointVec::from([30.0, 90.0]);
    rig.run(300);
    assert!(rig.reset().0);
    let view = rig.view(arm());
    assert_eq!((view.mode, view.severity), (SafetyMode::Normal, Severity::Hold));
    assert!(view.speed_scale <= 0.0, "{}", view.speed_scale);
}

#[test]
fn only_a_restart_after_the_fault_is_a_power_cycle() {
    // These drives had been heard before anybody commanded them; that was no restart after the fault.
    let mut rig = swinging("power_cycle: [drive_overcurrent]");
    fail(&mut rig);
    rig.drive(arm()).mode = DriveMode::Disabled;
    rig.run(10);
    let (granted, text) = rig.reset();
    assert!(!granted && text.contains("overcurrent"), "{text}");
    restart(&mut rig);
    rig.drive(arm()).stuck = false;
    rig.run(2);
    assert!(rig.reset().0);
}

#[test]
fn a_restart_is_seen_though_the_driver_took_a_command_before_it_was_heard() {
    let mut rig = swinging("power_cycle: [drive_overcurrent]");
    fail(&mut rig);
    restart(&mut rig);
    let epoch = rig.view(arm()).epoch;
    let drive = rig.drive(arm());
    (drive.epoch, drive.stuck) = (epoch, false);
    // It numbers its states from the beginning again.
    let tag = StreamTag {
        stamp: rig.now + Duration::from_millis(1),
        epoch,
        ..StreamTag::default()
    };
    let state = ServoState {
        tag,
        position: rig.drive(arm()).position,
        velocity: JointVec::zeros(2),
        ..ServoState::default()
    };
    rig.now = tag.stamp;
    rig.give(Input::ServoState { group: arm(), state });
    assert!(rig.view(arm()).resettable, "{:?}", rig.view(arm()).active);
}

fn restart(rig: &mut Rig) {
    let drive = rig.drive(arm());
    (drive.mode, drive.fault, drive.epoch) = (DriveMode::Disabled, None, Epoch::NONE);
}

#[test]
fn a_reset_does_not_clear_what_closes_the_gate_in_that_moment() {
    let mut rig = Rig::swinging();
    rig.drive(arm()).swing = None;
    let epoch = rig.view(arm()).epoch;
    // Setpoints are silent for too long, and nobody was called at the deadline.
    rig.now = rig.now + Duration::from_millis(40);
    let (granted, text) = rig.reset();
    assert!(!granted && text.contains("setpoint"), "{text}");
    assert_eq!(
        (rig.mode(arm()), rig.view(arm()).epoch),
        (SafetyMode::Stopping, epoch)
    );
}

#[test]
fn a_reset_at_rest_does_not_clear_what_switches_torque_off_in_that_moment() {
    let mut rig = set_up(Parameters::default(), "stop_category: 0");
    // Drives that do not take commands are off already, so that nothing else bars the reset.
    (rig.drive(arm()).swing, rig.drive(arm()).stuck) = (Some(0.0), true);
    rig.run(5);
    rig.drive(arm()).swing = None;
    let epoch = rig.view(arm()).epoch;
    rig.now = rig.now + Duration::from_millis(40);
    assert!(!rig.reset().0);
    assert_eq!((rig.mode(arm()), rig.view(arm()).epoch), (SafetyMode::Off, epoch));
}

#[test]
fn commands_are_numbered_on_when_a_driver_announces_another_group() {
    let mut rig = Rig::swinging();
    rig.stop();
    rig.run(300);
    let before = rig.last_command(arm()).setpoint.tag.seq;
    let mut other = description(arm());
    other.rate_hz = 250.0;
    rig.give(Input::Group(other));
    rig.run(300);
    assert!(rig.reset().0);
    rig.run(10);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
    assert!(rig.last_command(arm()).setpoint.tag.seq > before);
}
