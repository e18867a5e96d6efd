//! Drives that are not there, not what they should be, or not what they were: what is said, and that nothing is made up.

use std::time::Duration;

use servomesh_devices::{Mishap, Wire};
use servomesh_types::fault::DriveFault;
use servomesh_types::{DriveMode, EventKind, Fault, PowerState};

use crate::desk::{JOINTS, servos};
use crate::rig::{Bus, Rig};
use crate::{COUNT, motion};

fn second() -> Duration {
    Duration::from_secs(1)
}

#[test]
fn a_drive_that_is_missing_at_the_start_is_named_once_with_advice() {
    let bus = Bus {
        without: Some(4),
        ..Bus::default()
    };
    let mut rig = Rig::with(&servos("cst"), bus);
    rig.run(3 * second(), |_| None);
    assert!(
        rig.heard.states.is_empty(),
        "a group is not there before all of its joints are"
    );
    let said = rig.said("drive 4 (desk_forearm_roll_joint) does not answer: is it powered");
    assert_eq!(said, 1, "{}", rig.story());
    assert_eq!(rig.heard.notices.len(), 1, "{}", rig.story());
}

#[test]
fn two_drives_with_one_id_are_named() {
    let bus = Bus {
        twice: Some(2),
        ..Bus::default()
    };
    let mut rig = Rig::with(&servos("cst"), bus);
    rig.run(3 * second(), |_| None);
    let said = rig.said("drive 2 (desk_shoulder_joint): two drives answer to this node id");
    assert_eq!(said, 1, "{}", rig.story());
    assert_eq!(rig.heard.notices.len(), 1, "{}", rig.story());
    assert!(rig.heard.states.is_empty());
}

#[test]
fn another_product_than_the_file_says_is_refused() {
    let other = servos("cst").replace(
        "id: 5, mode: cst, product: 0x402",
        "id: 5, mode: cst, product: 0x777",
    );
    let mut rig = Rig::with(&other, Bus::default());
    rig.run(second(), |_| None);
    let said = rig.said("drive 5 (desk_wrist_pitch_joint) has product code 0x402, but 0x777 is configured");
    assert_eq!(said, 1, "{}", rig.story());
}

#[test]
fn drives_at_another_bit_rate_are_said_to_be_a_bus_where_nobody_answers() {
    let bus = Bus {
        bit_rate: Some(500_000),
        ..Bus::default()
    };
    let mut rig = Rig::with(&servos("cst"), bus);
    rig.run(3 * second(), |_| None);
    assert_eq!(
        rig.said("no drive answers at 1000000 bit/s: is that the bus's bit rate"),
        1,
        "{}",
        rig.story()
    );
    assert_eq!(rig.heard.notices.len(), 1, "{}", rig.story());
}

#[test]
fn a_joint_that_is_wider_than_its_drive_is_refused() {
    let mut rig = Rig::linked(|settings| settings.drives[2].velocity = 700_000.0);
    rig.run(second(), |_| None);
    assert_eq!(
        rig.said(
            "drive 3 (desk_elbow_joint): a velocity of 700000.000 counts/s is beyond what the drive takes, 655360.000 counts/s"
        ),
        1,
        "{}",
        rig.story()
    );
    let mut rig = Rig::linked(|settings| settings.drives[0].current_limit_a = 5.0);
    rig.run(second(), |_| None);
    assert_eq!(
        rig.said(
            "drive 1 (desk_waist_joint): a current limit of 5.000 A is beyond what the drive takes, 3.000 A"
        ),
        1,
        "{}",
        rig.story()
    );
}

#[test]
fn a_drive_that_reboots_in_motion_is_a_fault_at_once_and_comes_back_after_a_reset() {
    let mut rig = Rig::enabled("cst");
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 600 {
            rig.bus.suffer(2, Mishap::Reboot);
        }
    });
    let story = rig.story();
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{story}");
    assert_eq!(
        rig.said("drive 3 (desk_elbow_joint) was started anew"),
        1,
        "{story}"
    );
    assert_eq!(rig.said("all drives of the bus answer"), 1, "{story}");
    let worst = rig.worst_measurement(first);
    assert!(worst < COUNT, "{worst} rad\n{story}");
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_drive_that_falls_silent_in_motion_is_a_fault_and_comes_back() {
    let mut rig = Rig::enabled("csv");
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        600 => rig.bus.suffer(0, Mishap::PowerLost),
        2000 => rig.bus.suffer(0, Mishap::PowerBack),
        _ => {}
    });
    let story = rig.story();
    let silent = Fault::ServoSilent {
        joint: 0,
        lasting: Duration::ZERO,
    };
    assert!(
        rig.heard
            .states
            .iter()
            .any(|state| state.fault.is_some_and(|fault| fault.code() == silent.code())),
        "{story}"
    );
    assert_eq!(
        rig.said("drive 1 (desk_waist_joint) does not answer"),
        1,
        "{story}"
    );
    assert_eq!(rig.said("all drives of the bus answer"), 1, "{story}");
    let worst = rig.worst_measurement(first);
    assert!(worst < COUNT, "{worst} rad\n{story}");
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

#[test]
fn a_drive_that_overheats_says_so_by_name_and_is_reset_once_it_is_cool() {
    let mut rig = Rig::enabled("csp");
    rig.bus.suffer(3, Mishap::Heat(Some(90.0)));
    motion::run(&mut rig);
    let hot = Fault::Drive {
        joint: 3,
        kind: DriveFault::Overheated,
    };
    assert!(
        rig.heard.states.iter().any(|state| state.fault == Some(hot)),
        "{}",
        rig.story()
    );
    assert_eq!(rig.said("emergency 4310h: drive too hot"), 1, "{}", rig.story());
    rig.bus.suffer(3, Mishap::Heat(None));
    rig.run(second(), |_| None); // its temperature is asked for now and then
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
}

/// Runs the motion with the bus interrupted from 700 to 900 ms by `set`, and goes on with a new epoch.
fn interrupted(set: impl Fn(&mut Rig, bool)) -> Rig {
    let mut rig = Rig::enabled("cst");
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        700 => set(rig, false),
        900 => set(rig, true),
        _ => {}
    });
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{}", rig.story());
    assert!(rig.speed() < 1e-2, "{} rad/s", rig.speed());
    let worst = rig.worst_measurement(first);
    assert!(worst < COUNT, "{worst} rad");
    let before = rig.truth();
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    let after = rig.truth();
    for joint in 0..JOINTS {
        assert!(
            (after[joint] - before[joint]).abs() < 0.01,
            "joint {joint} jumped: {before:?} {after:?}"
        );
    }
    rig
}

#[test]
fn an_adapter_unplugged_for_a_fifth_of_a_second_stops_the_arm_which_goes_on_after_a_reset() {
    let rig = interrupted(Rig::set_adapter);
    assert!(
        rig.story().contains("no frame from the drives"),
        "{}",
        rig.story()
    );
}

#[test]
fn a_cable_unplugged_for_a_fifth_of_a_second_stops_the_arm_which_goes_on_after_a_reset() {
    let rig = interrupted(|rig, there| rig.bus.set_plugged(there));
    // Each drive has missed the driver's heartbeat, and says so.
    assert!(rig.said("heartbeat or guarding lost") > 0, "{}", rig.story());
}

#[test]
fn a_driver_that_dies_leaves_drives_that_stop_by_their_own_watchdogs() {
    for mode in ["cst", "csv", "csp"] {
        let mut rig = Rig::enabled(mode);
        let mut in_motion = 0.0;
        motion::run_with(&mut rig, |rig, since| {
            if since.as_millis() == 700 {
                in_motion = rig.speed();
                rig.die();
            }
        });
        assert!(in_motion > 0.5, "{mode}: {in_motion} rad/s");
        assert!(rig.speed() < 1e-2, "{mode}: {} rad/s", rig.speed());
    }
}

#[test]
fn silence_of_commands_is_a_quick_stop_under_torque_and_then_off() {
    let mut rig = Rig::enabled("cst");
    let begin = rig.now;
    let motion = motion::Motion { begin };
    let (first, said) = (rig.heard.states.len(), rig.heard.events.len());
    rig.run(2 * second(), |now| {
        (now.since(begin) < Duration::from_millis(700)).then(|| motion.at(now))
    });
    let powers: Vec<PowerState> = rig.heard.states[first..]
        .iter()
        .map(|state| state.power)
        .collect();
    let mut steps = powers.clone();
    steps.dedup();
    assert_eq!(
        steps,
        [
            PowerState::OperationEnabled,
            PowerState::QuickStopActive,
            PowerState::ReadyToSwitchOn
        ],
        "{}",
        rig.story()
    );
    assert!(rig.speed() < 1e-2, "{} rad/s", rig.speed());
    let faults = rig.heard.events[said..]
        .iter()
        .filter(|event| event.kind == EventKind::Fault);
    assert!(faults.count() <= 1, "{}", rig.story()); // that commands are silent
}

#[test]
fn what_holds_already_is_not_written_again() {
    let mut rig = Rig::enabled("cst");
    let downloads = |rig: &Rig| {
        let text = String::from_utf8(rig.heard.sent.clone()).unwrap();
        text.split('\r')
            .filter(|line| line.starts_with("t60") && line.get(5..6) == Some("2"))
            .count()
    };
    let first = downloads(&rig);
    rig.set_adapter(false);
    rig.run(Duration::from_millis(20), |_| None);
    rig.set_adapter(true);
    rig.run(Duration::from_millis(600), |_| None);
    let again = downloads(&rig) - first;
    assert!(first > 6 * 20, "{first} objects written at first");
    assert_eq!(again, 6, "each drive is told to switch off, and nothing else");
    assert_eq!(rig.state().power, PowerState::Fault, "{}", rig.story());
}
