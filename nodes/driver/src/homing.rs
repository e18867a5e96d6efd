//! Finds out where a joint is whose encoder only counts: a slow way to its stop, or over its index; or the drive goes home by itself.
//!
//! ```text
//! reference   from where it stands, at most at `velocity`, never further ahead of the joint than LEASH of a second of it
//! stop        it has stood still for STILL while it was pressed on: there it is at `position`
//! index       the drive has latched a count since the search began: that count is `position`
//! drive       the drive goes home by itself; the reference is where the joint is, and what the drive says then is `position`
//! ```
//!
//! The other joints of the group are held where they stand; several joints are homed one after the other, in the group's order.
//!
//! **Invariant:** a joint that is homed presses with `effort` at most, and gives up after `travel`.

use crate::bus::{DriveHoming, Ticks};
use crate::config::Config;
use crate::counts::Counting;
use crate::measurement::Measurement;
use crate::reference::Motion;
use servomesh_types::{Fault, JointSet, JointVec, Setpoint, Stamp};
use std::time::Duration;

/// How a joint is homed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homing {
    /// What it looks for.
    pub mark: Mark,
    /// How fast it goes there; the sign is the direction.
    pub velocity: f64,
    /// Most effort to press with.
    pub effort: f64,
    /// How far it goes at most.
    pub travel: f64,
    /// Where the joint is at the mark.
    pub position: f64,
}

/// What a joint looks for when it is homed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// Its mechanical stop.
    Stop,
    /// The index pulse of its encoder, which the drive latches ([`DriveStatus::index`](crate::bus::DriveStatus::index)).
    Index,
    /// What its drive looks for by itself, by one of the ways home that it has ([`DriveStatus::homing`](crate::bus::DriveStatus::homing)).
    Drive {
        /// The number of the method: CiA 402's above 0, its maker's below.
        method: i8,
        /// How fast it looks for the zero behind its switch or stop.
        zero_velocity: f64,
    },
}

/// A joint on its way to its mark.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) joint: usize,
    homing: Homing,
    start: f64,
    position: f64,
    velocity: f64,
    acceleration: f64,
    at: Stamp,
    since: Stamp,
    /// Where it stands, and since when.
    anchor: (f64, Stamp),
    /// What was latched when the search began.
    index: Option<Ticks>,
    held: JointVec,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Progress {
    Moving,
    /// The joint was at its mark when its count was this.
    Found(Ticks),
    Failed(Fault),
}

impl Search {
    /// The search for the first joint that is not homed.
    pub(crate) fn first(config: &Config, unhomed: JointSet, measured: &Measurement) -> Option<Self> {
        let joint = unhomed.iter().next()?;
        let Counting::Incremental(homing) = config.joints()[joint].counting else {
            return None;
        };
        Some(Self {
            joint,
            homing,
            start: measured.position[joint],
            position: measured.position[joint],
            velocity: 0.0,
            acceleration: 0.0,
            at: measured.stamp,
            since: measured.stamp,
            anchor: (measured.position[joint], measured.stamp),
            index: measured.index(joint),
            held: measured.position,
        })
    }

    /// Goes on with a measurement that is newer than the last.
    pub(crate) fn advance(&mut self, config: &Config, measured: &Measurement) -> Progress {
        let (joint, homing) = (self.joint, &self.homing);
        let dt = measured.stamp.seconds_from(self.at).max(0.0);
        self.at = measured.stamp;
        let here = measured.position[joint];
        if !measured.enabled {
            self.anchor = (here, measured.stamp);
            return Progress::Moving; // the brake is not released yet
        }
        if let Mark::Drive { .. } = homing.mark {
            (self.position, self.velocity, self.acceleration) = (here, 0.0, 0.0);
            let patience_s = 2.0 * homing.travel / homing.velocity.abs() + PATIENCE_S;
            let overdue = measured.stamp.seconds_from(self.since) > patience_s;
            return match measured.homing(joint) {
                Some(DriveHoming::Attained(ticks)) => Progress::Found(ticks),
                Some(DriveHoming::Idle | DriveHoming::Running) if !overdue => Progress::Moving,
                _ => Progress::Failed(Fault::Homing { joint: joint as u8 }),
            };
        }
        let limits = &config.group().joints[joint].limits;
        let step = limits.acceleration() * dt;
        let velocity = self.velocity + (homing.velocity - self.velocity).clamp(-step, step);
        self.acceleration = if dt > 0.0 {
            (velocity - self.velocity) / dt
        } else {
            0.0
        };
        self.velocity = velocity;
        let leash = LEASH_S * homing.velocity.abs();
        let free = self.position + velocity * dt;
        self.position = free.clamp(here - leash, here + leash);
        let count = config.joints()[joint].actuator.distance(1).abs();
        let standing = (STANDING * homing.velocity.abs() * STILL.as_secs_f64()).max(2.0 * count);
        let pressed = (free - self.position).abs() > 0.0;
        if !pressed || (here - self.anchor.0).abs() > standing {
            self.anchor = (here, measured.stamp);
        }
        let still = measured.stamp.since(self.anchor.1) >= STILL;
        if (here - self.start).abs() > homing.travel {
            return Progress::Failed(Fault::Homing { joint: joint as u8 });
        }
        match homing.mark {
            Mark::Stop if still => Progress::Found(measured.ticks(joint)),
            // Pressed against something, and no index on the way there.
            Mark::Index if still => Progress::Failed(Fault::Homing { joint: joint as u8 }),
            Mark::Index => match measured.index(joint) {
                Some(latched) if self.index != Some(latched) => Progress::Found(latched),
                _ => Progress::Moving,
            },
            Mark::Stop | Mark::Drive { .. } => Progress::Moving,
        }
    }

    /// The joint, if its drive is to home it by itself.
    pub(crate) fn by_drive(&self) -> Option<usize> {
        matches!(self.homing.mark, Mark::Drive { .. }).then_some(self.joint)
    }

    /// Where the group should be now.
    pub(crate) fn motion(&self) -> Motion {
        Motion::from_joints(self.held.len(), |i| {
            if i == self.joint {
                [self.position, self.velocity, self.acceleration]
            } else {
                [self.held[i], 0.0, 0.0]
            }
        })
    }

    /// The command of the epoch in use, made one that presses gently.
    pub(crate) fn setpoint(&self, of_epoch: &Setpoint) -> Setpoint {
        Setpoint {
            effort: JointVec::EMPTY,
            effort_limit: JointVec::from_fn(self.held.len(), |i| {
                if i == self.joint {
                    self.homing.effort
                } else {
                    f64::MAX
                }
            }),
            ..*of_epoch
        }
    }
}

/// How far ahead of the joint its reference may run, in seconds of its homing velocity: what the loop then asks for is beyond the effort limit.
const LEASH_S: f64 = 0.5;
/// Of the way it should go meanwhile: below, the joint stands.
const STANDING: f64 = 0.05;
/// How long a drive may take to begin, and to come back to where it was too fast for its index \[s\].
const PATIENCE_S: f64 = 2.0;
/// Stiction lets a joint stand for shorter.
const STILL: Duration = Duration::from_millis(200);
