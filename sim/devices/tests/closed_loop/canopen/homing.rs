//! Homing that drives do by themselves, within the homing of the driver: others are held, silence stops it, an error is a fault that says what to do.

use std::time::Duration;

use servomesh_driver::backends::{Backend, BackendError};
use servomesh_types::{DriveMode, Fault, JointSet};

use super::{Drives, arm, driver, servos};
use crate::conformance::SECOND;
use crate::desk::{JOINTS, START, bus, group, model};
use crate::rig::Rig;

const MODES: [&str; 4] = ["cst", "csv", "csp", "pp"];

/// Where the waist stands when its encoder reads its zero.
const ZERO: f64 = -0.5;

/// The servos file with a waist that only counts, and is homed by its drive.
fn counting(mode: &str, method: i8, effort: f64, position: f64) -> String {
    let servos = servos(mode);
    let (_, waist) = servos.split_once("  xm540: &xm540\n").unwrap();
    let (waist, _) = waist.split_once("  xm430: &xm430\n").unwrap();
    let waist = waist.replace("offset: -3.141592653589793", &format!("offset: {ZERO}"));
    let counting = format!(
        "counting: !incremental {{ mark: !drive {{ method: {method}, zero_velocity: 1.0 }}, velocity: 1.0, effort: {effort}, travel: 4.0, position: {position} }}"
    );
    servos
        .replace(
            "  xm430: &xm430\n",
            &format!("  waist: &waist\n{waist}    {counting}\n  xm430: &xm430\n"),
        )
        .replace("desk_waist_joint: *xm540", "desk_waist_joint: *waist")
}

/// Commands of a new epoch that homes, for so long.
fn home_for(rig: &mut Rig, duration: Duration) {
    let here: [f64; JOINTS] = rig.state().position[..].try_into().unwrap();
    rig.begin_home();
    rig.run(duration, |_| Some([here, [0.0; JOINTS], [0.0; JOINTS]]));
}

/// The arm, opened: no command moves it.
fn unhomed(mode: &str, method: i8, effort: f64, position: f64) -> Rig {
    let servos = counting(mode, method, effort, position);
    let mut rig = arm(driver(&servos), &servos, Drives::default());
    rig.run(Duration::from_millis(400), |_| None);
    assert_eq!(rig.state().unhomed, JointSet::from_bits(1), "{}", rig.story());
    rig
}

/// The other joints are where they were.
fn assert_others_stay(rig: &Rig) {
    let there = rig.truth();
    for joint in 1..JOINTS {
        let off = (there[joint] - START[joint]).abs();
        assert!(off < 0.02, "joint {joint} moved by {off} rad\n{}", rig.story());
    }
}

#[test]
fn a_drive_goes_home_by_itself_in_each_mode_and_the_arm_goes_on_from_there() {
    for mode in MODES {
        let mut rig = unhomed(mode, 33, 4.0, ZERO);
        home_for(&mut rig, 5 * SECOND);
        let story = rig.story();
        assert!(
            story.contains("joint desk_waist_joint is homed: its mark is at -0.5"),
            "{mode}: {story}"
        );
        assert_eq!(rig.state().unhomed, JointSet::EMPTY, "{mode}: {story}");
        rig.assert_mode(DriveMode::Disabled);
        let waist = rig.truth()[0];
        assert!(
            (waist - ZERO).abs() < 0.1,
            "{mode}: it stands at {waist} rad\n{story}"
        );
        assert_others_stay(&rig);
        let first = rig.heard.states.len();
        rig.assert_goes_on(0.01);
        rig.assert_true(first);
        assert_eq!(rig.heard.notices.len(), 0, "{mode}: {}", rig.story());
    }
}

/// The count jumps by 0.8 rad when the drive takes it: no velocity, no following error, no motion.
#[test]
fn a_count_that_jumps_to_its_home_moves_nothing() {
    for mode in MODES {
        let mut rig = unhomed(mode, 37, 4.0, 1.0);
        let (before, faults) = (rig.truth(), rig.heard.faults());
        home_for(&mut rig, SECOND);
        rig.assert_mode(DriveMode::Disabled);
        let position = rig.state().position[0];
        assert!(
            (position - 1.0).abs() < 0.01,
            "{mode}: {position} rad\n{}",
            rig.story()
        );
        rig.assert_near(before, 0.02);
        rig.assert_goes_on(0.01);
        let position = rig.state().position[0];
        assert!((position - 1.0).abs() < 0.01, "{mode}: {position} rad");
        assert_eq!(rig.heard.faults(), faults, "{mode}: {}", rig.story());
    }
}

fn assert_failed(rig: &Rig) {
    rig.assert_mode(DriveMode::Faulted);
    assert_eq!(
        rig.state().fault,
        Some(Fault::Homing { joint: 0 }),
        "{}",
        rig.story()
    );
    assert_eq!(rig.state().unhomed, JointSet::from_bits(1), "{}", rig.story());
    rig.assert_still();
}

#[test]
fn a_method_that_a_drive_does_not_have_is_named_and_a_fault() {
    let mut rig = unhomed("cst", 17, 4.0, 0.0);
    home_for(&mut rig, SECOND);
    assert_failed(&rig);
    rig.assert_said("drive 1 (desk_waist_joint) has no homing method 17: ");
    assert_others_stay(&rig);
}

#[test]
fn a_drive_that_is_blocked_on_its_way_home_says_so_and_can_be_homed_again() {
    let mut rig = unhomed("cst", 33, 0.02, ZERO);
    home_for(&mut rig, 2 * SECOND);
    assert_failed(&rig);
    rig.assert_said("drive 1 (desk_waist_joint) says that homing has failed (statusword bit 13)");
    // A newer epoch clears the fault; then it may try again, as vainly.
    home_for(&mut rig, SECOND);
    home_for(&mut rig, 2 * SECOND);
    assert_failed(&rig);
}

#[test]
fn silence_of_commands_stops_a_drive_on_its_way_home() {
    let mut rig = unhomed("csp", 33, 4.0, ZERO);
    home_for(&mut rig, Duration::from_millis(400));
    assert!(rig.fastest() > 0.1, "it is on its way\n{}", rig.story());
    rig.run(SECOND, |_| None);
    rig.assert_mode(DriveMode::Disabled);
    rig.assert_still();
    let waist = rig.truth()[0];
    assert!(
        waist > ZERO + 0.1 && waist < START[0] - 0.05,
        "it stopped on its way, at {waist} rad\n{}",
        rig.story()
    );
    assert_eq!(rig.state().unhomed, JointSet::from_bits(1));
    home_for(&mut rig, 5 * SECOND);
    assert_eq!(rig.state().unhomed, JointSet::EMPTY, "{}", rig.story());
}

#[test]
fn backends_whose_servos_have_no_homing_refuse_it() {
    let model = model();
    let servos = counting("cst", 33, 4.0, ZERO);
    let link = |servos: &str, params: &mut _| {
        Backend::Dynamixel
            .link(
                std::path::Path::new("/dev/ttyUSB0"),
                servos,
                bus(1_000_000),
                params,
            )
            .err()
    };
    let (_, error) = group(&model, &servos, 0..JOINTS, 500.0, Backend::Dynamixel).driver(link);
    let text = error
        .map(|error: BackendError| error.to_string())
        .unwrap_or_default();
    assert!(
        text.contains(
            "joint desk_waist_joint: mark: drive: servos of the backend dynamixel have no homing of their own"
        ),
        "{text}"
    );
}
