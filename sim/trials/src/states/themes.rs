//! Which things happen together: few enough that every state they lead to can be visited.

use super::moves::{Act, Device, Move, Stream};
use super::profile::EXCEEDED;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Fault, OperatingMode};

/// Which things happen together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Requests: stops, functions.
    Requests,
    /// Setpoints that are refused, late, of another epoch, or release the group.
    Setpoints,
    /// Drives that fail, are started anew, or are pushed away.
    Drives,
    /// What the estimator sees: collisions, contacts, encoders.
    Estimator,
    /// Mode selector, enabling device, reduced limits.
    Modes,
    /// Windings that get warm and hot.
    Heat,
    /// Drivers that announce other groups.
    Announcements,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Requests,
        Self::Setpoints,
        Self::Drives,
        Self::Estimator,
        Self::Modes,
        Self::Heat,
        Self::Announcements,
    ];

    /// What happens beside periods of every kind of silence, announcements and resets.
    pub fn acts(self) -> Vec<Act> {
        let say = |stream| Act::Period {
            servo: true,
            motion: true,
            stream,
        };
        let drive = |kind| Act::DriveFails(Fault::Drive { joint: 0, kind });
        match self {
            Self::Requests => vec![Act::Stop, Act::TorqueOff, Act::SafeStop1],
            Self::Setpoints => vec![
                say(Stream::Jump),
                say(Stream::NotFinite),
                say(Stream::Stale),
                say(Stream::Late),
                say(Stream::Release),
            ],
            Self::Drives => vec![
                drive(DriveFault::Overcurrent),
                Act::Deaf(true),
                Act::Deaf(false),
                Act::Restart,
                Act::Stray(true),
                Act::Stray(false),
            ],
            Self::Estimator => vec![
                Act::Hit,
                Act::Touch(false),
                Act::Doubt(Fault::EncoderStuck(EXCEEDED)),
                Act::Creep(true),
                Act::Creep(false),
            ],
            Self::Modes => vec![
                Act::Select(OperatingMode::Manual),
                Act::Select(OperatingMode::Automatic),
                Act::Enable(Device::Held),
                Act::Enable(Device::Released),
                Act::Enable(Device::Silent),
            ],
            Self::Heat => vec![
                Act::Heat(30.0),
                Act::Heat(100.0),
                Act::Heat(107.0),
                Act::Heat(120.0),
                Act::SafeStop2,
            ],
            Self::Announcements => vec![Act::AnnounceOther, Act::Restart, Act::SafeStop1],
        }
    }
}

/// Periods with all that is heard, without each stream and without any; announcements and resets.
pub fn everyday(group: usize) -> Vec<Move> {
    let mut acts = vec![Act::Announce, Act::Reset];
    let streams = [
        (true, true, Stream::Good),
        (true, true, Stream::Silent),
        (false, true, Stream::Good),
        (true, false, Stream::Good),
        (false, false, Stream::Silent),
    ];
    acts.extend(streams.map(|(servo, motion, stream)| Act::Period {
        servo,
        motion,
        stream,
    }));
    acts.into_iter()
        .map(|act| Move {
            group,
            acts: vec![act],
        })
        .collect()
}
