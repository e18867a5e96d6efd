//! What goes over the bus between a driver and its drives, in both directions.
//!
//! A **backend** is whatever produces one [`DriveStatus`] per bus cycle and takes one [`DriveCommand`] in answer. It owns the
//! wire, the addresses and the clock that stamps a sample; the driver owns everything that is decided. The backend `sim` is
//! two topics; those on wires are a [`Link`](crate::link::Link) each. A backend keeps to this:
//!
//! 1. The first frame holds a sample of every joint. In a later one a joint whose reply got lost keeps the numbers and the
//!    time of its last sample: never invented ones.
//! 2. `stamp` is when the encoders were sampled, in ROS time, and grows from frame to frame; `cycle` grows with it.
//! 3. Every cycle has its frame, also one in which nobody replied: the driver's answer brings the next goals. Only a bus that
//!    is gone hands over nothing.
//! 4. The drives keep a watchdog of their own: without a command frame for a while they switch their torque off.
//! 5. A frame says when the answer to it will act, and each answer acts for a cycle from then on. Where a backend can choose, that
//!    is [`ACTS_PHASE`] after a whole multiple of the period in ROS time: then the motors of all drivers are in step.
//!
//! Encoder counts are [`Ticks`], currents A, temperatures °C, voltages V; signs and zero are the encoder's, not yet the joint's.

use arrayvec::ArrayVec;
use servomesh_types::fault::DriveFault;
use servomesh_types::{JointSet, JointVec, MAX_JOINTS, Stamp};
use std::time::Duration;

/// A raw encoder count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub i64);

/// Which loops a drive closes itself; the driver closes those around them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Closes {
    /// That of the current: the driver closes velocity and position, and its model feeds forward.
    #[default]
    Current,
    /// Those of current and velocity: the driver closes position, with `Gains::position_hz`.
    Velocity,
    /// All of them: the driver says where to be.
    Position {
        /// How far in time the drive's own loop stays behind an even motion \[s\]. The goal leads by as much.
        lag_s: f64,
    },
}

/// From the drives of a group, once a bus cycle. Joints are in the group's announced order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriveStatus {
    /// When the encoders were sampled.
    pub stamp: Stamp,
    /// One more for each bus cycle.
    pub cycle: u64,
    /// From when on the answer to this frame acts in the drives, as far as the backend knows. `None`: a cycle after `stamp`.
    pub acts: Option<Stamp>,
    /// Torque is on and the brakes are released, in all drives.
    pub enabled: bool,
    /// Those whose drive has no torque, where that is known of each.
    pub without_torque: JointSet,
    /// Encoder of each joint, at its output.
    pub position_ticks: ArrayVec<Ticks, MAX_JOINTS>,
    /// When each encoder was sampled, where that was not at `stamp`: a joint whose reply is missing keeps its last time.
    /// Empty: all at `stamp`.
    pub sampled: ArrayVec<Stamp, MAX_JOINTS>,
    /// What each encoder counted when it last passed its index, where drives latch that. Empty: they don't.
    pub index: ArrayVec<Option<Ticks>, MAX_JOINTS>,
    /// How far each drive's own homing is, where drives home joints by themselves ([`DriveCommand::home`]). Empty: they don't.
    pub homing: ArrayVec<DriveHoming, MAX_JOINTS>,
    /// The positions are worked out from goals, since the servos say nothing.
    pub estimated: bool,
    /// Measured motor currents \[A\].
    pub current_a: JointVec,
    /// Winding temperatures [°C]; empty where they are not known of each drive.
    pub winding_degc: JointVec,
    /// Supply voltages at the drives \[V\]; empty where they are not known.
    pub voltage_v: JointVec,
    /// What each drive itself finds wrong.
    pub fault: ArrayVec<Option<DriveFault>, MAX_JOINTS>,
}

/// How far homing is that a drive does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriveHoming {
    /// It was not told to.
    #[default]
    Idle,
    /// On its way. What the encoder counts may jump meanwhile.
    Running,
    /// It has been home; its encoder counts so that this was its count there.
    Attained(Ticks),
    /// It does not find home.
    Failed,
}

/// When goals act, after each whole multiple of a bus's period in ROS time: between two setpoints, which are born on even
/// milliseconds.
pub const ACTS_PHASE: Duration = Duration::from_millis(1);

/// To the drives of a group, in answer to one [`DriveStatus`]. A drive takes the goal of the outermost loop that it closes
/// ([`Closes`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DriveCommand {
    /// The [`DriveStatus::cycle`] it answers.
    pub cycle: u64,
    /// Torque on and brakes released; otherwise torque off and brakes on.
    pub enable: bool,
    /// Forget latched drive faults.
    pub clear_faults: bool,
    /// Drives that are to home their joints by themselves, as long as they are in here.
    pub home: JointSet,
    /// Current of each motor \[A\]: the setpoint of a drive that closes [`Closes::Current`], the most that any other may use.
    pub current_a: JointVec,
    /// Speed of each encoder \[ticks/s\].
    pub velocity_ticks_per_s: JointVec,
    /// Position of each encoder \[ticks\], to be rounded by the backend.
    pub position_ticks: JointVec,
}
