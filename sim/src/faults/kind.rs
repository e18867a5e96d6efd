//! The list of what can break: names, targets, units, ranges, a sentence each.
//!
//! Decides which faults there are. What they come to is decided in [`Register`](super::Register).

use serde::{Deserialize, Serialize};

use crate::error::SimError;

/// What can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is described by `about`, for users of the running simulation too"
)]
pub enum Kind {
    EncoderStuck,
    EncoderDrift,
    EncoderNoise,
    EncoderStep,
    DriveSilent,
    FramesLost,
    FrameBurst,
    PhaseLost,
    GearJammed,
    GearRough,
    AmbientHot,
    SupplySag,
    PayloadChanged,
    BeltSlips,
    BeltStopped,
    PartSlips,
}

/// What a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A joint, by its name in the robot's description.
    Joint,
    /// A joint; all of them, if the name is empty.
    JointOrAll,
    /// A group, by the name of its bus; all of them, if the name is empty.
    GroupOrAll,
    /// A supply, by its name, or that of a joint.
    Supply,
    /// A link, by its name in the robot's description.
    Link,
    /// A free body, by its name; all of them, if the name is empty.
    BodyOrAll,
}

/// What there is to know about a kind of fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it happens to.
    pub target: Target,
    /// The unit of its figure; empty for a kind that has none.
    pub unit: &'static str,
    /// The figures that it can have, both ends included.
    pub range: (f64, f64),
    /// What happens.
    pub description: &'static str,
}

const NONE: (f64, f64) = (0.0, 0.0);
const SHARE: (f64, f64) = (0.0, 1.0);

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::EncoderStuck,
        Self::EncoderDrift,
        Self::EncoderNoise,
        Self::EncoderStep,
        Self::DriveSilent,
        Self::FramesLost,
        Self::FrameBurst,
        Self::PhaseLost,
        Self::GearJammed,
        Self::GearRough,
        Self::AmbientHot,
        Self::SupplySag,
        Self::PayloadChanged,
        Self::BeltSlips,
        Self::BeltStopped,
        Self::PartSlips,
    ];

    /// What there is to know about it.
    pub fn about(self) -> About {
        use Target::{BodyOrAll, GroupOrAll, Joint, JointOrAll, Link, Supply};
        let about = |name, target, unit, range, description| About {
            name,
            target,
            unit,
            range,
            description,
        };
        match self {
            Self::EncoderStuck => about(
                "encoder_stuck",
                Joint,
                "",
                NONE,
                "The encoder goes on reporting the position of the moment it stuck.",
            ),
            Self::EncoderDrift => about(
                "encoder_drift",
                Joint,
                "rad/s, m/s",
                (-10.0, 10.0),
                "The encoder's error grows at this rate, from nothing.",
            ),
            Self::EncoderNoise => about(
                "encoder_noise",
                Joint,
                "rad, m",
                SHARE,
                "The encoder gets noise of this standard deviation, anew each millisecond.",
            ),
            Self::EncoderStep => about(
                "encoder_step",
                Joint,
                "rad, m",
                (-10.0, 10.0),
                "The encoder is off by this, at once: a slipped coupling.",
            ),
            Self::DriveSilent => about(
                "drive_silent",
                Joint,
                "",
                NONE,
                "The drive neither hears nor answers; its bus hands over no frame without it, and its own watchdog stops it.",
            ),
            Self::FramesLost => about(
                "frames_lost",
                GroupOrAll,
                "share",
                SHARE,
                "Each frame of the bus gets lost with this probability, in either direction.",
            ),
            Self::FrameBurst => about(
                "frame_burst",
                GroupOrAll,
                "frames",
                (1.0, 1e6),
                "This many frames from the drives get lost in a row, and the commands between them; then it is over.",
            ),
            Self::PhaseLost => about(
                "phase_lost",
                Joint,
                "",
                NONE,
                "One phase of the motor carries no current: torque goes with cos² of the electrical angle; a brushed motor has none.",
            ),
            Self::GearJammed => about(
                "gear_jammed",
                Joint,
                "",
                NONE,
                "The gear does not turn: it holds twenty times what the motor can give.",
            ),
            Self::GearRough => about(
                "gear_rough",
                Joint,
                "factor",
                (1.0, 1000.0),
                "Friction is this many times as strong, and its dry part rises to twice the excess once each motor revolution.",
            ),
            Self::AmbientHot => about(
                "ambient_hot",
                JointOrAll,
                "degC",
                (-60.0, 300.0),
                "The air around the motor has this temperature.",
            ),
            Self::SupplySag => about(
                "supply_sag",
                Supply,
                "share",
                (0.01, 1.0),
                "The supply gives this share of its voltage.",
            ),
            Self::PayloadChanged => about(
                "payload_changed",
                Link,
                "kg",
                (0.0, 1e4),
                "A mass that nobody was told of hangs at the link's origin.",
            ),
            Self::BeltSlips => about(
                "belt_slips",
                Joint,
                "share",
                SHARE,
                "The belt's surface lags behind its drive by this share of its speed; the encoder, at the drive, does not see it.",
            ),
            Self::BeltStopped => about(
                "belt_stopped",
                Joint,
                "",
                NONE,
                "The belt's surface stands while its drive turns: a torn belt.",
            ),
            Self::PartSlips => about(
                "part_slips",
                BodyOrAll,
                "share",
                SHARE,
                "The part keeps this share of its friction against all that it touches: oil, dust, wear.",
            ),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = SimError;

    fn from_str(name: &str) -> Result<Self, SimError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.about().name == name)
            .ok_or_else(|| SimError::NoFault {
                kind: name.to_owned(),
                known: Self::ALL.map(|kind| kind.about().name).join(", "),
            })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.about().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Fault;

    #[test]
    fn every_kind_is_listed_once_and_goes_by_one_name_everywhere() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            let about = kind.about();
            assert_eq!(kind as usize, index, "in the order of the list");
            assert_eq!(about.name.parse::<Kind>().expect("its own name"), kind);
            let yaml = format!("{{ kind: {}, target: x, value: {} }}", about.name, about.range.0);
            let fault: Fault = serde_norway::from_str(&yaml).expect("serde knows it by the same name");
            assert_eq!(fault, Fault::new(kind, "x", about.range.0).expect("in its range"));
            assert!(about.description.ends_with('.') && about.range.0 <= about.range.1);
            assert_eq!(about.unit.is_empty(), about.range == NONE, "{kind}");
        }
    }
}
