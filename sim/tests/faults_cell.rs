//! The whole cell with something broken: what is dangerous stops the arm, what is not does not, and after a repair and a reset it goes on.

mod support;

use servomesh_sim::faults::{Fault, Kind};
use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig};
use servomesh_trajectory::{GoalId, Status};
use servomesh_types::{DriveMode, SafetyMode, SafetyState};
use std::time::Duration;
use support::{arm_speed, move_by};

fn cell() -> Cell {
    let files = CellFiles::default_cell().expect("the default cell's files are sound");
    let mut cell = Cell::new(&files, NetworkConfig::default(), 5).expect("they fit each other");
    let driven = |cell: &Cell| {
        let arm = cell.servo_state("arm");
        arm.is_some_and(|state| state.mode == DriveMode::Enabled)
    };
    assert!(
        cell.run_until(Duration::from_secs(1), driven),
        "{:?}",
        cell.events()
    );
    cell
}

fn succeeds(cell: &mut Cell, id: GoalId) -> bool {
    cell.run_until(Duration::from_secs(10), |cell| cell.outcome(id).is_some());
    cell.outcome(id)
        .is_some_and(|outcome| outcome.status == Status::Succeeded)
}

fn inject(cell: &mut Cell, (kind, target, value): (Kind, &str, f64)) {
    let fault = Fault::new(kind, target, value).expect("the figure is possible");
    cell.hardware().inject(fault, None).expect("the target is there");
}

#[test]
fn a_dangerous_fault_in_motion_stops_the_arm_and_after_a_repair_it_goes_on() {
    for fault in [
        (Kind::EncoderStuck, "elbow_joint", 0.0),
        (Kind::EncoderStep, "elbow_joint", 0.3),
        (Kind::DriveSilent, "wrist_2_joint", 0.0),
        (Kind::FramesLost, "arm", 1.0),
        (Kind::GearJammed, "shoulder_pan_joint", 0.0),
        (Kind::SupplySag, "arm", 0.3),
    ] {
        println!("{fault:?}");
        let mut cell = cell();
        let id = move_by(&mut cell, 0.7);
        cell.run_for(Duration::from_millis(400));
        assert!(arm_speed(&mut cell) > 0.2, "the arm moves");
        inject(&mut cell, fault);
        let broken_at = cell.now();
        let noticed = cell.run_until(Duration::from_secs(5), |cell| {
            let mode = cell.safety().map(SafetyState::mode);
            mode.is_some_and(|mode| mode != SafetyMode::Normal)
        });
        assert!(noticed, "{fault:?}");
        println!("    noticed after {:.2} s", cell.now().seconds_from(broken_at));
        // The bus lives on its capacitor for a while: that motion may have ended before.
        assert!(
            fault.0 == Kind::SupplySag || !succeeds(&mut cell, id),
            "{fault:?}"
        );
        cell.run_for(Duration::from_secs(2));
        assert!(arm_speed(&mut cell) < 1e-3, "{fault:?}: the arm stands");
        assert!(cell.hardware().clear_at(fault.1) > 0);
        let granted = (0..50).any(|_| {
            cell.run_for(Duration::from_millis(100));
            cell.reset()
        });
        assert!(granted, "{fault:?}: {:?}", cell.safety());
        cell.run_for(Duration::from_millis(300));
        let id = move_by(&mut cell, 0.1);
        assert!(succeeds(&mut cell, id), "{fault:?}: {:?}", cell.outcome(id));
    }
}

#[test]
fn a_fault_that_can_be_borne_costs_accuracy_but_no_stop() {
    for fault in [
        (Kind::FrameBurst, "arm", 3.0),
        (Kind::FramesLost, "arm", 0.05),
        (Kind::EncoderNoise, "elbow_joint", 3e-5),
        (Kind::GearRough, "elbow_joint", 1.5),
        (Kind::SupplySag, "arm", 0.9),
        (Kind::PayloadChanged, "tool0", 0.5),
        (Kind::BeltStopped, "conveyor_belt_joint", 0.0),
    ] {
        println!("{fault:?}");
        let mut cell = cell();
        let id = move_by(&mut cell, 0.5);
        cell.run_for(Duration::from_millis(300));
        inject(&mut cell, fault);
        assert!(succeeds(&mut cell, id), "{fault:?}: {:?}", cell.outcome(id));
        let mode = cell.safety().map(SafetyState::mode);
        assert_eq!(mode, Some(SafetyMode::Normal), "{fault:?}");
    }
}
