//! What a driver makes of the desk arm whatever its backend: each is a test's body, which takes the arm of a backend.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::{LineFaults, Mishap};
use servomesh_types::{DriveMode, JointVec};

use crate::desk::JOINTS;
use crate::motion::{self, Error};
use crate::rig::Rig;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The arm was switched on: it stands where it says, under a voltage of these \[V\], and nothing was complained of.
pub(crate) fn is_held(rig: &Rig, volts: Range<f64>) {
    let state = rig.state();
    rig.assert_mode(DriveMode::Enabled);
    rig.assert_true(0);
    let within = |values: &JointVec, range: Range<f64>| values.iter().all(|value| range.contains(value));
    assert!(within(&state.voltage_v, volts), "{state:?}");
    assert!(within(&state.temperature_degc, 24.0..30.0), "{state:?}");
    assert!(rig.heard.notices.is_empty(), "{}", rig.story());
}

/// Errors of the motion, which ends under torque, with positions that are true throughout.
pub(crate) fn follows(mut rig: Rig) -> Error {
    let error = motion::run(&mut rig);
    rig.assert_mode(DriveMode::Enabled);
    rig.assert_true(0);
    error
}

/// One answer in a hundred is lost: no jump, no fault, less than twice the error. `aged_s` is the least age of values that are missing.
pub(crate) fn bears_lost_answers(enabled: impl Fn() -> Rig, seeds: RangeInclusive<u64>, aged_s: f64) {
    let whole = motion::run(&mut enabled());
    for seed in seeds {
        let mut rig = enabled();
        let (first, faults) = (rig.heard.states.len(), rig.heard.faults());
        let lost = LineFaults {
            lost: 0.01,
            ..LineFaults::default()
        };
        rig.disturb(seed, lost);
        let lossy = motion::run(&mut rig);
        let story = rig.story();
        println!("whole {whole:?}, one in a hundred lost {lossy:?}");
        rig.assert_mode(DriveMode::Enabled);
        assert!(
            lossy.rms < 2.0 * whole.rms && lossy.worst < 2.0 * whole.worst,
            "{whole:?}, {lossy:?}: {story}"
        );
        rig.assert_true(first);
        let aged = rig.heard.states[first..]
            .iter()
            .filter(|state| state.age_s.max_abs() > aged_s)
            .count();
        assert!(aged > 5, "{aged} states with something missing: {story}");
        assert_eq!(rig.heard.faults(), faults, "{story}");
    }
}

/// However bad the line is, no position is made up, in this many states at least.
pub(crate) fn makes_nothing_up(
    enabled: impl Fn() -> Rig,
    seeds: RangeInclusive<u64>,
    faults: LineFaults,
    states: usize,
) {
    for seed in seeds {
        let mut rig = enabled();
        let first = rig.heard.states.len();
        rig.disturb(seed, faults);
        motion::run(&mut rig);
        let heard = rig.heard.states.len() - first;
        assert!(heard > states, "{heard} states: {}", rig.story());
        rig.assert_true(first);
    }
}

/// What befalls a serial line.
pub(crate) const SPOILT_BYTES: LineFaults = LineFaults {
    lost: 0.02,
    late: 0.02,
    late_s: 0.0015,
    truncated: 0.02,
    corrupted: 0.05,
    duplicated: 0.02,
};

/// Answers are kept back for up to 40 ms, again and again: none is taken for a newer one, and nothing is complained of.
pub(crate) fn knows_answers_that_were_held_up(enabled: impl Fn() -> Rig, seeds: RangeInclusive<u64>) {
    for seed in seeds {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut rig = enabled();
        let (first, told) = (rig.heard.states.len(), rig.heard.notices.len());
        motion::run_with(&mut rig, |rig, since| {
            if since.as_millis().is_multiple_of(80) {
                rig.hold_answers(Duration::from_micros(random.random_range(1_000..40_000)));
            }
        });
        rig.assert_true(first);
        let notices = &rig.heard.notices[told..];
        assert!(notices.is_empty(), "seed {seed}: {}", rig.story());
    }
}

/// The bus is interrupted by `set` for a fifth of a second in motion: the arm stops, and goes on after a reset, without a jump.
pub(crate) fn bears_interruption(mut rig: Rig, set: impl Fn(&mut Rig, bool)) -> Rig {
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        700 => set(rig, false),
        900 => set(rig, true),
        _ => {}
    });
    rig.assert_mode(DriveMode::Faulted);
    rig.assert_still();
    rig.assert_true(first);
    rig.assert_goes_on(0.01);
    rig
}

/// That, by the plug of its port.
pub(crate) fn bears_an_unplugged_port(rig: Rig) {
    let rig = bears_interruption(rig, Rig::set_plugged);
    let story = rig.story();
    assert!(story.contains("no frame from the drives"), "{story}");
}

/// Without its fourth servo (or drive, as `device` says) there is no group, but advice.
pub(crate) fn names_who_is_missing(mut rig: Rig, device: &str) {
    rig.run(3 * SECOND, |_| None);
    assert!(
        rig.heard.states.is_empty(),
        "a group is not there before all of its joints are"
    );
    rig.assert_said_only(&format!(
        "{device} 4 (desk_forearm_roll_joint) does not answer: is it powered"
    ));
}

/// The second servo has the first one's id.
pub(crate) fn names_servos_with_one_id(mut rig: Rig) {
    rig.bus.suffer(1, Mishap::Id(1));
    rig.run(3 * SECOND, |_| None);
    rig.assert_said("servo 1 (desk_waist_joint): its answers are garbled, as when two servos have one id");
    rig.assert_said("servo 2 (desk_shoulder_joint) does not answer");
    assert!(rig.heard.states.is_empty());
}

/// The servos do not take what is asked of one of them.
pub(crate) fn is_refused(mut rig: Rig, reason: &str) {
    rig.run(SECOND, |_| None);
    rig.assert_said(reason);
}

/// The third device starts anew in motion: a fault, and nothing of it is believed before it is set up again.
pub(crate) fn notices_a_reboot(mut rig: Rig, device: &str) -> Rig {
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 600 {
            rig.bus.suffer(2, Mishap::Reboot);
        }
    });
    rig.assert_mode(DriveMode::Faulted);
    rig.assert_said(&format!("{device} 3 (desk_elbow_joint) was started anew"));
    rig.assert_true(first);
    rig
}

/// The first device loses its power in motion: a fault; with its power it comes back.
pub(crate) fn notices_silence(mut rig: Rig, device: &str) -> Rig {
    let first = rig.heard.states.len();
    motion::run_with(&mut rig, |rig, since| match since.as_millis() {
        600 => rig.bus.suffer(0, Mishap::PowerLost),
        2000 => rig.bus.suffer(0, Mishap::PowerBack),
        _ => {}
    });
    assert!(rig.heard.faults() > 0, "{}", rig.story());
    rig.assert_said(&format!("{device} 1 (desk_waist_joint) does not answer"));
    rig.assert_said(&format!("all {device}s of the bus answer"));
    rig.assert_true(first);
    rig.enable();
    rig.assert_mode(DriveMode::Enabled);
    rig
}

/// The driver dies in motion, and its devices stop by themselves. Gives the arm, and where it was then.
pub(crate) fn stops_without_its_driver(mut rig: Rig) -> (Rig, [f64; JOINTS]) {
    let (mut there, mut speed) = ([0.0; JOINTS], 0.0);
    motion::run_with(&mut rig, |rig, since| {
        if since.as_millis() == 700 {
            (there, speed) = (rig.truth(), rig.fastest());
            rig.die();
        }
    });
    assert!(speed > 0.5, "it dies in motion, at {speed} rad/s");
    rig.assert_still();
    (rig, there)
}
