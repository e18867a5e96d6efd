//! What a driver watches for: that the bus speaks, at which rate, and what its frames say of the drives.

use crate::bus::DriveStatus;
use crate::config::Config;
use crate::measurement::Measurement;
use servomesh_types::fault::Exceeded;
use servomesh_types::{Fault, Stamp};
use std::time::Duration;

/// Notices a bus that fell silent.
#[derive(Debug)]
pub(crate) struct BusWatch {
    timeout: Duration,
    /// The newest frame's arrival, or the start of watching.
    since: Option<Stamp>,
    due: Stamp,
    silent: bool,
}

/// A silence that lasts.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) lasting: Duration,
    /// It was not known before.
    pub(crate) begins: bool,
}

impl BusWatch {
    pub(crate) fn new(timeout: Duration) -> Self {
        // A clock that reads zero has not started; watching begins with its first tick.
        Self {
            timeout,
            since: None,
            due: Stamp::from_nanos(1),
            silent: false,
        }
    }

    /// A frame came. Says whether that ends a silence.
    pub(crate) fn hear(&mut self, now: Stamp) -> bool {
        self.since = Some(now);
        self.due = now + self.timeout;
        std::mem::take(&mut self.silent)
    }

    /// Says once every timeout that the bus is silent, if it is.
    pub(crate) fn watch(&mut self, now: Stamp) -> Option<Silence> {
        if now < self.due {
            return None;
        }
        self.due = now + self.timeout;
        let since = *self.since.get_or_insert(now);
        let lasting = now.since(since);
        (lasting >= self.timeout).then(|| Silence {
            lasting,
            begins: !std::mem::replace(&mut self.silent, true),
        })
    }

    pub(crate) fn deadline(&self) -> Stamp {
        self.due
    }
}

/// Measures a bus against the rate it was said to have: gains, feed-forward and delays are computed for that one.
#[derive(Debug)]
pub(crate) struct BusRate {
    wanted_hz: f64,
    /// First frame of the present measurement.
    mark: Option<(u64, Stamp)>,
    /// The last complete measurement, if it was off.
    off_hz: Option<f64>,
}

impl BusRate {
    pub(crate) fn new(wanted_hz: f64) -> Self {
        Self {
            wanted_hz,
            mark: None,
            off_hz: None,
        }
    }

    /// A frame came. Says the rate \[Hz\] once when it turns out to be another one. Lost frames do not matter: cycles are numbered.
    pub(crate) fn hear(&mut self, cycle: u64, stamp: Stamp) -> Option<f64> {
        let (first, since) = *self.mark.get_or_insert((cycle, stamp));
        if cycle < first || stamp < since {
            self.mark = Some((cycle, stamp)); // the bus began anew
            return None;
        }
        let cycles = cycle - first;
        if cycles < RATE_CYCLES {
            return None;
        }
        self.mark = Some((cycle, stamp));
        let rate_hz = cycles as f64 / stamp.seconds_from(since);
        let off = (rate_hz / self.wanted_hz - 1.0).abs() > RATE_TOLERANCE;
        let news = off && self.off_hz.is_none();
        self.off_hz = off.then_some(rate_hz);
        news.then_some(rate_hz)
    }

    /// The bus's rate \[Hz\], if it is not the one it was said to have.
    pub(crate) fn off_hz(&self) -> Option<f64> {
        self.off_hz
    }
}

/// The first fault that a frame shows. Overspeed is one only where this driver is at the wheel, which it is not of the joint `homed` by its drive; a wrong
/// supply where it is or has been.
pub(crate) fn first_fault(
    config: &Config,
    frame: &DriveStatus,
    measured: &Measurement,
    driven: bool,
    faulted: bool,
    homed: Option<usize>,
) -> Option<Fault> {
    let of_drives = frame
        .fault
        .iter()
        .enumerate()
        .find_map(|(i, fault)| fault.map(|kind| Fault::Drive { joint: i as u8, kind }));
    let overheated = || {
        let mut joints = config
            .joints()
            .iter()
            .zip(measured.winding_degc.iter())
            .enumerate();
        joints.find_map(|(i, (joint, &value))| {
            let limit = joint.winding_limit_degc;
            (value > limit).then_some(Fault::Overheated(Exceeded {
                joint: i as u8,
                value,
                limit,
            }))
        })
    };
    let overspeed = || {
        let mut joints = config
            .group()
            .joints
            .iter()
            .zip(measured.speed.iter())
            .enumerate();
        joints.find_map(|(i, (joint, &value))| {
            let limit = OVERSPEED * joint.limits.velocity();
            (value.abs() > limit && homed != Some(i)).then_some(Fault::Velocity(Exceeded {
                joint: i as u8,
                value,
                limit,
            }))
        })
    };
    let silent = || {
        (0..config.joint_count()).find_map(|joint| {
            let lasting = measured.age(joint);
            (lasting > config.bus_timeout()).then_some(Fault::ServoSilent {
                joint: joint as u8,
                lasting,
            })
        })
    };
    let supply = || {
        let (joint, kind) = measured.wrong_voltage(config)?;
        Some(Fault::Drive {
            joint: joint as u8,
            kind,
        })
    };
    of_drives
        .or_else(silent)
        .or_else(|| if driven || faulted { supply() } else { None })
        .or_else(overheated)
        .or_else(|| if driven { overspeed() } else { None })
}

/// Of the velocity limit: no loop that works gets here, an encoder that skips or a motor that runs away does.
const OVERSPEED: f64 = 1.5;
/// Enough for the jitter of stamps to average out.
const RATE_CYCLES: u64 = 64;
/// The gains' phase margin bears a rate that is off by a third; twice or half the rate it does not.
const RATE_TOLERANCE: f64 = 0.1;
