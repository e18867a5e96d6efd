//! What is shown, as values: all that the core hands to the sink's thread.
//!
//! **Invariant:** a record says everything about itself; drawing it needs nothing of the core, so that it can be dropped or
//! drawn late.

use nalgebra::{Isometry3, Point3};
use servomesh_robot::{Geometry, LinkId};
use servomesh_types::{DriveMode, Event, GroupDescription, GroupName, JointVec, SafetyMode, Stamp};
use std::collections::BTreeMap;

/// One thing to draw.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The groups there are, by name: what the views are laid out for.
    Layout(Vec<GroupDescription>),
    /// Where the moving links are.
    Poses(Poses),
    /// What stands and lies around the robot, from now on.
    Surroundings(Surroundings),
    /// Where bodies are that no joint moves.
    Bodies(Bodies),
    /// Points of one group's plot.
    Rows(Rows),
    /// What the gate of a group does, from this moment on.
    Gate {
        /// When.
        stamp: Stamp,
        /// Which group.
        group: GroupName,
        /// What its gate does.
        mode: SafetyMode,
    },
    /// What the driver of a group does, from this moment on.
    Drive {
        /// When.
        stamp: Stamp,
        /// Which group.
        group: GroupName,
        /// What its driver does.
        mode: DriveMode,
    },
    /// Something happened.
    Event {
        /// Who says so.
        node: String,
        /// What.
        event: Event,
    },
}

impl Record {
    /// Whether its like comes again soon, so that losing it costs a moment and not a fact.
    pub fn comes_again(&self) -> bool {
        matches!(self, Self::Poses(_) | Self::Bodies(_) | Self::Rows(_))
    }
}

/// Where the moving links are, at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Poses {
    /// When.
    pub stamp: Stamp,
    /// `world_from_link` of each link that can move, in the order of the description.
    pub links: Vec<(LinkId, Isometry3<f64>)>,
    /// The tool's last path, oldest point first.
    pub trail: Vec<Point3<f64>>,
}

/// The shapes of what stands and lies around the robot, each in the frame of its body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// What never moves, in the world.
    pub fixed: Vec<Geometry>,
    /// What moves, by the names of the bodies.
    pub bodies: BTreeMap<String, Vec<Geometry>>,
}

/// Where bodies are, at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Bodies {
    /// When.
    pub stamp: Stamp,
    /// `world_from_body` of each, by name.
    pub poses: Vec<(String, Isometry3<f64>)>,
}

/// Points of one group's plot: one row for each stamp, one value for each joint in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Which group.
    pub group: GroupName,
    /// Which curves.
    pub series: Series,
    /// When, strictly increasing.
    pub stamps: Vec<Stamp>,
    /// As many as stamps.
    pub values: Vec<JointVec>,
}

/// The curves of a group.
///
/// Positions in rad or m; for a group that runs on without end, velocities in rad/s or m/s instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// Where `trajectory` wants the joints. (Its name sorts before `measured`, so that viewers draw it underneath.)
    Desired,
    /// Where they are.
    Measured,
    /// Where the servo loop wants them, less where they are.
    FollowingError,
}

impl Series {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Desired, Self::Measured, Self::FollowingError];

    /// Its part of an entity's path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Desired => "desired",
            Self::Measured => "measured",
            Self::FollowingError => "following_error",
        }
    }
}
