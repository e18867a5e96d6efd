//! What the drives' frames say, in the joints' own units.
//!
//! Velocity is the difference of encoder counts over the difference of stamps, so that lost and late frames don't distort
//! it. **Invariant:** a frame that can't be right changes nothing here; it comes back as a [`Fault`].

use crate::bus::{DriveStatus, Ticks};
use crate::config::Config;
use arrayvec::ArrayVec;
use servomesh_types::{Fault, JointVec, MAX_JOINTS, Stamp};
use std::f64::consts::TAU;
use std::time::Duration;

/// The newest frame, read.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) stamp: Stamp,
    /// Since the frame before \[s\]; one period for the first.
    pub(crate) dt: f64,
    pub(crate) position: JointVec,
    /// By differencing, unfiltered.
    pub(crate) velocity: JointVec,
    /// The same behind a low-pass of [`SPEED_HZ`]: for decisions, not for the loops.
    pub(crate) speed: JointVec,
    pub(crate) effort: JointVec,
    pub(crate) current_a: JointVec,
    pub(crate) winding_degc: JointVec,
    pub(crate) enabled: bool,
    ticks: ArrayVec<Ticks, MAX_JOINTS>,
}

/// What became of a frame.
#[derive(Debug)]
pub(crate) enum Reading {
    /// It is newer than the last one.
    New(Measurement),
    /// It was sampled when the last one was, or before: a duplicate, or overtaken on the way.
    Old,
    /// It can't be right.
    Bad(Fault),
}

impl Measurement {
    /// Reads a frame that comes after `last`.
    pub(crate) fn read(config: &Config, frame: &DriveStatus, last: Option<&Self>) -> Reading {
        if let Some(fault) = malformed(config, frame) {
            return Reading::Bad(fault);
        }
        // Far behind the last one is no late frame: the bus was started again, with a clock of its own.
        let last = last.filter(|last| frame.stamp + config.bus_timeout() > last.stamp);
        if last.is_some_and(|last| frame.stamp <= last.stamp) {
            return Reading::Old;
        }
        let joints = config.joints();
        let dt = last.map_or(config.period_s(), |last| frame.stamp.seconds_from(last.stamp));
        let per_joint = |f: &dyn Fn(usize) -> f64| JointVec::from_fn(joints.len(), f);
        let velocity = per_joint(&|i| {
            let went = last.map_or(0, |last| frame.position_ticks[i].0.wrapping_sub(last.ticks[i].0));
            joints[i].actuator.distance(went) / dt
        });
        let step = TAU * SPEED_HZ * dt;
        Reading::New(Self {
            stamp: frame.stamp,
            dt,
            position: per_joint(&|i| joints[i].actuator.position(frame.position_ticks[i])),
            velocity,
            speed: per_joint(&|i| {
                let before = last.map_or(0.0, |last| last.speed[i]);
                before + (velocity[i] - before) * step / (1.0 + step)
            }),
            effort: per_joint(&|i| joints[i].actuator.effort(frame.current_a[i])),
            current_a: frame.current_a,
            winding_degc: frame.winding_degc,
            enabled: frame.enabled,
            ticks: frame.position_ticks.clone(),
        })
    }

    /// How old something of `stamp` was when this frame was sampled.
    pub(crate) fn age_of(&self, stamp: Stamp) -> Duration {
        self.stamp.since(stamp)
    }
}

fn malformed(config: &Config, frame: &DriveStatus) -> Option<Fault> {
    let expected = config.joint_count();
    let lengths = [
        frame.position_ticks.len(),
        frame.current_a.len(),
        frame.winding_degc.len(),
        frame.fault.len(),
    ];
    if let Some(&got) = lengths.iter().find(|&&len| len != expected) {
        return Some(Fault::WrongSize {
            got: got as u8,
            expected: expected as u8,
        });
    }
    (0..expected)
        .find(|&i| !(frame.current_a[i].is_finite() && frame.winding_degc[i].is_finite()))
        .map(|i| Fault::NotFinite { joint: i as u8 })
}

/// Slow enough to see through one tick of a coarse encoder, fast enough to see a joint run away within 10 ms.
const SPEED_HZ: f64 = 50.0;
