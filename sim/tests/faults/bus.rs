//! Frames and drives that fall silent.

use super::{WHEEL, fault, machine};
use servomesh_driver::bus::DriveCommand as Frame;
use servomesh_sim::faults::Kind;
use servomesh_sim::{Hardware, Wiring};
use servomesh_types::fault::DriveFault;
use servomesh_types::{GroupName, JointVec, Stamp};

fn hardware(seed: u64) -> (Hardware, GroupName) {
    let (model, servos) = machine();
    let wiring = "watchdog_s: 0.05\nbuses:\n  arm: { rate_hz: 500, joints: [{ name: wheel, start: 0 }, { name: hinge, start: 0 }] }\n";
    let wiring = Wiring::from_yaml_str(wiring).expect("the wiring is one");
    let mut hardware = Hardware::new(&model, &servos, &wiring, Stamp::ZERO).expect("they fit");
    hardware.set_seed(seed);
    (hardware, GroupName::new("arm").expect("a name"))
}

/// Answers each frame for `ms` with a current in the wheel's motor; the cycles that were heard.
fn answer(hardware: &mut Hardware, arm: GroupName, ms: u32, current_a: f64) -> Vec<u64> {
    let mut heard = Vec::new();
    for _ in 0..ms {
        hardware.step();
        while let Some((_, status)) = hardware.poll() {
            heard.push(status.cycle);
            let frame = Frame {
                cycle: status.cycle,
                enable: true,
                clear_faults: status.fault.iter().any(Option::is_some),
                current_a: JointVec::from_fn(2, |joint| if joint == WHEEL { current_a } else { 0.0 }),
                ..Frame::default()
            };
            hardware.command(arm, &frame).expect("a frame for two joints");
        }
    }
    heard
}

#[test]
fn frames_get_lost_by_their_share_in_both_directions() {
    let seed = 3;
    println!("seed {seed}");
    let lossy = |seed| {
        let (mut hardware, arm) = hardware(seed);
        let id = hardware
            .inject(fault(Kind::FramesLost, "arm", 0.3), None)
            .unwrap();
        let heard = answer(&mut hardware, arm, 10_000, 0.0);
        let lost = hardware.frames_lost(arm);
        assert!(hardware.clear(id));
        assert_eq!(
            answer(&mut hardware, arm, 200, 0.0).len(),
            100,
            "all arrive again"
        );
        assert_eq!(hardware.frames_lost(arm), lost);
        (heard, lost)
    };
    let (heard, lost) = lossy(seed);
    assert!(
        (3350..3650).contains(&heard.len()),
        "0.7 of 5000: {}",
        heard.len()
    );
    let commands = lost - (5000 - heard.len() as u64);
    assert!((950..1150).contains(&commands), "0.3 of the answers: {commands}");
    assert_eq!((heard, lost), lossy(seed));
    assert_ne!(lossy(seed).0, lossy(seed + 1).0);
}

#[test]
fn a_burst_swallows_its_frames_in_a_row_and_is_over() {
    let (mut hardware, arm) = hardware(1);
    answer(&mut hardware, arm, 20, 0.0);
    hardware.inject(fault(Kind::FrameBurst, "", 7.0), None).unwrap();
    assert_eq!(hardware.faults().len(), 1);
    let heard = answer(&mut hardware, arm, 40, 0.0);
    assert_eq!(
        heard,
        (18..=30).collect::<Vec<_>>(),
        "cycles 11 to 17 are missing"
    );
    assert!(hardware.faults().is_empty());
    assert_eq!(hardware.frames_lost(arm), 7);
    hardware
        .inject(fault(Kind::FrameBurst, "arm", 1000.0), None)
        .unwrap();
    assert!(answer(&mut hardware, arm, 20, 0.0).is_empty());
    assert_eq!(hardware.clear_at("arm"), 1);
    assert_eq!(answer(&mut hardware, arm, 20, 0.0).len(), 10);
    let error = hardware
        .inject(fault(Kind::FrameBurst, "leg", 3.0), None)
        .unwrap_err();
    assert!(error.to_string().contains("arm"), "{error}");
}

#[test]
fn a_silent_drive_silences_its_bus_and_stops_itself() {
    let (mut hardware, arm) = hardware(1);
    answer(&mut hardware, arm, 300, 0.3);
    assert!(hardware.plant().velocities()[WHEEL] > 3.0);
    let id = hardware
        .inject(fault(Kind::DriveSilent, "wheel", 0.0), None)
        .unwrap();
    assert!(answer(&mut hardware, arm, 1000, 0.3).is_empty());
    let state = hardware.plant().drive(WHEEL);
    assert_eq!(state.fault, Some(DriveFault::Watchdog));
    assert!(state.brake_engaged && hardware.plant().velocities()[WHEEL].abs() < 1e-3);
    hardware.clear(id);
    answer(&mut hardware, arm, 300, 0.3);
    assert!(hardware.plant().drive(WHEEL).enabled);
    assert!(hardware.plant().velocities()[WHEEL] > 3.0);
}
