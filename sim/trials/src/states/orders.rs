//! Every fault after every other, with resets and recoveries between them: all orders up to a depth.
//!
//! **Invariant:** there is a way to raise each fault of the table, so that a new one has to be given its own here.

use super::moves::{Act, Device, Move, Stream};
use super::plan::PERIOD;
use super::profile::{EXCEEDED, Profile, Sketch};
use anyhow::Result;
use servomesh_safety::StopCategory;
use servomesh_safety::lattice::TABLE;
use servomesh_types::fault::DriveFault;
use servomesh_types::{Fault, OperatingMode};

/// The three stop categories, in automatic and in manual mode, from a machine that swings.
///
/// # Errors
/// The safety file is refused.
pub fn profiles() -> Result<Vec<Profile>> {
    let mut profiles = Vec::new();
    for category in [StopCategory::Two, StopCategory::One, StopCategory::Zero] {
        for manual in [false, true] {
            profiles.push(profile(category, manual)?);
        }
    }
    Ok(profiles)
}

/// All faults on one configuration.
///
/// # Errors
/// The safety file is refused.
pub fn profile(category: StopCategory, manual: bool) -> Result<Profile> {
    let sketch = Sketch {
        category,
        retreat: 0.05,
        power_cycle: &["drive_overcurrent"],
        modelled: true,
        ..Sketch::default()
    };
    let mode = if manual { "manual" } else { "automatic" };
    let mut profile = sketch.profile(format!("orders, category {category:?}, {mode}"))?;
    let mut opening = vec![Act::Announce, WELL];
    if manual {
        opening.extend([
            Act::Select(OperatingMode::Manual),
            Act::Enable(Device::Held),
            Act::Reset,
        ]);
    }
    opening.extend([SWING; 5]);
    profile.opening = vec![Move {
        group: 0,
        acts: opening,
    }];
    let raise = |code: u16| Move {
        group: 0,
        acts: how(code),
    };
    profile.moves = TABLE.iter().map(|rule| raise(rule.code)).collect();
    profile.moves.push(Move::one(Act::Reset));
    profile.moves.push(Move {
        group: 0,
        acts: vec![Act::Recover],
    });
    Ok(profile)
}

/// What raises a fault on a machine that swings; on others it may have no effect.
pub fn how(code: u16) -> Vec<Act> {
    let say = |stream| Act::Period {
        servo: true,
        motion: true,
        stream,
    };
    let hear = |servo, motion| Act::Period {
        servo,
        motion,
        stream: Stream::Good,
    };
    let drive = |kind| vec![Act::DriveFails(Fault::Drive { joint: 0, kind }), SWING];
    let stopped = || std::iter::once(Act::SafeStop2).chain([WELL; 4]);
    match code {
        1 => vec![Act::Stop],
        // A gate that knows nothing of a group that follows an epoch.
        2 => vec![Act::AnnounceOther, hear(true, true)],
        3 => vec![
            Act::Select(OperatingMode::Manual),
            Act::Select(OperatingMode::Automatic),
        ],
        4 => vec![Act::Enable(Device::Released)],
        5 => vec![Act::TorqueOff],
        6 => vec![Act::SafeStop1],
        7 => vec![Act::SafeStop2],
        10 => vec![WELL; 3],
        11 => vec![Act::Deaf(true), SWING],
        12 => vec![hear(false, true); 3],
        13 => vec![hear(true, false); 3],
        14 => vec![Act::DriveFails(Fault::BusSilent(PERIOD)), SWING],
        15 => std::iter::once(Act::Enable(Device::Silent))
            .chain([SWING; 3])
            .collect(),
        16 => vec![
            Act::DriveFails(Fault::ServoSilent {
                joint: 0,
                lasting: PERIOD,
            }),
            SWING,
        ],
        20 => vec![say(Stream::WrongSize)],
        21 => vec![say(Stream::NotFinite)],
        22 => vec![say(Stream::Position)],
        23 => vec![say(Stream::Velocity)],
        24 => vec![say(Stream::Acceleration)],
        25 => vec![say(Stream::Jump)],
        26 => vec![say(Stream::Jerk)],
        27 => vec![say(Stream::Effort)],
        30 => vec![Act::Stray(true), SWING],
        31 => vec![Act::Heat(120.0), SWING],
        32 => vec![Act::DriveFails(Fault::Homing { joint: 0 }), SWING],
        50 => vec![Act::Doubt(Fault::EncoderStuck(EXCEEDED)), SWING],
        51 => vec![Act::Doubt(Fault::EncoderStep(EXCEEDED)), SWING],
        52 => vec![Act::Doubt(Fault::EncoderDrift(EXCEEDED)), SWING],
        60 => vec![Act::Hit, SWING],
        // At full speed.
        70 => vec![SWING, say(Stream::ToolSpeed)],
        71 => vec![say(Stream::IntoZone); 24],
        72 => vec![say(Stream::OutOfWorkspace); 24],
        73 => vec![say(Stream::Direction)],
        74 => stopped().chain([Act::Stray(true), WELL]).collect(),
        75 => stopped().chain([Act::Creep(true), WELL, WELL]).collect(),
        76 => vec![Act::Heat(100.0), SWING],
        // What the table has and this does not is found to be raised never.
        code => DriveFault::of_code(code, 7).map_or_else(Vec::new, drive),
    }
}

/// A period in which all is well, and nothing moves on.
const WELL: Act = Act::Period {
    servo: true,
    motion: true,
    stream: Stream::Silent,
};
/// The same, with a good setpoint.
const SWING: Act = Act::Period {
    servo: true,
    motion: true,
    stream: Stream::Good,
};
