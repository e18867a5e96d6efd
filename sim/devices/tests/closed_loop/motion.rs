//! The motion that every run follows, and how far from it the arm truly is.

use std::time::Duration;

use servomesh_types::Stamp;

use crate::desk::{JOINTS, START};
use crate::rig::Rig;

/// From rest to rest and back, all joints at once: quintics of 1.5 s each.
#[derive(Clone, Copy)]
pub(crate) struct Motion {
    pub(crate) begin: Stamp,
}

const WAY: [f64; JOINTS] = [0.9, 0.5, -0.8, 1.1, -0.7, 1.2];
const LEG_S: f64 = 1.5;
pub(crate) const DURATION: Duration = Duration::from_millis(3200);

impl Motion {
    /// Position, velocity, acceleration at a time.
    pub(crate) fn at(&self, now: Stamp) -> [[f64; JOINTS]; 3] {
        let t = now.seconds_from(self.begin);
        let (leg, back) = if t < LEG_S { (t, false) } else { (t - LEG_S, true) };
        let s = (leg / LEG_S).clamp(0.0, 1.0);
        let q = s * s * s * (10.0 - 15.0 * s + 6.0 * s * s);
        let v = s * s * (30.0 - 60.0 * s + 30.0 * s * s) / LEG_S;
        let a = s * (60.0 - 180.0 * s + 120.0 * s * s) / (LEG_S * LEG_S);
        let (q, v, a) = if back { (1.0 - q, -v, -a) } else { (q, v, a) };
        [
            std::array::from_fn(|joint| START[joint] + q * WAY[joint]),
            std::array::from_fn(|joint| v * WAY[joint]),
            std::array::from_fn(|joint| a * WAY[joint]),
        ]
    }
}

/// How far the arm truly was from the motion.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Error {
    pub(crate) rms: f64,
    pub(crate) worst: f64,
}

/// Sums up the distances of all joints.
#[derive(Default)]
pub(crate) struct Errors {
    squares: f64,
    count: f64,
    worst: f64,
}

impl Errors {
    pub(crate) fn note(&mut self, motion: &Motion, now: Stamp, truth: [f64; JOINTS]) {
        let [wanted, ..] = motion.at(now);
        for joint in 0..JOINTS {
            let off = truth[joint] - wanted[joint];
            self.squares += off * off;
            self.count += 1.0;
            self.worst = self.worst.max(off.abs());
        }
    }

    pub(crate) fn error(&self) -> Error {
        Error {
            rms: (self.squares / self.count).sqrt(),
            worst: self.worst,
        }
    }
}

/// Runs the motion on a rig that holds the start.
pub(crate) fn run(rig: &mut Rig) -> Error {
    run_with(rig, |_, _| {})
}

/// The same; `meanwhile` may do something to the rig, every 10 ms.
pub(crate) fn run_with(rig: &mut Rig, mut meanwhile: impl FnMut(&mut Rig, Duration)) -> Error {
    let motion = Motion { begin: rig.now };
    let mut errors = Errors::default();
    let end = rig.now + DURATION;
    while rig.now < end {
        meanwhile(rig, rig.now.since(motion.begin));
        rig.run(Duration::from_millis(10), |now| Some(motion.at(now)));
        errors.note(&motion, rig.now, rig.truth());
    }
    errors.error()
}
