//! A setpoint that releases its group: torque off at rest, nothing but a report in mid-motion.

mod rig;

use rig::{Rig, arm};
use servomesh_safety::{Input, Parameters};
use servomesh_types::*;

/// The setpoint after the last command, `release` set.
fn releasing(rig: &Rig, velocity: JointVec, seq: u64) -> Setpoint {
    let last = rig.last_command(arm()).setpoint;
    Setpoint {
        tag: StreamTag {
            stamp: rig.now,
            seq,
            ..last.tag
        },
        velocity,
        acceleration: JointVec::zeros(2),
        release: true,
        ..last
    }
}

/// An arm that was commanded in this epoch and stands still.
fn resting() -> Rig {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.0);
    rig.run(50);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    rig
}

fn give(rig: &mut Rig, setpoint: Setpoint) {
    let group = arm();
    rig.give(Input::Setpoint { group, setpoint });
}

#[test]
fn at_rest_it_ends_in_torque_off_until_a_reset() {
    let mut rig = resting();
    rig.tick_until(rig.now + rig::PERIOD);
    let setpoint = releasing(&rig, JointVec::zeros(2), 1 << 40);
    give(&mut rig, setpoint);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Off, Some(1))
    );
    rig.run(5);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    assert_eq!(rig.drive(arm()).mode, DriveMode::Disabled);
    let told: Vec<_> = rig
        .events
        .iter()
        .map(|event| (event.kind, event.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [(EventKind::Stopped, "arm: torque off: released at standstill")]
    );

    assert!(rig.view(arm()).resettable);
    assert_eq!(rig.reset(), (true, "reset arm".to_owned()));
    rig.run(50);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "it can be moved again");
    assert_eq!(rig.drive(arm()).mode, DriveMode::Enabled);
}

#[test]
fn in_motion_it_passes_as_any_other_and_is_told_once() {
    let mut rig = Rig::swinging();
    let passed = rig.counts(arm()).passed;
    for _ in 0..20 {
        let next = rig.now + rig::PERIOD;
        rig.tick_until(next);
        let mut setpoint = rig.planned(arm()).expect("it swings");
        setpoint.release = true;
        give(&mut rig, setpoint);
        rig.hear(arm());
    }
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Track);
    let counts = rig.counts(arm());
    assert_eq!((counts.passed - passed, counts.early_releases), (20, 20));
    let told: Vec<_> = rig.events.iter().map(|event| event.text.as_str()).collect();
    assert_eq!(told, ["arm: asked for torque off in mid-motion; it moves on"]);
    // Once it no longer asks, the next time is told again.
    rig.run(5);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).expect("it swings");
    setpoint.release = true;
    give(&mut rig, setpoint);
    assert_eq!(rig.events.len(), 2);
}

#[test]
fn a_release_passes_no_check_by_being_one() {
    let mut rig = resting();
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = releasing(&rig, JointVec::zeros(2), 1 << 40);
    setpoint.position[1] += 0.5;
    give(&mut rig, setpoint);
    assert_eq!(rig.fault_code(arm()), Some(25), "a jump is a jump");
    assert_eq!(rig.counts(arm()).early_releases, 0);
}

#[test]
fn a_group_that_was_never_commanded_is_released_without_a_command() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.0);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).expect("the gate is open");
    setpoint.release = true;
    give(&mut rig, setpoint);
    rig.drive(arm()).swing = None;
    rig.run(20);
    assert_eq!(rig.mode(arm()), SafetyMode::Off);
    assert!(rig.commands.is_empty(), "a command would switch its drives on");
    assert!(rig.reset().0);
}
