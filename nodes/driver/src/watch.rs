//! What a driver watches for: that the bus speaks, and what its frames say of the drives.

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

/// The first fault that a frame shows. Overspeed is one only where this driver is at the wheel.
pub(crate) fn first_fault(
    config: &Config,
    frame: &DriveStatus,
    measured: &Measurement,
    driven: bool,
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
            (value.abs() > limit).then_some(Fault::Velocity(Exceeded {
                joint: i as u8,
                value,
                limit,
            }))
        })
    };
    of_drives
        .or_else(overheated)
        .or_else(|| if driven { overspeed() } else { None })
}

/// Of the velocity limit: no loop that works gets here, an encoder that skips or a motor that runs away does.
const OVERSPEED: f64 = 1.5;
