//! What the drives' frames say, in the joints' own units.
//!
//! Velocity is the difference of encoder counts over the difference of their times, so that lost and late samples don't distort
//! it. A joint whose reply is missing keeps what it said last, and its time.
//! **Invariant:** a frame that can't be right changes nothing here; it comes back as a [`Fault`].

use crate::bus::{DriveHoming, DriveStatus, Ticks};
use crate::config::Config;
use crate::counts::Counts;
use arrayvec::ArrayVec;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Fault, JointSet, JointVec, MAX_JOINTS, Stamp};
use std::f64::consts::TAU;
use std::time::Duration;

/// The newest frame, read.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) stamp: Stamp,
    /// Since the sample of each joint before \[s\]: one period for the first, 0 where there is no new one.
    pub(crate) dt: JointVec,
    pub(crate) position: JointVec,
    /// By differencing, unfiltered.
    pub(crate) velocity: JointVec,
    /// The same behind a low-pass of [`SPEED_HZ`]: for decisions, not for the loops.
    pub(crate) speed: JointVec,
    pub(crate) effort: JointVec,
    pub(crate) current_a: JointVec,
    pub(crate) winding_degc: JointVec,
    pub(crate) voltage_v: JointVec,
    pub(crate) enabled: bool,
    pub(crate) without_torque: JointSet,
    pub(crate) estimated: bool,
    sampled: ArrayVec<Stamp, MAX_JOINTS>,
    ticks: ArrayVec<Ticks, MAX_JOINTS>,
    /// Velocities that the encoders tell, before the transmission.
    of_encoders: JointVec,
    index: ArrayVec<Option<Ticks>, MAX_JOINTS>,
    homing: ArrayVec<DriveHoming, MAX_JOINTS>,
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
    pub(crate) fn read(
        config: &Config,
        frame: &DriveStatus,
        last: Option<&Self>,
        counts: &mut Counts,
    ) -> Reading {
        if let Some(fault) = malformed(config, frame) {
            return Reading::Bad(fault);
        }
        // Far behind the last one is no late frame: the bus was started again, with a clock of its own.
        let last = last.filter(|last| frame.stamp + config.bus_timeout() > last.stamp);
        if last.is_some_and(|last| frame.stamp <= last.stamp) {
            return Reading::Old;
        }
        let joints = config.joints();
        let per_joint = |f: &dyn Fn(usize) -> f64| JointVec::from_fn(joints.len(), f);
        let mut read = ArrayVec::<Ticks, MAX_JOINTS>::new();
        for (i, &raw) in frame.position_ticks.iter().enumerate() {
            match counts.read(config, i, raw) {
                Ok(ticks) => read.push(ticks),
                Err(fault) => return Reading::Bad(fault),
            }
        }
        let transmission = config.transmission();
        let alone = |i: usize| frame.sampled.get(i).copied().unwrap_or(frame.stamp);
        let together = whole_sample(config, frame);
        let sampled = |i: usize| match together {
            Some(stamp) if transmission.coupled().contains(i) => stamp,
            _ => alone(i),
        };
        let dt = per_joint(&|i| {
            last.map_or(config.period_s(), |last| {
                sampled(i).seconds_from(last.sampled[i]).max(0.0)
            })
        });
        let kept = |i: usize| last.filter(|_| dt[i] <= 0.0);
        let of_encoders = per_joint(&|i| {
            let went = |last: &Self| read[i].0.wrapping_sub(last.ticks[i].0);
            match kept(i) {
                Some(last) => last.of_encoders[i],
                None => joints[i].actuator.distance(last.map_or(0, went)) / dt[i],
            }
        });
        let velocity = transmission.joints(&of_encoders);
        let ticks: ArrayVec<Ticks, MAX_JOINTS> = (0..joints.len())
            .map(|i| kept(i).map_or(read[i], |last| last.ticks[i]))
            .collect();
        Reading::New(Self {
            stamp: frame.stamp,
            sampled: (0..joints.len())
                .map(|i| kept(i).map_or(sampled(i), |last| last.sampled[i]))
                .collect(),
            position: transmission.joints(&per_joint(&|i| joints[i].actuator.position(ticks[i]))),
            velocity,
            of_encoders,
            speed: per_joint(&|i| {
                let before = last.map_or(0.0, |last| last.speed[i]);
                let step = TAU * SPEED_HZ * dt[i];
                before + (velocity[i] - before) * step / (1.0 + step)
            }),
            dt,
            effort: transmission
                .joint_efforts(&per_joint(&|i| joints[i].actuator.effort(frame.current_a[i]))),
            current_a: frame.current_a,
            winding_degc: frame.winding_degc,
            voltage_v: frame.voltage_v,
            enabled: frame.enabled,
            without_torque: frame.without_torque,
            estimated: frame.estimated,
            ticks,
            index: frame
                .index
                .iter()
                .enumerate()
                .map(|(i, latched)| latched.map(|raw| counts.continued(i, raw)))
                .collect(),
            homing: frame
                .homing
                .iter()
                .enumerate()
                .map(|(i, homing)| match homing {
                    DriveHoming::Attained(raw) => DriveHoming::Attained(counts.continued(i, *raw)),
                    other => *other,
                })
                .collect(),
        })
    }

    /// How old something of `stamp` was when this frame was sampled.
    pub(crate) fn age_of(&self, stamp: Stamp) -> Duration {
        self.stamp.since(stamp)
    }

    /// How much older than `stamp` a joint's sample is.
    pub(crate) fn age(&self, joint: usize) -> Duration {
        self.stamp.since(self.sampled[joint])
    }

    /// The count of a joint's encoder, without a wrap.
    pub(crate) fn ticks(&self, joint: usize) -> Ticks {
        self.ticks[joint]
    }

    /// The count that its drive latched at the index, without a wrap.
    pub(crate) fn index(&self, joint: usize) -> Option<Ticks> {
        self.index.get(joint).copied().flatten()
    }

    /// How far homing is that a joint's drive does by itself, its count without a wrap; `None`: it can't.
    pub(crate) fn homing(&self, joint: usize) -> Option<DriveHoming> {
        self.homing.get(joint).copied()
    }

    /// Whether the frame held a new sample of a joint.
    pub(crate) fn is_fresh(&self, joint: usize) -> bool {
        self.dt[joint] > 0.0
    }

    /// The first joint whose supply is outside of its drive's window, and what that is to the drive.
    pub(crate) fn wrong_voltage(&self, config: &Config) -> Option<(usize, DriveFault)> {
        let joints = config.joints().iter().zip(self.voltage_v.iter()).enumerate();
        joints
            .into_iter()
            .find_map(|(i, (joint, &voltage_v))| Some((i, joint.wrong_voltage(voltage_v)?)))
    }

    /// The age of each joint's sample \[s\].
    pub(crate) fn age_s(&self) -> JointVec {
        JointVec::from_fn(self.position.len(), |joint| self.age(joint).as_secs_f64())
    }
}

/// When the actuators of all coupled joints were sampled together; the time of the oldest if they were not, so that none of them is new.
fn whole_sample(config: &Config, frame: &DriveStatus) -> Option<Stamp> {
    let coupled = config.transmission().coupled();
    let stamps = || coupled.iter().filter_map(|i| frame.sampled.get(i).copied());
    let (oldest, newest) = (stamps().min()?, stamps().max()?);
    let apart = newest.seconds_from(oldest) > 0.5 * config.period_s();
    (apart || newest < frame.stamp).then_some(oldest)
}

fn malformed(config: &Config, frame: &DriveStatus) -> Option<Fault> {
    let expected = config.joint_count();
    let or_none = |len: usize| if len == 0 { expected } else { len };
    let lengths = [
        frame.position_ticks.len(),
        frame.current_a.len(),
        frame.fault.len(),
        or_none(frame.sampled.len()),
        or_none(frame.winding_degc.len()),
        or_none(frame.voltage_v.len()),
        or_none(frame.index.len()),
        or_none(frame.homing.len()),
    ];
    if let Some(&got) = lengths.iter().find(|&&len| len != expected) {
        return Some(Fault::WrongSize {
            got: got as u8,
            expected: expected as u8,
        });
    }
    (0..expected)
        .find(|&i| {
            let told = |values: &JointVec| values.get(i).copied().unwrap_or(0.0);
            let (winding_degc, voltage_v) = (told(&frame.winding_degc), told(&frame.voltage_v));
            ![frame.current_a[i], winding_degc, voltage_v]
                .iter()
                .all(|value| value.is_finite())
        })
        .map(|i| Fault::NotFinite { joint: i as u8 })
}

/// Slow enough to see through one tick of a coarse encoder, fast enough to see a joint run away within 10 ms.
const SPEED_HZ: f64 = 50.0;
