//! What the gate does with one setpoint: let it through, drop it, or stop.

mod rig;

use rig::{Rig, arm};
use servomesh_safety::{Input, Parameters};
use servomesh_types::*;
use std::time::Duration;

/// Gives one setpoint, made from the one that is due, to an arm that swings.
fn given(change: impl FnOnce(&mut Setpoint)) -> Rig {
    let mut rig = Rig::swinging();
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).expect("it streams");
    change(&mut setpoint);
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    rig
}

fn refused(change: impl FnOnce(&mut Setpoint)) -> Fault {
    let mut rig = given(change);
    let view = rig.view(arm());
    assert_eq!(view.mode, SafetyMode::Stopping, "{:?}", rig.events);
    assert!(rig.counts(arm()).unsafe_setpoints == 1);
    let event = rig.events.last().expect("a fault is an event");
    assert_eq!(event.kind, EventKind::Fault);
    assert!(!view.resettable, "it still moves");
    rig.run(250);
    assert_eq!(rig.mode(arm()), SafetyMode::Stopped);
    view.fault.expect("a gate that stops says why")
}

fn dropped(change: impl FnOnce(&mut Setpoint)) -> servomesh_safety::Counts {
    let rig = given(change);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    rig.counts(arm())
}

#[test]
fn a_safe_setpoint_is_answered_at_once_and_unchanged_but_for_its_number() {
    let mut rig = Rig::swinging();
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).unwrap();
    setpoint.effort = JointVec::from([1.0, -2.0]);
    setpoint.effort_limit = JointVec::from([40.0, 50.0]);
    let before = rig.commands.len();
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    let [(when, _, command)] = rig.commands_since(before) else {
        panic!("one command for one setpoint")
    };
    assert_eq!((*when, command.mode), (rig.now, CommandMode::Track));
    let seq = command.setpoint.tag.seq;
    let renumbered = Setpoint {
        tag: StreamTag { seq, ..setpoint.tag },
        ..setpoint
    };
    assert_eq!(command.setpoint, renumbered);
}

#[test]
fn efforts_beyond_what_the_joint_can_give_are_capped() {
    let rig = given(|setpoint| {
        setpoint.effort = JointVec::from([1e6, -1e6]);
        setpoint.effort_limit = JointVec::from([-5.0, 1e6]);
    });
    let command = rig.last_command(arm()).setpoint;
    assert_eq!(command.effort, JointVec::from([50.0, -50.0]));
    assert_eq!(command.effort_limit, JointVec::from([0.0, 50.0]));
}

#[test]
fn a_setpoint_of_another_epoch_is_dropped_and_counted() {
    assert_eq!(dropped(|s| s.tag.epoch = Epoch(s.tag.epoch.0 - 1)).stale_epoch, 1);
    assert_eq!(dropped(|s| s.tag.epoch = Epoch(s.tag.epoch.0 + 1)).stale_epoch, 1);
}

#[test]
fn a_setpoint_that_comes_twice_or_late_is_dropped_and_counted() {
    assert_eq!(dropped(|s| s.tag.seq -= 1).out_of_order, 1);
    assert_eq!(
        dropped(|s| s.tag.stamp = s.tag.stamp - Duration::from_millis(2)).out_of_order,
        1
    );
}

#[test]
fn a_setpoint_past_its_validity_is_dropped_and_counted() {
    let counts = dropped(|s| {
        s.tag.stamp = s.tag.stamp - Duration::from_nanos(2);
        s.tag.valid_for = Duration::from_nanos(1);
    });
    assert_eq!(counts.untimely, 1);
}

#[test]
fn a_setpoint_too_far_ahead_is_dropped_and_counted() {
    assert_eq!(
        dropped(|s| s.tag.stamp = s.tag.stamp + Duration::from_millis(21)).untimely,
        1
    );
}

#[test]
fn a_setpoint_of_the_wrong_size_stops_the_group() {
    let fault = refused(|s| s.velocity = JointVec::zeros(3));
    assert_eq!(fault, Fault::WrongSize { got: 3, expected: 2 });
    assert_eq!(
        refused(|s| s.effort = JointVec::zeros(1)),
        Fault::WrongSize { got: 1, expected: 2 }
    );
}

#[test]
fn a_setpoint_that_is_not_a_number_stops_the_group() {
    assert_eq!(
        refused(|s| s.position[1] = f64::NAN),
        Fault::NotFinite { joint: 1 }
    );
    assert_eq!(
        refused(|s| s.effort = JointVec::from([f64::INFINITY, 0.0])),
        Fault::NotFinite { joint: 0 }
    );
}

#[test]
fn a_setpoint_beyond_a_limit_stops_the_group_and_names_joint_value_and_limit() {
    let Fault::Position(e) = refused(|s| s.position[1] = 2.5) else {
        panic!("position")
    };
    assert!(
        e.joint == 1 && e.value >= 2.5 && (e.limit - 2.001).abs() < 1e-9,
        "{e:?}"
    );
    let Fault::Velocity(e) = refused(|s| s.velocity[0] = -3.5) else {
        panic!("velocity")
    };
    assert!(
        e.joint == 0 && (e.value - 3.5).abs() < 1e-9 && (e.limit - 3.03).abs() < 1e-9,
        "{e:?}"
    );
    let Fault::Acceleration(e) = refused(|s| s.acceleration[1] = 11.0) else {
        panic!("acceleration")
    };
    assert!(
        e.joint == 1 && (e.value - 11.0).abs() < 1e-9 && (e.limit - 10.1).abs() < 1e-9,
        "{e:?}"
    );
}

#[test]
fn a_setpoint_that_jumps_stops_the_group() {
    assert!(matches!(refused(|s| s.position[0] += 0.01), Fault::Jump(e) if e.joint == 0));
    // One that reverses at once is where its velocities do not lead.
    assert!(matches!(refused(|s| s.velocity[1] = -s.velocity[1]), Fault::Jump(e) if e.joint == 1));
}

#[test]
fn the_event_of_a_refusal_names_group_joint_value_and_limit() {
    let rig = given(|s| s.velocity[1] = 3.5);
    let text = &rig.events.last().unwrap().text;
    assert_eq!(
        text,
        "arm: joint elbow: velocity 3.5000 is beyond its limit 3.0300"
    );
}

#[test]
fn a_first_setpoint_far_from_the_measured_position_is_refused_and_nothing_moves() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).unwrap();
    setpoint.position[1] += 0.1;
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    rig.run(50);
    assert!(rig.commands.is_empty(), "{:?}", rig.commands);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopped, Some(25))
    );
    assert!(
        rig.view(arm()).resettable,
        "the next epoch may begin at the right place"
    );
}

#[test]
fn a_first_setpoint_at_another_speed_is_refused_and_nothing_moves() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).unwrap();
    setpoint.velocity[1] = 1.0;
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    assert!(rig.commands.is_empty());
    assert_eq!(rig.fault_code(arm()), Some(25));
}

#[test]
fn a_first_setpoint_beyond_a_limit_is_refused_and_nothing_moves() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    rig.tick_until(rig.now + rig::PERIOD);
    let mut setpoint = rig.planned(arm()).unwrap();
    setpoint.acceleration[1] = 11.0;
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    assert!(rig.commands.is_empty());
    assert_eq!(rig.fault_code(arm()), Some(24));
}

#[test]
fn a_first_setpoint_that_pulls_at_once_is_refused_and_nothing_moves() {
    // 100 rad/s³ for the 9 ms that a stream may be silent, and 5 % more.
    for (acceleration, fault) in [(0.9, None), (-0.9, None), (1.0, Some(26)), (-9.0, Some(26))] {
        let mut rig = Rig::new(Parameters::default(), &[arm()]);
        rig.run(3);
        rig.drive(arm()).swing = Some(0.5);
        rig.tick_until(rig.now + rig::PERIOD);
        let mut setpoint = rig.planned(arm()).unwrap();
        setpoint.acceleration[1] = acceleration;
        rig.give(Input::Setpoint {
            group: arm(),
            setpoint,
        });
        assert_eq!(rig.commands.is_empty(), fault.is_some(), "{acceleration}");
        assert_eq!(rig.fault_code(arm()), fault, "{acceleration}");
    }
}

#[test]
fn a_joint_found_beyond_its_end_stop_can_be_brought_back() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    rig.drive(arm()).position[1] = 2.3;
    rig.run(3);
    rig.drive(arm()).swing = Some(-0.5);
    rig.run(700);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.events);
    assert!(rig.drive(arm()).position[1] < 1.5);
    // Back inside, the end stop holds again.
    rig.run(1200);
    assert_eq!(rig.fault_code(arm()), Some(22));
}

#[test]
fn a_setpoint_for_a_group_that_was_never_heard_is_dropped() {
    let mut rig = Rig::new(Parameters::default(), &[arm()]);
    let setpoint = Setpoint {
        position: JointVec::zeros(2),
        ..Setpoint::default()
    };
    rig.give(Input::Setpoint {
        group: arm(),
        setpoint,
    });
    assert!(rig.commands.is_empty() && rig.states.is_empty());
    assert_eq!(rig.counts(arm()).closed, 1);
}
