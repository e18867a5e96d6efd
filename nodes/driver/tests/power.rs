//! The power state of a group, and drives that lose their supply or start anew.

mod common;

use common::{Bench, DT, JOINTS, quintic};
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, EventKind, Fault, PowerState};

const REST: [f64; JOINTS] = [0.0; JOINTS];

fn drive_fault(bench: &Bench) -> Option<DriveFault> {
    match bench.state().fault {
        Some(Fault::Drive { kind, .. }) => Some(kind),
        _ => None,
    }
}

#[test]
fn the_way_to_torque_and_back_is_that_of_the_standard() {
    let mut bench = Bench::new();
    bench.cycles(3);
    assert_eq!(bench.state().power, PowerState::ReadyToSwitchOn);
    bench.hold(1, [0.4; JOINTS], 1);
    assert_eq!(bench.state().power, PowerState::SwitchedOn);
    bench.hold(1, [0.4; JOINTS], 5);
    assert_eq!(bench.state().power, PowerState::OperationEnabled);
    for k in 0..200 {
        let t = f64::from(k) * DT;
        let [p, v, a] = quintic(t, 0.8, 0.6);
        bench.track(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
        bench.cycle();
    }
    bench.cycles(30);
    assert_eq!(bench.state().power, PowerState::QuickStopActive);
    bench.cycles(200);
    assert_eq!(bench.state().power, PowerState::ReadyToSwitchOn);
}

#[test]
fn a_fault_is_reacted_to_until_the_torque_is_gone() {
    let mut bench = Bench::enabled();
    bench.winding_degc = 111.0;
    bench.cycle();
    assert_eq!(bench.state().power, PowerState::FaultReactionActive);
    bench.cycle();
    assert_eq!(bench.state().power, PowerState::Fault);
}

#[test]
fn a_supply_below_its_window_is_an_undervoltage_until_it_is_back_and_nothing_jumps() {
    let mut bench = Bench::enabled();
    bench.voltage_v = 12.0;
    bench.hold(1, [0.4; JOINTS], 3);
    assert_eq!(drive_fault(&bench), Some(DriveFault::Undervoltage));
    assert!(!bench.answer().enable);
    assert!(bench.heard(EventKind::Fault, "undervoltage; check the supply"));
    bench.hold(2, [0.4; JOINTS], 100);
    assert_eq!(
        drive_fault(&bench),
        Some(DriveFault::Undervoltage),
        "it is still low"
    );

    // Someone moves the joints meanwhile; the power comes back.
    bench.joints[0].position += 0.5;
    bench.cycles(100);
    bench.voltage_v = 48.0;
    bench.cycles(10);
    let there = [bench.joints[0].position, bench.joints[1].position];
    bench.hold(3, there, 300);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    let error = bench.joints[0].position - there[0];
    assert!(error.abs() < 5e-3, "{error}");
}

#[test]
fn without_a_supply_no_command_switches_on_and_it_is_said_why() {
    let mut bench = Bench::new();
    bench.voltage_v = 0.4;
    bench.cycles(3);
    assert_eq!(bench.state().power, PowerState::SwitchOnDisabled);
    assert_eq!(bench.state().fault, None);
    bench.hold(1, [0.4; JOINTS], 10);
    assert_eq!(bench.state().mode, DriveMode::Disabled);
    assert!(!bench.answer().enable);
    assert!(
        bench.heard(EventKind::Fault, "joint first: undervoltage, the drive has 0.4 V"),
        "{:?}",
        bench.events
    );
    bench.voltage_v = 48.0;
    bench.cycle();
    bench.hold(1, [0.4; JOINTS], 10);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
}

#[test]
fn drives_that_start_anew_under_way_lost_their_power_and_are_seeded_from_where_they_are() {
    let mut bench = Bench::enabled();
    bench.rebooted = true;
    bench.hold(1, [0.4; JOINTS], 1);
    assert_eq!(drive_fault(&bench), Some(DriveFault::LostPower));
    assert!(!bench.answer().enable);
    bench.cycles(5);
    bench.hold(1, [0.4; JOINTS], 5);
    assert!(!bench.answer().enable, "the epoch is used up");
    bench.joints[1].position -= 0.3;
    bench.cycles(50);
    let there = [bench.joints[0].position, bench.joints[1].position];
    let from = bench.states.len();
    bench.hold(2, there, 300);
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    for pair in bench.states[from..].windows(2) {
        let step = (pair[1].reference[1] - pair[0].reference[1]).abs();
        assert!(step < 1e-3, "{step}");
    }
}

#[test]
fn drives_that_never_get_torque_are_named() {
    let mut bench = Bench::new();
    bench.cycles(3);
    for _ in 0..300 {
        bench.rebooted = true;
        let there = [bench.joints[0].position, bench.joints[1].position];
        bench.track(1, [there, REST, REST]);
        bench.drives_only();
        let mut frame = bench.frame();
        frame.enabled = false;
        frame.without_torque.insert(1);
        bench.give(servomesh_driver::Input::Bus(frame));
    }
    assert_eq!(
        bench.state().fault,
        Some(Fault::Drive {
            joint: 1,
            kind: DriveFault::NotSwitchedOn
        })
    );
    assert!(bench.heard(EventKind::Fault, "joint second: drive: not switched on"));
}
