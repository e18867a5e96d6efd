//! What is followed, how well, and what a bad line does to it.

use std::time::Duration;

use servomesh_devices::LineFaults;
use servomesh_types::DriveMode;

use super::{driver, enabled, servos};
use crate::conformance;
use crate::desk::JOINTS;
use crate::topics;

#[test]
fn the_arm_is_opened_switched_on_and_held_in_each_mode() {
    for mode in ["cst", "csv", "csp", "pp"] {
        conformance::is_held(&enabled(mode), 11.0..12.1);
    }
}

#[test]
fn a_motion_is_followed_as_well_as_over_topics() {
    let servos = servos("cst");
    let topics = topics::run(driver(&servos).0, &servos);
    for (mode, rms, worst) in [("cst", 1.5, 1.6), ("csv", 1.0, 1.4), ("csp", 1.0, 1.0)] {
        let error = conformance::follows(enabled(mode));
        println!("topics {topics:?}, {mode} {error:?}");
        assert!(
            error.rms < rms * topics.rms && error.worst < worst * topics.worst,
            "topics {topics:?}, {mode} {error:?}"
        );
    }
}

#[test]
fn an_axis_is_placed_by_profiles() {
    let mut rig = enabled("pp");
    let (begin, start) = (rig.now, rig.truth());
    let speed = [0.1; JOINTS];
    rig.run(Duration::from_secs(2), |now| {
        let since_s = now.seconds_from(begin);
        Some([start.map(|start| start + 0.1 * since_s), speed, [0.0; JOINTS]])
    });
    let there = start.map(|start| start + 0.2);
    rig.run(Duration::from_secs(1), |_| {
        Some([there, [0.0; JOINTS], [0.0; JOINTS]])
    });
    rig.assert_mode(DriveMode::Enabled);
    rig.assert_near(there, 0.01);
}

#[test]
fn one_lost_frame_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    for mode in ["cst", "csp"] {
        conformance::bears_lost_answers(|| enabled(mode), 1..=2, 0.0);
    }
}

/// A serial line has no checksum under its lines: a byte that is another would make another frame.
#[test]
fn late_and_spoilt_lines_never_make_a_position() {
    let faults = LineFaults {
        lost: 0.02,
        late: 0.01,
        late_s: 0.0012,
        truncated: 0.02,
        ..LineFaults::default()
    };
    conformance::makes_nothing_up(|| enabled("cst"), 1..=2, faults, 1000);
}
