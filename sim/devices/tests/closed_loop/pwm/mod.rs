//! Hobby servos in the closed loop: the driver's core and link, a PCA9685 and servos in virtual time, and a simulated camera on them.

mod rig;
mod system;

use std::time::Duration;

use rig::{JOINTS, Rig, START};
use servomesh_types::{DriveMode, JointVec};

const SECOND: Duration = Duration::from_secs(1);

fn worst(one: &[f64], other: &[f64]) -> f64 {
    one.iter()
        .zip(other)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn before_its_first_pulse_a_servo_is_taken_to_be_where_the_file_says() {
    let mut rig = Rig::new();
    rig.run(SECOND, |_| None);
    let state = rig.state();
    assert!(state.estimated, "{state:?}");
    assert_eq!(state.mode, DriveMode::Disabled);
    assert!(worst(&state.position, &[0.0, 0.0]) < 0.002, "{state:?}");
    assert!(
        worst(&rig.truth(), &START) < 0.01,
        "nothing moves without pulses: {:?}",
        rig.truth()
    );
    assert!((0..16).all(|output| rig.board.chip().width_us(output) == Some(0.0)));
}

#[test]
fn it_goes_to_where_it_is_told_when_pulses_begin_and_lets_go_when_they_end() {
    let mut rig = Rig::enabled();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{:?}", rig.heard.events);
    assert!(worst(&rig.truth(), &[0.0, 0.0]) < 0.03, "{:?}", rig.truth());
    // No command: the driver stops, and then there are no pulses.
    rig.run(SECOND, |_| None);
    assert_eq!(rig.state().mode, DriveMode::Disabled);
    assert!((0..16).all(|output| rig.board.chip().width_us(output) == Some(0.0)));
}

#[test]
fn a_motion_is_followed_and_the_estimate_is_near_the_truth() {
    let mut rig = Rig::enabled();
    let begin = rig.now;
    let motion = |t: f64, joint: usize| {
        let (amplitude, pace) = [(0.5, 3.0), (0.4, 4.0)][joint];
        let phase = pace * t;
        [
            amplitude * phase.sin(),
            amplitude * pace * phase.cos(),
            -amplitude * pace * pace * phase.sin(),
        ]
    };
    let (mut off, mut estimated, mut count) = (0.0_f64, 0.0_f64, 0.0);
    let mut worst_estimate: f64 = 0.0;
    let mut share = 0.0_f64;
    while rig.now < begin + 4 * SECOND {
        rig.run(Duration::from_millis(10), |now| {
            let t = now.seconds_from(begin);
            // From rest: the amplitude grows over the first second.
            let grown = t.min(1.0);
            share = grown;
            let of = |row: usize| std::array::from_fn(|joint| grown * motion(t, joint)[row]);
            Some([of(0), of(1), of(2)])
        });
        let (truth, t) = (rig.truth(), rig.now.seconds_from(begin));
        let told = rig.state().position;
        let age = rig.now.seconds_from(rig.state().tag.stamp);
        for joint in 0..JOINTS {
            let wanted = share * motion(t, joint)[0];
            let then = told[joint] + age * rig.state().velocity[joint];
            off += (truth[joint] - wanted).powi(2);
            estimated += (truth[joint] - then).powi(2);
            worst_estimate = worst_estimate.max((truth[joint] - then).abs());
            count += 1.0;
        }
    }
    let (off, estimated) = ((off / count).sqrt(), (estimated / count).sqrt());
    println!("motion {off} rad rms, estimate {estimated} rad rms, {worst_estimate} rad at most");
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{:?}", rig.heard.events);
    assert!(off < 0.02 && estimated < 0.015, "{off}, {estimated}");
}

#[test]
fn no_pulse_leaves_the_servos_own_whatever_is_commanded() {
    let mut rig = Rig::enabled();
    let begin = rig.now;
    let mut widths: Vec<f64> = Vec::new();
    for _ in 0..100 {
        rig.run(Duration::from_millis(10), |now| {
            // Beyond every end, and within the driver's following limit of where it is estimated.
            let at = (0.9 * now.seconds_from(begin)).min(0.9);
            Some([[at; JOINTS], [0.9; JOINTS], [0.0; JOINTS]])
        });
        widths.extend([0, 3].map(|output| rig.board.chip().width_us(output).unwrap()));
    }
    let within = |width: &f64| width.abs() < 1e-9 || (1100.0..=1900.0).contains(width);
    assert!(widths.iter().all(within), "{widths:?}");
    assert!(widths.iter().any(|width| *width > 1850.0), "{widths:?}");
    assert!(
        widths.iter().any(|width| (1.0..1150.0).contains(width)),
        "{widths:?}"
    );
}

#[test]
fn an_unplugged_chip_is_a_fault_and_is_set_up_anew() {
    let mut rig = Rig::enabled();
    rig.set_plugged(false);
    rig.run(SECOND, |_| Some([[0.0; JOINTS]; 3]));
    assert_eq!(rig.state().mode, DriveMode::Faulted, "{:?}", rig.heard.events);
    rig.board.restart();
    rig.set_plugged(true);
    rig.run(SECOND, |_| None);
    assert!((0..16).all(|output| rig.board.chip().width_us(output) == Some(0.0)));
    rig.enable();
    assert_eq!(rig.state().mode, DriveMode::Enabled, "{:?}", rig.heard.events);
    assert!(rig.heard.faults() > 0);
    let near = |values: &JointVec| worst(values, &[0.0, 0.0]) < 0.05;
    assert!(near(&rig.state().position));
}

#[test]
fn a_driver_that_dies_leaves_pulses_that_hold_the_servos() {
    let mut rig = Rig::enabled();
    rig.run(SECOND, |_| Some([[0.3, 0.2], [0.0; JOINTS], [0.0; JOINTS]]));
    let before = rig.truth();
    rig.die(2 * SECOND);
    assert!(
        worst(&rig.truth(), &before) < 0.01,
        "{before:?} {:?}",
        rig.truth()
    );
}
