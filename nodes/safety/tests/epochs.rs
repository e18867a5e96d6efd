//! Whose turn it is: restarts of `safety`, of a driver, and what both do to the epoch.

mod rig;

use rig::{Rig, arm};
use servomesh_safety::{Input, MAX_GROUPS, Parameters, StopCategory};
use servomesh_types::*;

#[test]
fn a_group_is_not_spoken_of_before_its_servo_state_was_heard() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    assert!(rig.states.is_empty());
    rig.run(1);
    let view = rig.view(arm());
    assert_eq!((view.mode, view.fault), (SafetyMode::Normal, None));
    assert_eq!(view.epoch, Epoch::NONE.next(rig.now));
}

#[test]
fn a_restarted_safety_closes_its_gates_until_a_reset() {
    for mode in [DriveMode::Enabled, DriveMode::Stopping, DriveMode::Disabled] {
        let mut rig = Rig::new(Parameters::default(), &[arm()]);
        let before = Epoch(rig.now.as_nanos() as u64 + 5_000_000_000);
        let drive = rig.drive(arm());
        (drive.epoch, drive.mode, drive.stuck, drive.swing) = (before, mode, true, Some(0.5));
        rig.run(50);
        let view = rig.view(arm());
        assert_eq!(
            (view.mode, view.fault),
            (SafetyMode::Stopped, Some(Fault::SafetyRestarted)),
            "{mode:?}"
        );
        assert!(
            view.epoch > before,
            "it goes on above its predecessor, even if that had another clock"
        );
        assert!(
            rig.commands.is_empty(),
            "whatever was commanded before is not known"
        );

        let drive = rig.drive(arm());
        (drive.mode, drive.stuck) = (DriveMode::Disabled, false);
        rig.run(2);
        assert!(rig.reset().0);
        rig.run(100);
        assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
        assert!(rig.counts(arm()).passed > 50);
    }
}

#[test]
fn a_restarted_safety_does_not_cut_the_torque_of_what_moves() {
    let category_one = Parameters {
        stop_category: StopCategory::One,
        ..Parameters::default()
    };
    let mut rig = Rig::new(category_one, &[arm()]);
    let drive = rig.drive(arm());
    (drive.epoch, drive.mode, drive.stuck) = (Epoch(7), DriveMode::Enabled, true);
    rig.run(50);
    assert_eq!(rig.fault_code(arm()), Some(2));
    assert!(
        rig.commands.is_empty(),
        "its driver comes to a stop by itself, and then switches off"
    );
}

#[test]
fn a_driver_that_restarts_under_way_closes_the_gate() {
    let mut rig = Rig::swinging();
    let drive = rig.drive(arm());
    (drive.epoch, drive.mode, drive.stuck) = (Epoch::NONE, DriveMode::Disabled, true);
    drive.velocity = JointVec::zeros(2);
    rig.run(1);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Off, Some(12))
    );
    let before = rig.commands.len();
    rig.drive(arm()).stuck = false;
    rig.run(100);
    assert!(
        rig.commands_since(before).is_empty(),
        "a command would enable the new driver"
    );
    assert!(rig.reset().0);
    rig.run(100);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
}

#[test]
fn a_driver_that_restarts_while_nothing_flows_is_no_fault() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).speaks = false;
    rig.run(500);
    rig.drive(arm()).speaks = true;
    rig.drive(arm()).swing = Some(0.5);
    rig.run(100);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
}

#[test]
fn the_same_description_again_changes_nothing() {
    let mut rig = Rig::swinging();
    let states = rig.states.len();
    rig.give(Input::Group(rig::description(arm())));
    rig.run(100);
    assert_eq!((rig.mode(arm()), rig.states.len()), (SafetyMode::Normal, states));
}

#[test]
fn another_description_under_way_closes_the_gate_and_its_limits_hold_after_the_reset() {
    let mut rig = Rig::swinging();
    let mut slower = rig::description(arm());
    for joint in &mut slower.joints {
        joint.limits = JointLimits::new((-2.0, 2.0), 0.5, 10.0, 100.0, 50.0).unwrap();
    }
    rig.give(Input::Group(slower));
    let drive = rig.drive(arm());
    (drive.epoch, drive.mode, drive.velocity) = (Epoch::NONE, DriveMode::Disabled, JointVec::zeros(2));
    rig.run(20);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopped, Some(12))
    );
    assert_eq!(
        rig.events
            .iter()
            .filter(|event| event.kind == EventKind::Fault)
            .count(),
        1
    );
    assert!(rig.reset().0);
    rig.run(300);
    assert!(matches!(rig.view(arm()).fault, Some(Fault::Velocity(e)) if (e.limit - 0.505).abs() < 1e-9));
}

#[test]
fn epochs_only_grow() {
    let mut rig = Rig::swinging();
    let mut last = rig.view(arm()).epoch;
    for _ in 0..5 {
        rig.stop();
        rig.run(300);
        assert_eq!(
            rig.view(arm()).epoch,
            last,
            "a stop goes on in its epoch, or a driver far behind would refuse it"
        );
        assert!(rig.reset().0);
        assert!(rig.view(arm()).epoch > last);
        last = rig.view(arm()).epoch;
        rig.run(200);
    }
}

#[test]
fn a_group_that_cannot_be_gated_is_not_admitted_and_said_so() {
    let mut rig = Rig::new(Parameters::default(), &[]);
    let mut empty = rig::description(arm());
    empty.joints.clear();
    rig.give(Input::Group(empty));
    assert_eq!(
        rig.events[0].text,
        "arm: not admitted: 0 joints, but a group has 1 to 16"
    );
    for i in 0..=MAX_GROUPS {
        let name = GroupName::new(&format!("group_{i}")).unwrap();
        rig.give(Input::Group(rig::description(name)));
    }
    assert_eq!(
        rig.events[1].text,
        "group_16: not admitted: there are 16 groups already"
    );
}
