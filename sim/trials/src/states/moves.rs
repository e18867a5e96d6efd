//! What can happen to a gate keeper: everything its core knows, and what becomes of the machines that it watches.

use servomesh_types::{Fault, OperatingMode};

/// What a stream of setpoints says in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Nothing.
    Silent,
    /// The next place of a swing.
    Good,
    /// The next place, and that it is the end: at rest or not.
    Release,
    /// A place far from the one before.
    Jump,
    /// What is no number.
    NotFinite,
    /// A joint too many.
    WrongSize,
    /// A place beyond the end stop.
    Position,
    /// Too fast.
    Velocity,
    /// Too strong.
    Acceleration,
    /// Too sudden.
    Jerk,
    /// More than the motors may give.
    Effort,
    /// The second joint runs backwards.
    Direction,
    /// The tool is too fast.
    ToolSpeed,
    /// On and on, to where the keep-out zone is.
    IntoZone,
    /// On and on the other way, out of the tool's workspace.
    OutOfWorkspace,
    /// The next place, in the epoch before.
    Stale,
    /// The next place, when its time is over.
    Late,
}

/// What the enabling device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// Again and again that it is held.
    Held,
    /// That it was let go.
    Released,
    /// Nothing any more.
    Silent,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// The driver announces its group.
    Announce,
    /// It announces another one under the same name.
    AnnounceOther,
    /// A period goes by in which servo state and motion state are heard or not, and setpoints say something.
    Period {
        /// Whether the servo state is heard.
        servo: bool,
        /// Whether the motion state is heard.
        motion: bool,
        /// What setpoints say.
        stream: Stream,
    },
    /// `safety/stop`.
    Stop,
    /// `safety/reset`.
    Reset,
    /// STO.
    TorqueOff,
    /// SS1.
    SafeStop1,
    /// SS2.
    SafeStop2,
    /// Reduced limits, or normal ones.
    Reduced(bool),
    /// The mode selector is turned.
    Select(OperatingMode),
    /// The enabling device.
    Enable(Device),
    /// `safety/set_speed_scale`, in percent.
    Scale(u8),
    /// The driver gives up with a fault.
    DriveFails(Fault),
    /// The driver no longer takes commands, or does again.
    Deaf(bool),
    /// The drives are started anew.
    Restart,
    /// The windings get as hot as this \[°C\].
    Heat(f64),
    /// Something touches the machine, or no longer.
    Touch(bool),
    /// Something is hit.
    Hit,
    /// The estimator doubts an encoder.
    Doubt(Fault),
    /// The machine is held at a place of its own, or no longer.
    Stray(bool),
    /// The machine moves though it stands still, as far as its position tells; or no longer.
    Creep(bool),
    /// Every cause goes, the drives are started anew, and resets are asked for until the gate is open.
    Recover,
}

/// What the explorer does in one step: a few things that happen to one of the groups, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Which group.
    pub group: usize,
    /// What happens.
    pub acts: Vec<Act>,
}

impl Move {
    /// One thing that happens to the first group.
    pub fn one(act: Act) -> Self {
        Self {
            group: 0,
            acts: vec![act],
        }
    }
}

impl std::fmt::Display for Move {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "group {}:", self.group)?;
        let mut rest = &self.acts[..];
        while let Some(act) = rest.first() {
            let times = rest.iter().take_while(|other| *other == act).count();
            rest = &rest[times..];
            write!(f, " {act:?}")?;
            if times > 1 {
                write!(f, " × {times}")?;
            }
            if !rest.is_empty() {
                f.write_str(",")?;
            }
        }
        Ok(())
    }
}
