//! Safety functions on request, modes, derating, and what a collision leads to.

#![allow(clippy::unwrap_used)]

mod rig;

use rig::{Rig, arm};
use servomesh_safety::lattice::{Action, Policy};
use servomesh_safety::{Function, Input, StopCategory};
use servomesh_types::fault::Exceeded;
use servomesh_types::*;

const FILE: &str = "
groups:
  arm:
    joints: [shoulder, elbow]
    warm_degc: 90
    retreat: 0.05
    reduced: { velocity: 0.2, tool_speed: 0.25 }
clearance: 0.01
";

fn speed(rig: &Rig) -> f64 {
    rig.last_command(arm()).setpoint.velocity.max_abs()
}

#[test]
fn safe_torque_off_is_off_at_once_and_waits_for_a_reset() {
    let mut rig = Rig::swinging();
    assert!(speed(&rig) > 0.1);
    assert_eq!(
        rig.function(Function::TorqueOff),
        (true, "arm: safe torque off requested".into())
    );
    assert_eq!(rig.last_command(arm()).mode, CommandMode::Off);
    assert_eq!(
        (rig.mode(arm()), rig.view(arm()).severity),
        (SafetyMode::Off, Severity::Stop0)
    );
    rig.run(10);
    assert!(rig.reset().0);
    rig.run(10);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
}

#[test]
fn safe_stops_1_and_2_ramp_down_whatever_the_groups_category() {
    for (function, end) in [
        (Function::Stop1, SafetyMode::Off),
        (Function::Stop2, SafetyMode::Stopped),
    ] {
        let mut rig = Rig::swinging();
        rig.function(function);
        assert_eq!(rig.mode(arm()), SafetyMode::Stopping);
        assert_eq!(rig.last_command(arm()).mode, CommandMode::Track);
        rig.run(300);
        assert_eq!(rig.mode(arm()), end);
    }
}

#[test]
fn a_stop_becomes_more_severe_and_never_less() {
    let mut rig = Rig::swinging();
    rig.function(Function::Stop2);
    rig.run(2);
    rig.function(Function::Stop1);
    rig.function(Function::Stop2);
    rig.run(300);
    assert_eq!(
        (rig.mode(arm()), rig.view(arm()).severity),
        (SafetyMode::Off, Severity::Stop1)
    );
    let codes: Vec<_> = rig
        .view(arm())
        .active
        .iter()
        .map(|active| active.fault.code())
        .collect();
    assert_eq!(codes, [7, 6], "both are told, the first cause first");
    assert_eq!(rig.fault_code(arm()), Some(7));
}

#[test]
fn a_function_for_a_group_that_is_not_there_is_refused_with_those_that_are() {
    let mut rig = Rig::swinging();
    rig.give(Input::Function {
        request: 1,
        group: "leg".into(),
        function: Function::TorqueOff,
    });
    let (_, granted, text) = rig.answers.last().unwrap().clone();
    assert_eq!(
        (granted, text.as_str()),
        (false, "there is no group leg; there are: arm")
    );
    assert_eq!(rig.mode(arm()), SafetyMode::Normal);
}

#[test]
fn reduced_limits_are_enforced_once_there_was_time_to_slow_down() {
    let mut rig = Rig::swinging_set_up(FILE);
    rig.function(Function::Reduced(true));
    let view = rig.view(arm());
    assert!(view.reduced && (view.speed_scale - 0.2).abs() < 1e-12 && view.modelled);
    rig.run(990);
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.view(arm()).fault);
    // The trajectory of this rig does not slow down: it swings at up to 1 rad/s.
    rig.run(1000);
    assert!(
        matches!(
            rig.view(arm()).fault,
            Some(Fault::Velocity(_) | Fault::ToolSpeed { .. })
        ),
        "{:?}",
        rig.view(arm()).fault
    );
}

#[test]
fn turning_the_mode_selector_stops_and_manual_mode_needs_the_enabling_device() {
    let mut rig = Rig::swinging_set_up(FILE);
    rig.select(OperatingMode::Manual);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopping, Some(3))
    );
    rig.drive(arm()).swing = None;
    rig.run(300);
    let (granted, text) = rig.reset();
    assert_eq!(
        (granted, text.as_str()),
        (false, "refused arm: the enabling device is not held")
    );
    rig.give(Input::Enabling { held: true });
    assert!(rig.view(arm()).resettable);
    assert!(rig.reset().0);
    // As long as it says that it is held, the position is held under power.
    for _ in 0..50 {
        rig.run(10);
        rig.give(Input::Enabling { held: true });
    }
    assert_eq!(rig.mode(arm()), SafetyMode::Normal, "{:?}", rig.view(arm()).fault);
    rig.run(120);
    assert!(matches!(rig.view(arm()).fault, Some(Fault::EnablingSilent(_))));
    rig.give(Input::Enabling { held: true });
    assert!(rig.reset().0);
    rig.give(Input::Enabling { held: false });
    assert_eq!(rig.fault_code(arm()), Some(4), "let go");
}

#[test]
fn in_manual_mode_the_tool_is_held_to_a_quarter_of_a_metre_a_second() {
    let file = FILE.replace("velocity: 0.2, tool_speed: 0.25", "velocity: 1");
    let mut rig = Rig::swinging_set_up(&file.replace("retreat", "tool: { link: tool }\n    retreat"));
    rig.select(OperatingMode::Manual);
    rig.run(300);
    rig.give(Input::Enabling { held: true });
    assert!(rig.reset().0);
    for _ in 0..100 {
        rig.give(Input::Enabling { held: true });
        rig.run(5);
        if rig.mode(arm()) != SafetyMode::Normal {
            break;
        }
    }
    let Some(Fault::ToolSpeed { value, limit }) = rig.view(arm()).fault else {
        panic!("{:?}", rig.view(arm()).fault);
    };
    assert!(value > limit && (limit - 0.2525).abs() < 1e-9, "{value} {limit}");
}

#[test]
fn a_winding_that_gets_warm_slows_the_group_down_before_it_is_too_hot() {
    let mut rig = Rig::swinging_set_up(FILE);
    let mut scale_at = |degc: f64| {
        rig.drive(arm()).temperature_degc = JointVec::from([30.0, degc]);
        rig.run(2);
        let view = rig.view(arm());
        (
            view.mode,
            view.severity,
            (view.speed_scale * 100.0).round() as i32,
        )
    };
    assert_eq!(scale_at(89.0), (SafetyMode::Normal, Severity::Normal, 100));
    assert_eq!(scale_at(100.5), (SafetyMode::Normal, Severity::Derate, 40));
    assert_eq!(scale_at(109.0), (SafetyMode::Normal, Severity::Derate, 20));
    assert_eq!(
        scale_at(84.0),
        (SafetyMode::Normal, Severity::Normal, 100),
        "it clears itself"
    );
    assert_eq!(scale_at(111.0).0, SafetyMode::Stopping);
}

#[test]
fn after_a_collision_the_group_goes_back_a_little_and_stands() {
    let mut rig = Rig::swinging_set_up(FILE);
    rig.drive(arm()).hit.insert(1);
    rig.drive(arm()).touched.insert(1);
    rig.run(1);
    assert_eq!(
        (rig.mode(arm()), rig.fault_code(arm())),
        (SafetyMode::Stopping, Some(60))
    );
    let mut farthest: f64 = 0.0;
    while rig.mode(arm()) == SafetyMode::Stopping {
        farthest = farthest.max(rig.last_command(arm()).setpoint.position[1]);
        rig.run(1);
    }
    assert_eq!(rig.mode(arm()), SafetyMode::Stopped);
    let back = farthest - rig.last_command(arm()).setpoint.position[1];
    assert!((0.045..0.08).contains(&back), "{back}");
    assert!(!rig.view(arm()).resettable, "it still touches");
    rig.drive(arm()).touched = JointSet::EMPTY;
    rig.run(2);
    assert!(rig.reset().0);
    rig.run(5);
    assert_eq!(
        rig.mode(arm()),
        SafetyMode::Normal,
        "what was hit before the reset is no new collision"
    );
}

#[test]
fn a_fault_that_needs_a_power_cycle_waits_for_a_restart_of_the_drive() {
    let mut rig = Rig::swinging_set_up(&FILE.replace("retreat", "power_cycle: [encoder_stuck]\n    retreat"));
    let stuck = Fault::EncoderStuck(Exceeded {
        joint: 0,
        value: 0.2,
        limit: 0.1,
    });
    rig.drive(arm()).doubt = Some(stuck);
    rig.run(300);
    assert_eq!(
        (rig.mode(arm()), rig.view(arm()).severity),
        (SafetyMode::Off, Severity::Stop0)
    );
    rig.drive(arm()).doubt = None;
    rig.run(2);
    assert!(
        !rig.reset().0,
        "its cause is gone, but the drive was not restarted"
    );
    let active = *rig.view(arm()).active.iter().next().unwrap();
    assert_eq!(active.what_clears(), "a restart of the drives, then a reset");
    rig.drive(arm()).epoch = Epoch::NONE;
    rig.run(2);
    assert!(rig.reset().0);
}

#[test]
fn no_ramp_is_driven_by_an_encoder_that_lies() {
    let beyond = Exceeded {
        joint: 1,
        value: 0.2,
        limit: 0.1,
    };
    for fault in [
        Fault::EncoderStuck(beyond),
        Fault::EncoderStep(beyond),
        Fault::EncoderDrift(beyond),
    ] {
        let mut rig = Rig::swinging();
        rig.drive(arm()).doubt = Some(fault);
        rig.run(1);
        assert_eq!(rig.mode(arm()), SafetyMode::Off, "{fault:?}");
        assert_eq!(rig.last_command(arm()).mode, CommandMode::Off, "{fault:?}");
    }
    let refused = Policy::new(StopCategory::Two, [("encoder_step", Action::Stop1)]).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("encoder_step") && text.contains("Stop0"), "{text}");
}

#[test]
fn what_a_stop_would_take_is_known_at_any_time() {
    let mut rig = Rig::swinging();
    let from = rig.last_command(arm()).setpoint.position;
    let told = rig.safety.state().group(arm()).unwrap().stopping.unwrap();
    let began = rig.now;
    rig.stop();
    while rig.mode(arm()) == SafetyMode::Stopping {
        rig.run(1);
    }
    let took = rig.now.seconds_from(began);
    assert!((told.time_s - took).abs() < 0.005, "{} {took}", told.time_s);
    let way = rig.last_command(arm()).setpoint.position[0] - from[0];
    assert!((told.distance[0] - way).abs() < 1e-6, "{:?} {way}", told.distance);
}
