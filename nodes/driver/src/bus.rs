//! What goes over the bus between a driver and its drives, in both directions.
//!
//! A **backend** is whatever produces one [`DriveStatus`] per bus cycle and takes one [`DriveCommand`] in answer. It owns the
//! wire, the addresses and the clock that stamps a sample; the driver owns everything that is decided. A backend thus
//! needs no trait: it turns bytes into `Input::Bus` and `Output::Bus` into bytes. Today's is `sim` (two topics); a serial
//! bus does the same from its own thread. A backend keeps to this:
//!
//! 1. A status frame holds every joint of the group or is not handed over at all: a lost reply is a missing frame, never
//!    a frame with invented numbers.
//! 2. `stamp` is when the encoders were sampled, in ROS time, and grows from frame to frame; `cycle` grows with it.
//! 3. The drives keep a watchdog of their own: without a command frame for a while they switch their torque off.
//!
//! Encoder counts are [`Ticks`], currents A, temperatures °C; signs and zero are the encoder's, not yet the joint's.

use arrayvec::ArrayVec;
use servomesh_types::fault::DriveFault;
use servomesh_types::{JointVec, MAX_JOINTS, Stamp};

/// A raw encoder count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub i64);

/// From the drives of a group, once a bus cycle. Joints are in the group's announced order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriveStatus {
    /// When the encoders were sampled.
    pub stamp: Stamp,
    /// One more for each bus cycle.
    pub cycle: u64,
    /// Torque is on and the brakes are released, in all drives.
    pub enabled: bool,
    /// Encoder of each joint, at its output.
    pub position_ticks: ArrayVec<Ticks, MAX_JOINTS>,
    /// Measured motor currents \[A\].
    pub current_a: JointVec,
    /// Winding temperatures [°C].
    pub winding_degc: JointVec,
    /// What each drive itself finds wrong.
    pub fault: ArrayVec<Option<DriveFault>, MAX_JOINTS>,
}

/// To the drives of a group, in answer to one [`DriveStatus`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriveCommand {
    /// The [`DriveStatus::cycle`] it answers.
    pub cycle: u64,
    /// Torque on and brakes released; otherwise torque off and brakes on.
    pub enable: bool,
    /// Forget latched drive faults.
    pub clear_faults: bool,
    /// Current setpoint of each motor \[A\].
    pub current_a: JointVec,
}
