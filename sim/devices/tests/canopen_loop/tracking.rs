//! A motion over the CAN bus beside the same over the topics of the backend `sim`; and what a bad line does to it.

use std::time::Duration;

use servomesh_devices::LineFaults;
use servomesh_types::{DriveMode, EventKind};

use crate::desk::{JOINTS, servos};
use crate::motion::{self, Error};
use crate::rig::Rig;
use crate::{COUNT, topics};

/// Errors of a motion in a mode, which has to end under torque, and with positions that are true.
fn follow(mode: &str) -> Error {
    let mut rig = Rig::enabled(mode);
    let error = motion::run(&mut rig);
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{mode}: {}", rig.story());
    let worst = rig.worst_measurement(0);
    assert!(worst < COUNT, "{mode}: {worst} rad");
    error
}

#[test]
fn a_motion_is_followed_as_well_as_over_topics() {
    let topics = topics::run(&servos("cst"));
    let [cst, csv, csp] = ["cst", "csv", "csp"].map(follow);
    println!("topics {topics:?}\ncst {cst:?}\ncsv {csv:?}\ncsp {csp:?}");
    for (mode, error, rms, worst) in [
        ("cst", cst, 1.5, 1.6),
        ("csv", csv, 1.0, 1.4),
        ("csp", csp, 1.0, 1.0),
    ] {
        assert!(
            error.rms < rms * topics.rms && error.worst < worst * topics.worst,
            "topics {topics:?}, {mode} {error:?}"
        );
    }
}

#[test]
fn an_axis_is_placed_by_profiles() {
    let mut rig = Rig::enabled("pp");
    let (begin, start) = (rig.now, rig.truth());
    let speed = [0.1; JOINTS];
    rig.run(Duration::from_secs(2), |now| {
        let since_s = now.seconds_from(begin);
        Some([start.map(|start| start + 0.1 * since_s), speed, [0.0; JOINTS]])
    });
    rig.run(Duration::from_secs(1), |_| {
        Some([start.map(|start| start + 0.2), [0.0; JOINTS], [0.0; JOINTS]])
    });
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{}", rig.story());
    let there = rig.truth();
    for joint in 0..JOINTS {
        let off = there[joint] - start[joint] - 0.2;
        assert!(off.abs() < 0.01, "joint {joint} is {off} rad off");
    }
}

#[test]
fn one_lost_frame_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    for mode in ["cst", "csp"] {
        let whole = follow(mode);
        for seed in 1..=2 {
            let mut rig = Rig::enabled(mode);
            let (first, said) = (rig.heard.states.len(), rig.heard.events.len());
            rig.bus.set_seed(seed);
            rig.set_faults(&LineFaults {
                lost: 0.01,
                ..LineFaults::default()
            });
            let lossy = motion::run(&mut rig);
            println!("{mode}: whole {whole:?}, one in a hundred lost {lossy:?}");
            let story = rig.story();
            assert_eq!(
                rig.state().mode,
                DriveMode::Enabled,
                "{mode}, seed {seed}: {story}"
            );
            assert!(
                lossy.rms < 2.0 * whole.rms && lossy.worst < 2.0 * whole.worst,
                "{mode}, seed {seed}: {whole:?}, {lossy:?}"
            );
            assert!(rig.worst_measurement(first) < COUNT, "{mode}, seed {seed}");
            let aged = rig.heard.states[first..]
                .iter()
                .filter(|state| state.age_s.max_abs() > 0.0);
            assert!(aged.count() > 5, "{mode}, seed {seed}");
            let faults = rig.heard.events[said..]
                .iter()
                .filter(|event| event.kind == EventKind::Fault);
            assert_eq!(faults.count(), 0, "{mode}, seed {seed}: {story}");
        }
    }
}

#[test]
fn late_and_spoilt_lines_never_make_a_position() {
    for seed in 1..=2 {
        let mut rig = Rig::enabled("cst");
        let first = rig.heard.states.len();
        rig.bus.set_seed(seed);
        rig.set_faults(&LineFaults {
            lost: 0.02,
            late: 0.01,
            late_s: 0.0012,
            truncated: 0.02,
            ..LineFaults::default()
        });
        motion::run(&mut rig);
        assert!(
            rig.heard.states.len() > first + 1000,
            "seed {seed}: {}",
            rig.story()
        );
        let worst = rig.worst_measurement(first);
        assert!(
            worst < COUNT,
            "seed {seed}: {worst} rad from the truth\n{}",
            rig.story()
        );
    }
}
